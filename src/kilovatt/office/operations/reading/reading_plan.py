"""What is still to be read, line by line: the newest registers always, the past only where it is missing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import RegisterMoment
from kilovatt.office.operations.keeping import history
from kilovatt.office.operations.reading.gaps import open_gaps
from kilovatt.office.operations.reading.plans_in_force import EVERYTHING, PlanParts, parts_by, plans_of, standing_meters
from kilovatt.office.operations.secrets.meter_keys import SealedKey, sealed_keys, take_counters
from kilovatt.office.records.models import Installation, Line, MeterStanding
from kilovatt.quantities.periods import (
    days_from,
    last_full_month,
    local_date,
    local_midnight,
    next_month,
)

DAYS_AT_ONCE = 62
"""Two months: a month to bill and the one that goes on."""
_ONE_DAY = timedelta(days=1)


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
    parts: PlanParts = EVERYTHING
    """What its plan has read in a visit."""
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
    *,
    now: datetime,
    meter_ids: Sequence[int] | None = None,
    days_at_once: int | None = DAYS_AT_ONCE,
    is_whole: bool = False,
) -> tuple[LineErrands, ...]:
    """Return every line with meters installed now (or those of `meter_ids`) and what is missing of each.

    Of the days that are missing the newest are asked for, `days_at_once` at most. What the plan of a meter leaves out
    is left out, unless it is to be read whole. For meters with keys, invocation counters are taken: a plan that is not
    carried out costs some, no more.
    """
    installed = Installation.objects.filter(removed_at=None, installed_at__lte=now, meter__line__isnull=False)
    if meter_ids is not None:
        installed = installed.filter(meter_id__in=meter_ids)
    by_line: dict[int, list[Installation]] = defaultdict(list)
    for installation in installed.select_related("meter", "point").order_by("meter__address"):
        line_id = installation.meter.line_id
        assert line_id is not None
        by_line[line_id].append(installation)
    there = [one for of_line in by_line.values() for one in of_line]
    errands = _errands(there, now, days_at_once, is_whole=is_whole)
    return tuple(
        LineErrands(
            line_id=line.pk,
            url=line.url,
            answer_timeout_ms=line.answer_timeout_ms,
            quiet_ms=line.quiet_ms,
            meters=tuple(errands[installation.meter_id] for installation in by_line[line.pk]),
        )
        for line in Line.objects.filter(pk__in=by_line).order_by("pk")
    )


def back_fill(days_at_once: Mapping[int, int], *, now: datetime) -> tuple[LineErrands, ...]:
    """Return what can still be read of the past of meters, and nothing of their present, where something is missing.

    `days_at_once`: of each meter so many days at most.
    """
    missing = open_gaps(days_at_once).days
    if not missing:
        return ()
    lines = lines_to_read(now=now, meter_ids=sorted(missing), days_at_once=None)
    past = (
        replace(
            line,
            meters=tuple(
                _of_the_past(wanted, days_at_once[wanted.meter_id]) for wanted in line.meters if wanted.profile_days
            ),
        )
        for line in lines
    )
    return tuple(line for line in past if line.meters)


def _of_the_past(wanted: MeterErrand, days_at_once: int) -> MeterErrand:
    days = wanted.profile_days[-days_at_once:]
    return replace(wanted, register_days=(), register_months=(), profile_days=days, present_too=False)


def _errands(
    installations: Sequence[Installation], now: datetime, days_at_once: int | None, *, is_whole: bool
) -> dict[int, MeterErrand]:
    ids = [installation.meter_id for installation in installations]
    gaps = open_gaps(ids)
    known = _known_month_starts(ids, now)
    plans = {} if is_whole else plans_of(standing_meters(ids))
    until_on = dict(MeterStanding.objects.filter(pk__in=ids).values_list("pk", "day_registers_until_on"))
    sealed = sealed_keys(ids)
    counters = take_counters([meter_id for meter_id in ids if meter_id in sealed], now=now)
    errands = {}
    for installation in installations:
        meter, model = installation.meter, model_by_key(installation.meter.model_key)
        parts = parts_by(plans.get(meter.pk))
        zone = ZoneInfo(installation.point.zone_name)
        month_on = last_full_month(now, zone)
        since_on = max(month_on, local_date(installation.installed_at, zone))
        known_on = {local_date(at, zone) for at in known.get(meter.pk, ())}
        months = [on for on in (month_on, next_month(month_on)) if on >= since_on and on not in known_on]
        errands[meter.pk] = MeterErrand(
            meter_id=meter.pk,
            model=model,
            serial=meter.serial,
            address=meter.address,
            password_sealed=None if meter.password_sealed is None else bytes(meter.password_sealed),
            keys_sealed=sealed.get(meter.pk, ()),
            counter=counters.get(meter.pk),
            zone=zone,
            register_days=_day_starts(model, until_on.get(meter.pk), local_date(now, zone)) if parts.registers else (),
            register_months=tuple(months) if parts.registers else (),
            profile_days=gaps.newest(meter.pk, days_at_once) if parts.profile else (),
            parts=parts,
        )
    return errands


def _day_starts(model: MeterModel, known_until_on: date | None, today_on: date) -> tuple[date, ...]:
    """Return the days whose beginnings are asked for: all since the latest known, as far back as the model keeps them.

    Of a meter of which none is known, today's alone: what it had counted before does not concern us.
    """
    if not model.day_register_depth_days:
        return ()
    if known_until_on is None:
        return (today_on,)
    deepest_on = today_on - timedelta(days=model.day_register_depth_days - 1)
    return days_from(max(known_until_on + _ONE_DAY, deepest_on), today_on)


def _known_month_starts(meter_ids: Sequence[int], now: datetime) -> dict[int, set[datetime]]:
    """Return the instants of month starts of which some meters have registers, since the last full month began."""
    # Wherever on earth a meter stands, its month began within a day of that of Greenwich.
    since = local_midnight(last_full_month(now - timedelta(days=1), ZoneInfo("UTC")), ZoneInfo("UTC"))
    return history.register_instants(
        meter_ids, since=since - timedelta(days=1), until=now, moment=RegisterMoment.MONTH_START
    )
