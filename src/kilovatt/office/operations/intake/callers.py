"""Who calls in: which line a caller is, which meter has pushed, and those whom nobody knows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import Language
from kilovatt.office.operations.reading import visits
from kilovatt.office.operations.registration import vault_name
from kilovatt.office.operations.secrets.meter_keys import SealedKey, sealed_keys
from kilovatt.office.records.models import Line, Meter, UnknownCaller

UNKNOWN_MAX = 1_000
"""So many unknown callers are remembered; the one that has not called for longest is forgotten first."""
PUSHED_BYTES_MAX = 2_048
_SCHEME = "callin://"
_NAME_CHARS_MAX, _SERIAL_CHARS_MAX = 64, 32

Why = UnknownCaller.Why


@dataclass(frozen=True, slots=True, kw_only=True)
class PushingMeter:
    """A meter that may have pushed: what must be known of it to understand it. Its keys are still sealed."""

    meter_id: int
    serial: str
    address: int
    vault_name: str
    zone: ZoneInfo
    keys_sealed: tuple[SealedKey, ...] = ()


def lines_that_call() -> list[tuple[int, str]]:
    """Return the lines whose modem or meter calls us, with their addresses."""
    with_meters = Exists(Meter.objects.filter(line=OuterRef("pk")))
    return list(Line.objects.filter(with_meters, url__startswith=_SCHEME).values_list("pk", "url"))


def lines_called(name: str) -> list[tuple[int, str]]:
    """Return the lines whose address begins with this name, and nothing longer: one at most, as a rule."""
    begins = f"{_SCHEME}{name}"
    is_it = Q(url=begins) | Q(url__startswith=f"{begins}?") | Q(url__startswith=f"{begins}/")
    return list(Line.objects.filter(is_it, meters__isnull=False).distinct().values_list("pk", "url"))


def meters_of_line(line_id: int) -> tuple[PushingMeter, ...]:
    """Return the meters of a line that could push."""
    return _pushing(Meter.objects.filter(line_id=line_id))


def meters_of_serial(serial: str) -> tuple[PushingMeter, ...]:
    """Return the meters of any line that could push and have this number."""
    bare = _bare(serial)
    if not 0 < len(bare) <= _SERIAL_CHARS_MAX:
        return ()
    # With as many zeros before it as there may be: each of these is found at once among millions.
    return _pushing(Meter.objects.filter(serial__in=[bare.zfill(n) for n in range(len(bare), _SERIAL_CHARS_MAX + 1)]))


def _pushing(meters: Iterable[Meter]) -> tuple[PushingMeter, ...]:
    speaking = [meter for meter in meters if model_by_key(meter.model_key).language is Language.SPODES]
    keys = sealed_keys([meter.pk for meter in speaking])
    return tuple(
        PushingMeter(
            meter_id=meter.pk,
            serial=meter.serial,
            address=meter.address,
            vault_name=vault_name(meter.model_key, meter.serial),
            zone=visits.zone_of(meter.pk),
            keys_sealed=keys.get(meter.pk, ()),
        )
        for meter in speaking
    )


def which_pushed(meters: tuple[PushingMeter, ...], *, serial: str, source: int) -> PushingMeter | Why:
    """Return which of a line's meters has pushed: by the number it tells, else by its address, else the only one."""
    if serial:
        named = [meter for meter in meters if _is_of(meter, serial)]
        if len(named) == 1:
            return named[0]
        return Why.ANOTHER_METER if meters and not named else Why.NO_METER
    if len(meters) == 1:
        return meters[0]
    addressed = [meter for meter in meters if meter.address == source]
    return addressed[0] if len(addressed) == 1 else Why.NO_METER


def _is_of(meter: PushingMeter, serial: str) -> bool:
    return _bare(meter.serial) == _bare(serial)


def _bare(serial: str) -> str:
    return serial.strip().lstrip("0")


def note_unknown(
    *, name: str, peer: str, why: UnknownCaller.Why, serial: str = "", pushed: bytes | None = None, now: datetime
) -> None:
    """Remember somebody who calls and is not on record, by the name it gives itself or the address it comes from."""
    name = name[:_NAME_CHARS_MAX]
    latest = {"why": why, "peer": peer[:_NAME_CHARS_MAX], "last_at": now, "serial": serial[:_SERIAL_CHARS_MAX]}
    if pushed is not None:
        latest["pushed"] = pushed[:PUSHED_BYTES_MAX]
    with transaction.atomic():
        known = UnknownCaller.objects.filter(name=name).update(calls=F("calls") + 1, **latest)
        if known:
            return
        UnknownCaller.objects.create(name=name, first_at=now, **latest)
        too_many = UnknownCaller.objects.count() - UNKNOWN_MAX
        if too_many > 0:
            oldest = UnknownCaller.objects.order_by("last_at", "pk").values_list("pk", flat=True)[:too_many]
            UnknownCaller.objects.filter(pk__in=list(oldest)).delete()


def now_known(names: Iterable[str]) -> None:
    """Forget callers who are on record now."""
    UnknownCaller.objects.filter(name__in=list(names)).delete()


def unknown_callers(limit: int = UNKNOWN_MAX) -> tuple[UnknownCaller, ...]:
    """Return who calls and is not on record, the latest first."""
    return tuple(UnknownCaller.objects.order_by("-last_at")[:limit])
