"""Fields in a row: one description of some bytes, for reading them, writing them and explaining them.

A field knows its step and its order on the wire; a layout is named fields in order and makes a value of them.
Layouts are made once, and a head-end reads with them all night: what follows from the fields alone (where each
begins, how many bytes there are) is reckoned when a layout is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is a class
from typing import Any, ClassVar, Generic, Protocol, TypeVar

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


class _Fields:
    """Named fields in order, cut apart by one plan."""

    __slots__ = ("_checks", "_cut", "_names", "_reads", "fields", "size")

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self.fields = fields
        self.size = 0
        self._checks: list[tuple[str, int, bytes]] = []
        for name, field in fields.items():
            if field.checked:
                self._checks.append((name, self.size, field.fixed or b""))
            self.size += field.size
        self._names = tuple(name for name, field in fields.items() if field.fixed is None)
        self._reads = tuple(fields[name].read for name in self._names)
        # What carries no value is passed over.
        self._cut = Struct("".join(f"{it.size}{'s' if it.fixed is None else 'x'}" for it in fields.values())).unpack

    def values(self, data: bytes) -> list[Any]:
        """Return what the fields say that carry a value, in order. Raises ValueError for what cannot be."""
        for name, start, wanted in self._checks:
            if not data.startswith(wanted, start):
                got = data[start : start + len(wanted)]
                raise ValueError(f"{name} is {got.hex(' ')}, wanted {wanted.hex(' ')}")
        try:
            parts = self._cut(data)
        except StructError as error:
            raise ValueError(f"{self.size} bytes are wanted, got {len(data)}") from error
        values: list[Any] = []
        try:
            for read, part in zip(self._reads, parts, strict=True):
                values.append(read(part))
        except ValueError as error:
            wrong = len(values)
            raise ValueError(f"{self._names[wrong]} is {parts[wrong].hex(' ')}: {error}") from error
        return values


class Record(_Fields, Generic[T]):
    """Fields that fill the attributes of the same names."""

    __slots__ = ("_in_order", "_make")

    def __init__(self, make: Callable[..., T], fields: Mapping[str, Field]) -> None:
        super().__init__(fields)
        self._make = make
        # Most lie in the frame as their attributes are written down: then there is no need to name them each time.
        self._in_order = getattr(make, "__match_args__", ())[: len(self._names)] == self._names

    def decode(self, data: bytes) -> T:
        values = self.values(data)
        return self._make(*values) if self._in_order else self._make(**dict(zip(self._names, values, strict=True)))

    def encode(self, value: T) -> bytes:
        return b"".join(
            field.write(getattr(value, name)) if field.fixed is None else field.fixed
            for name, field in self.fields.items()
        )


class _Asking(Protocol):
    asks: ClassVar[Mapping[str, Field]]


AskingT = TypeVar("AskingT", bound=_Asking)
_ASKED: dict[type, Record[Any]] = {}


def asked_by(kind: type[AskingT]) -> Record[AskingT]:
    """Return the layout of a request's parameters, its `asks`: made once for each kind of request."""
    known = _ASKED.get(kind)
    if known is None:
        known = _ASKED[kind] = Record(kind, kind.asks)
    return known


class Single(_Fields, Generic[T]):
    """One field that is the value, perhaps with bytes of no meaning about it."""

    __slots__ = ()

    def decode(self, data: bytes) -> T:
        (only,) = self.values(data)
        value: T = only
        return value

    def encode(self, value: T) -> bytes:
        return b"".join(field.write(value) if field.fixed is None else field.fixed for field in self.fields.values())


class Row(_Fields, Generic[T]):
    """The same field several times: a tuple."""

    __slots__ = ("count", "field", "name")

    def __init__(self, name: str, field: Field, count: int) -> None:
        super().__init__({f"{name}_{number}": field for number in range(1, count + 1)})
        self.name = name
        self.field = field
        self.count = count

    def decode(self, data: bytes) -> tuple[T, ...]:
        read = self.field.read
        try:
            return tuple([read(part) for part in self._cut(data)])
        except (ValueError, StructError):
            # Which of them it was, or that there are not so many.
            return tuple(self.values(data))

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


def _of_size(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise ValueError(f"{size} bytes are wanted, got {len(data)}")
    return data
