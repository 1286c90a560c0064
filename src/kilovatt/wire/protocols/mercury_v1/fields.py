"""The fields of frames, and how fields make a value: one description for reading, writing and explaining.

Names of fields carry the units of the house (`power_w`, `voltage_mv`); a field knows its step on the wire,
so that a value is never scaled twice.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, Protocol, TypeVar

from kilovatt.wire.protocols.framing.bcd import bcd_from_int, int_from_bcd
from kilovatt.wire.protocols.mercury_v1.wall_time import CENTURY, WallTime

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Field:
    """Some bytes of a frame and what they say. `read` and `write` raise ValueError for what cannot be."""

    size: int
    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]
    fixed: bytes | None = None
    """Bytes that carry no value: written like this, not looked at when read (unless `checked`)."""
    checked: bool = False
    parts: "Mapping[str, Field] | None" = None
    """The fields within a field, where it has any: for explaining."""


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


def raw(size: int) -> Field:
    """Return bytes as they are."""
    return Field(size=size, read=bytes, write=lambda value: _of_size(value, size))


def fixed(data: bytes) -> Field:
    """Return bytes that must be as given, such as the repeated number of a parameter."""
    return Field(size=len(data), read=bytes, write=bytes, fixed=data, checked=True)


def reserved(size: int) -> Field:
    """Return bytes of no known meaning: written as zeros, read past."""
    return Field(size=size, read=bytes, write=bytes, fixed=bytes(size))


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


def nested(layout: "Layout[Any]") -> Field:
    """Return a field that is several fields, for use in a row."""
    return Field(size=layout.size, read=layout.decode, write=layout.encode, parts=layout.fields)


class Layout(Protocol[T_co]):
    """How a row of fields makes a value."""

    @property
    def size(self) -> int:
        """How many bytes."""

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields in order, by name."""

    def decode(self, data: bytes) -> T_co:
        """Return the value of exactly `size` bytes. Raises ValueError for what cannot be."""

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 - the other direction of one and the same type
        """Return the bytes of a value. Raises ValueError for what does not fit."""


@dataclass(frozen=True, slots=True)
class Record(Generic[T]):
    """Fields that fill the attributes of the same names."""

    make: Callable[..., T]
    fields: Mapping[str, Field]

    @property
    def size(self) -> int:
        return sum(field.size for field in self.fields.values())

    def decode(self, data: bytes) -> T:
        return self.make(**dict(_read(self.fields, data)))

    def encode(self, value: T) -> bytes:
        return b"".join(
            field.write(getattr(value, name)) if field.fixed is None else field.fixed
            for name, field in self.fields.items()
        )


@dataclass(frozen=True, slots=True)
class Single(Generic[T]):
    """One field that is the value, perhaps with bytes of no meaning about it."""

    fields: Mapping[str, Field]

    @property
    def size(self) -> int:
        return sum(field.size for field in self.fields.values())

    def decode(self, data: bytes) -> T:
        ((_, value),) = _read(self.fields, data)
        only: T = value
        return only

    def encode(self, value: T) -> bytes:
        return b"".join(field.write(value) if field.fixed is None else field.fixed for field in self.fields.values())


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """The same field several times: a tuple."""

    name: str
    field: Field
    count: int

    @property
    def size(self) -> int:
        return self.count * self.field.size

    @property
    def fields(self) -> Mapping[str, Field]:
        return {f"{self.name}_{number}": self.field for number in range(1, self.count + 1)}

    def decode(self, data: bytes) -> tuple[T, ...]:
        return tuple(value for _, value in _read(self.fields, data))

    def encode(self, value: tuple[T, ...]) -> bytes:
        if len(value) != self.count:
            raise ValueError(f"{self.name}: {self.count} values are wanted, got {len(value)}")
        return b"".join(self.field.write(one) for one in value)


NOTHING: Layout[None] = Record(make=lambda: None, fields={})
"""No fields at all: the answer that only says "done"."""


def _read(fields: Mapping[str, Field], data: bytes) -> Iterator[tuple[str, Any]]:
    start = 0
    for name, field in fields.items():
        part = data[start : start + field.size]
        start += field.size
        if field.checked and part != field.fixed:
            raise ValueError(f"{name} is {part.hex(' ')}, wanted {(field.fixed or b'').hex(' ')}")
        if field.fixed is None:
            try:
                yield name, field.read(part)
            except ValueError as error:
                raise ValueError(f"{name} is {part.hex(' ')}: {error}") from error


def _in_steps(value: int, step: int) -> int:
    count, rest = divmod(value, step)
    if rest or count < 0:
        raise ValueError(f"{value} is no whole number of steps of {step} from zero up")
    return count


def _to_bytes(count: int, size: int) -> bytes:
    if count >= 1 << 8 * size:
        raise ValueError(f"{count} does not fit into {size} bytes")
    return count.to_bytes(size, "big")


def _of_size(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise ValueError(f"{size} bytes are wanted, got {len(data)}")
    return data


def _is_empty(data: bytes) -> bool:
    # The maker does not say what an unused place of a journal holds; erased memory is FFh, cleared memory 00h.
    return data in (bytes(len(data)), b"\xff" * len(data))


def _read_wall_time(data: bytes) -> WallTime:
    hour, minute, second, day, month, year = (int_from_bcd(data[i : i + 1]) for i in range(6))
    return WallTime(CENTURY + year, month, day, hour, minute, second)


def _write_wall_time(value: WallTime) -> bytes:
    parts = (value.hour, value.minute, value.second, value.day, value.month, value.year - CENTURY)
    return b"".join(bcd_from_int(part, 1) for part in parts)


def _read_date(data: bytes) -> date:
    day, month, year = (int_from_bcd(data[i : i + 1]) for i in range(3))
    return date(CENTURY + year, month, day)


def _write_date(value: date) -> bytes:
    return b"".join(bcd_from_int(part, 1) for part in (value.day, value.month, value.year - CENTURY))
