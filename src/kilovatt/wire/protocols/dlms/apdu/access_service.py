"""ACCESS (tags D9h and DAh): several attributes and methods in one message (IEC 62056-5-3, 6.9 and 8.3)."""

from dataclasses import dataclass
from enum import IntEnum

from kilovatt.wire.protocols.dlms.apdu.access import DESCRIPTOR_BYTES, Descriptor, Selection, decode_descriptor
from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, access_result
from kilovatt.wire.protocols.dlms.apdu.set import encode_values
from kilovatt.wire.protocols.dlms.values import DlmsValue, MalformedError, encode, encode_length

REQUEST, RESPONSE = 0xD9, 0xDA
_SELECTED = 3
"""What is added to GET and SET where they are of a part only."""
_OUTCOME_BYTES = 2


class AccessKind(IntEnum):
    """What is to be done."""

    GET = 1
    SET = 2
    ACTION = 3


@dataclass(frozen=True, slots=True)
class AccessAsked:
    """One thing to be done to one attribute or method."""

    kind: AccessKind
    target: Descriptor
    selection: Selection | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        if self.selection is None:
            return bytes((self.kind,)) + self.target.encode()
        part = bytes((self.selection.selector,)) + encode(self.selection.parameters)
        return bytes((self.kind + _SELECTED,)) + self.target.encode() + part


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Things to be done, and a value for each (null where it needs none). `stamp` is a date of 12 bytes, or empty."""

    invoke: int
    asked: tuple[AccessAsked, ...]
    values: tuple[DlmsValue, ...]
    stamp: bytes = b""

    def encode(self) -> bytes:
        """Return it as bytes."""
        head = bytes((REQUEST,)) + self.invoke.to_bytes(4, "big") + encode_length(len(self.stamp)) + self.stamp
        return head + _encode_asked(self.asked) + encode_values(self.values)


@dataclass(frozen=True, slots=True)
class AccessOutcome:
    """How one thing ended."""

    kind: AccessKind
    result: AccessResult


@dataclass(frozen=True, slots=True)
class AccessResponse:
    """The values, null where there is none, and how each ended. `asked` is there if the meter repeats it."""

    invoke: int
    values: tuple[DlmsValue, ...]
    outcomes: tuple[AccessOutcome, ...]
    asked: tuple[AccessAsked, ...] | None = None
    stamp: bytes = b""

    def encode(self) -> bytes:
        """Return it as bytes."""
        head = bytes((RESPONSE,)) + self.invoke.to_bytes(4, "big") + encode_length(len(self.stamp)) + self.stamp
        repeated = b"\x00" if self.asked is None else b"\x01" + _encode_asked(self.asked)
        outcomes = b"".join(bytes((one.kind, one.result)) for one in self.outcomes)
        return head + repeated + encode_values(self.values) + encode_length(len(self.outcomes)) + outcomes


def decode_access_request(cursor: Cursor) -> AccessRequest:
    """Return a request, its tag already taken. Raises MalformedError."""
    invoke, stamp = cursor.number(4), cursor.counted()
    asked, values = _decode_asked(cursor), cursor.values()
    if len(asked) != len(values):
        raise MalformedError(f"{len(values)} values for {len(asked)} accesses", cursor.data, cursor.at)
    cursor.end()
    return AccessRequest(invoke, asked, values, stamp)


def decode_access_response(cursor: Cursor) -> AccessResponse:
    """Return a response, its tag already taken. Raises MalformedError."""
    invoke, stamp = cursor.number(4), cursor.counted()
    asked = _decode_asked(cursor) if cursor.flag("the mark of what was asked") else None
    values = cursor.values()
    outcomes = tuple(_decode_outcome(cursor) for _ in range(cursor.count(_OUTCOME_BYTES)))
    if len(outcomes) != len(values):
        raise MalformedError(f"{len(outcomes)} results for {len(values)} values", cursor.data, cursor.at)
    cursor.end()
    return AccessResponse(invoke, values, outcomes, asked, stamp)


def _encode_asked(asked: tuple[AccessAsked, ...]) -> bytes:
    return encode_length(len(asked)) + b"".join(one.encode() for one in asked)


def _decode_asked(cursor: Cursor) -> tuple[AccessAsked, ...]:
    return tuple(_decode_one(cursor) for _ in range(cursor.count(DESCRIPTOR_BYTES + 1)))


def _decode_one(cursor: Cursor) -> AccessAsked:
    choice = cursor.byte()
    if choice not in (1, 2, 3, 4, 5):
        raise MalformedError(f"{choice} is no kind of access", cursor.data, cursor.at - 1)
    target = decode_descriptor(cursor)
    if choice <= _SELECTED:
        return AccessAsked(AccessKind(choice), target)
    return AccessAsked(AccessKind(choice - _SELECTED), target, Selection(cursor.byte(), cursor.value()))


def _decode_outcome(cursor: Cursor) -> AccessOutcome:
    choice = cursor.byte()
    if choice not in (1, 2, 3):
        raise MalformedError(f"{choice} is no kind of access", cursor.data, cursor.at - 1)
    return AccessOutcome(AccessKind(choice), access_result(cursor.byte(), cursor))
