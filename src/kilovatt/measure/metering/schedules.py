"""When a meter is to be visited next: as often as its schedule says, within its hours, later after each failure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from kilovatt.quantities.periods import local_date

BACK_OFF_FIRST = timedelta(minutes=1)
BACK_OFF_MAX = timedelta(hours=6)
_DOUBLINGS_MAX = 12
_SPREAD_PARTS = 997
"""A prime: meters that are numbered in any regular way are spread evenly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingSchedule:
    """How often a meter is read, and between which local times; none: at any. A window may run over midnight."""

    every: timedelta = timedelta(minutes=30)
    opens: time | None = None
    closes: time | None = None

    def __post_init__(self) -> None:
        if self.every < timedelta(minutes=1):
            raise ValueError(f"a meter is read once a minute at most: got every {self.every}")
        if (self.opens is None) != (self.closes is None) or (self.opens is not None and self.opens == self.closes):
            raise ValueError("a window has two different ends, or there is none")

    def allows(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether an instant is within the hours of the schedule."""
        if self.opens is None or self.closes is None:
            return True
        clock = at.astimezone(zone).time()
        if self.opens < self.closes:
            return self.opens <= clock < self.closes
        return clock >= self.opens or clock < self.closes

    def window_s(self) -> int:
        """How long the window is [s]; a day where there is none."""
        if self.opens is None or self.closes is None:
            return 86_400
        opens_s, closes_s = (at.hour * 3600 + at.minute * 60 + at.second for at in (self.opens, self.closes))
        return (closes_s - opens_s) % 86_400


def next_visit(
    schedule: ReadingSchedule, *, meter_id: int, failures: int, visited_at: datetime, zone: ZoneInfo
) -> datetime:
    """Return when a meter that was visited now is due again.

    After a failure it is due sooner than its schedule says, and then ever later: a minute, 2, 4, 8 … up to six hours,
    but never later than its schedule. An instant outside the window becomes the next opening, spread by the number
    of the meter over the first half of the window.
    """
    wait = schedule.every
    if failures:
        wait = min(BACK_OFF_FIRST * (1 << min(failures - 1, _DOUBLINGS_MAX)), BACK_OFF_MAX, wait)
    due = visited_at + wait
    if schedule.allows(due, zone):
        return due
    return next_opening(schedule, meter_id=meter_id, after=due, zone=zone)


def next_opening(schedule: ReadingSchedule, *, meter_id: int, after: datetime, zone: ZoneInfo) -> datetime:
    """Return when a meter is due in the window that opens next, spread over its first half; it must have one."""
    return _next_opening(schedule, after, zone) + _spread(meter_id, schedule.window_s() // 2)


def _next_opening(schedule: ReadingSchedule, after: datetime, zone: ZoneInfo) -> datetime:
    assert schedule.opens is not None
    on = local_date(after, zone)
    opening = datetime.combine(on, schedule.opens, zone)
    if opening < after:
        opening = datetime.combine(on + timedelta(days=1), schedule.opens, zone)
    return opening.astimezone(after.tzinfo)


def _spread(meter_id: int, within_s: int) -> timedelta:
    part = meter_id * 613 % _SPREAD_PARTS
    return timedelta(seconds=within_s * part // _SPREAD_PARTS)
