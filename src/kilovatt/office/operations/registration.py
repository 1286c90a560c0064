"""Put places, meters, people and accounts on record. Doing it again changes nothing that is there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from django.db import transaction

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.zones import Zone
from kilovatt.office.operations import vault
from kilovatt.office.records.models import (
    Account,
    AccountAccess,
    AccountPlan,
    Installation,
    Line,
    Meter,
    MeteringPoint,
    Organisation,
    OrganisationRole,
    Person,
    StaffRole,
    TariffMap,
    TariffPlan,
    User,
    VatStatus,
)
from kilovatt.quantities.periods import local_midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationFacts:
    """An organisation as it is put on record; bank details are what the payment QR needs."""

    code: str
    name: str
    kind: str
    zone_name: str = "Europe/Moscow"
    inn: str = ""
    bank_name: str = ""
    bic: str = ""
    settlement_account: str = ""
    correspondent_account: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFacts:
    """A place with its meter, its owner and its account, as they are put on record together."""

    account_number: str
    person_name: str
    point_name: str
    address: str
    model_key: str
    serial: str
    meter_address: int
    meter_password: str | None = field(default=None, repr=False)
    line_name: str
    ratio: int = 1
    plan_code: str
    zone_of_tariff: Mapping[int, Zone]
    since_on: date


def register_organisation(facts: OrganisationFacts) -> Organisation:
    """Return the organisation of this code, made if it was not there."""
    values = {name: getattr(facts, name) for name in OrganisationFacts.__slots__ if name != "code"}
    return Organisation.objects.get_or_create(code=facts.code, defaults=values)[0]


def register_vat(organisation: Organisation, *, valid_from: date, rate: VatStatus.Rate) -> None:
    """Put on record which value added tax the organisation's amounts contain from a day on."""
    VatStatus.objects.update_or_create(organisation=organisation, valid_from=valid_from, defaults={"rate": rate})


def register_line(organisation: Organisation, *, name: str, url: str, answer_timeout_ms: int, quiet_ms: int) -> Line:
    """Return the line of this name, with this address and patience."""
    settings = {"url": url, "answer_timeout_ms": answer_timeout_ms, "quiet_ms": quiet_ms}
    return Line.objects.update_or_create(organisation=organisation, name=name, defaults=settings)[0]


def register_places(organisation: Organisation, places: Iterable[PlaceFacts]) -> None:
    """Put places on record, all or none."""
    lines = {line.name: line for line in organisation.lines.all()}
    plans = {plan.code: plan for plan in TariffPlan.objects.all()}
    known = set(organisation.accounts.values_list("number", flat=True))
    with transaction.atomic():
        for place in places:
            if place.account_number not in known:
                _register_place(organisation, place, lines[place.line_name], plans[place.plan_code])


def _register_place(organisation: Organisation, place: PlaceFacts, line: Line, plan: TariffPlan) -> None:
    model_by_key(place.model_key)
    person = Person.objects.create(full_name=place.person_name)
    point = MeteringPoint.objects.create(
        organisation=organisation, name=place.point_name, address=place.address, zone_name=organisation.zone_name
    )
    OrganisationRole.objects.create(
        organisation=organisation, point=point, role=OrganisationRole.Role.KEEPER, valid_from=place.since_on
    )
    password = place.meter_password
    sealed = None
    if password is not None:
        meter_name = vault_name(place.model_key, place.serial)
        sealed = vault.seal(password, organisation=organisation, meter_name=meter_name)
    meter = Meter.objects.create(
        model_key=place.model_key,
        serial=place.serial,
        address=place.meter_address,
        line=line,
        password_sealed=sealed,
    )
    installed_at = local_midnight(place.since_on, ZoneInfo(point.zone_name))
    installation = Installation.objects.create(point=point, meter=meter, ratio=place.ratio, installed_at=installed_at)
    TariffMap.objects.bulk_create(
        TariffMap(installation=installation, valid_from=place.since_on, tariff=tariff, zone=zone)
        for tariff, zone in place.zone_of_tariff.items()
    )
    account = Account.objects.create(
        organisation=organisation, number=place.account_number, point=point, person=person, opened_on=place.since_on
    )
    AccountPlan.objects.create(account=account, plan=plan, valid_from=place.since_on)


def vault_name(model_key: str, serial: str) -> str:
    """The name a meter's secrets are bound to."""
    return f"{model_key}/{serial}"


def register_operator(organisation: Organisation, *, username: str, password: str) -> User:
    """Return a user who operates an organisation; the password is set only when the user is new."""
    with transaction.atomic():
        user = _user(username, password)
        StaffRole.objects.get_or_create(user=user, organisation=organisation, role=StaffRole.Role.OPERATOR)
    return user


def register_owner(organisation: Organisation, *, username: str, password: str, account_numbers: Iterable[str]) -> User:
    """Return a user who sees these accounts of an organisation."""
    with transaction.atomic():
        user = _user(username, password)
        for account in organisation.accounts.filter(number__in=list(account_numbers)):
            AccountAccess.objects.get_or_create(user=user, account=account)
    return user


def _user(username: str, password: str) -> User:
    user, new = User.objects.get_or_create(username=username)
    if new:
        user.set_password(password)
        user.save(update_fields=["password"])
    return user
