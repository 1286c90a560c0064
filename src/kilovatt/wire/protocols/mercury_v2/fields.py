"""The fields of Mercury V2: numbers in the orders of bytes that this language has, masks, directions, local time.

Answers carry a number of four bytes as two words, the higher first, the lower byte of each first; writes carry it
with the highest byte first. Names of fields carry the units of the house; a field knows its step on the wire.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from kilovatt.wire.protocols.framing.bcd import bcd_from_int, int_from_bcd, pairs_from_bcd
from kilovatt.wire.protocols.framing.layout import Field
from kilovatt.wire.protocols.framing.wall_time import CENTURY, WallTime

_ACTIVE_REVERSED = 0x80
_REACTIVE_REVERSED = 0x40


@dataclass(frozen=True, slots=True)
class Directed:
    """A magnitude and the two direction bits that powers and power factors carry."""

    magnitude: int
    active_reversed: bool = False
    reactive_reversed: bool = False

    @property
    def active(self) -> int:
        """The magnitude, negative where active energy is given to the grid."""
        return -self.magnitude if self.active_reversed else self.magnitude

    @property
    def reactive(self) -> int:
        """The magnitude, negative where reactive energy is given to the grid."""
        return -self.magnitude if self.reactive_reversed else self.magnitude


def low_first(size: int, *, step: int = 1) -> Field:
    """Return a number whose lowest byte comes first, counted in steps of the named unit."""
    return _number(size, step, lambda data: int.from_bytes(data, "little"), lambda data: data[::-1])


def high_first(size: int, *, step: int = 1) -> Field:
    """Return a number whose highest byte comes first, counted in steps of the named unit."""
    return _number(size, step, lambda data: int.from_bytes(data, "big"), bytes)


def word_swapped(size: int = 4, *, step: int = 1) -> Field:
    """Return a number of whole words, the highest word first, the lower byte of each word first."""
    return _number(size, step, _two_words_said if size == 4 else _words_said, _words)


def three_bytes(*, step: int = 1) -> Field:
    """Return a number of three bytes: the highest, the lowest, the middle one."""
    return _number(3, step, _three_said, _of_three)


def flow(*, step: int = 1) -> Field:
    """Return what flows now: three bytes, or None where masked, read in one step since there are many."""

    def read(data: bytes) -> int | None:
        count = data[0] << 16 | data[2] << 8 | data[1]
        return None if count == 0xFF_FFFF else count * step

    return Field(size=3, read=read, write=maskable(three_bytes(step=step)).write)


def maskable(field: Field) -> Field:
    """Return a field that is None where every byte is FFh: this type of meter does not measure it."""
    mask = b"\xff" * field.size
    return Field(
        size=field.size,
        read=lambda data: None if data == mask else field.read(data),
        write=lambda value: mask if value is None else field.write(value),
    )


def directed(size: int, *, step: int = 1) -> Field:
    """Return a magnitude with its direction bits, in three bytes or four, or None where masked."""
    order, said = (_of_three, _three_said) if size == 3 else (_words, _two_words_said)
    mask = b"\xff" * size
    shift = 8 * (size - 1)
    active_reversed, reactive_reversed = _ACTIVE_REVERSED << shift, _REACTIVE_REVERSED << shift
    largest = reactive_reversed - 1

    def read(data: bytes) -> Directed | None:
        if data == mask:
            return None
        number = said(data)
        return Directed((number & largest) * step, number & active_reversed != 0, number & reactive_reversed != 0)

    def write(value: Directed | None) -> bytes:
        if value is None:
            return mask
        count = _in_steps(value.magnitude, step)
        if count > largest:
            raise ValueError(f"{value.magnitude} leaves no place for its direction in {size} bytes")
        count |= value.active_reversed * active_reversed | value.reactive_reversed * reactive_reversed
        return order(count.to_bytes(size, "big"))

    return Field(size=size, read=read, write=write)


def signed_high_first(size: int) -> Field:
    """Return a number with a sign, the highest byte first."""
    return Field(
        size=size,
        read=lambda data: int.from_bytes(data, "big", signed=True),
        write=lambda value: value.to_bytes(size, "big", signed=True),
    )


def small(lowest: int, highest: int) -> Field:
    """Return one byte that says a number within limits."""

    def checked(value: int) -> int:
        if not lowest <= value <= highest:
            raise ValueError(f"{value} is not in {lowest} to {highest}")
        return value

    return Field(size=1, read=lambda data: checked(data[0]), write=lambda value: bytes([checked(value)]))


def bcd(size: int) -> Field:
    """Return a number in packed decimal digits."""
    return Field(size=size, read=int_from_bcd, write=lambda value: bcd_from_int(value, size))


def wall_time() -> Field:
    """Return seconds, minutes, hours, day, month, year in decimal digits; None where nothing was written."""
    return Field(
        size=6,
        read=lambda data: None if is_empty(data) else _wall_time_from(data),
        write=lambda value: bytes(6) if value is None else _wall_time_to(value),
    )


def day_month_year() -> Field:
    """Return a day, month, year in decimal digits; None where nothing was written."""
    return Field(
        size=3,
        read=lambda data: None if is_empty(data) else _date_from(data),
        write=lambda value: bytes(3) if value is None else _date_to(value),
    )


def bits(size: int) -> Field:
    """Return the numbers of the bits that are set, from 0, the lowest bit of the first byte."""
    return Field(
        size=size,
        read=lambda data: numbers_of_bits(int.from_bytes(data, "little")),
        write=lambda numbers: bits_of_numbers(numbers, size).to_bytes(size, "little"),
    )


def numbers_of_bits(value: int) -> frozenset[int]:
    """Return the numbers of the bits that are set."""
    return frozenset(number for number in range(value.bit_length()) if value >> number & 1)


def bits_of_numbers(numbers: frozenset[int], size: int) -> int:
    """Return the number that has these bits. Raises ValueError for one that does not fit."""
    if any(not 0 <= number < 8 * size for number in numbers):
        raise ValueError(f"{sorted(numbers)} do not fit into {8 * size} bits")
    return sum(1 << number for number in numbers)


def is_empty(data: bytes) -> bool:
    """Whether nothing was ever written there: zeros, as seen on real meters, or erased memory."""
    return data in (bytes(len(data)), b"\xff" * len(data))


def _number(size: int, step: int, said: Callable[[bytes], int], order: Callable[[bytes], bytes]) -> Field:
    # `order` puts the highest byte first where it must stand, `said` reads the number from there.
    return Field(
        size=size,
        read=said if step == 1 else lambda data: said(data) * step,
        write=lambda value: order(_to_bytes(_in_steps(value, step), size)),
    )


def _words(data: bytes) -> bytes:
    return b"".join(data[start : start + 2][::-1] for start in range(0, len(data), 2))


def _words_said(data: bytes) -> int:
    return int.from_bytes(_words(data), "big")


def _two_words_said(data: bytes) -> int:
    # Nearly every number is of two words: with its lowest byte first, what comes out has them exchanged.
    exchanged = int.from_bytes(data, "little")
    return (exchanged & 0xFFFF) << 16 | exchanged >> 16


def _of_three(data: bytes) -> bytes:
    return bytes([data[0], data[2], data[1]])


def _three_said(data: bytes) -> int:
    return data[0] << 16 | data[2] << 8 | data[1]


def _in_steps(value: int, step: int) -> int:
    count, rest = divmod(value, step)
    if rest or count < 0:
        raise ValueError(f"{value} is no whole number of steps of {step} from zero up")
    return count


def _to_bytes(count: int, size: int) -> bytes:
    if count >= 1 << 8 * size:
        raise ValueError(f"{count} does not fit into {size} bytes")
    return count.to_bytes(size, "big")


def _wall_time_from(data: bytes) -> WallTime:
    second, minute, hour, day, month, year = pairs_from_bcd(data)
    return WallTime(CENTURY + year, month, day, hour, minute, second)


def _wall_time_to(value: WallTime) -> bytes:
    parts = (value.second, value.minute, value.hour, value.day, value.month, value.year - CENTURY)
    return b"".join(bcd_from_int(part, 1) for part in parts)


def _date_from(data: bytes) -> date:
    day, month, year = pairs_from_bcd(data)
    return date(CENTURY + year, month, day)


def _date_to(value: date) -> bytes:
    return b"".join(bcd_from_int(part, 1) for part in (value.day, value.month, value.year - CENTURY))
