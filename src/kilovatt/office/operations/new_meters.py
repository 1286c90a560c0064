"""Lines and meters as an operator puts them on record from the console, and which of those found are there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.module_loading import import_string
from django.utils.translation import gettext_noop

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.scans import ScanWishes
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.reading import scans
from kilovatt.office.operations.reading.scans import ScanRefusedError
from kilovatt.office.operations.secrets.meter_keys import READING_LEVEL, put_password
from kilovatt.office.records.models import (
    Installation,
    Line,
    Meter,
    MeteringPoint,
    Organisation,
    OrganisationRole,
    StaffRole,
    User,
    Work,
)
from kilovatt.quantities.periods import local_date

_LONGEST_SERIAL = 16


class NotOnRecordError(Exception):
    """What cannot be put on record. `where` names the field; `sentence` is to be translated, then filled in."""

    def __init__(self, where: str, sentence: str, **values: object) -> None:
        super().__init__(sentence.format(**values))
        self.where = where
        self.sentence = sentence
        self.values = values


# ── Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """A line as an operator states it; a patience of 0 is that of its kind."""

    name: str
    url: str
    answer_timeout_ms: int
    quiet_ms: int


def organisations_of(user: User) -> list[Organisation]:
    """Return the organisations whose operator a user is."""
    operated = Q(staff__user=user, staff__role=StaffRole.Role.OPERATOR)
    return list(Organisation.objects.filter(operated).distinct().order_by("name"))


def put_line(facts: LineFacts, organisation: Organisation, *, by: User) -> Line:
    """Put a new line on record. Raises NotOnRecordError."""
    if organisation not in organisations_of(by):
        raise NotOnRecordError("organisation", gettext_noop("Only its operators put its lines on record."))
    line = Line(organisation=organisation, **_checked(facts, organisation))
    return _saved(line)


def change_line(line: Line, facts: LineFacts, *, by: User) -> Line:
    """Change a line; whoever holds it lets go, and it is held anew as it is now. Raises NotOnRecordError."""
    if not scans.lines_of(by).filter(pk=line.pk).exists():
        raise NotOnRecordError("organisation", gettext_noop("Only its operators put its lines on record."))
    for name, value in _checked(facts, line.organisation).items():
        setattr(line, name, value)
    saved = _saved(line)
    held = Work.objects.filter(kind=line_leases.KIND, key=str(line.pk))
    held.update(fence=F("fence") + 1, lease_until=None)
    return saved


def _checked(facts: LineFacts, organisation: Organisation) -> dict[str, Any]:
    values: dict[str, Any] = {"name": facts.name, "url": facts.url}
    values |= {"answer_timeout_ms": facts.answer_timeout_ms, "quiet_ms": facts.quiet_ms}
    try:
        scans.foresee(Line(organisation=organisation, **values), ScanWishes())
    except ScanRefusedError as error:
        raise NotOnRecordError("url", error.sentence, **error.values) from error
    return values


def _saved(line: Line) -> Line:
    try:
        with transaction.atomic():
            line.save()
    except IntegrityError as error:
        raise NotOnRecordError("name", gettext_noop("There is a line of this name already.")) from error
    return line


# ── Meters ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMeter:
    """A meter and the place it stands at. `address` None: the one that the maker gives it by its number."""

    model_key: str
    serial: str
    address: int | None
    password: str = field(default="", repr=False)
    point_name: str
    point_address: str = ""
    ratio: int = 1


def put_meter(line: Line, new: NewMeter, *, by: User, now: datetime) -> Meter:
    """Put a meter on record that stands at a new place from today on, and is due at once. Raises NotOnRecordError."""
    if not scans.lines_of(by).filter(pk=line.pk).exists():
        raise NotOnRecordError("model", gettext_noop("Only an operator of the organisation puts meters on its lines."))
    model = model_by_key(new.model_key)
    address = _address(model, new)
    _check(line, model, new, address)
    organisation = line.organisation
    try:
        with transaction.atomic():
            point = MeteringPoint.objects.create(
                organisation=organisation,
                name=new.point_name,
                address=new.point_address,
                zone_name=organisation.zone_name,
            )
            OrganisationRole.objects.create(
                organisation=organisation,
                point=point,
                role=OrganisationRole.Role.KEEPER,
                valid_from=local_date(now, ZoneInfo(point.zone_name)),
            )
            meter = Meter.objects.create(model_key=model.key, serial=new.serial, address=address, line=line)
            Installation.objects.create(point=point, meter=meter, ratio=new.ratio, installed_at=now)
            if new.password:
                put_password(meter, new.password, level=READING_LEVEL)
    except IntegrityError as error:
        raise NotOnRecordError("serial", gettext_noop("Somebody has just put the same on record.")) from error
    return meter


def _address(model: MeterModel, new: NewMeter) -> int:
    rule: Any = import_string(settings.METER_ADDRESS_RULE)(model)
    if not new.serial.isdigit() or not 1 <= int(new.serial) <= rule.serial_max:
        words = gettext_noop("The serial number of a {model} has digits only, and is at most {maximum}.")
        raise NotOnRecordError("serial", words, model=model.title, maximum=rule.serial_max)
    address: int = rule.of_serial(int(new.serial)) if new.address is None else new.address
    if address > rule.maximum or (address == 0 and rule.anybody != 0):
        words = gettext_noop("The address of a {model} is at most {maximum}.")
        raise NotOnRecordError("address", words, model=model.title, maximum=rule.maximum)
    return address


def _check(line: Line, model: MeterModel, new: NewMeter, address: int) -> None:
    if new.password and (model.password is None or not model.password.allows(new.password)):
        words = gettext_noop("A {model} cannot have such a password.")
        raise NotOnRecordError("password", words, model=model.title)
    if Meter.objects.filter(model_key=model.key, serial=new.serial).exists():
        raise NotOnRecordError("serial", gettext_noop("A meter of this model and number is on record already."))
    there = line.meters.filter(address=address).first()
    if there is not None:
        words = gettext_noop("At address {address} of this line № {serial} is on record.")
        raise NotOnRecordError("address", words, address=address, serial=there.serial)
    if line.organisation.points.filter(name=new.point_name).exists():
        raise NotOnRecordError("point_name", gettext_noop("There is a place of this name already."))


# ── Those that were found ───────────────────────────────────────────────────────────────────────────────────────────


class Known(StrEnum):
    """Whether a meter that was found is on record."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    """On record on another line of the organisation, or on none."""
    ANOTHER = "another"
    """On record is another number at its address."""
    AT_ADDRESS = "at_address"
    """It told no number, and there is a meter on record at its address."""
    NEW = "new"


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record of a meter that was found; `meter` where there is one."""

    known: Known
    meter: Meter | None = None


