"""The half-hours of СЕ102: local days of forty-eight, in twelve questions each."""

from collections.abc import Sequence
from datetime import date, timedelta

from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotRank
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterRefusedError
from kilovatt.wire.drivers.energomera.talk import Talk
from kilovatt.wire.protocols.energomera.requests import INTERVALS_MAX, INTERVALS_OF_A_DAY, ReadIntervals

_STEP = timedelta(minutes=30)
_MINUTES = 30
_UWH_PER_WH = 1_000_000
_Groups = list[Answer[tuple[int | None, ...]]]


def read_days(talk: Talk, days: Sequence[date]) -> Conversation[Learnt]:
    """Read the half-hours of local days; a day the meter does not keep is left out, a half-hour is missing, not zero.

    Raises MeterRefusedError where the meter is set to gather energy by other intervals than half-hours.
    """
    step_wh = yield from talk.step_wh()
    if talk.interval_minutes not in (None, _MINUTES):
        raise MeterRefusedError(
            Outcome.REFUSED, f"the meter gathers energy by {talk.interval_minutes} minutes, and {_MINUTES} are read"
        )
    learnt = Learnt()
    for day_on in days:
        groups = yield from _groups(talk, day_on)
        if groups:
            learnt += Learnt(meter_days=(_day(talk, day_on, groups, step_wh * _UWH_PER_WH),))
    return learnt


def _groups(talk: Talk, day_on: date) -> Conversation[_Groups]:
    groups: _Groups = []
    for first in range(0, INTERVALS_OF_A_DAY, INTERVALS_MAX):
        answer = yield from talk.ask_if_known(ReadIntervals(day_on, first, INTERVALS_MAX))
        if answer is None:
            return []
        groups.append(answer)
    return groups


def _day(talk: Talk, day_on: date, groups: _Groups, uwh_per_count: int) -> MeterDay:
    counts = [count for group in groups for count in group.value]
    exchanges = [group.exchange for group in groups for _ in group.value]
    places = _places_of_slots(talk, day_on)
    known = [place if place is not None and counts[place] is not None else None for place in places]
    return MeterDay(
        day_on=day_on,
        starts_at=talk.midnight(day_on),
        step_s=int(_STEP.total_seconds()),
        uwh_per_count=uwh_per_count,
        a_plus=tuple((counts[place] or 0) if place is not None else 0 for place in known),
        a_minus=None,
        r_plus=None,
        r_minus=None,
        qualities=tuple(SlotRank.ACTUAL if place is not None else SlotRank.MISSING for place in known),
        exchanges=tuple(exchanges[place] if place is not None else NO_EXCHANGE for place in known),
        heard_at=groups[-1].heard_at,
    )


def _places_of_slots(talk: Talk, day_on: date) -> list[int | None]:
    """Which of the day's forty-eight places holds each half-hour of the day as it really passed.

    The archive knows local half-hours only: where clocks were put back, two share one place, and which of them it
    holds cannot be told; the second is taken as missing.
    """
    places: list[int | None] = []
    at, end = talk.midnight(day_on), talk.midnight(day_on + timedelta(days=1))
    while at < end:
        local = at.astimezone(talk.meter.zone)
        places.append(None if local.fold else local.hour * 2 + local.minute // _MINUTES)
        at += _STEP
    return places
