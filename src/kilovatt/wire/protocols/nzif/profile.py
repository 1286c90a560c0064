"""The load profile (2.4.3.5, 2.4.3.31, 2.4.4): a ring of hours in lines of eight bytes.

An hour is a header, with the checksum of its own, and behind it a line for each interval: mean powers A+, A−, R+, R−
in counts, power is count ÷ constant kW, so that the energy of a half-hour is count ÷ (2 × constant) kWh. Hours in
which the meter was without supply are not there. Where the memory has no room for a whole hour at its end, the rest
of it is not used and must not be read; the next hour stands at its beginning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from struct import Struct
from typing import ClassVar, TypeAlias

from kilovatt.wire.protocols.framing.bcd import bcd_from_int, int_from_bcd
from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, Single, fixed, raw, reserved
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif.fields import DATE, number, one_of, small
from kilovatt.wire.protocols.nzif.request import Command, NzifRequest

LINE_SIZE = 8
READ_BYTES_MIN, READ_BYTES_MAX = 2, 133
COUNT_MAX = 0x7FFF
"""A count has fifteen bits; the sixteenth says that its interval is incomplete."""
_INCOMPLETE = 0x8000
_MINUTES = 60
_HEADER_SUM_PLACE = 6
_ANY_HOUR = b"\xff"
_COUNTS = Struct(">4H")


def lines_of_hour(period_minutes: int) -> int:
    """Return how many lines an hour takes, its header among them."""
    return 1 + _MINUTES // period_minutes


class Memory(IntEnum):
    """Which memory is read."""

    PROFILE = 3
    PROFILE_2 = 8
    PROFILE_3 = 9


# ── Hours ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class HourHeader:
    """What stands before the intervals of an hour: when it began by local time, and how long its intervals are."""

    day_on: date
    hour: int
    is_winter: bool
    period_minutes: int

    def __str__(self) -> str:
        season = "winter" if self.is_winter else "summer"
        return f"{self.day_on.isoformat()} {self.hour:02}:00 {season} period_minutes={self.period_minutes}"


@dataclass(frozen=True, slots=True)
class IntervalCounts:
    """The counts of one interval, and whether the meter did not measure all of it."""

    a_plus: int
    a_minus: int
    r_plus: int
    r_minus: int
    is_incomplete: bool = False

    def __str__(self) -> str:
        counts = f"{self.a_plus} {self.a_minus} {self.r_plus} {self.r_minus}"
        return f"{counts} incomplete=1" if self.is_incomplete else counts


Line: TypeAlias = HourHeader | IntervalCounts


def header_from(line: bytes) -> HourHeader | None:
    """Return the header that a line is, or None where it is none: its checksum or its digits do not fit."""
    if sum(line[:_HEADER_SUM_PLACE]) & 0xFF != line[_HEADER_SUM_PLACE]:
        return None
    season, period_minutes = line[4], line[5]
    if not period_minutes or _MINUTES % period_minutes:
        return None
    try:
        hour = int_from_bcd(line[:1])
        day_on = DATE.read(line[1:4])
        WallTime(day_on.year, day_on.month, day_on.day, hour, 0, 0)
    except ValueError:
        return None
    return HourHeader(day_on, hour, is_winter=bool(season & 1), period_minutes=period_minutes)


def header_line(header: HourHeader) -> bytes:
    """Return the line of a header. Its last byte is zero: nobody looks at it."""
    told = bcd_from_int(header.hour, 1) + DATE.write(header.day_on) + bytes([header.is_winter, header.period_minutes])
    return told + bytes([sum(told) & 0xFF, 0])


def counts_from(line: bytes) -> IntervalCounts:
    """Return the counts of a line."""
    words = _COUNTS.unpack(line)
    a_plus, a_minus, r_plus, r_minus = (word & COUNT_MAX for word in words)
    return IntervalCounts(a_plus, a_minus, r_plus, r_minus, any(word & _INCOMPLETE for word in words))


def counts_line(counts: IntervalCounts) -> bytes:
    """Return the line of counts. Raises ValueError for a count that does not fit."""
    told = (counts.a_plus, counts.a_minus, counts.r_plus, counts.r_minus)
    if any(not 0 <= count <= COUNT_MAX for count in told):
        raise ValueError(f"a count is 0 to {COUNT_MAX}: got {told}")
    return _COUNTS.pack(*(count | (_INCOMPLETE if counts.is_incomplete else 0) for count in told))


def line_from(line: bytes) -> Line:
    """Return what a line says, taken by itself: a header where it can be one."""
    return header_from(line) or counts_from(line)


# ── Where hours stand ────────────────────────────────────────────────────────────────────────────────────────────────


def _hour_from(data: bytes) -> int | None:
    return None if data == _ANY_HOUR else int_from_bcd(data)


@dataclass(frozen=True, slots=True)
class FindHour(Command):
    """Begin to search the profile for the header of an hour, or of any hour of a day.

    The array is the first, the search begins where the meter likes (FFFFh), the season is any (FFh): this is how the
    maker's own program asks.
    """

    day_on: date
    hour: int | None
    period_minutes: int
    prefix = b"\x03\x28"
    asks: ClassVar[Mapping[str, Field]] = {
        "array": fixed(b"\x00"),
        "begin": fixed(b"\xff\xff"),
        "hour": Field(size=1, read=_hour_from, write=lambda hour: _ANY_HOUR if hour is None else bcd_from_int(hour, 1)),
        "day_on": DATE,
        "season": fixed(b"\xff"),
        "period_minutes": small(1, _MINUTES),
    }


class SearchState(IntEnum):
    """How far a search has come."""

    FOUND = 0x0
    SEARCHING = 0x1
    NOT_FOUND = 0x2
    POINTER_SILENT = 0x3
    POINTER_DAMAGED = 0x4
    SEARCH_DAMAGED = 0x5
    MEMORY_SILENT = 0x6
    HEADER_DAMAGED = 0x7
    HEADER_MISPLACED = 0x8
    NO_SUCH_ARRAY = 0x9
    WRONG_PERIOD = 0xA


_STATE = Field(
    size=1,
    # Of the three programs that look at it one masks the high half.
    read=lambda data: SearchState(data[0] & 0x0F),
    write=lambda state: bytes([state]),
)


@dataclass(frozen=True, slots=True)
class Search:
    """A search, and the address that it has come to."""

    state: SearchState
    memory_address: int


_SEARCH: Layout[Search] = Record(Search, {"state": _STATE, "reserved": reserved(2), "memory_address": number(2)})


@dataclass(frozen=True, slots=True)
class ReadSearch(NzifRequest[Search]):
    """How far the search has come."""

    prefix = b"\x08\x18\x00"

    @property
    def says(self) -> tuple[Layout[Search], ...]:
        return (_SEARCH,)


_FULL = 0x80


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the profile is being written: the time of that, the address, and whether the ring has gone round."""

    is_full: bool
    stamp: WallTime
    address: int