def on_record(line: Line, found: Sequence[Mapping[str, Any]]) -> list[OnRecord]:
    """Return what is on record of meters that were found on a line, in their order; of other organisations nothing."""
    here = list(line.meters.all())
    by_address = {meter.address: meter for meter in here}
    serials = {spelt for one in found for spelt in _spellings(str(one.get("serial") or ""))}
    theirs = Q(line__organisation=line.organisation) | Q(installations__point__organisation=line.organisation)
    by_serial: dict[str, Meter] = {}
    for meter in (*Meter.objects.filter(theirs, serial__in=serials).distinct(), *here):
        by_serial[_bare(meter.serial)] = meter
    return [_known(line, one, by_serial, by_address) for one in found]


def _known(
    line: Line, one: Mapping[str, Any], by_serial: Mapping[str, Meter], by_address: Mapping[int, Meter]
) -> OnRecord:
    serial = _bare(str(one.get("serial") or ""))
    same = by_serial.get(serial) if serial else None
    if same is not None:
        return OnRecord(Known.HERE if same.line_id == line.pk else Known.ELSEWHERE, same)
    there = by_address.get(one.get("address") or -1)
    if there is None:
        return OnRecord(Known.NEW)
    return OnRecord(Known.ANOTHER if serial else Known.AT_ADDRESS, there)


def _bare(serial: str) -> str:
    return serial.lstrip("0")


def _spellings(serial: str) -> set[str]:
    bare = _bare(serial)
    return {bare.zfill(length) for length in range(len(bare), _LONGEST_SERIAL + 1)} if bare else set()
