"""Bytes to values: strict, and bounded in time and memory by the number of bytes."""

from collections.abc import Callable
from struct import Struct
from typing import TypeAlias

from kilovatt.wire.protocols.dlms.values.descriptions import DEPTH_MAX, Described, Simple, described_at
from kilovatt.wire.protocols.dlms.values.encoding import BIT_STRING_TAG, BOOLEAN_TAG
from kilovatt.wire.protocols.dlms.values.errors import MalformedError
from kilovatt.wire.protocols.dlms.values.lengths import decode_length
from kilovatt.wire.protocols.dlms.values.types import (
    BYTE_STRINGS,
    FIXED_INTEGERS,
    FLOATING_POINTS,
    Array,
    BitString,
    ByteString,
    CompactArray,
    DlmsValue,
    FixedInteger,
    FloatingPoint,
    Structure,
)

_PARTS_PER_BYTE_MAX = 8
"""Nulls take no bytes in a compact array: a short message must not become a long list of them."""
_Reader: TypeAlias = Callable[[bytes, int, int], tuple[DlmsValue, int]]


def decode(data: bytes) -> DlmsValue:
    """Return the one value that these bytes are. Raises MalformedError, also for bytes left over."""
    value, end = decode_from(data, 0)
    if end != len(data):
        raise MalformedError(f"{len(data) - end} bytes after the value", data, end)
    return value


def decode_from(data: bytes, offset: int, depth: int = 0) -> tuple[DlmsValue, int]:
    """Return the value that begins at an offset, and the offset behind it. Raises MalformedError."""
    if offset >= len(data):
        raise MalformedError("a value is missing", data, offset)
    read = _READERS.get(data[offset])
    if read is None:
        raise MalformedError(f"{data[offset]:02X}h is no tag of a value", data, offset)
    return read(data, offset, depth)


def _null(_data: bytes, offset: int, _depth: int) -> tuple[None, int]:
    return None, offset + 1


def _boolean(data: bytes, offset: int, _depth: int) -> tuple[bool, int]:
    if offset + 1 >= len(data):
        raise MalformedError("a boolean is cut short", data, offset)
    return data[offset + 1] != 0, offset + 2


def _fixed(made: type[FixedInteger] | type[FloatingPoint]) -> _Reader:
    layout, size = Struct(made.FORMAT), Struct(made.FORMAT).size

    def read(data: bytes, offset: int, _depth: int) -> tuple[DlmsValue, int]:
        end = offset + 1 + size
        if end > len(data):
            raise MalformedError(f"a {made.__name__} is cut short", data, offset)
        return made(layout.unpack_from(data, offset + 1)[0]), end

    return read


def _sequence(made: type[Array] | type[Structure]) -> _Reader:
    def read(data: bytes, offset: int, depth: int) -> tuple[DlmsValue, int]:
        if depth >= DEPTH_MAX:
            raise MalformedError(f"values nested more than {DEPTH_MAX} deep", data, offset)
        count, at = decode_length(data, offset + 1)
        if count > len(data) - at:
            # Each value takes a byte at least.
            raise MalformedError(f"{count} values in {len(data) - at} bytes", data, offset)
        values = []
        for _ in range(count):
            value, at = decode_from(data, at, depth + 1)
            values.append(value)
        return made(values), at

    return read


def _string(made: type[ByteString]) -> _Reader:
    def read(data: bytes, offset: int, _depth: int) -> tuple[DlmsValue, int]:
        size, at = (made.SIZE, offset + 1) if made.SIZE is not None else decode_length(data, offset + 1)
        end = at + size
        if end > len(data):
            raise MalformedError(f"a {made.__name__} of {size} bytes in {len(data) - at}", data, offset)
        return made(data[at:end]), end

    return read


def _bit_string(data: bytes, offset: int, _depth: int) -> tuple[BitString, int]:
    count, at = decode_length(data, offset + 1)
    end = at + (count + 7) // 8
    if end > len(data):
        raise MalformedError(f"a string of {count} bits in {len(data) - at} bytes", data, offset)
    return BitString(bytes(data[at:end]), count), end


def _compact_array(data: bytes, offset: int, depth: int) -> tuple[CompactArray, int]:
    described, at = described_at(data, offset + 1, depth)
    description = bytes(data[offset + 1 : at])
    size, at = decode_length(data, at)
    end = at + size
    if end > len(data):
        raise MalformedError(f"contents of {size} bytes in {len(data) - at}", data, offset)
    # With the byte before, which stands where the tag of a first element without tag would.
    contents, at = bytes(data[at - 1 : end]), 1
    values: list[DlmsValue] = []
    while at < len(contents):
        before = at
        if (len(values) + 1) * described.parts > _PARTS_PER_BYTE_MAX * (end - offset):
            raise MalformedError("a compact array of more nulls than values", data, offset)
        value, at = _element(described, contents, at)
        if at == before:
            raise MalformedError("elements without end", data, offset)
        values.append(value)
    return CompactArray(tuple(values), description), end


def _element(described: Described, contents: bytes, at: int) -> tuple[DlmsValue, int]:
    if isinstance(described, Simple):
        if described.tag == 0:
            return None, at
        # A reader looks past the tag of its value, which is not there: nothing but its place is needed.
        return _READERS[described.tag](contents, at - 1, 0)
    values = []
    for element in described.elements:
        value, at = _element(element, contents, at)
        values.append(value)
    return described.made(values), at


_READERS: dict[int, _Reader] = {
    0: _null,
    BOOLEAN_TAG: _boolean,
    BIT_STRING_TAG: _bit_string,
    CompactArray.TAG: _compact_array,
    Array.TAG: _sequence(Array),
    Structure.TAG: _sequence(Structure),
}
_READERS |= {made.TAG: _fixed(made) for made in FIXED_INTEGERS}
_READERS |= {made.TAG: _fixed(made) for made in FLOATING_POINTS}
_READERS |= {made.TAG: _string(made) for made in BYTE_STRINGS}
