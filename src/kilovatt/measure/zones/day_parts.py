"""The six parts of the day whose sums make one, two and three zones, so that a change of plan needs no rereading."""

from datetime import date
from typing import NamedTuple

from kilovatt.measure.zones.calendars import MINUTES_PER_DAY, zone_marks
from kilovatt.measure.zones.names import Zone, ZoneScheme


class DayPart(NamedTuple):
    """A part of the local day, [from, until) in minutes since local midnight by the clock on the wall."""

    from_minute: int
    until_minute: int


DAY_PARTS: tuple[DayPart, ...] = (
    DayPart(0, 420),
    DayPart(420, 600),
    DayPart(600, 1020),
    DayPart(1020, 1260),
    DayPart(1260, 1380),
    DayPart(1380, MINUTES_PER_DAY),
)
"""00–07–10–17–21–23–24. They are how sums are kept, and fit every household calendar since 2013."""


class CalendarDoesNotFitError(ValueError):
    """A calendar switches inside a part of the day: its zones come from intervals, not from day parts."""


def part_at(minute: int) -> int:
    """Return the number (0..5) of the part a minute of the local day lies in."""
    return next(number for number, part in enumerate(DAY_PARTS) if minute < part.until_minute)


def zones_of_parts(scheme: ZoneScheme, on: date) -> tuple[Zone, ...]:
    """Return the zone of each of the six parts on a local day. Raises NoCalendarError, CalendarDoesNotFitError."""
    marks = zone_marks(scheme, on)
    starts = {part.from_minute for part in DAY_PARTS}
    astray = [mark.minute for mark in marks if mark.minute not in starts]
    if astray:
        raise CalendarDoesNotFitError(f"zones of {on} switch at minute {astray[0]}, inside a part of the day")
    return tuple([mark.zone for mark in marks if mark.minute <= part.from_minute][-1] for part in DAY_PARTS)
