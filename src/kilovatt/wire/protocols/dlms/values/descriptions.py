"""The types of compact arrays as they are described (IEC 62056-5-3, 8.3): once, before elements without tags."""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from kilovatt.wire.protocols.dlms.values.errors import MalformedError
from kilovatt.wire.protocols.dlms.values.lengths import decode_length
from kilovatt.wire.protocols.dlms.values.types import BYTE_STRINGS, FIXED_INTEGERS, FLOATING_POINTS, Array, Structure

DEPTH_MAX = 16
"""Deeper nesting than any object of the Blue Book has."""
_ARRAY_COUNT_BYTES = 2
_PARTS_MAX = 4096
"""More parts in one element than any message has bytes for."""
_INTEGERS: tuple[int, ...] = tuple(made.TAG for made in FIXED_INTEGERS)
_SIMPLE = frozenset(
    {0, 3, 4, *_INTEGERS, *(made.TAG for made in FLOATING_POINTS), *(made.TAG for made in BYTE_STRINGS)}
)


@dataclass(frozen=True, slots=True)
class Simple:
    """A type that holds one value."""

    tag: int
    parts: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Several:
    """An array or a structure of types."""

    made: type[Array] | type[Structure]
    elements: "tuple[Described, ...]"
    parts: int
    """How many values an element is, itself and all within counted."""


Described: TypeAlias = Simple | Several


def described_at(data: bytes, offset: int, depth: int) -> tuple[Described, int]:
    """Return the type that is described at an offset, and the offset behind it. Raises MalformedError."""
    if offset >= len(data) or depth >= DEPTH_MAX:
        raise MalformedError("the type of a compact array is cut short or nested too deep", data, offset)
    tag = data[offset]
    if tag in _SIMPLE:
        return Simple(tag), offset + 1
    if tag == Array.TAG:
        return _array(data, offset, depth)
    if tag == Structure.TAG:
        return _structure(data, offset, depth)
    raise MalformedError(f"{tag:02X}h is no tag of a compact array's type", data, offset)


def _array(data: bytes, offset: int, depth: int) -> tuple[Several, int]:
    at = offset + 1 + _ARRAY_COUNT_BYTES
    count = int.from_bytes(data[offset + 1 : at], "big")
    element, end = described_at(data, at, depth + 1)
    parts = _parts(1 + count * element.parts, data, offset)
    return Several(Array, (element,) * count, parts), end


def _structure(data: bytes, offset: int, depth: int) -> tuple[Several, int]:
    count, at = decode_length(data, offset + 1)
    if count > len(data) - at:
        raise MalformedError(f"{count} types in {len(data) - at} bytes", data, offset)
    elements, parts = [], 1
    for _ in range(count):
        element, at = described_at(data, at, depth + 1)
        elements.append(element)
        parts = _parts(parts + element.parts, data, offset)
    return Several(Structure, tuple(elements), parts), at


def _parts(parts: int, data: bytes, offset: int) -> int:
    if parts > _PARTS_MAX:
        raise MalformedError(f"an element of more than {_PARTS_MAX} parts", data, offset)
    return parts
