"""Values to bytes."""

from collections.abc import Callable
from struct import Struct
from typing import Any

from kilovatt.wire.protocols.dlms.values.descriptions import Described, Simple, described_at
from kilovatt.wire.protocols.dlms.values.errors import MalformedError
from kilovatt.wire.protocols.dlms.values.lengths import encode_length
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
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

BOOLEAN_TAG, BIT_STRING_TAG = 3, 4


def encode(value: DlmsValue) -> bytes:
    """Return a value as A-XDR, tag and all.

    Raises LocalProtocolError for a plain int, bytes or tuple, whose tag nobody can tell, and for what is out of range.
    """
    if value is None:
        return b"\x00"
    try:
        written = _ENCODERS[type(value)]
    except KeyError:
        raise LocalProtocolError(f"a value of {type(value).__name__} has no tag in A-XDR") from None
    return written(value)


def _integer(made: type[FixedInteger]) -> Callable[[Any], bytes]:
    layout, tag = Struct(">B" + made.FORMAT[1:]), made.TAG

    def written(value: FixedInteger) -> bytes:
        if not made.LOWEST <= value <= made.HIGHEST:
            raise LocalProtocolError(f"{made.__name__} is {made.LOWEST} to {made.HIGHEST}: got {int(value)}")
        return layout.pack(tag, value)

    return written


def _byte_string(made: type[ByteString]) -> Callable[[Any], bytes]:
    def written(value: ByteString) -> bytes:
        if made.SIZE is None:
            return bytes((made.TAG,)) + encode_length(len(value)) + value
        if len(value) != made.SIZE:
            raise LocalProtocolError(f"{made.__name__} has {made.SIZE} bytes: got {len(value)}")
        return bytes((made.TAG,)) + value

    return written


def _sequence(value: Array | Structure) -> bytes:
    return bytes((value.TAG,)) + encode_length(len(value)) + b"".join(map(encode, value))


def _bit_string(value: BitString) -> bytes:
    return bytes((BIT_STRING_TAG,)) + encode_length(value.count) + value.data


def _compact_array(value: CompactArray) -> bytes:
    try:
        described, end = described_at(value.description, 0, 0)
    except MalformedError as error:
        raise LocalProtocolError(f"the description of a compact array is none: {error}") from error
    if end != len(value.description):
        raise LocalProtocolError("the description of a compact array has bytes left over")
    elements = [_without_tags(described, element) for element in value.values]
    if not all(elements):
        raise LocalProtocolError("elements of a compact array that take no bytes cannot be counted")
    contents = b"".join(elements)
    return bytes((CompactArray.TAG,)) + value.description + encode_length(len(contents)) + contents


def _without_tags(described: Described, value: DlmsValue) -> bytes:
    if isinstance(described, Simple):
        written = encode(value)
        if written[0] != described.tag:
            raise LocalProtocolError(f"an element of tag {written[0]:02X}h where {described.tag:02X}h is described")
        return written[1:]
    if not isinstance(value, described.made) or len(value) != len(described.elements):
        raise LocalProtocolError(f"an element is no {described.made.__name__} of {len(described.elements)}")
    return b"".join(_without_tags(element, part) for element, part in zip(described.elements, value, strict=True))


def _floating_point(made: type[FloatingPoint]) -> Callable[[Any], bytes]:
    layout, tag = Struct(">B" + made.FORMAT[1:]), made.TAG

    def written(value: FloatingPoint) -> bytes:
        try:
            return layout.pack(tag, value)
        except OverflowError:
            raise LocalProtocolError(f"{float(value)} is too large for a {made.__name__}") from None

    return written


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    bool: lambda value: bytes((BOOLEAN_TAG, int(value))),
    BitString: _bit_string,
    Array: _sequence,
    Structure: _sequence,
    CompactArray: _compact_array,
    **{made: _integer(made) for made in FIXED_INTEGERS},
    **{made: _floating_point(made) for made in FLOATING_POINTS},
    **{made: _byte_string(made) for made in BYTE_STRINGS},
}
