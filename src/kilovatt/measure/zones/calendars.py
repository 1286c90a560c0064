"""Which zone a minute of the local day belongs to, and since when: dated data with its source.

The hours are local time all year. A calendar that changes is one more row; nothing here is a constant of nature.
"""

from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from kilovatt.measure.zones.names import Zone, ZoneScheme

MINUTES_PER_DAY = 24 * 60
_HOUR = 60


class ZoneMark(NamedTuple):
    """From this minute of the local day on, this zone counts."""

    minute: int
    zone: Zone


Marks = tuple[ZoneMark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCalendar:
    """The marks of each scheme from a day on, until the calendar after it."""

    valid_from_on: date
    source: str
    marks: MappingProxyType[ZoneScheme, Marks]


class NoCalendarError(LookupError):
    """No calendar of zones is known for a day."""


def _marks(*marks: tuple[int, Zone]) -> Marks:
    return tuple(ZoneMark(hour * _HOUR, zone) for hour, zone in marks)


_HOUSEHOLD_MARKS = MappingProxyType(
    {
        ZoneScheme.ONE: _marks((0, Zone.TOTAL)),
        ZoneScheme.TWO: _marks((0, Zone.NIGHT), (7, Zone.DAY), (23, Zone.NIGHT)),
        ZoneScheme.THREE: _marks(
            (0, Zone.NIGHT),
            (7, Zone.PEAK),
            (10, Zone.HALF_PEAK),
            (17, Zone.PEAK),
            (21, Zone.HALF_PEAK),
            (23, Zone.NIGHT),
        ),
    }
)

HOUSEHOLD_CALENDARS: tuple[ZoneCalendar, ...] = (
    ZoneCalendar(
        valid_from_on=date(2013, 1, 1),
        source="Приказ ФСТ России от 14.12.2012 № 393-э/1 (на 2013 год)",
        marks=_HOUSEHOLD_MARKS,
    ),
    ZoneCalendar(
        # The order names no year; that it follows the one for 2013 without a gap is from general knowledge.
        valid_from_on=date(2014, 1, 1),
        source="Приказ ФСТ России от 26.11.2013 № 1473-э",
        marks=_HOUSEHOLD_MARKS,
    ),
)
"""Zones for households and those equated with them, every month alike, in ascending order."""


def zone_calendar(on: date) -> ZoneCalendar:
    """Return the calendar in force on a local day. Raises NoCalendarError before the first."""
    for calendar in reversed(HOUSEHOLD_CALENDARS):
        if calendar.valid_from_on <= on:
            return calendar
    first = HOUSEHOLD_CALENDARS[0]
    raise NoCalendarError(f"no zones are known for {on}: the first calendar begins on {first.valid_from_on}")


def zone_marks(scheme: ZoneScheme, on: date) -> Marks:
    """Return the switching marks (minute of the local day, zone) of a day, ascending, the first at minute 0.

    Raises NoCalendarError.
    """
    return zone_calendar(on).marks[scheme]


def zone_at(scheme: ZoneScheme, at: datetime, zone_info: ZoneInfo) -> Zone:
    """Return the zone that counts at an aware instant where the local time is that of `zone_info`.

    Raises NoCalendarError.
    """
    local = at.astimezone(zone_info)
    minute = local.hour * _HOUR + local.minute
    passed = [mark.zone for mark in zone_marks(scheme, local.date()) if mark.minute <= minute]
    return passed[-1]
