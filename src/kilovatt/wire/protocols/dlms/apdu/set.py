"""SET (tags C1h and C5h): one attribute, whole or in blocks."""

from dataclasses import dataclass
from typing import TypeAlias

from kilovatt.wire.protocols.dlms.apdu.access import (
    DESCRIPTOR_BYTES,
    Descriptor,
    Selection,
    decode_descriptor,
    decode_selection,
    encode_selection,
)
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, access_result
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, encode, encode_length

REQUEST, RESPONSE = 0xC1, 0xC5
_NORMAL, _FIRST, _BLOCK, _LIST = 1, 2, 3, 4
_ACKNOWLEDGED, _LAST = 2, 3
_LIST_DONE = 5


@dataclass(frozen=True, slots=True)
class SetRequest:
    """One attribute shall have this value."""

    invoke: int
    attribute: Descriptor
    value: DlmsValue
    selection: Selection | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        target = self.attribute.encode() + encode_selection(self.selection)
        return bytes((REQUEST, _NORMAL, self.invoke)) + target + encode(self.value)


@dataclass(frozen=True, slots=True)
class SetBlock:
    """A part of the bytes of a value; the first names the attribute."""

    invoke: int
    is_last: bool
    block: int
    part: bytes
    attribute: Descriptor | None = None
    selection: Selection | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        block = bytes((int(self.is_last),)) + self.block.to_bytes(4, "big") + encode_length(len(self.part)) + self.part
        if self.attribute is None:
            return bytes((REQUEST, _BLOCK, self.invoke)) + block
        return (
            bytes((REQUEST, _FIRST, self.invoke)) + self.attribute.encode() + encode_selection(self.selection) + block
        )


@dataclass(frozen=True, slots=True)
class SetListRequest:
    """Several attributes shall have these values."""

    invoke: int
    attributes: tuple[tuple[Descriptor, Selection | None], ...]
    values: tuple[DlmsValue, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        listed = b"".join(attribute.encode() + encode_selection(part) for attribute, part in self.attributes)
        values = encode_length(len(self.values)) + b"".join(map(encode, self.values))
        return bytes((REQUEST, _LIST, self.invoke)) + encode_length(len(self.attributes)) + listed + values


@dataclass(frozen=True, slots=True)
class SetResponse:
    """How it ended."""

    invoke: int
    result: AccessResult

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((RESPONSE, _NORMAL, self.invoke, self.result))


@dataclass(frozen=True, slots=True)
class SetBlockResponse:
    """A block was taken; with the last, how all ended."""

    invoke: int
    block: int
    result: AccessResult | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        if self.result is None:
            return bytes((RESPONSE, _ACKNOWLEDGED, self.invoke)) + self.block.to_bytes(4, "big")
        return bytes((RESPONSE, _LAST, self.invoke, self.result)) + self.block.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class SetListResponse:
    """How each ended."""

    invoke: int
    results: tuple[AccessResult, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((RESPONSE, _LIST_DONE, self.invoke)) + encode_length(len(self.results)) + bytes(self.results)


AnySetRequest: TypeAlias = SetRequest | SetBlock | SetListRequest
AnySetResponse: TypeAlias = SetResponse | SetBlockResponse | SetListResponse


def decode_set_request(cursor: Cursor) -> AnySetRequest:
    """Return a request, its tag already taken. Raises MalformedError."""
    kind, invoke = cursor.byte(), cursor.byte()
    made: AnySetRequest
    if kind == _NORMAL:
        attribute, selection = decode_descriptor(cursor), decode_selection(cursor)
        made = SetRequest(invoke, attribute, cursor.value(), selection)
    elif kind == _FIRST:
        attribute, selection = decode_descriptor(cursor), decode_selection(cursor)
        made = SetBlock(invoke, bool(cursor.byte()), cursor.number(4), cursor.counted(), attribute, selection)
    elif kind == _BLOCK:
        made = SetBlock(invoke, bool(cursor.byte()), cursor.number(4), cursor.counted())
    elif kind == _LIST:
        made = _decode_list(cursor, invoke)
    else:
        raise MalformedError(f"{kind} is no kind of SET request", cursor.data, 1)
    cursor.end()
    return made


def _decode_list(cursor: Cursor, invoke: int) -> SetListRequest:
    count = cursor.count(DESCRIPTOR_BYTES + 1)
    attributes = tuple((decode_descriptor(cursor), decode_selection(cursor)) for _ in range(count))
    values = tuple(cursor.value() for _ in range(cursor.count(1)))
    if len(values) != len(attributes):
        raise MalformedError(f"{len(values)} values for {len(attributes)} attributes", cursor.data, cursor.at)
    return SetListRequest(invoke, attributes, values)


def decode_set_response(cursor: Cursor) -> AnySetResponse:
    """Return a response, its tag already taken. Raises MalformedError."""
    kind, invoke = cursor.byte(), cursor.byte()
    made: AnySetResponse
    if kind == _NORMAL:
        made = SetResponse(invoke, access_result(cursor.byte(), cursor))
    elif kind == _ACKNOWLEDGED:
        made = SetBlockResponse(invoke, cursor.number(4))
    elif kind == _LAST:
        result = access_result(cursor.byte(), cursor)
        made = SetBlockResponse(invoke, cursor.number(4), result)
    elif kind == _LIST_DONE:
        made = SetListResponse(invoke, tuple(access_result(code, cursor) for code in cursor.counted()))
    else:
        raise MalformedError(f"{kind} is no kind of SET response", cursor.data, 1)
    cursor.end()
    return made
