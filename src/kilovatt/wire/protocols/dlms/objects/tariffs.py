"""Tariff calendars: seasons, weeks and days (class 20; Blue Book, 4.5.5), and special days (class 11; 4.5.4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.limiter import ScriptChoice
from kilovatt.wire.protocols.dlms.objects.shapes import elements, fields, integer, logical_name, octets
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    LongUnsigned,
    OctetString,
    Structure,
    Unsigned,
)
from kilovatt.wire.protocols.dlms.values.patterns import (
    DATE_BYTES,
    DATE_TIME_BYTES,
    TIME_BYTES,
    DatePattern,
    DateTimePattern,
    TimePattern,
    decode_date,
    decode_date_time,
    decode_time,
)

TARIFF_SCRIPTS: Final = Obis.parse("0.0.10.0.100.255")
"""The script table whose scripts are the tariffs."""
_SEASON_FIELDS, _WEEK_FIELDS, _DAY_FIELDS, _SWITCH_FIELDS, _SPECIAL_FIELDS = 3, 8, 2, 3, 3


class _Encodable(Protocol):
    def encode(self) -> Structure: ...


@dataclass(frozen=True, slots=True)
class Season:
    """From when which week goes; names are the maker's or the company's, any bytes."""

    name: bytes
    start: DateTimePattern
    week: bytes

    def encode(self) -> Structure:
        """Return it as an element of a table of seasons."""
        return Structure(map(OctetString, (self.name, self.start.encode(), self.week)))


@dataclass(frozen=True, slots=True)
class Week:
    """Which day is for Monday to Sunday, by number."""

    name: bytes
    days: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.days) != _WEEK_FIELDS - 1:
            raise ValueError(f"a week has seven days: got {len(self.days)}")

    def encode(self) -> Structure:
        """Return it as an element of a table of weeks."""
        return Structure((OctetString(self.name), *map(Unsigned, self.days)))


@dataclass(frozen=True, slots=True)
class Switch:
    """From a time of day on, a script: in tables of tariffs the number of the tariff."""

    start: TimePattern
    run: ScriptChoice

    def encode(self) -> Structure:
        """Return it as an element of a day's schedule."""
        return Structure((OctetString(self.start.encode()), OctetString(self.run.table), LongUnsigned(self.run.script)))


@dataclass(frozen=True, slots=True)
class Day:
    """A day by its number, and what is switched through it."""

    number: int
    switches: tuple[Switch, ...]

    def encode(self) -> Structure:
        """Return it as an element of a table of days."""
        return Structure((Unsigned(self.number), Array(one.encode() for one in self.switches)))


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date, or one of each year, that has a day of its own."""

    index: int
    date: DatePattern
    day: int

    def encode(self) -> Structure:
        """Return it as an element of attribute 2 of class 11."""
        return Structure((LongUnsigned(self.index), OctetString(self.date.encode()), Unsigned(self.day)))


def encode_table(rows: Iterable[_Encodable]) -> Array:
    """Return seasons, weeks, days or special days as the table that they are on the wire."""
    return Array(row.encode() for row in rows)


def decode_seasons(value: DlmsValue) -> tuple[Season, ...]:
    """Return attribute 3 or 7 of class 20. Raises MalformedError."""
    return tuple(map(_season, elements(value, "a table of seasons")))


def decode_weeks(value: DlmsValue) -> tuple[Week, ...]:
    """Return attribute 4 or 8 of class 20. Raises MalformedError."""
    return tuple(map(_week, elements(value, "a table of weeks")))


def decode_days(value: DlmsValue) -> tuple[Day, ...]:
    """Return attribute 5 or 9 of class 20. Raises MalformedError."""
    return tuple(map(_day, elements(value, "a table of days")))


def decode_special_days(value: DlmsValue) -> tuple[SpecialDay, ...]:
    """Return attribute 2 of class 11. Raises MalformedError."""
    return tuple(map(_special_day, elements(value, "a table of special days")))


def _season(value: DlmsValue) -> Season:
    name, start, week = fields(value, _SEASON_FIELDS, "a season")
    starts = decode_date_time(octets(start, "the start of a season", DATE_TIME_BYTES))
    return Season(octets(name, "the name of a season"), starts, octets(week, "the name of a week"))


def _week(value: DlmsValue) -> Week:
    name, *days = fields(value, _WEEK_FIELDS, "a week")
    return Week(octets(name, "the name of a week"), tuple(integer(day, "a day's number", 0, 0xFF) for day in days))


def _day(value: DlmsValue) -> Day:
    number, switches = fields(value, _DAY_FIELDS, "a day")
    listed = elements(switches, "the schedule of a day")
    return Day(integer(number, "a day's number", 0, 0xFF), tuple(map(_switch, listed)))


def _switch(value: DlmsValue) -> Switch:
    start, table, script = fields(value, _SWITCH_FIELDS, "a switching time")
    return Switch(
        decode_time(octets(start, "a time of day", TIME_BYTES)),
        ScriptChoice(logical_name(table, "a script table"), integer(script, "a script", 0, 0xFFFF)),
    )


def _special_day(value: DlmsValue) -> SpecialDay:
    index, on, day = fields(value, _SPECIAL_FIELDS, "a special day")
    return SpecialDay(
        integer(index, "an index", 0, 0xFFFF),
        decode_date(octets(on, "a date", DATE_BYTES)),
        integer(day, "a day's number", 0, 0xFF),
    )
