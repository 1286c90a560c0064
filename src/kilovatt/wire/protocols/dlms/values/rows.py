"""The buffer of a profile: an array of structures, nearly always all of one shape.

The shape of a row is compiled once; of the rows that have it, whole columns are taken at once, as far as they go
without a row of another shape. Where shapes change often, every value is decoded by itself: the result is the same.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from struct import Struct
from typing import Any

import numpy as np
import numpy.typing as npt

from kilovatt.wire.protocols.dlms.values.decoding import decode_from
from kilovatt.wire.protocols.dlms.values.errors import MalformedError
from kilovatt.wire.protocols.dlms.values.lengths import decode_length
from kilovatt.wire.protocols.dlms.values.types import (
    FIXED_INTEGERS,
    Array,
    DateTimeBytes,
    DlmsValue,
    FixedInteger,
    OctetString,
    Structure,
)

_INTEGERS: dict[int, type[FixedInteger]] = {made.TAG: made for made in FIXED_INTEGERS}
_SHORT_LENGTH_MAX = 127
_SIGNED = frozenset({5, 15, 16, 20})
_NULL = 0
_SIZES = {_NULL: 0, DateTimeBytes.TAG: 12} | {tag: Struct(made.FORMAT).size for tag, made in _INTEGERS.items()}
_RUNS_MAX = 16
"""So often the shape may change before compiling costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a profile by column: plain integers and bytes, or whatever else stood there.

    Null stays None. There are meters that send it for what follows from the row before, as a stamp one period later:
    which of them mean that is not for here to guess (see `stamps.continued`).
    """

    count: int
    columns: tuple[list[Any], ...]
    """Of each column so many values as there are rows."""

    @property
    def nulls(self) -> tuple[int, ...]:
        """How many rows of each column are null."""
        return tuple(column.count(None) for column in self.columns)


@dataclass(frozen=True, slots=True)
class _Field:
    tag: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Where the columns stand in a row, and which bytes are the same in every row."""

    size: int
    fields: tuple[_Field, ...]
    places: npt.NDArray[np.intp]
    constants: npt.NDArray[np.uint8]
    layout: np.dtype[Any]


def decode_rows(data: bytes) -> Rows:
    """Return the rows of a buffer. Raises MalformedError for what is no array of structures of one width."""
    if not data or data[0] != Array.TAG:
        raise MalformedError("an array of rows is wanted", bytes(data), 0)
    count, at = decode_length(data, 1)
    if count > len(data) - at:
        raise MalformedError(f"{count} rows in {len(data) - at} bytes", bytes(data), 1)
    parts: list[tuple[list[Any], ...]] = []
    rest = count
    while rest and len(parts) < _RUNS_MAX:
        plan = _plan_of(data, at)
        if plan is None or (parts and len(plan.fields) != len(parts[0])):
            break
        run = _run_of(data, at, rest, plan)
        if not run:
            break
        parts.append(_taken(data, at, run, plan))
        at, rest = at + run * plan.size, rest - run
    if rest:
        columns, at = _one_by_one(data, at, rest, len(parts[0]) if parts else None)
        parts.append(columns)
    if at != len(data):
        raise MalformedError(f"{len(data) - at} bytes after the rows", bytes(data), at)
    return Rows(count, _joined(parts))


def _run_of(data: bytes, at: int, rest: int, plan: _Plan) -> int:
    """Return how many rows from here on have the shape of the first."""
    whole = min(rest, (len(data) - at) // plan.size)
    if not whole:
        return 0
    cells = np.frombuffer(data, np.uint8, whole * plan.size, at).reshape(whole, plan.size)
    same = cells[:, plan.places] == plan.constants
    return whole if same.all() else int(same.all(axis=1).argmin())


def _taken(data: bytes, at: int, count: int, plan: _Plan) -> tuple[list[Any], ...]:
    table = np.frombuffer(data, plan.layout, count, at)
    columns: list[list[Any]] = []
    for place, field in enumerate(plan.fields):
        first = at + field.offset
        starts = range(first, first + count * plan.size, plan.size)
        if field.tag == OctetString.TAG:
            columns.append([data[start : start + field.size] for start in starts])
        elif field.tag == DateTimeBytes.TAG:
            columns.append([DateTimeBytes(data[start : start + field.size]) for start in starts])
        elif field.tag == _NULL:
            columns.append([None] * count)
        else:
            columns.append(table[f"f{place}"].tolist())
    return tuple(columns)


def _one_by_one(data: bytes, at: int, count: int, width: int | None) -> tuple[tuple[list[Any], ...], int]:
    rows: list[Structure] = []
    for _ in range(count):
        start = at
        row, at = decode_from(data, at, 1)
        if not isinstance(row, Structure) or len(row) != (len(row) if width is None else width):
            raise MalformedError("a row is a structure as wide as the first", bytes(data), start)
        width = len(row)
        rows.append(row)
    return tuple([_plain(value) for value in column] for column in zip(*rows, strict=True)), at


def _joined(parts: list[tuple[list[Any], ...]]) -> tuple[list[Any], ...]:
    if len(parts) <= 1:
        return parts[0] if parts else ()
    return tuple(list(chain.from_iterable(column)) for column in zip(*parts, strict=True))


def _plain(value: DlmsValue) -> DlmsValue:
    if isinstance(value, FixedInteger):
        return int(value)
    return bytes(value) if isinstance(value, OctetString) else value


def _plan_of(data: bytes, at: int) -> _Plan | None:
    """Compile the row that begins here; None where its width may differ from row to row."""
    shape = _shape_at(data, at)
    return None if shape is None else _compiled(shape)


def _shape_at(data: bytes, at: int) -> tuple[tuple[int, int], ...] | None:
    """Return tag and size of each field of a row, or None where that is not fixed."""
    if at + 1 >= len(data) or data[at] != Structure.TAG or data[at + 1] > _SHORT_LENGTH_MAX:
        return None
    width, at = data[at + 1], at + 2
    shape = []
    for _ in range(width):
        tag = data[at] if at < len(data) else -1
        size = _SIZES.get(tag)
        if size is not None:
            at += 1 + size
        elif tag == OctetString.TAG and at + 1 < len(data) and data[at + 1] <= _SHORT_LENGTH_MAX:
            size = data[at + 1]
            at += 2 + size
        else:
            return None
        shape.append((tag, size))
    return tuple(shape)


@lru_cache(maxsize=256)
def _compiled(shape: tuple[tuple[int, int], ...]) -> _Plan:
    places, constants = [0, 1], [Structure.TAG, len(shape)]
    fields: list[_Field] = []
    names: list[str] = []
    formats: list[str] = []
    offsets: list[int] = []
    at = 2
    for place, (tag, size) in enumerate(shape):
        places.append(at)
        constants.append(tag)
        at += 1
        if tag == OctetString.TAG:
            places.append(at)
            constants.append(size)
            at += 1
        elif tag in _INTEGERS:
            names.append(f"f{place}")
            formats.append(f">{'i' if tag in _SIGNED else 'u'}{size}")
            offsets.append(at)
        fields.append(_Field(tag, at, size))
        at += size
    layout = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": at})
    return _Plan(at, tuple(fields), np.array(places, np.intp), np.array(constants, np.uint8), layout)
