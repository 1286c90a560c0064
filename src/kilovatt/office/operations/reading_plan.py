"""What is still to be read, line by line: the newest registers always, the past only where it is missing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import RegisterMoment
from kilovatt.office.operations import history
from kilovatt.office.operations.gaps import open_gaps
from kilovatt.office.operations.meter_keys import SealedKey, sealed_keys, take_counters
from kilovatt.office.records.models import Installation, Line
from kilovatt.quantities.periods import (
    first_of_month,
    last_full_month,
    local_date,
    local_midnight,
    next_month,
)

DAYS_AT_ONCE = 62
"""Two months: a month to bill and the one that goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterErrand:
    """What is wanted from one meter. Password and keys are still sealed: only the head-end opens them."""

    meter_id: int
    model: MeterModel
    serial: str
    address: int
    password_sealed: bytes | None = field(repr=False)
    keys_sealed: tuple[SealedKey, ...] = field(default=(), repr=False)
    counter: int | None = None
    """The first invocation counter of those that were taken for this errand; None without keys."""
    zone: ZoneInfo
    register_days: tuple[date, ...]
    register_months: tuple[date, ...]
    profile_days: tuple[date, ...]
    present_too: bool = True
    """Whether to read what is now, identity and events besides; else only days of the past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineErrands:
    """A line and what is wanted from its meters, in the order of their addresses."""

    line_id: int
    url: str
    answer_timeout_ms: int
    quiet_ms: int
    meters: tuple[MeterErrand, ...]


def lines_to_read(
    *, now: datetime, meter_ids: Sequence[int] | None = None, days_at_once: int | None = DAYS_AT_ONCE
) -> tuple[LineErrands, ...]:
    """Return every line with meters installed now (or those of `meter_ids`) and what is missing of each.

    Of the days that are missing the newest are asked for, `days_at_once` at most. For meters with keys,
    invocation counters are taken: a plan that is not carried out costs some, no more.
    """
    installed = Installation.objects.filter(removed_at=None, installed_at__lte=now, meter__line__isnull=False)
    if meter_ids is not None:
        installed = installed.filter(meter_id__in=meter_ids)
    by_line: dict[int, list[Installation]] = defaultdict(list)
    for installation in installed.select_related("meter", "point").order_by("meter__address"):
        line_id = installation.meter.line_id
        assert line_id is not None
        by_line[line_id].append(installation)
    return tuple(
        LineErrands(
            line_id=line.pk,
            url=line.url,
            answer_timeout_ms=line.answer_timeout_ms,
            quiet_ms=line.quiet_ms,
            meters=_errands(by_line[line.pk], now, days_at_once),
        )
        for line in Line.objects.filter(pk__in=by_line).order_by("pk")
    )


def back_fill(*, meter_id: int, now: datetime, days_at_once: int) -> LineErrands | None:
    """Return what can still be read of a meter's past, and nothing of its present; None where nothing is missing."""
    if not open_gaps([meter_id]).days:
        return None
    (line,) = lines_to_read(now=now, meter_ids=[meter_id], days_at_once=days_at_once) or (None,)
    if line is None:
        return None
    past = replace(line.meters[0], register_days=(), register_months=(), present_too=False)
    return replace(line, meters=(past,))


def _errands(installations: Sequence[Installation], now: datetime, days_at_once: int | None) -> tuple[MeterErrand, ...]:
    zone = ZoneInfo(installations[0].point.zone_name)
    month_on = last_full_month(now, zone)
    today_on = local_date(now, zone)
    ids = [installation.meter_id for installation in installations]
    gaps = open_gaps(ids)
    known = _known_month_starts(ids, month_on, now, zone)
    sealed = sealed_keys(ids)
    counters = take_counters([meter_id for meter_id in ids if meter_id in sealed], now=now)
    errands = []
    for installation in installations:
        meter, model = installation.meter, model_by_key(installation.meter.model_key)
        since_on = max(month_on, local_date(installation.installed_at, zone))
        months = [on for on in (month_on, next_month(month_on)) if on >= since_on and (meter.pk, on) not in known]
        errands.append(
            MeterErrand(
                meter_id=meter.pk,
                model=model,
                serial=meter.serial,
                address=meter.address,
                password_sealed=None if meter.password_sealed is None else bytes(meter.password_sealed),
                keys_sealed=sealed.get(meter.pk, ()),
                counter=counters.get(meter.pk),
                zone=ZoneInfo(installation.point.zone_name),
                register_days=(today_on,) if model.day_register_depth_days else (),
                register_months=tuple(months),
                profile_days=gaps.newest(meter.pk, days_at_once),
            )
        )
    return tuple(errands)


def _known_month_starts(
    meter_ids: Sequence[int], month_on: date, now: datetime, zone: ZoneInfo
) -> set[tuple[int, date]]:
    since = local_midnight(first_of_month(month_on), zone)
    frozen = history.registers(meter_ids, since=since, until=now, moments=[RegisterMoment.MONTH_START])
    return {(register.meter_id, local_date(register.taken_at, zone)) for register in frozen}
