"""ACTION (tags C3h and C7h): a method is run, and may return a value."""

from dataclasses import dataclass
from typing import TypeAlias

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, decode_descriptor
from kilovatt.wire.protocols.dlms.apdu.get import encode_result
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, access_result
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, encode, encode_length

REQUEST, RESPONSE = 0xC3, 0xC7
_NORMAL, _NEXT, _BLOCK = 1, 2, 2


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
class ActionResponse:
    """How it ended, and what it returns: the bytes of a value, a reason, or nothing."""

    invoke: int
    result: AccessResult
    returned: bytes | AccessResult | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        returned = b"\x00" if self.returned is None else b"\x01" + encode_result(self.returned)
        return bytes((RESPONSE, _NORMAL, self.invoke, self.result)) + returned


@dataclass(frozen=True, slots=True)
class ActionBlock:
    """A part of the bytes of what a method returns."""

    invoke: int
    is_last: bool
    block: int
    part: bytes

    def encode(self) -> bytes:
        """Return it as bytes."""
        head = bytes((RESPONSE, _BLOCK, self.invoke, int(self.is_last))) + self.block.to_bytes(4, "big")
        return head + encode_length(len(self.part)) + self.part


AnyActionRequest: TypeAlias = ActionRequest | ActionNextBlock
AnyActionResponse: TypeAlias = ActionResponse | ActionBlock


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
    else:
        raise MalformedError(f"{kind} is no kind of ACTION request", cursor.data, 1)
    cursor.end()
    return made


def decode_action_response(cursor: Cursor) -> AnyActionResponse:
    """Return a response, its tag already taken. Raises MalformedError."""
    kind, invoke = cursor.byte(), cursor.byte()
    made: AnyActionResponse
    if kind == _NORMAL:
        result = access_result(cursor.byte(), cursor)
        returned: bytes | AccessResult | None = None
        if cursor.flag("the mark of what is returned"):
            is_reason = cursor.flag("the mark of a result")
            returned = access_result(cursor.byte(), cursor) if is_reason else cursor.rest()
        made = ActionResponse(invoke, result, returned)
    elif kind == _BLOCK:
        made = ActionBlock(invoke, bool(cursor.byte()), cursor.number(4), cursor.counted())
    else:
        raise MalformedError(f"{kind} is no kind of ACTION response", cursor.data, 1)
    cursor.end()
    return made
