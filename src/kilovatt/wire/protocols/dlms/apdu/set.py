"""SET (tags C1h and C5h): one attribute or several, whole or in blocks."""

from dataclasses import dataclass
from typing import TypeAlias

from kilovatt.wire.protocols.dlms.apdu.access import (
    Descriptor,
    Selected,
    Selection,
    decode_descriptor,
    decode_selected,
    decode_selection,
    encode_selected,
    encode_selection,
)
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, access_result, access_results
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, encode, encode_length

REQUEST, RESPONSE = 0xC1, 0xC5
_NORMAL, _FIRST, _BLOCK, _LIST, _LIST_FIRST = 1, 2, 3, 4, 5
_ACKNOWLEDGED, _LAST, _LIST_LAST, _LIST_DONE = 2, 3, 4, 5


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
        block = encode_block(is_last=self.is_last, block=self.block, part=self.part)
        if self.attribute is None:
            return bytes((REQUEST, _BLOCK, self.invoke)) + block
        target = self.attribute.encode() + encode_selection(self.selection)
        return bytes((REQUEST, _FIRST, self.invoke)) + target + block


@dataclass(frozen=True, slots=True)
class SetListRequest:
    """Several attributes shall have these values."""

    invoke: int
    attributes: Selected
    values: tuple[DlmsValue, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        values = encode_values(self.values)
        return bytes((REQUEST, _LIST, self.invoke)) + encode_selected(self.attributes) + values


@dataclass(frozen=True, slots=True)
class SetListBlock:
    """The first part of the bytes of a list of values; it names the attributes, and `SetBlock`s follow."""

    invoke: int
    is_last: bool
    block: int
    part: bytes
    attributes: Selected

    def encode(self) -> bytes:
        """Return it as bytes."""
        block = encode_block(is_last=self.is_last, block=self.block, part=self.part)
        return bytes((REQUEST, _LIST_FIRST, self.invoke)) + encode_selected(self.attributes) + block


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


@dataclass(frozen=True, slots=True)
class SetListBlockResponse:
    """The last block of a list was taken: how each ended."""

    invoke: int
    block: int
    results: tuple[AccessResult, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        results = encode_length(len(self.results)) + bytes(self.results)
        return bytes((RESPONSE, _LIST_LAST, self.invoke)) + results + self.block.to_bytes(4, "big")


AnySetRequest: TypeAlias = SetRequest | SetBlock | SetListRequest | SetListBlock
AnySetResponse: TypeAlias = SetResponse | SetBlockResponse | SetListResponse | SetListBlockResponse


def encode_block(*, is_last: bool, block: int, part: bytes) -> bytes:
    """Return DataBlock-SA: whether it is the last, its number, a part of some bytes."""
    return bytes((int(is_last),)) + block.to_bytes(4, "big") + encode_length(len(part)) + part


def encode_values(values: tuple[DlmsValue, ...]) -> bytes:
    """Return a list of values: what the blocks of a list are cut from."""
    return encode_length(len(values)) + b"".join(map(encode, values))


def decode_values(data: bytes) -> tuple[DlmsValue, ...]:
    """Return a list of values that came in blocks. Raises MalformedError."""
    cursor = Cursor(data)
    values = cursor.values()
    cursor.end()
    return values


def decode_set_request(cursor: Cursor) -> AnySetRequest:
    """Return a request, its tag already taken. Raises MalformedError."""
    kind, invoke = cursor.byte(), cursor.byte()
    made: AnySetRequest
    if kind == _NORMAL:
        attribute, selection = decode_descriptor(cursor), decode_selection(cursor)
        made = SetRequest(invoke, attribute, cursor.value(), selection)
    elif kind == _FIRST:
        attribute, selection = decode_descriptor(cursor), decode_selection(cursor)
        made = SetBlock(invoke, cursor.truth(), cursor.number(4), cursor.counted(), attribute, selection)
    elif kind == _BLOCK:
        made = SetBlock(invoke, cursor.truth(), cursor.number(4), cursor.counted())
    elif kind == _LIST:
        made = _decode_list(cursor, invoke)
    elif kind == _LIST_FIRST:
        attributes = decode_selected(cursor)
        made = SetListBlock(invoke, cursor.truth(), cursor.number(4), cursor.counted(), attributes)
    else:
        raise MalformedError(f"{kind} is no kind of SET request", cursor.data, 1)
    cursor.end()
    return made


def _decode_list(cursor: Cursor, invoke: int) -> SetListRequest:
    attributes, values = decode_selected(cursor), cursor.values()
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
        made = SetListResponse(invoke, access_results(cursor))
    elif kind == _LIST_LAST:
        listed = access_results(cursor)
        made = SetListBlockResponse(invoke, cursor.number(4), listed)
    else:
        raise MalformedError(f"{kind} is no kind of SET response", cursor.data, 1)
    cursor.end()
    return made
