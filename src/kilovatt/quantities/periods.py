"""Half-open periods, and the local days and months that are made of instants.

Measured things have instants, owed things have dates. A date becomes instants here and nowhere else, with the
zone named and never with "24 hours": in Volgograd 28 October 2018 had 23 hours and 27 December 2020 had 25.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_ONE_DAY = timedelta(days=1)
_NO_OFFSET = timedelta(0)


@dataclass(frozen=True, slots=True)
class Period:
    """The time from `start` (included) to `end` (excluded), both aware instants in UTC.

    Raises ValueError when an instant is not in UTC, or when `end` is not after `start`.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name, at in (("start", self.start), ("end", self.end)):
            if at.utcoffset() != _NO_OFFSET:
                raise ValueError(f"a period's {name} is an instant in UTC: got {at.isoformat()}")
        if self.end <= self.start:
            raise ValueError(f"a period ends after it starts: got {self.start.isoformat()} to {self.end.isoformat()}")

    def __contains__(self, at: datetime) -> bool:
        """Whether an instant lies in the period; its end does not."""
        return self.start <= at < self.end

    @property
    def duration(self) -> timedelta:
        """How long the period is."""
        return self.end - self.start

    def overlap(self, other: "Period") -> "Period | None":
        """Return what two periods have in common, or None where they only touch or lie apart."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None

    def slots(self, step_s: int) -> int:
        """Return how many slots of `step_s` [s] the period holds. Raises ValueError when they don't fill it."""
        step = timedelta(seconds=step_s)
        slots, rest = divmod(self.duration, step)
        if rest:
            raise ValueError(f"slots of {step_s} s don't fill a period of {self.duration}")
        return slots


def local_midnight(on: date, zone: ZoneInfo) -> datetime:
    """Return the instant [UTC] at which a local day begins.

    Where clocks are moved forward at midnight itself the day begins at the move, where they are moved back
    over midnight it begins at the first of the two.
    """
    return datetime.combine(on, time.min, tzinfo=zone).astimezone(UTC)


def local_day(on: date, zone: ZoneInfo) -> Period:
    """Return the period of one local day: mostly 24 hours, but not always."""
    return Period(local_midnight(on, zone), local_midnight(on + _ONE_DAY, zone))


def local_month(first_on: date, zone: ZoneInfo) -> Period:
    """Return the period of one local calendar month, named by its first day. Raises ValueError for another day."""
    return Period(local_midnight(first_on, zone), local_midnight(next_month(first_on), zone))


def local_date(at: datetime, zone: ZoneInfo) -> date:
    """Return the local day an aware instant falls on. Raises ValueError for a naive one."""
    if at.tzinfo is None:
        raise ValueError(f"a local day needs an instant with a time zone: got {at.isoformat()}")
    return at.astimezone(zone).date()


def first_of_month(on: date) -> date:
    """Return the first day of the month a day belongs to."""
    return on.replace(day=1)


def next_month(first_on: date) -> date:
    """Return the first day of the month after. Raises ValueError when `first_on` is not a first day."""
    _require_first_day(first_on)
    return first_of_month(first_on + timedelta(days=31))


def previous_month(first_on: date) -> date:
    """Return the first day of the month before. Raises ValueError when `first_on` is not a first day."""
    _require_first_day(first_on)
    return first_of_month(first_on - _ONE_DAY)


def last_full_month(now: datetime, zone: ZoneInfo) -> date:
    """Return the first day of the last local calendar month that is wholly past."""
    return previous_month(first_of_month(local_date(now, zone)))


def days_of(period: Period, zone: ZoneInfo) -> tuple[date, ...]:
    """Return the local days a period touches, in order."""
    # The end is excluded: a period that ends at midnight does not touch the day that begins there.
    return days_from(local_date(period.start, zone), local_date(period.end - datetime.resolution, zone))


def days_from(first_on: date, last_on: date) -> tuple[date, ...]:
    """Return the days from the first to the last, both included; none when the last is before the first."""
    return tuple(first_on + timedelta(days=number) for number in range((last_on - first_on).days + 1))


def _require_first_day(first_on: date) -> None:
    if first_on.day != 1:
        raise ValueError(f"a month is named by its first day: got {first_on.isoformat()}")
