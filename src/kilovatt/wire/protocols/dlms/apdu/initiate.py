"""InitiateRequest and InitiateResponse: what both ends can (IEC 62056-5-3, 7.2)."""

from dataclasses import dataclass
from enum import IntFlag

from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.values import MalformedError

REQUEST, RESPONSE = 0x01, 0x08
VERSION = 6
_CONFORMANCE_TAG = b"\x5f\x1f\x04\x00"
LOGICAL_NAMES, SHORT_NAMES = 0x0007, 0xFA00
"""What a VAA name says of how objects are referred to."""


class Conformance(IntFlag):
    """The services of xDLMS, by their bits."""

    GENERAL_PROTECTION = 1 << 22
    GENERAL_BLOCK_TRANSFER = 1 << 21
    READ = 1 << 20
    WRITE = 1 << 19
    UNCONFIRMED_WRITE = 1 << 18
    ATTRIBUTE_0_SET = 1 << 15
    PRIORITY = 1 << 14
    ATTRIBUTE_0_GET = 1 << 13
    BLOCK_GET = 1 << 12
    BLOCK_SET = 1 << 11
    BLOCK_ACTION = 1 << 10
    MULTIPLE_REFERENCES = 1 << 9
    INFORMATION_REPORT = 1 << 8
    DATA_NOTIFICATION = 1 << 7
    ACCESS = 1 << 6
    PARAMETERIZED_ACCESS = 1 << 5
    GET = 1 << 4
    SET = 1 << 3
    SELECTIVE_ACCESS = 1 << 2
    EVENT_NOTIFICATION = 1 << 1
    ACTION = 1


@dataclass(frozen=True, slots=True)
class InitiateRequest:
    """What the client can, and the longest message it takes."""

    conformance: Conformance
    message_bytes_max: int
    dedicated_key: bytes | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        key = b"\x00" if self.dedicated_key is None else bytes((1, len(self.dedicated_key))) + self.dedicated_key
        return bytes((REQUEST,)) + key + b"\x00\x00" + _agreement(self.conformance, self.message_bytes_max)


@dataclass(frozen=True, slots=True)
class InitiateResponse:
    """What was agreed upon."""

    conformance: Conformance
    message_bytes_max: int
    vaa_name: int = LOGICAL_NAMES

    def encode(self) -> bytes:
        """Return it as bytes."""
        agreed = _agreement(self.conformance, self.message_bytes_max)
        return bytes((RESPONSE, 0)) + agreed + self.vaa_name.to_bytes(2, "big")


def decode_initiate_request(data: bytes) -> InitiateRequest:
    """Return what a client offers. Raises MalformedError."""
    cursor = Cursor(data)
    if cursor.byte() != REQUEST:
        raise MalformedError("an offer (InitiateRequest) is wanted", data, 0)
    key = cursor.counted() if cursor.flag("the mark of a dedicated key") else None
    if cursor.flag("the mark of a response allowed"):
        cursor.byte()
    if cursor.flag("the mark of a quality of service"):
        cursor.byte()
    conformance, size = _decode_agreement(cursor)
    cursor.end()
    return InitiateRequest(conformance, size, key)


def decode_initiate_response(data: bytes) -> InitiateResponse:
    """Return what was agreed upon. Raises MalformedError."""
    cursor = Cursor(data)
    if cursor.byte() != RESPONSE:
        raise MalformedError("an agreement (InitiateResponse) is wanted", data, 0)
    if cursor.flag("the mark of a quality of service"):
        cursor.byte()
    conformance, size = _decode_agreement(cursor)
    made = InitiateResponse(conformance, size, cursor.number(2))
    cursor.end()
    return made


def _agreement(conformance: Conformance, size: int) -> bytes:
    return bytes((VERSION,)) + _CONFORMANCE_TAG + int(conformance).to_bytes(3, "big") + size.to_bytes(2, "big")


def _decode_agreement(cursor: Cursor) -> tuple[Conformance, int]:
    version = cursor.byte()
    if version != VERSION:
        raise MalformedError(f"DLMS version {version}, and {VERSION} is wanted", cursor.data, cursor.at - 1)
    tag = cursor.bytes_of(2)
    # Some send the length of the conformance bits with a tag of one byte (5Fh 04h).
    if tag == b"\x5f\x04":
        cursor.bytes_of(1)
    elif tag + cursor.bytes_of(2) != _CONFORMANCE_TAG:
        raise MalformedError("conformance bits are wanted", cursor.data, cursor.at - 4)
    return Conformance(cursor.number(3)), cursor.number(2)
