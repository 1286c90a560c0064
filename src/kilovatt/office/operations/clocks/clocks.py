"""Clocks of meters: how fast they run, and their correction where the maker and the organisation allow it.

A clock is moved once a day at most, by an order as any other: on record, sent once, and proved by what the meter shows.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Max, Q

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.clock_policy import (
    ONCE_IN,
    TOLERANCE_S,
    Advice,
    ClockAdvice,
    DayDeviation,
    advise,
    drift_ms_per_day,
)
from kilovatt.measure.metering.commands import CommandKind, ShiftClock
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.operations.reading.plans_in_force import plans_of, standing_meters
from kilovatt.office.records.models import ClockDeviation, Installation, Meter, MeterOrder

METERS_AT_ONCE = 500
DAYS_OF_DRIFT = 60
_AGAIN_IN = timedelta(hours=1)
"""An order of the site's that was over before it was sent is not given again at once."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class ClocksRound:
    """What became of the clocks that were not right: how many of each advice, and the orders that were given."""

    by_advice: Counter[Advice] = field(default_factory=Counter)
    ordered: int = 0


def correct_clocks(*, now: datetime) -> ClocksRound:
    """Give an order for each clock that is off and may be corrected now. May run at any time, and twice at once.

    Where the plan of the organisation says so it is approved by itself, else an operator is waited for. What is off
    by more than is allowed is not touched: that it is wrong is an event already.
    """
    done = ClocksRound()
    off = (
        Installation.objects.filter(removed_at=None, installed_at__lte=now, meter__line__isnull=False)
        .filter(
            Q(meter__standing__clock_deviation_s__gt=TOLERANCE_S)
            | Q(meter__standing__clock_deviation_s__lt=-TOLERANCE_S)
        )
        .select_related("meter__standing", "point")
        .order_by("meter_id")
    )
    chunk: list[Installation] = []
    for installation in off.iterator(chunk_size=METERS_AT_ONCE):
        chunk.append(installation)
        if len(chunk) == METERS_AT_ONCE:
            _correct(chunk, done, now)
            chunk = []
    _correct(chunk, done, now)
    return done


def _correct(installations: Collection[Installation], done: ClocksRound, now: datetime) -> None:
    ids = [installation.meter_id for installation in installations]
    heard = _heard_at(ids)
    moved, tried = _moved_at(ids, now), _tried_at(ids, now)
    agreed = _agreed(ids)
    under_way = orders.under_way(ids)
    for installation in installations:
        meter = installation.meter
        if meter.pk in under_way or meter.pk in tried or meter.pk not in heard:
            continue
        advice = _advice(meter, heard[meter.pk], moved.get(meter.pk), now)
        done.by_advice[advice.advice] += 1
        if advice.advice is Advice.CORRECT:
            is_approved = meter.pk in agreed
            done.ordered += _order(meter, advice, now, is_approved=is_approved)


def _advice(meter: Meter, heard_at: datetime, moved_at: datetime | None, now: datetime) -> ClockAdvice:
    model = model_by_key(meter.model_key)
    assert meter.standing.clock_deviation_s is not None
    return advise(
        model.clock_rule,
        ahead_s=meter.standing.clock_deviation_s,
        heard_at=heard_at,
        last_moved_at=moved_at,
        now=now,
        step_s=model.profile_step_s,
    )


def _order(meter: Meter, advice: ClockAdvice, now: datetime, *, is_approved: bool) -> bool:
    ahead_s = -advice.seconds
    try:
        orders.request_by_site(
            meter,
            ShiftClock(advice.seconds, ahead_s),
            because=f"drift of {ahead_s} s",
            now=now,
            is_approved=is_approved,
        )
    except OrderRefusedError as error:
        # Somebody was quicker with another command; the next round asks again.
        _log.info("the clock of meter %s is not corrected: %s", meter.pk, error)
        return False
    return True


def _heard_at(meter_ids: Collection[int]) -> Mapping[int, datetime]:
    """When each clock was heard last."""
    rows = ClockDeviation.objects.filter(meter_id__in=meter_ids).values("meter_id").annotate(at=Max("heard_at"))
    return {row["meter_id"]: row["at"] for row in rows}


def _moved_at(meter_ids: Collection[int], now: datetime) -> Mapping[int, datetime]:
    """When a clock was last told to move, within the time that matters."""
    kinds = [CommandKind.SHIFT_CLOCK, CommandKind.SET_CLOCK]
    sent = MeterOrder.objects.filter(meter_id__in=meter_ids, kind__in=kinds, sent_at__gt=now - ONCE_IN)
    return {row["meter_id"]: row["at"] for row in sent.values("meter_id").annotate(at=Max("sent_at"))}


def _tried_at(meter_ids: Collection[int], now: datetime) -> set[int]:
    """Meters for which the site has given such an order just now."""
    of_the_site = MeterOrder.objects.filter(
        meter_id__in=meter_ids, kind=CommandKind.SHIFT_CLOCK, requested_by=None, requested_at__gt=now - _AGAIN_IN
    )
    return set(of_the_site.values_list("meter_id", flat=True))


def _agreed(meter_ids: Collection[int]) -> set[int]:
    """Meters whose plan has their clocks corrected without asking."""
    plans = plans_of(standing_meters(meter_ids))
    return {meter_id for meter_id, plan in plans.items() if plan.corrects_clocks}


def drift_of(meter_id: int, *, today_on: date) -> int | None:
    """Return how much faster than ours the clock of a meter runs [ms a day]; None while too little is known."""
    since_on = today_on - timedelta(days=DAYS_OF_DRIFT)
    rows = ClockDeviation.objects.filter(meter_id=meter_id, day_on__gte=since_on)
    return drift_ms_per_day([DayDeviation(on, ahead_s) for on, ahead_s in rows.values_list("day_on", "deviation_s")])
