"""The buffer of a profile: an array of structures, nearly always all of one shape.

The shape of the first row is compiled once; where every row has it, whole columns are taken at once. Where one has
not, every value is decoded by itself: the result is the same.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kilovatt.wire.protocols.dlms.values.decoding import decode_from
from kilovatt.wire.protocols.dlms.values.errors import MalformedError
from kilovatt.wire.protocols.dlms.values.lengths import decode_length
from kilovatt.wire.protocols.dlms.values.types import (
    FIXED_INTEGERS,
    Array,
    DlmsValue,
    FixedInteger,
    OctetString,
    Structure,
)

_INTEGERS: dict[int, type[FixedInteger]] = {made.TAG: made for made in FIXED_INTEGERS}
_SHORT_LENGTH_MAX = 127
_SIGNED = frozenset({5, 15, 16, 20})


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a profile by column: plain integers and bytes, or whatever else stood there."""

    count: int
    columns: tuple[list[Any], ...]
    """Of each column so many values as there are rows."""


@dataclass(frozen=True, slots=True)
class _Field:
    offset: int
    size: int
    is_octets: bool


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
    if not count:
        if at != len(data):
            raise MalformedError(f"{len(data) - at} bytes after the rows", bytes(data), at)
        return Rows(0, ())
    plan = _plan_of(data, at)
    if plan is not None and count * plan.size == len(data) - at:
        cells = np.frombuffer(data, np.uint8, offset=at).reshape(count, plan.size)
        if (cells[:, plan.places] == plan.constants).all():
            return _taken(data, at, count, plan)
    return _one_by_one(data, at, count)


def _taken(data: bytes, at: int, count: int, plan: _Plan) -> Rows:
    table = np.frombuffer(data, plan.layout, count, at)
    columns: list[list[Any]] = []
    for place, field in enumerate(plan.fields):
        if field.is_octets:
            first, size = at + field.offset, plan.size
            columns.append([data[start : start + field.size] for start in range(first, first + count * size, size)])
        else:
            columns.append(table[f"f{place}"].tolist())
    return Rows(count, tuple(columns))


def _one_by_one(data: bytes, at: int, count: int) -> Rows:
    if count > len(data) - at:
        raise MalformedError(f"{count} rows in {len(data) - at} bytes", bytes(data), 1)
    rows: list[Structure] = []
    for _ in range(count):
        start = at
        row, at = decode_from(data, at, 1)
        if not isinstance(row, Structure) or (rows and len(row) != len(rows[0])):
            raise MalformedError("a row is a structure as wide as the first", bytes(data), start)
        rows.append(row)
    if at != len(data):
        raise MalformedError(f"{len(data) - at} bytes after the rows", bytes(data), at)
    return Rows(count, tuple([_plain(value) for value in column] for column in zip(*rows, strict=True)))


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
        if tag in _INTEGERS:
            size = np.dtype(_INTEGERS[tag].FORMAT).itemsize
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
        is_octets = tag == OctetString.TAG
        if is_octets:
            places.append(at)
            constants.append(size)
            at += 1
        else:
            names.append(f"f{place}")
            formats.append(f">{'i' if tag in _SIGNED else 'u'}{size}")
            offsets.append(at)
        fields.append(_Field(at, size, is_octets))
        at += size
    layout = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": at})
    return _Plan(at, tuple(fields), np.array(places, np.intp), np.array(constants, np.uint8), layout)
