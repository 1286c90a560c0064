"""Zones of the day: what hour is peak, and since when."""

from kilovatt.measure.zones.calendars import (
    HOUSEHOLD_CALENDARS,
    MINUTES_PER_DAY,
    NoCalendarError,
    ZoneCalendar,
    ZoneMark,
    zone_at,
    zone_calendar,
    zone_marks,
)
from kilovatt.measure.zones.day_parts import (
    DAY_PARTS,
    CalendarDoesNotFitError,
    DayPart,
    part_at,
    zones_of_parts,
)
from kilovatt.measure.zones.names import Zone, ZoneScheme
from kilovatt.measure.zones.tariff_maps import tariff_map, tariff_marks

__all__ = [
    "DAY_PARTS",
    "HOUSEHOLD_CALENDARS",
    "MINUTES_PER_DAY",
    "CalendarDoesNotFitError",
    "DayPart",
    "NoCalendarError",
    "Zone",
    "ZoneCalendar",
    "ZoneMark",
    "ZoneScheme",
    "part_at",
    "tariff_map",
    "tariff_marks",
    "zone_at",
    "zone_calendar",
    "zone_marks",
    "zones_of_parts",
]
