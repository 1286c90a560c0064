"""What a wrong clock has stamped, stamped again as if it had been right: everything moves by the same time."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.events import MeterEvent
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, RANK_MASK, MeterDay, SlotFlag, SlotRank, Source
from kilovatt.measure.metering.registers import RegisterMoment, RegisterReading
from kilovatt.quantities.periods import local_date, local_day, local_midnight


def restamped_register(reading: RegisterReading, *, by: timedelta, zone: ZoneInfo) -> RegisterReading:
    """Return a register as it is of an instant so much later.

    One that a meter had frozen at a midnight which was none is a register like any other.
    """
    taken_at = reading.taken_at + by
    on = local_date(taken_at, zone)
    moment = reading.moment
    if taken_at != local_midnight(on, zone):
        moment = RegisterMoment.NOW
    elif moment is RegisterMoment.MONTH_START and on.day != 1:
        moment = RegisterMoment.DAY_START
    return replace(reading, taken_at=taken_at, moment=moment)


def restamped_event(event: MeterEvent, *, by: timedelta) -> MeterEvent:
    """Return an event so much later."""
    return replace(
        event, began_at=event.began_at + by, ended_at=None if event.ended_at is None else event.ended_at + by
    )


def restamped_days(day: MeterDay, *, by: timedelta, zone: ZoneInfo) -> tuple[MeterDay, ...]:
    """Return the local days that the slots of a day lie in when they are so much later; what is not known is missing.

    Each slot says that its clock is in doubt. Raises ValueError where the slots would not lie on those of a local day.
    """
    step = timedelta(seconds=day.step_s)
    if by % step:
        raise ValueError(f"the slots of a load profile move by whole slots of {day.step_s} s: got {by}")
    places: dict[date, dict[int, int]] = defaultdict(dict)
    for slot in range(len(day.qualities)):
        at = day.starts_at + by + slot * step
        on = local_date(at, zone)
        since_midnight = at - local_midnight(on, zone)
        if since_midnight % step:
            raise ValueError(f"a slot at {at.isoformat()} is none of a local day in {zone.key}")
        places[on][since_midnight // step] = slot
    return tuple(_restamped(day, on, taken, zone) for on, taken in sorted(places.items()))


def _restamped(day: MeterDay, on: date, taken: dict[int, int], zone: ZoneInfo) -> MeterDay:
    period = local_day(on, zone)
    slots = range(period.slots(day.step_s))

    def moved(counts: tuple[int, ...] | None, missing: int = 0) -> tuple[int, ...] | None:
        return None if counts is None else tuple(counts[taken[slot]] if slot in taken else missing for slot in slots)

    qualities = moved(day.qualities, SlotRank.MISSING) or ()
    return replace(
        day,
        day_on=on,
        starts_at=period.start,
        a_plus=moved(day.a_plus) or (),
        a_minus=moved(day.a_minus),
        r_plus=moved(day.r_plus),
        r_minus=moved(day.r_minus),
        qualities=tuple(_doubted(quality) for quality in qualities),
        exchanges=moved(day.exchanges, NO_EXCHANGE) or (),
        source=Source.EDITED,
    )


def _doubted(quality: int) -> int:
    return quality | SlotFlag.CLOCK_DOUBTFUL if quality & RANK_MASK else quality
