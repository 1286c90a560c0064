"""The fields of this language's frames: binary numbers, the lowest byte first, and dates in packed digits."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from kilovatt.wire.protocols.framing.bcd import bcd_from_int, int_from_bcd
from kilovatt.wire.protocols.framing.layout import Field
from kilovatt.wire.protocols.framing.wall_time import CENTURY, WallTime

_MONTHS_OF_A_YEAR = 12
_DAYS_OF_A_MONTH = 31
_WEEKDAY_MAX = 7


def number(size: int, *, low_first: bool = True, first: int = 0, step: int = 1) -> Field:
    """Return a binary number counted in steps of the named unit; `first` is what zero on the wire stands for."""
    order: Literal["little", "big"] = "little" if low_first else "big"

    def write(value: int) -> bytes:
        count, rest = divmod(value - first, step)
        if rest or not 0 <= count < 1 << 8 * size:
            raise ValueError(f"{value} is no whole number of steps of {step} that fits into {size} bytes")
        return count.to_bytes(size, order)

    return Field(size=size, read=lambda data: int.from_bytes(data, order) * step + first, write=write)


def one_of(smallest: int, largest: int, *, first: int = 0) -> Field:
    """Return a byte that is within bounds; `first` is what zero on the wire stands for."""
    plain = number(1, first=first)

    def checked(value: int) -> int:
        if not smallest <= value <= largest:
            raise ValueError(f"{smallest} to {largest} is wanted, got {value}")
        return value

    return Field(size=1, read=lambda data: checked(plain.read(data)), write=lambda value: plain.write(checked(value)))


def text_backwards(size: int) -> Field:
    """Return characters of ASCII that stand on the wire from the last to the first; unused places read as "0"."""

    def read(data: bytes) -> str:
        text = data.replace(b"\0", b"0").decode("ascii")
        if not text.isprintable():
            raise ValueError("characters that can be printed are wanted")
        return text[::-1]

    def write(value: str) -> bytes:
        if len(value) != size:
            raise ValueError(f"{size} characters are wanted, got {len(value)}")
        return value[::-1].encode("ascii")

    return Field(size=size, read=read, write=write)


@dataclass(frozen=True, slots=True)
class MeterClock:
    """What the clock shows; `weekday` as the meter numbers it (0 Sunday … 6 Saturday)."""

    weekday: int
    time: WallTime


def day_month_year() -> Field:
    """Return a day, month, year."""
    return Field(size=3, read=_read_day, write=_write_day)


def _read_day(data: bytes) -> date:
    day, month, year = (int_from_bcd(data[i : i + 1]) for i in range(3))
    return date(CENTURY + year, month, day)


def _write_day(value: date) -> bytes:
    return b"".join(bcd_from_int(part, 1) for part in (value.day, value.month, value.year - CENTURY))


def number_if_any(size: int) -> Field:
    """Return a binary number, the lowest byte first; None where every byte is FFh."""
    plain, mask = number(size), b"\xff" * size
    return Field(
        size=size,
        read=lambda data: None if data == mask else plain.read(data),
        write=lambda value: mask if value is None else plain.write(value),
    )


def clock() -> Field:
    """Return seconds, minutes, hours, weekday, day, month, year."""
    return Field(size=7, read=_read_clock, write=_write_clock)


def _read_clock(data: bytes) -> MeterClock:
    second, minute, hour, weekday, day, month, year = (int_from_bcd(data[i : i + 1]) for i in range(7))
    # Whether Sunday is 0 or 7 is not established: both are taken.
    if weekday > _WEEKDAY_MAX:
        raise ValueError(f"a weekday is 0 to 7: got {weekday}")
    return MeterClock(weekday, WallTime(CENTURY + year, month, day, hour, minute, second))


def _write_clock(value: MeterClock) -> bytes:
    it = value.time
    parts = (it.second, it.minute, it.hour, value.weekday, it.day, it.month, it.year - CENTURY)
    return b"".join(bcd_from_int(part, 1) for part in parts)


@dataclass(frozen=True, slots=True)
class ArchiveStamp:
    """Which day or month an archived register is of; `day` is 0 where it is of a month."""

    year: int
    month: int
    day: int

    def __post_init__(self) -> None:
        if not (0 <= self.day <= _DAYS_OF_A_MONTH and 0 <= self.month <= _MONTHS_OF_A_YEAR):
            raise ValueError(f"a stamp has a month and a day or zeros: got {self.month} and {self.day}")

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}" + (f"-{self.day:02}" if self.day else "")


def stamp() -> Field:
    """Return a day, month, year, of which the day may be 0."""
    return Field(size=3, read=_read_stamp, write=_write_stamp)


def _read_stamp(data: bytes) -> ArchiveStamp:
    day, month, year = (int_from_bcd(data[i : i + 1]) for i in range(3))
    return ArchiveStamp(CENTURY + year, month, day)


def _write_stamp(value: ArchiveStamp) -> bytes:
    return b"".join(bcd_from_int(part, 1) for part in (value.day, value.month, value.year - CENTURY))
