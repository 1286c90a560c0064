"""Fields in a row: one description of some bytes, for reading them, writing them and explaining them.

A field knows its step and its order on the wire; a layout is named fields in order and makes a value of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

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


def nested(layout: Layout[Any]) -> Field:
    """Return a field that is several fields, for use in a row."""
    return Field(size=layout.size, read=layout.decode, write=layout.encode, parts=layout.fields)


def raw(size: int) -> Field:
    """Return bytes as they are."""
    return Field(size=size, read=bytes, write=lambda value: _of_size(value, size))


def fixed(data: bytes) -> Field:
    """Return bytes that must be as given."""
    return Field(size=len(data), read=bytes, write=bytes, fixed=data, checked=True)


def reserved(size: int) -> Field:
    """Return bytes of no known meaning: written as zeros, read past."""
    return Field(size=size, read=bytes, write=bytes, fixed=bytes(size))


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


def _of_size(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise ValueError(f"{size} bytes are wanted, got {len(data)}")
    return data
