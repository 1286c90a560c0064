"""The load profile of Mercury V1: local days of forty-eight half-hours, in six questions each."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotFlag, SlotRank, counted, shared
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterAddress, ask
from kilovatt.wire.drivers.midnights import midnight
from kilovatt.wire.protocols.framing.connection import LineFault, RemoteProtocolError
from kilovatt.wire.protocols.mercury_v1.archive import (
    COUNT_MAX,
    GROUPS,
    UWH_PER_COUNT,
    HalfHourLayout,
    HalfHours,
    ReadHalfHours,
)

_STEP = timedelta(minutes=30)
_MISSING: int = SlotRank.MISSING
_ACTUAL: int = SlotRank.ACTUAL
_AT_TOP = _ACTUAL | SlotFlag.OVERFLOW


def read_days(meter: MeterAddress, days: Sequence[date], *, layouts: frozenset[HalfHourLayout]) -> Conversation[Learnt]:
    """Read the half-hours of local days. A half-hour the meter has no valid record of is missing, not zero.

    Raises RemoteProtocolError where the answer to the question before came in the place of an answer.
    """
    learnt = Learnt()
    before: HalfHours | None = None
    for day_on in days:
        groups: list[Answer[HalfHours]] = []
        for request in _of_day(day_on, layouts):
            group = yield from ask(request)
            if group.value == before and any(group.value):
                yield from _again(request, before)
            groups.append(group)
            before = group.value
        learnt += Learnt(meter_days=(_day_of(groups, day_on, meter.zone),))
    return learnt


def _again(request: ReadHalfHours, before: HalfHours) -> Conversation[None]:
    """Ask once more where the half-hours are those that came before: nothing in an answer says whose they are."""
    again = yield from ask(request)
    if again.value != before:
        words = f"the half-hours of {request.day_on:%Y-%m-%d}, part {request.group}, were once those before them"
        raise RemoteProtocolError(LineFault.NOISE, words, b"")


def _day_of(groups: Sequence[Answer[HalfHours]], day_on: date, zone: ZoneInfo) -> MeterDay:
    counts = [count for group in groups for count in group.value]
    exchanges = [group.exchange for group in groups for _ in group.value]
    places = _places_of_slots(day_on, zone)
    known = [place if place is not None and counts[place] is not None else None for place in places]
    return MeterDay(
        day_on=day_on,
        starts_at=midnight(day_on, zone),
        step_s=int(_STEP.total_seconds()),
        uwh_per_count=UWH_PER_COUNT,
        a_plus=counted([0 if place is None else counts[place] or 0 for place in known]),
        a_minus=None,
        r_plus=None,
        r_minus=None,
        qualities=shared(tuple([_MISSING if place is None else _quality(counts[place]) for place in known])),
        exchanges=shared(tuple([NO_EXCHANGE if place is None else exchanges[place] for place in known])),
        heard_at=groups[-1].heard_at,
    )


@lru_cache(maxsize=256)
def _of_day(day_on: date, layouts: frozenset[HalfHourLayout]) -> tuple[ReadHalfHours, ...]:
    return tuple(ReadHalfHours(group=group, day_on=day_on, layouts=layouts) for group in range(GROUPS))


@lru_cache(maxsize=256)
def _places_of_slots(day_on: date, zone: ZoneInfo) -> tuple[int | None, ...]:
    """Which of the day's forty-eight places holds each half-hour of the day as it really passed.

    The archive knows local half-hours only: where clocks were put back, two share one place, and which of
    them it holds cannot be told; the second is taken as missing.
    """
    places: list[int | None] = []
    at, end = midnight(day_on, zone), midnight(day_on + timedelta(days=1), zone)
    while at < end:
        local = at.astimezone(zone)
        places.append(None if local.fold else local.hour * 2 + local.minute // 30)
        at += _STEP
    return tuple(places)


def _quality(count: int | None) -> int:
    return _AT_TOP if count == COUNT_MAX else _ACTUAL
