"""GET (tags C0h and C4h): one attribute, several, or the next block of a long answer."""

from dataclasses import dataclass
from functools import lru_cache
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
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, access_result
from kilovatt.wire.protocols.dlms.values import MalformedError, decode_from, encode_length

REQUEST, RESPONSE = 0xC0, 0xC4
_NORMAL, _BLOCK, _LIST = 1, 2, 3


@dataclass(frozen=True, slots=True)
class GetRequest:
    """One attribute is wanted."""

    invoke: int
    attribute: Descriptor
    selection: Selection | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        return asked(self.invoke, self.attribute, self.selection)


def asked(invoke: int, attribute: Descriptor, selection: Selection | None) -> bytes:
    """Return the bytes of a GetRequest: what comes most is made without one."""
    wanted = _whole(attribute) if selection is None else attribute.encode() + encode_selection(selection)
    return bytes((REQUEST, _NORMAL, invoke)) + wanted


@lru_cache(maxsize=1024)
def _whole(attribute: Descriptor) -> bytes:
    """Return what asks for the whole of an attribute: all meters are asked for the same."""
    return attribute.encode() + encode_selection(None)


@dataclass(frozen=True, slots=True)
class GetNextBlock:
    """The block after this one is wanted."""

    invoke: int
    block: int

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((REQUEST, _BLOCK, self.invoke)) + self.block.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class GetListRequest:
    """Several attributes are wanted."""

    invoke: int
    attributes: Selected

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((REQUEST, _LIST, self.invoke)) + encode_selected(self.attributes)


@dataclass(frozen=True, slots=True)
class GetResponse:
    """The bytes of a value, or why there is none."""

    invoke: int
    result: bytes | AccessResult

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((RESPONSE, _NORMAL, self.invoke)) + encode_result(self.result)


@dataclass(frozen=True, slots=True)
class GetBlock:
    """A part of the bytes of a value, or why it ends here."""

    invoke: int
    is_last: bool
    block: int
    result: bytes | AccessResult

    def encode(self) -> bytes:
        """Return it as bytes."""
        head = bytes((RESPONSE, _BLOCK, self.invoke, int(self.is_last))) + self.block.to_bytes(4, "big")
        if isinstance(self.result, AccessResult):
            return head + bytes((1, self.result))
        return head + b"\x00" + encode_length(len(self.result)) + self.result


@dataclass(frozen=True, slots=True)
class GetListResponse:
    """The bytes of several values, or why they are not there."""

    invoke: int
    results: tuple[bytes | AccessResult, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((RESPONSE, _LIST, self.invoke)) + encode_results(self.results)


AnyGetRequest: TypeAlias = GetRequest | GetNextBlock | GetListRequest
AnyGetResponse: TypeAlias = GetResponse | GetBlock | GetListResponse


def encode_result(result: bytes | AccessResult) -> bytes:
    """Return Get-Data-Result: 0 and the value, or 1 and the reason."""
    return bytes((1, result)) if isinstance(result, AccessResult) else b"\x00" + result


def encode_results(results: tuple[bytes | AccessResult, ...]) -> bytes:
    """Return a list of Get-Data-Results: what a long answer to a list is cut from."""
    return encode_length(len(results)) + b"".join(map(encode_result, results))


def decode_result(cursor: Cursor) -> bytes | AccessResult:
    """Return Get-Data-Result; the value stays as bytes, checked to be one. Raises MalformedError."""
    if cursor.flag("the mark of a result"):
        return access_result(cursor.byte(), cursor)
    start = cursor.at
    _, cursor.at = decode_from(cursor.data, start)
    return bytes(cursor.data[start : cursor.at])


def decode_results(data: bytes) -> tuple[bytes | AccessResult, ...]:
    """Return a list of results that came in blocks. Raises MalformedError."""
    cursor = Cursor(data)
    results = tuple(decode_result(cursor) for _ in range(cursor.count(2)))
    cursor.end()
    return results


def decode_get_request(cursor: Cursor) -> AnyGetRequest:
    """Return a request, its tag already taken. Raises MalformedError."""
    kind, invoke = cursor.byte(), cursor.byte()
    made: AnyGetRequest
    if kind == _NORMAL:
        made = GetRequest(invoke, decode_descriptor(cursor), decode_selection(cursor))
    elif kind == _BLOCK:
        made = GetNextBlock(invoke, cursor.number(4))
    elif kind == _LIST:
        made = GetListRequest(invoke, decode_selected(cursor))
    else:
        raise MalformedError(f"{kind} is no kind of GET request", cursor.data, 1)
    cursor.end()
    return made


def value_of(message: bytes, invoke: int) -> bytes | None:
    """Return the bytes of a value that came whole under just this invoke-id and priority; None for anything else.

    The short way for what comes most; whatever else a message is, `decode_get_response` tells.
    """
    return message[4:] if message[:4] == bytes((RESPONSE, _NORMAL, invoke, 0)) else None


def decode_get_response(cursor: Cursor) -> AnyGetResponse:
    """Return a response, its tag already taken. Raises MalformedError.

    The value of a normal response is everything that is left: whoever decodes it finds what is wrong with it.
    """
    kind, invoke = cursor.byte(), cursor.byte()
    made: AnyGetResponse
    if kind == _NORMAL:
        is_reason = cursor.flag("the mark of a result")
        made = GetResponse(invoke, access_result(cursor.byte(), cursor) if is_reason else cursor.rest())
    elif kind == _BLOCK:
        is_last, block = cursor.truth(), cursor.number(4)
        is_reason = cursor.flag("the mark of a block")
        made = GetBlock(invoke, is_last, block, access_result(cursor.byte(), cursor) if is_reason else cursor.counted())
    elif kind == _LIST:
        made = GetListResponse(invoke, tuple(decode_result(cursor) for _ in range(cursor.count(2))))
    else:
        raise MalformedError(f"{kind} is no kind of GET response", cursor.data, 1)
    cursor.end()
    return made
