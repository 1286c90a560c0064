"""The fields of this language's frames: packed decimal digits, the highest first, and little else.

Names of fields carry the units of the house (`power_w`, `voltage_mv`); a field knows its step on the wire,
so that a value is never scaled twice.
"""

from datetime import date

from kilovatt.wire.protocols.framing.bcd import bcd_from_int, int_from_bcd, pairs_from_bcd
from kilovatt.wire.protocols.framing.layout import Field
from kilovatt.wire.protocols.framing.wall_time import CENTURY, WallTime


def bcd(size: int, *, step: int = 1) -> Field:
    """Return a number in packed decimal digits, the highest first, counted in steps of the named unit."""
    return Field(
        size=size,
        read=lambda data: int_from_bcd(data) * step,
        write=lambda value: bcd_from_int(_in_steps(value, step), size),
    )


def maskable_bcd(size: int, *, step: int) -> Field:
    """Return a number in packed decimal digits, or None where every byte is FFh (not in use)."""
    number = bcd(size, step=step)
    mask = b"\xff" * size
    return Field(
        size=size,
        read=lambda data: None if data == mask else number.read(data),
        write=lambda value: mask if value is None else number.write(value),
    )


def binary(size: int, *, first: int = 0, step: int = 1) -> Field:
    """Return a binary number, the highest byte first; `first` is what zero on the wire stands for."""
    return Field(
        size=size,
        read=lambda data: int.from_bytes(data, "big") * step + first,
        write=lambda value: _to_bytes(_in_steps(value - first, step), size),
    )


def signed_bcd(size: int) -> Field:
    """Return a number in packed decimal digits whose highest bit is its sign."""
    sign = 0x80 << 8 * (size - 1)

    def read(data: bytes) -> int:
        number = int.from_bytes(data, "big")
        magnitude = int_from_bcd((number & ~sign).to_bytes(size, "big"))
        return -magnitude if number & sign else magnitude

    def write(value: int) -> bytes:
        digits = int.from_bytes(bcd_from_int(abs(value), size), "big")
        if digits & sign:
            raise ValueError(f"{value} leaves no place for its sign in {size} bytes")
        return (digits | sign if value < 0 else digits).to_bytes(size, "big")

    return Field(size=size, read=read, write=write)


def wall_time() -> Field:
    """Return hours, minutes, seconds, day, month, year."""
    return Field(size=6, read=_read_wall_time, write=_write_wall_time)


def wall_time_if_any() -> Field:
    """Return hours, minutes, seconds, day, month, year; None where the place is empty."""
    return Field(
        size=6,
        read=lambda data: None if _is_empty(data) else _read_wall_time(data),
        write=lambda value: bytes(6) if value is None else _write_wall_time(value),
    )


def day_month_year() -> Field:
    """Return a day, month, year."""
    return Field(size=3, read=_read_date, write=_write_date)


def day_month_year_if_any() -> Field:
    """Return a day, month, year; None where the place is empty."""
    return Field(
        size=3,
        read=lambda data: None if _is_empty(data) else _read_date(data),
        write=lambda value: bytes(3) if value is None else _write_date(value),
    )


def _in_steps(value: int, step: int) -> int:
    count, rest = divmod(value, step)
    if rest or count < 0:
        raise ValueError(f"{value} is no whole number of steps of {step} from zero up")
    return count


def _to_bytes(count: int, size: int) -> bytes:
    if count >= 1 << 8 * size:
        raise ValueError(f"{count} does not fit into {size} bytes")
    return count.to_bytes(size, "big")


def _is_empty(data: bytes) -> bool:
    # The maker does not say what an unused place of a journal holds; erased memory is FFh, cleared memory 00h.
    return data in (bytes(len(data)), b"\xff" * len(data))


def _read_wall_time(data: bytes) -> WallTime:
    hour, minute, second, day, month, year = pairs_from_bcd(data)
    return WallTime(CENTURY + year, month, day, hour, minute, second)


def _write_wall_time(value: WallTime) -> bytes:
    parts = (value.hour, value.minute, value.second, value.day, value.month, value.year - CENTURY)
    return b"".join(bcd_from_int(part, 1) for part in parts)


def _read_date(data: bytes) -> date:
    day, month, year = pairs_from_bcd(data)
    return date(CENTURY + year, month, day)


def _write_date(value: date) -> bytes:
    return b"".join(bcd_from_int(part, 1) for part in (value.day, value.month, value.year - CENTURY))
