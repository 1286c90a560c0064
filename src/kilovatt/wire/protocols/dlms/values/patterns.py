"""Dates and times any part of which may be left open (Blue Book, 4.1.6.1): seasons, special days, switching times.

A part left open is None and FFh on the wire. What a clock showed is a `Stamp`; this is what a calendar says.
"""

from dataclasses import dataclass
from enum import IntFlag
from struct import Struct
from typing import Final

from kilovatt.wire.protocols.dlms.values.errors import MalformedError

DATE_BYTES: Final = 5
TIME_BYTES: Final = 4
DATE_TIME_BYTES: Final = 12
MONTH_WHERE_SUMMER_ENDS: Final = 0xFD
MONTH_WHERE_SUMMER_BEGINS: Final = 0xFE
SECOND_LAST_DAY: Final = 0xFD
LAST_DAY: Final = 0xFE
_DATE, _TIME, _DEVIATION = Struct(">HBBB"), Struct(">BBBB"), Struct(">hB")
_ANY, _ANY_YEAR, _ANY_DEVIATION = 0xFF, 0xFFFF, -0x8000
_MONTHS = frozenset({*range(1, 13), MONTH_WHERE_SUMMER_ENDS, MONTH_WHERE_SUMMER_BEGINS, _ANY})
_DAYS = frozenset({*range(1, 32), SECOND_LAST_DAY, LAST_DAY, _ANY})
_WEEKDAYS = frozenset({*range(8), _ANY})
"""0 is none of the standard, and in its own samples (ГОСТ Р 58940-2020, 13.2)."""
_PARTS_OF_TIME = (24, 60, 60, 100)


class ClockStatus(IntFlag):
    """Bits of a clock's status."""

    INVALID_VALUE = 0x01
    DOUBTFUL_VALUE = 0x02
    DIFFERENT_CLOCK_BASE = 0x04
    INVALID_STATUS = 0x08
    SUMMER_TIME = 0x80


@dataclass(frozen=True, slots=True)
class DatePattern:
    """A date; each part may be left open. Weekdays are counted from 1, Monday."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None

    def encode(self) -> bytes:
        """Return five bytes."""
        year = _ANY_YEAR if self.year is None else self.year
        return _DATE.pack(year, _open(self.month), _open(self.day), _open(self.weekday))


@dataclass(frozen=True, slots=True)
class TimePattern:
    """A time of day; each part may be left open."""

    hour: int | None = None
    minute: int | None = None
    second: int | None = None
    hundredths: int | None = None

    def encode(self) -> bytes:
        """Return four bytes."""
        return _TIME.pack(_open(self.hour), _open(self.minute), _open(self.second), _open(self.hundredths))


@dataclass(frozen=True, slots=True)
class DateTimePattern:
    """A date and a time of day, each part of which may be left open, the deviation [min] and the status too."""

    date: DatePattern = DatePattern()
    time: TimePattern = TimePattern()
    deviation_min: int | None = None
    status: ClockStatus | None = None

    def encode(self) -> bytes:
        """Return twelve bytes."""
        deviation = _ANY_DEVIATION if self.deviation_min is None else self.deviation_min
        return self.date.encode() + self.time.encode() + _DEVIATION.pack(deviation, _open(self.status))


def decode_date(data: bytes) -> DatePattern:
    """Return what five bytes say. Raises MalformedError, as for a month 13."""
    _sized(data, DATE_BYTES)
    year, month, day, weekday = _DATE.unpack(data)
    if month not in _MONTHS or day not in _DAYS or weekday not in _WEEKDAYS:
        raise MalformedError(f"{bytes(data).hex()} is no date", data, 0)
    return DatePattern(None if year == _ANY_YEAR else year, _part(month), _part(day), _part(weekday))


def decode_time(data: bytes) -> TimePattern:
    """Return what four bytes say. Raises MalformedError, as for an hour 24."""
    _sized(data, TIME_BYTES)
    if any(part >= limit and part != _ANY for part, limit in zip(data, _PARTS_OF_TIME, strict=True)):
        raise MalformedError(f"{bytes(data).hex()} is no time of day", data, 0)
    return TimePattern(*map(_part, data))


def decode_date_time(data: bytes) -> DateTimePattern:
    """Return what twelve bytes say. Raises MalformedError."""
    _sized(data, DATE_TIME_BYTES)
    deviation, status = _DEVIATION.unpack_from(data, DATE_BYTES + TIME_BYTES)
    return DateTimePattern(
        decode_date(data[:DATE_BYTES]),
        decode_time(data[DATE_BYTES : DATE_BYTES + TIME_BYTES]),
        None if deviation == _ANY_DEVIATION else deviation,
        None if status == _ANY else ClockStatus(status),
    )


def _sized(data: bytes, size: int) -> None:
    if len(data) != size:
        raise MalformedError(f"{size} bytes are wanted: got {len(data)}", data, 0)


def _open(part: int | None) -> int:
    return _ANY if part is None else part


def _part(octet: int) -> int | None:
    return None if octet == _ANY else octet
