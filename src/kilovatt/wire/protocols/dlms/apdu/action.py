"""ACTION (tags C3h and C7h): methods are run, and may return values.

What is longer than a message goes in blocks (pblocks). Those of a request are cut from the bytes of the parameter, or
of a list of parameters; those of a response from the bytes of what one method returns, without result and mark: so
the standard's list of fields reads, and so a stranger's client has it. No capture of a real meter shows it.
"""

from dataclasses import dataclass
from typing import TypeAlias

from kilovatt.wire.protocols.dlms.apdu.access import (
    Descriptor,
    decode_descriptor,
    decode_descriptors,
    encode_descriptors,
)
from kilovatt.wire.protocols.dlms.apdu.get import decode_result, encode_result
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, access_result
from kilovatt.wire.protocols.dlms.apdu.set import encode_block, encode_values
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, encode, encode_length

REQUEST, RESPONSE = 0xC3, 0xC7
_NORMAL, _NEXT, _LIST, _FIRST, _LIST_FIRST, _BLOCK = 1, 2, 3, 4, 5, 6
_RETURNED_BLOCK, _LIST_DONE, _ACKNOWLEDGED = 2, 3, 4
_ENDED_BYTES_MIN = 2


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """A method shall run. `has_parameter` False sends none at all, which is not the same as null."""

    invoke: int
    method: Descriptor
    parameter: DlmsValue = None
    has_parameter: bool = True

    def encode(self) -> bytes:
        """Return it as bytes."""
        parameter = b"\x01" + encode(self.parameter) if self.has_parameter else b"\x00"
        return bytes((REQUEST, _NORMAL, self.invoke)) + self.method.encode() + parameter


@dataclass(frozen=True, slots=True)
class ActionNextBlock:
    """The block after this one of what a method returns is wanted."""

    invoke: int
    block: int

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((REQUEST, _NEXT, self.invoke)) + self.block.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class ActionListRequest:
    """Several methods shall run, each with its parameter."""

    invoke: int
    methods: tuple[Descriptor, ...]
    parameters: tuple[DlmsValue, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((REQUEST, _LIST, self.invoke)) + encode_descriptors(self.methods) + encode_values(self.parameters)


@dataclass(frozen=True, slots=True)
class ActionParameterBlock:
    """A part of the bytes of a parameter; the first names the method, or the methods of a list."""

    invoke: int
    is_last: bool
    block: int
    part: bytes
    method: Descriptor | None = None
    methods: tuple[Descriptor, ...] | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        block = encode_block(is_last=self.is_last, block=self.block, part=self.part)
        if self.method is not None:
            return bytes((REQUEST, _FIRST, self.invoke)) + self.method.encode() + block
        if self.methods is not None:
            return bytes((REQUEST, _LIST_FIRST, self.invoke)) + encode_descriptors(self.methods) + block
        return bytes((REQUEST, _BLOCK, self.invoke)) + block


@dataclass(frozen=True, slots=True)
class ActionResponse:
    """How it ended, and what it returns: the bytes of a value, a reason, or nothing."""

    invoke: int
    result: AccessResult
    returned: bytes | AccessResult | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((RESPONSE, _NORMAL, self.invoke)) + _ended(self.result, self.returned)


@dataclass(frozen=True, slots=True)
class ActionBlock:
    """A part of the bytes of what a method returns."""

    invoke: int
    is_last: bool
    block: int
    part: bytes

    def encode(self) -> bytes:
        """Return it as bytes."""
        block = encode_block(is_last=self.is_last, block=self.block, part=self.part)
        return bytes((RESPONSE, _RETURNED_BLOCK, self.invoke)) + block


@dataclass(frozen=True, slots=True)
class ActionEnded:
    """How one method of a list ended, and what it returns."""

    result: AccessResult
    returned: bytes | AccessResult | None = None


@dataclass(frozen=True, slots=True)
class ActionListResponse:
    """How each ended."""

    invoke: int
    ended: tuple[ActionEnded, ...]

    def encode(self) -> bytes:
        """Return it as bytes."""
        listed = b"".join(_ended(one.result, one.returned) for one in self.ended)
        return bytes((RESPONSE, _LIST_DONE, self.invoke)) + encode_length(len(self.ended)) + listed


@dataclass(frozen=True, slots=True)
class ActionBlockTaken:
    """A block of a parameter was taken; the next is wanted."""

    invoke: int
    block: int

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((RESPONSE, _ACKNOWLEDGED, self.invoke)) + self.block.to_bytes(4, "big")


AnyActionRequest: TypeAlias = ActionRequest | ActionNextBlock | ActionListRequest | ActionParameterBlock
AnyActionResponse: TypeAlias = ActionResponse | ActionBlock | ActionListResponse | ActionBlockTaken


def _ended(result: AccessResult, returned: bytes | AccessResult | None) -> bytes:
    return bytes((result,)) + (b"\x00" if returned is None else b"\x01" + encode_result(returned))


def decode_action_request(cursor: Cursor) -> AnyActionRequest:
    """Return a request, its tag already taken. Raises MalformedError."""
    kind, invoke = cursor.byte(), cursor.byte()
    made: AnyActionRequest
    if kind == _NORMAL:
        method = decode_descriptor(cursor)
        has_parameter = cursor.flag("the mark of a parameter")
        made = ActionRequest(invoke, method, cursor.value() if has_parameter else None, has_parameter)
    elif kind == _NEXT:
        made = ActionNextBlock(invoke, cursor.number(4))
    elif kind == _LIST:
        made = _decode_list(cursor, invoke)
    elif kind in (_FIRST, _LIST_FIRST, _BLOCK):
        made = _decode_block(cursor, invoke, kind)
    else:
        raise MalformedError(f"{kind} is no kind of ACTION request", cursor.data, 1)
    cursor.end()
    return made


def _decode_list(cursor: Cursor, invoke: int) -> ActionListRequest:
    methods, parameters = decode_descriptors(cursor), cursor.values()
    if len(methods) != len(parameters):
        raise MalformedError(f"{len(parameters)} parameters for {len(methods)} methods", cursor.data, cursor.at)
    return ActionListRequest(invoke, methods, parameters)


def _decode_block(cursor: Cursor, invoke: int, kind: int) -> ActionParameterBlock:
    method = decode_descriptor(cursor) if kind == _FIRST else None
    methods = decode_descriptors(cursor) if kind == _LIST_FIRST else None
    return ActionParameterBlock(invoke, cursor.truth(), cursor.number(4), cursor.counted(), method, methods)


def decode_action_response(cursor: Cursor) -> AnyActionResponse:
    """Return a response, its tag already taken. Raises MalformedError."""
    kind, invoke = cursor.byte(), cursor.byte()
    made: AnyActionResponse
    if kind == _NORMAL:
        ended = _decode_ended(cursor)
        made = ActionResponse(invoke, ended.result, ended.returned)
    elif kind == _RETURNED_BLOCK:
        made = ActionBlock(invoke, cursor.truth(), cursor.number(4), cursor.counted())
    elif kind == _LIST_DONE:
        made = ActionListResponse(invoke, tuple(_decode_ended(cursor) for _ in range(cursor.count(_ENDED_BYTES_MIN))))
    elif kind == _ACKNOWLEDGED:
        made = ActionBlockTaken(invoke, cursor.number(4))
    else:
        raise MalformedError(f"{kind} is no kind of ACTION response", cursor.data, 1)
    cursor.end()
    return made


def _decode_ended(cursor: Cursor) -> ActionEnded:
    result = access_result(cursor.byte(), cursor)
    return ActionEnded(result, decode_result(cursor) if cursor.flag("the mark of what is returned") else None)