@dataclass(frozen=True, slots=True)
class _Written:
    is_full: bool
    stamp: WallTime


def _written_from(data: bytes) -> _Written:
    minute, hour = int_from_bcd(bytes([data[0] & ~_FULL])), int_from_bcd(data[1:2])
    day_on = DATE.read(data[2:])
    return _Written(bool(data[0] & _FULL), WallTime(day_on.year, day_on.month, day_on.day, hour, minute, 0))


def _pointer_from(data: bytes) -> Pointer:
    written = _written_from(data[:5])
    return Pointer(written.is_full, written.stamp, int.from_bytes(data[5:], "big"))


def _pointer_to(pointer: Pointer) -> bytes:
    stamp = pointer.stamp
    minute = bcd_from_int(stamp.minute, 1)[0] | (_FULL if pointer.is_full else 0)
    return bytes([minute]) + bcd_from_int(stamp.hour, 1) + DATE.write(stamp.day_on) + pointer.address.to_bytes(2, "big")


_POINTER: Layout[Pointer] = Single({"pointer": Field(size=7, read=_pointer_from, write=_pointer_to)})


@dataclass(frozen=True, slots=True)
class ReadPointer(NzifRequest[Pointer]):
    """Where the first profile is being written."""

    prefix = b"\x08\x04"

    @property
    def says(self) -> tuple[Layout[Pointer], ...]:
        return (_POINTER,)


# ── Reading the memory ───────────────────────────────────────────────────────────────────────────────────────────────

_ADDRESS = number(2)
_SIZE = small(READ_BYTES_MIN, READ_BYTES_MAX)


@dataclass(frozen=True, slots=True)
class ReadMemory(NzifRequest[bytes]):
    """So many bytes of a memory from an address on."""

    memory_address: int
    size: int
    memory: Memory = Memory.PROFILE
    prefix = b"\x06"
    asks: ClassVar[Mapping[str, Field]] = {"memory": one_of(Memory), "memory_address": _ADDRESS, "size": _SIZE}

    @property
    def says(self) -> tuple[Layout[bytes], ...]:
        return (Single({"memory_bytes": raw(self.size)}),)


@dataclass(frozen=True, slots=True)
class ReadMemoryIndexed(NzifRequest[bytes]):
    """The same with an index, 1 to 255, that comes back: a late answer is known by it."""

    index: int
    memory_address: int
    size: int
    memory: Memory = Memory.PROFILE
    prefix = b"\x0c"
    asks: ClassVar[Mapping[str, Field]] = {
        "index": small(1, 0xFF),
        "memory": one_of(Memory),
        "memory_address": _ADDRESS,
        "size": _SIZE,
    }

    @property
    def says(self) -> tuple[Layout[bytes], ...]:
        return (Single({"index": fixed(bytes([self.index])), "memory_bytes": raw(self.size)}),)
