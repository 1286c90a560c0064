"""The load profile of Mercury V1: local days of forty-eight half-hours, in six questions each."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotFlag, SlotRank
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterAddress, ask
from kilovatt.wire.protocols.mercury_v1.archive import (
    COUNT_MAX,
    GROUPS,
    UWH_PER_COUNT,
    HalfHourLayout,
    HalfHours,
    ReadHalfHours,
)

_STEP = timedelta(minutes=30)


def read_days(meter: MeterAddress, days: Sequence[date], *, layouts: frozenset[HalfHourLayout]) -> Conversation[Learnt]:
    """Read the half-hours of local days. A half-hour the meter has no valid record of is missing, not zero."""
    learnt = Learnt()
    for day_on in days:
        learnt += Learnt(meter_days=((yield from _read_day(meter, day_on, layouts)),))
    return learnt


def _read_day(meter: MeterAddress, day_on: date, layouts: frozenset[HalfHourLayout]) -> Conversation[MeterDay]:
    groups: list[Answer[HalfHours]] = []
    for group in range(GROUPS):
        groups.append((yield from ask(ReadHalfHours(group=group, day_on=day_on, layouts=layouts))))  # noqa: PERF401 - it yields
    counts = [count for group in groups for count in group.value]
    exchanges = [group.exchange for group in groups for _ in group.value]
    places = _places_of_slots(meter, day_on)
    known = [place if place is not None and counts[place] is not None else None for place in places]
    return MeterDay(
        day_on=day_on,
        starts_at=_midnight(meter, day_on),
        step_s=int(_STEP.total_seconds()),
        uwh_per_count=UWH_PER_COUNT,
        a_plus=tuple((counts[place] or 0) if place is not None else 0 for place in known),
        a_minus=None,
        r_plus=None,
        r_minus=None,
        qualities=tuple(_quality(counts[place]) if place is not None else SlotRank.MISSING for place in known),
        exchanges=tuple(exchanges[place] if place is not None else NO_EXCHANGE for place in known),
        heard_at=groups[-1].heard_at,
    )


def _places_of_slots(meter: MeterAddress, day_on: date) -> list[int | None]:
    """Which of the day's forty-eight places holds each half-hour of the day as it really passed.

    The archive knows local half-hours only: where clocks were put back, two share one place, and which of
    them it holds cannot be told; the second is taken as missing.
    """
    places: list[int | None] = []
    at, end = _midnight(meter, day_on), _midnight(meter, day_on + timedelta(days=1))
    while at < end:
        local = at.astimezone(meter.zone)
        places.append(None if local.fold else local.hour * 2 + local.minute // 30)
        at += _STEP
    return places


def _midnight(meter: MeterAddress, day_on: date) -> datetime:
    return datetime.combine(day_on, time.min, meter.zone).astimezone(UTC)


def _quality(count: int | None) -> int:
    return SlotRank.ACTUAL | SlotFlag.OVERFLOW if count == COUNT_MAX else SlotRank.ACTUAL
