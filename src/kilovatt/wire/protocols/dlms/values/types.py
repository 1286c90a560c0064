"""The types of A-XDR data: one for each tag, so that what was decoded can be encoded again to the same bytes.

They are integers, bytes and tuples that know their tag: arithmetic and comparison work as with the plain ones.
Null is None and a boolean is a bool. Source: IEC 62056-5-3, clause 8.3 (Data), and the Blue Book, 4.1.5.
"""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias, Union


class FixedInteger(int):
    """An integer of a fixed width; `LOWEST` and `HIGHEST` are its limits."""

    __slots__ = ()
    TAG: ClassVar[int]
    FORMAT: ClassVar[str]
    LOWEST: ClassVar[int]
    HIGHEST: ClassVar[int]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({int(self)})"


class Integer(FixedInteger):
    """A signed byte."""

    __slots__ = ()
    TAG, FORMAT, LOWEST, HIGHEST = 15, ">b", -(1 << 7), (1 << 7) - 1


class Long(FixedInteger):
    """Two signed bytes."""

    __slots__ = ()
    TAG, FORMAT, LOWEST, HIGHEST = 16, ">h", -(1 << 15), (1 << 15) - 1


class DoubleLong(FixedInteger):
    """Four signed bytes."""

    __slots__ = ()
    TAG, FORMAT, LOWEST, HIGHEST = 5, ">i", -(1 << 31), (1 << 31) - 1


class Long64(FixedInteger):
    """Eight signed bytes."""

    __slots__ = ()
    TAG, FORMAT, LOWEST, HIGHEST = 20, ">q", -(1 << 63), (1 << 63) - 1


class Unsigned(FixedInteger):
    """A byte."""

    __slots__ = ()
    TAG, FORMAT, LOWEST, HIGHEST = 17, ">B", 0, (1 << 8) - 1


class LongUnsigned(FixedInteger):
    """Two bytes."""

    __slots__ = ()
    TAG, FORMAT, LOWEST, HIGHEST = 18, ">H", 0, (1 << 16) - 1


class DoubleLongUnsigned(FixedInteger):
    """Four bytes."""

    __slots__ = ()
    TAG, FORMAT, LOWEST, HIGHEST = 6, ">I", 0, (1 << 32) - 1


class Long64Unsigned(FixedInteger):
    """Eight bytes."""

    __slots__ = ()
    TAG, FORMAT, LOWEST, HIGHEST = 21, ">Q", 0, (1 << 64) - 1


class Enumerate(FixedInteger):
    """A byte that stands for a meaning."""

    __slots__ = ()
    TAG, FORMAT, LOWEST, HIGHEST = 22, ">B", 0, (1 << 8) - 1


class Bcd(FixedInteger):
    """A byte of two decimal digits, kept as it is sent."""

    __slots__ = ()
    TAG, FORMAT, LOWEST, HIGHEST = 13, ">B", 0, (1 << 8) - 1


class FloatingPoint(float):
    """A number of IEEE 754. Never energy or money: instant values of some makers only."""

    __slots__ = ()
    TAG: ClassVar[int]
    FORMAT: ClassVar[str]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({float(self)})"


class Float32(FloatingPoint):
    """Four bytes."""

    __slots__ = ()
    TAG, FORMAT = 23, ">f"


class Float64(FloatingPoint):
    """Eight bytes."""

    __slots__ = ()
    TAG, FORMAT = 24, ">d"


class ByteString(bytes):
    """Bytes with a tag. `SIZE` is their number where the type fixes it."""

    __slots__ = ()
    TAG: ClassVar[int]
    SIZE: ClassVar[int | None] = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({bytes(self).hex()})"


class OctetString(ByteString):
    """Any bytes."""

    __slots__ = ()
    TAG = 9


class VisibleString(ByteString):
    """Text, of an encoding that makers choose."""

    __slots__ = ()
    TAG = 10


class Utf8String(ByteString):
    """Text said to be UTF-8."""

    __slots__ = ()
    TAG = 12


class DateTimeBytes(ByteString):
    """A date and time of twelve bytes under a tag of its own."""

    __slots__ = ()
    TAG, SIZE = 25, 12


class DateBytes(ByteString):
    """A date of five bytes."""

    __slots__ = ()
    TAG, SIZE = 26, 5


class TimeBytes(ByteString):
    """A time of day of four bytes."""

    __slots__ = ()
    TAG, SIZE = 27, 4


class Array(tuple["DlmsValue", ...]):
    """Values of one type."""

    __slots__ = ()
    TAG: ClassVar[int] = 1

    def __repr__(self) -> str:
        return f"Array{super().__repr__()}"


class Structure(tuple["DlmsValue", ...]):
    """Values of any types."""

    __slots__ = ()
    TAG: ClassVar[int] = 2

    def __repr__(self) -> str:
        return f"Structure{super().__repr__()}"


@dataclass(frozen=True, slots=True)
class CompactArray:
    """Values of one type, described once: `description` is that description as it is sent."""

    values: "tuple[DlmsValue, ...]"
    description: bytes
    TAG: ClassVar[int] = 19


@dataclass(frozen=True, slots=True)
class BitString:
    """So many bits, the first in the highest place of the first byte; unused places are zero."""

    data: bytes
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= 8 * len(self.data) < self.count + 8:
            raise ValueError(f"{self.count} bits do not fill {len(self.data)} bytes")

    def bit(self, place: int) -> bool:
        """Whether a bit is set, counted from the first."""
        return bool(self.data[place >> 3] >> (7 - (place & 7)) & 1)


DlmsValue: TypeAlias = Union[  # a forward reference cannot be joined by |
    bool, int, float, bytes, BitString, CompactArray, "tuple[DlmsValue, ...]", None
]

FIXED_INTEGERS: tuple[type[FixedInteger], ...] = (
    Integer,
    Long,
    DoubleLong,
    Long64,
    Unsigned,
    LongUnsigned,
    DoubleLongUnsigned,
    Long64Unsigned,
    Enumerate,
    Bcd,
)
FLOATING_POINTS: tuple[type[FloatingPoint], ...] = (Float32, Float64)
BYTE_STRINGS: tuple[type[ByteString], ...] = (
    OctetString,
    VisibleString,
    Utf8String,
    DateTimeBytes,
    DateBytes,
    TimeBytes,
)
