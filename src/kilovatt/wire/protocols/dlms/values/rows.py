"""The buffer of a profile: an array of structures, nearly always all of one shape.

The shape of a row is compiled once; of the rows that have it, whole columns are taken at once, as far as they go
without a row of another shape. Where shapes change often, every value is decoded by itself: the result is the same.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from struct import Struct
from typing import Any, NamedTuple

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
_NULL = 0
_SIZES = {_NULL: 0, DateTimeBytes.TAG: 12} | {tag: Struct(made.FORMAT).size for tag, made in _INTEGERS.items()}
_RUNS_MAX = 16
"""So often the shape may change before compiling costs more than it saves."""
_BEGINNING_BYTES, _LATEST_MAX = 4, 64
_BYTES_AT_ONCE = 1 << 12
"""More than a day of half-hours, and no more than may be kept for each shape."""


@dataclass(slots=True)
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


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """How a row of one shape is taken apart: its fields, and which of its bytes are the same in every row.

    Of a run of rows these bytes are compared at once, as one number: `mask` has all bits where they stand.
    """

    size: int
    width: int
    layout: str
    nulls: tuple[int, ...]
    stamps: tuple[int, ...]
    mask: bytes
    constants: bytes
    at_once: int
    """How many rows are looked at together."""

    def columns(self, data: bytes, at: int, count: int) -> tuple[list[Any], ...]:
        """Return the columns of so many rows from here on, which all have this shape."""
        if count == 1:
            columns = [[value] for value in _Run.of(self, 1).layout.unpack_from(data, at)]
        else:
            flat: list[Any] = []
            at_once = self.at_once
            for first in range(0, count, at_once):
                flat += _Run.of(self, min(at_once, count - first)).layout.unpack_from(data, at + first * self.size)
            taken = self.width - len(self.nulls)
            columns = [flat[place::taken] for place in range(taken)]
        for place in self.nulls:
            columns.insert(place, [None] * count)
        for place in self.stamps:
            columns[place] = list(map(DateTimeBytes, columns[place]))
        return tuple(columns)


_latest: dict[bytes, _Plan] = {}
"""The plan of the row that began so last: a guess, that is held to every byte of the shape like any plan."""


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
        found = _next_run(data, at, rest)
        if found is None:
            break
        plan, run = found
        if parts and plan.width != len(parts[0]):
            break
        parts.append(plan.columns(data, at, run))
        at, rest = at + run * plan.size, rest - run
    if rest:
        columns, at = _one_by_one(data, at, rest, len(parts[0]) if parts else None)
        parts.append(columns)
    if at != len(data):
        raise MalformedError(f"{len(data) - at} bytes after the rows", bytes(data), at)
    return Rows(count, _joined(parts))


def _next_run(data: bytes, at: int, rest: int) -> tuple[_Plan, int] | None:
    """Return the plan of the row that begins here, and how many rows have its shape; None where there is none."""
    beginning = bytes(data[at : at + _BEGINNING_BYTES])
    plan = _latest.get(beginning)
    run = 0 if plan is None else _run_of(data, at, rest, plan)
    if plan is None or not run:
        plan = _plan_of(data, at)
        run = 0 if plan is None else _run_of(data, at, rest, plan)
        if plan is None or not run:
            return None
        if len(_latest) >= _LATEST_MAX:
            _latest.clear()
        _latest[beginning] = plan
    return plan, run


def _run_of(data: bytes, at: int, rest: int, plan: _Plan) -> int:
    """Return how many rows from here on have the shape of the first."""
    size, at_once = plan.size, plan.at_once
    whole, run = min(rest, (len(data) - at) // size), 0
    while run < whole:
        count = min(at_once, whole - run)
        mask, constants, _ = _Run.of(plan, count)
        start = at + run * size
        other = int.from_bytes(data[start : start + count * size], "little") & mask ^ constants
        if other:
            # The lowest bit that differs is in the first row that does.
            return run + ((other & -other).bit_length() - 1) // (8 * size)
        run += count
    return run


class _Run(NamedTuple):
    """Mask and constants of so many rows as numbers, and where their values stand."""

    mask: int
    constants: int
    layout: Struct

    @staticmethod
    @lru_cache(maxsize=256)
    def of(plan: _Plan, count: int) -> "_Run":
        mask, constants = (int.from_bytes(row * count, "little") for row in (plan.mask, plan.constants))
        return _Run(mask, constants, Struct(">" + plan.layout * count))


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
    constants, mask, layout = bytearray((Structure.TAG, len(shape))), bytearray(b"\xff\xff"), ["2x"]
    for tag, size in shape:
        head = bytes((tag, size)) if tag == OctetString.TAG else bytes((tag,))
        constants += head + bytes(size)
        mask += b"\xff" * len(head) + bytes(size)
        taken = _INTEGERS[tag].FORMAT[1:] if tag in _INTEGERS else "" if tag == _NULL else f"{size}s"
        layout.append(f"{len(head)}x{taken}")
    return _Plan(
        size=len(constants),
        width=len(shape),
        layout="".join(layout),
        nulls=tuple(place for place, (tag, _) in enumerate(shape) if tag == _NULL),
        stamps=tuple(place for place, (tag, _) in enumerate(shape) if tag == DateTimeBytes.TAG),
        mask=bytes(mask),
        constants=bytes(constants),
        at_once=max(1, _BYTES_AT_ONCE // len(constants)),
    )
