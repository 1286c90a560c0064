"""The fields of НЗиФ: numbers with the highest byte first, decimal stamps, three bytes with two bits of direction."""

import math
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from struct import Struct

from kilovatt.wire.protocols.framing.bcd import bcd_from_int, int_from_bcd
from kilovatt.wire.protocols.framing.layout import Field
from kilovatt.wire.protocols.framing.wall_time import CENTURY, WallTime

_ACTIVE_REVERSED = 0x80
_REACTIVE_REVERSED = 0x40
_MAGNITUDE_TOP = 0x3F
_FLOAT = Struct("<f")


@dataclass(frozen=True, slots=True)
class Directed:
    """A magnitude, and where the vector of power lies."""

    magnitude: int
    active_reversed: bool = False
    reactive_reversed: bool = False

    @property
    def active(self) -> int:
        """The magnitude, negative where active energy is given to the grid."""
        return -self.magnitude if self.active_reversed else self.magnitude


def number(size: int) -> Field:
    """Return a whole number, the highest byte first."""

    def write(value: int) -> bytes:
        if not 0 <= value < 1 << 8 * size:
            raise ValueError(f"{value} does not fit into {size} bytes")
        return value.to_bytes(size, "big")

    return Field(size=size, read=lambda data: int.from_bytes(data, "big"), write=write)


def small(lowest: int, highest: int) -> Field:
    """Return one byte that says a number within limits."""

    def checked(value: int) -> int:
        if not lowest <= value <= highest:
            raise ValueError(f"{value} is not in {lowest} to {highest}")
        return value

    return Field(size=1, read=lambda data: checked(data[0]), write=lambda value: bytes([checked(value)]))


def one_of(kind: type[IntEnum]) -> Field:
    """Return one byte that is a member of an enumeration."""
    return Field(size=1, read=lambda data: kind(data[0]), write=lambda value: bytes([kind(value)]))


def maskable(field: Field) -> Field:
    """Return a field that is None where every byte is FFh."""
    mask = b"\xff" * field.size
    return Field(
        size=field.size,
        read=lambda data: None if data == mask else field.read(data),
        write=lambda value: mask if value is None else field.write(value),
    )


def directed(*, step: int) -> Field:
    """Return 22 bits of magnitude, counted in steps of the named unit, below two bits of direction."""

    def read(data: bytes) -> Directed:
        magnitude = int.from_bytes(bytes([data[0] & _MAGNITUDE_TOP]) + data[1:], "big")
        return Directed(magnitude * step, bool(data[0] & _ACTIVE_REVERSED), bool(data[0] & _REACTIVE_REVERSED))

    def write(value: Directed) -> bytes:
        count, rest = divmod(value.magnitude, step)
        if rest or not 0 <= count < (_MAGNITUDE_TOP + 1) << 16:
            raise ValueError(f"{value.magnitude} is no whole number of steps of {step} in 22 bits")
        directions = value.active_reversed * _ACTIVE_REVERSED | value.reactive_reversed * _REACTIVE_REVERSED
        return (directions << 16 | count).to_bytes(3, "big")

    return Field(size=3, read=read, write=write)


def _real_from(data: bytes) -> float:
    value: float = _FLOAT.unpack(data)[0]
    if not math.isfinite(value):
        raise ValueError(f"a measured value is finite: got {value}")
    return value


def _real_to(value: float) -> bytes:
    try:
        return _FLOAT.pack(value)
    except OverflowError as error:
        raise ValueError(f"{value} does not fit into four bytes") from error


REAL = Field(size=4, read=_real_from, write=_real_to)
"""Four bytes of IEEE 754, the lowest first: the one thing in this language that begins at that end."""


def is_empty(data: bytes) -> bool:
    """Whether nothing was ever written there: zeros, or erased memory."""
    return data in (bytes(len(data)), b"\xff" * len(data))


def _digits(data: bytes) -> list[int]:
    return [int_from_bcd(data[place : place + 1]) for place in range(len(data))]


def _in_digits(*parts: int) -> bytes:
    return b"".join(bcd_from_int(part, 1) for part in parts)


def stamp_from(data: bytes) -> WallTime:
    """Return seconds, minutes, hours, weekday, day, month, year. Raises ValueError for what no clock shows."""
    second, minute, hour, _, day, month, year = _digits(data)
    return WallTime(CENTURY + year, month, day, hour, minute, second)


def stamp_to(value: WallTime) -> bytes:
    """Return a stamp; the weekday follows from the date, Monday being 1."""
    day_on = value.day_on
    return _in_digits(
        value.second, value.minute, value.hour, day_on.isoweekday(), day_on.day, day_on.month, day_on.year - CENTURY
    )


STAMP = Field(
    size=7,
    read=lambda data: None if is_empty(data) else stamp_from(data),
    write=lambda value: bytes(7) if value is None else stamp_to(value),
)
"""A stamp of a journal; None where nothing was written."""


def _date_from(data: bytes) -> date:
    day, month, year = _digits(data)
    return date(CENTURY + year, month, day)


def _date_to(value: date) -> bytes:
    return _in_digits(value.day, value.month, value.year - CENTURY)


DATE = Field(size=3, read=_date_from, write=_date_to)
