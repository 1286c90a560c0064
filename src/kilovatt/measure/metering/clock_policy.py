"""When the clock of a meter is moved, and by how much: within what its maker allows, and never so that it harms.

A correction shortens or lengthens the interval it falls into. It is therefore kept within one half-hour, away from
both its ends, so that no interval and no day begins by a clock that is being moved. What is further off than the maker
allows is for people: nobody knows what else is wrong with such a meter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import combinations
from statistics import median_low
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.believing import CLOCK_TRUSTED_WITHIN
from kilovatt.measure.metering.models import ClockRule

TOLERANCE_S = 5
"""A clock that is off by no more is right (the daily drift that makers grant their meters is 0.5 s to 5 s)."""
HEARD_WITHIN = timedelta(hours=6)
"""What a clock showed longer ago is no ground for moving it."""
ONCE_IN = timedelta(hours=24)
DISTANCE = timedelta(seconds=60)
"""A clock that is being moved stays so far from the ends of an interval."""
ON_ITS_WAY = timedelta(seconds=90)
"""So long a command may wait for its turn on the line once it has been handed out."""
_HALF_HOUR_S = 1800
_DAYS_OF_DRIFT_MIN = 3
_MS_PER_S = 1000
_STEP_MIN_S = 20
"""A clock that is off by so much more than the day before was set."""


class Advice(StrEnum):
    """What is to be done with a clock."""

    NOTHING = "nothing"
    """It is right."""
    CORRECT = "correct"
    WAIT_FOR_READING = "wait_for_reading"
    """What it showed was heard too long ago."""
    WAIT_A_DAY = "wait_a_day"
    """It has been moved within a day."""
    NO_COMMAND = "no_command"
    """A meter of this model cannot be told to move it."""
    TOO_FAR = "too_far"
    """It is further off than its maker allows to correct."""
    NO_ROOM = "no_room"
    """The correction takes longer than an interval is."""


@dataclass(frozen=True, slots=True)
class ClockAdvice:
    """What is to be done with a clock; `seconds` is by how much it is to be moved, 0 where it is not."""

    advice: Advice
    seconds: int = 0


def advise(
    rule: ClockRule | None,
    *,
    ahead_s: int,
    heard_at: datetime,
    last_moved_at: datetime | None,
    now: datetime,
    step_s: int = _HALF_HOUR_S,
    tolerance_s: int = TOLERANCE_S,
) -> ClockAdvice:
    """Return what is to be done with a clock that was `ahead_s` of ours at `heard_at`.

    `last_moved_at`: when it was last told to move, whatever came of it. `step_s` is that of the load profile.
    """
    if abs(ahead_s) <= tolerance_s:
        return ClockAdvice(Advice.NOTHING)
    if rule is None:
        return ClockAdvice(Advice.NO_COMMAND)
    if abs(ahead_s) > rule.max_shift_s:
        return ClockAdvice(Advice.TOO_FAR)
    if now - heard_at > HEARD_WITHIN:
        return ClockAdvice(Advice.WAIT_FOR_READING)
    if last_moved_at is not None and now - last_moved_at < ONCE_IN:
        return ClockAdvice(Advice.WAIT_A_DAY)
    if not _fits(rule, seconds=-ahead_s, step_s=step_s):
        return ClockAdvice(Advice.NO_ROOM)
    return ClockAdvice(Advice.CORRECT, -ahead_s)


def wrong_beyond(rule: ClockRule | None) -> timedelta:
    """Return how far a clock may be off before people are told: an hour, or what can be corrected if that is less."""
    return CLOCK_TRUSTED_WITHIN if rule is None else min(CLOCK_TRUSTED_WITHIN, timedelta(seconds=rule.max_shift_s))


def wait_before_moving(
    rule: ClockRule, *, ahead_s: int, seconds: int, at: datetime, zone: ZoneInfo, step_s: int, is_on_its_way: bool
) -> timedelta:
    """Return how long to wait at an instant until a clock can be moved within one interval; nothing where it can now.

    The interval is that of the meter's own clock, which is `ahead_s` of ours; `is_on_its_way` says that the command is
    about to be sent. A correction that fits into no interval at all need not wait for one.
    """
    if not _fits(rule, seconds=seconds, step_s=step_s):
        return timedelta(0)
    slot = timedelta(seconds=_slot_s(step_s))
    local = (at + timedelta(seconds=ahead_s)).astimezone(zone)
    into = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second) % slot
    before = DISTANCE + _back(seconds)
    after = DISTANCE + _forth(rule, seconds) + (timedelta(0) if is_on_its_way else ON_ITS_WAY)
    if into < before:
        return before - into
    return timedelta(0) if into + after <= slot else slot - into + before


def _fits(rule: ClockRule, *, seconds: int, step_s: int) -> bool:
    room = 2 * DISTANCE + ON_ITS_WAY + _back(seconds) + _forth(rule, seconds)
    return room <= timedelta(seconds=_slot_s(step_s))


def _slot_s(step_s: int) -> int:
    return min(step_s, _HALF_HOUR_S)


def _back(seconds: int) -> timedelta:
    return timedelta(seconds=max(0, -seconds))


def _forth(rule: ClockRule, seconds: int) -> timedelta:
    # A clock that is slewed forward runs on while it catches up.
    forward = timedelta(seconds=max(0, seconds))
    return 2 * forward if rule.slewed else forward


@dataclass(frozen=True, slots=True)
class DayDeviation:
    """How far a clock was ahead on a day [s]."""

    on: date
    ahead_s: int


def drift_ms_per_day(deviations: Sequence[DayDeviation]) -> int | None:
    """Return how much faster than ours a clock runs [ms a day], by the days since it was last set; None for too few.

    The median of the slopes between any two days: a single wild reading changes nothing.
    """
    days = sorted(deviations, key=lambda one: one.on)
    first = 0
    for number in range(1, len(days)):
        if abs(days[number].ahead_s - days[number - 1].ahead_s) > _STEP_MIN_S:
            first = number
    since = days[first:]
    if len(since) < _DAYS_OF_DRIFT_MIN:
        return None
    pairs = combinations(since, 2)
    return median_low(
        (later.ahead_s - earlier.ahead_s) * _MS_PER_S // (later.on - earlier.on).days for earlier, later in pairs
    )
