"""Associations are asked for, answered and released (IEC 62056-5-3, 9.4; BER)."""

from dataclasses import dataclass, field
from enum import IntEnum

from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.values import MalformedError, encode_length

AARQ, AARE, RLRQ, RLRE = 0x60, 0x61, 0x62, 0x63
_CONTEXT_OID, _MECHANISM_OID = bytes.fromhex("608574050801"), bytes.fromhex("608574050802")
_AUTHENTICATED = b"\x07\x80"
_DIAGNOSED = (0xA1, 0xA2)
_REQUEST_FIELDS = frozenset({0x80, *range(0xA1, 0xAA), 0x8A, 0x8B, 0xAC, 0xBD, 0xBE})
_RESPONSE_FIELDS = frozenset({0x80, *range(0xA1, 0xA8), 0x88, 0x89, 0xAA, 0xBD, 0xBE})
_RELEASE_FIELDS = frozenset({0x80, 0xBE})
_NORMAL_RELEASE = b"\x00"
_AGREEMENT_BYTES = 14
_COUNTED_SHORT, _COUNTED_LONG = b"\xbe\x0f\x04\x0d", b"\xbe\x10\x04\x0e"
_LONG_TAG = b"\x5f\x1f\x04"


class Context(IntEnum):
    """How objects are referred to, and whether messages are ciphered."""

    LOGICAL_NAMES = 1
    SHORT_NAMES = 2
    LOGICAL_NAMES_CIPHERED = 3
    SHORT_NAMES_CIPHERED = 4


class Mechanism(IntEnum):
    """How a client proves who it is; 8 to 10 are those of Russian cryptography (ГОСТ Р 58940-2020, t. 6.2)."""

    NONE = 0
    LLS = 1
    HLS_AES = 2
    HLS_MD5 = 3
    HLS_SHA1 = 4
    HLS_GMAC = 5
    HLS_SHA256 = 6
    HLS_ECDSA = 7
    HLS_KUZNYECHIK = 8
    HLS_STREEBOG = 9
    HLS_GOST_3410 = 10


class AssociationResult(IntEnum):
    """Whether an association was made."""

    ACCEPTED = 0
    REJECTED = 1
    REJECTED_FOR_NOW = 2


class Diagnostic(IntEnum):
    """What more there is to say; of the meter (the ACSE service user)."""

    NONE = 0
    NO_REASON = 1
    CONTEXT_NOT_SUPPORTED = 2
    MECHANISM_NOT_RECOGNISED = 11
    MECHANISM_REQUIRED = 12
    AUTHENTICATION_FAILED = 13
    AUTHENTICATION_REQUIRED = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationRequest:
    """A client asks to be associated. `secret` is its password (LLS) or its challenge (HLS)."""

    context: Context
    mechanism: Mechanism = Mechanism.NONE
    client_title: bytes | None = None
    secret: bytes | None = field(default=None, repr=False)
    initiate: bytes

    def encode(self) -> bytes:
        """Return it as bytes."""
        parts = [_tlv(0xA1, _tlv(6, _CONTEXT_OID + bytes((self.context,))))]
        if self.client_title is not None:
            parts.append(_tlv(0xA6, _tlv(4, self.client_title)))
        if self.mechanism is not Mechanism.NONE:
            parts.append(_tlv(0x8A, _AUTHENTICATED))
            parts.append(_tlv(0x8B, _MECHANISM_OID + bytes((self.mechanism,))))
            parts.append(_tlv(0xAC, _tlv(0x80, self.secret or b"")))
        parts.append(_tlv(0xBE, _tlv(4, self.initiate)))
        return _tlv(AARQ, b"".join(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationResponse:
    """The meter's answer. `challenge` is what the client must answer in turn (HLS)."""

    context: Context
    result: AssociationResult
    diagnostic: int
    mechanism: Mechanism | None = None
    server_title: bytes | None = None
    challenge: bytes | None = None
    initiate: bytes | None = None

    def encode(self) -> bytes:
        """Return it as bytes."""
        parts = [
            _tlv(0xA1, _tlv(6, _CONTEXT_OID + bytes((self.context,)))),
            _tlv(0xA2, _tlv(2, bytes((self.result,)))),
            _tlv(0xA3, _tlv(0xA1, _tlv(2, bytes((self.diagnostic,))))),
        ]
        if self.server_title is not None:
            parts.append(_tlv(0xA4, _tlv(4, self.server_title)))
        if self.mechanism is not None:
            parts.append(_tlv(0x88, _AUTHENTICATED))
            parts.append(_tlv(0x89, _MECHANISM_OID + bytes((self.mechanism,))))
        if self.challenge is not None:
            parts.append(_tlv(0xAA, _tlv(0x80, self.challenge)))
        if self.initiate is not None:
            parts.append(_tlv(0xBE, _tlv(4, self.initiate)))
        return _tlv(AARE, b"".join(parts))


def decode_association_request(data: bytes) -> AssociationRequest:
    """Return what a client asks for. Raises MalformedError."""
    fields = _fields(data, AARQ, _REQUEST_FIELDS)
    mechanism = _mechanism(fields.get(0x8B), data) or Mechanism.NONE
    secret = fields.get(0xAC)
    return AssociationRequest(
        context=_context(fields.get(0xA1), data),
        mechanism=mechanism,
        client_title=_inner(fields.get(0xA6), 4, data),
        secret=None if secret is None else _inner(secret, 0x80, data),
        initiate=_wanted(_inner(fields.get(0xBE), 4, data), "the offer (user information)", data),
    )


def decode_association_response(data: bytes) -> AssociationResponse:
    """Return the meter's answer. Raises MalformedError."""
    fields = _fields(_counted_right(data), AARE, _RESPONSE_FIELDS)
    result = _wanted(_inner(fields.get(0xA2), 2, data), "the result", data)
    diagnosed = fields.get(0xA3, b"")
    # Of the service user (A1h) or of its provider (A2h).
    if diagnosed and diagnosed[0] not in _DIAGNOSED:
        raise MalformedError(f"a diagnostic of {diagnosed[0]:02X}h is none", data, 0)
    diagnostic = _inner(_inner(diagnosed, diagnosed[0], data), 2, data) if diagnosed else None
    try:
        outcome = AssociationResult(int.from_bytes(result, "big"))
    except ValueError:
        raise MalformedError(f"result {result.hex()} of an association is none", data, 0) from None
    challenge = fields.get(0xAA)
    return AssociationResponse(
        context=_context(fields.get(0xA1), data),
        result=outcome,
        diagnostic=int.from_bytes(diagnostic or b"", "big"),
        mechanism=_mechanism(fields.get(0x89), data),
        server_title=_inner(fields.get(0xA4), 4, data),
        challenge=None if challenge is None else _inner(challenge, 0x80, data),
        initiate=_inner(fields.get(0xBE), 4, data),
    )


def encode_release(*, is_request: bool, initiate: bytes | None = None) -> bytes:
    """Return a request to release the association, or the answer to one: normal. Ciphered ones bring an offer."""
    told = b"" if initiate is None else _tlv(0xBE, _tlv(4, initiate))
    return _tlv(RLRQ if is_request else RLRE, _tlv(0x80, _NORMAL_RELEASE) + told)


def decode_release(data: bytes, *, is_request: bool) -> bytes | None:
    """Return what a release, or the answer to one, brings of an offer. Raises MalformedError."""
    fields = _fields(data, RLRQ if is_request else RLRE, _RELEASE_FIELDS)
    return _inner(fields.get(0xBE), 4, data)


def _counted_right(data: bytes) -> bytes:
    """Return an answer with its lengths put right, where they are wrong in the one way that is known of real meters.

    Older ones (seen with short names, PDU 2400) write the conformance bits with the long tag (5Fh 1Fh 04h) and count
    them with the short one: all lengths around the agreement are one too low.
    """
    at = len(data) - _AGREEMENT_BYTES
    if data[at - 4 : at] != _COUNTED_SHORT or data[1] != len(data) - 3 or data[at + 3 : at + 6] != _LONG_TAG:
        return data
    return data[:1] + bytes((data[1] + 1,)) + data[2 : at - 4] + _COUNTED_LONG + data[at:]


def _tlv(tag: int, content: bytes) -> bytes:
    return bytes((tag,)) + encode_length(len(content)) + content


def _fields(data: bytes, tag: int, known: frozenset[int]) -> dict[int, bytes]:
    cursor = Cursor(data)
    if cursor.byte() != tag:
        raise MalformedError(f"tag {data[0]:02X}h, and {tag:02X}h is wanted", data, 0)
    content = Cursor(cursor.counted())
    cursor.end()
    fields: dict[int, bytes] = {}
    while content.at < len(content.data):
        at, field = content.at, content.byte()
        if field not in known:
            raise MalformedError(f"{field:02X}h is no field of such a message", content.data, at)
        if field in fields:
            raise MalformedError(f"field {field:02X}h stands twice", content.data, at)
        fields[field] = content.counted()
    return fields


def _inner(content: bytes | None, tag: int, data: bytes) -> bytes | None:
    if content is None:
        return None
    cursor = Cursor(content)
    if cursor.byte() != tag:
        raise MalformedError(f"an inner tag {content[0]:02X}h, and {tag:02X}h is wanted", data, 0)
    inner = cursor.counted()
    cursor.end()
    return inner


def _wanted(content: bytes | None, what: str, data: bytes) -> bytes:
    if content is None:
        raise MalformedError(f"{what} is missing", data, 0)
    return content


def _context(content: bytes | None, data: bytes) -> Context:
    oid = _wanted(_inner(content, 6, data), "the context", data)
    if oid[:-1] != _CONTEXT_OID or oid[-1] not in Context.__members__.values():
        raise MalformedError(f"context {oid.hex()} is none", data, 0)
    return Context(oid[-1])


def _mechanism(oid: bytes | None, data: bytes) -> Mechanism | None:
    if oid is None:
        return None
    if oid[:-1] != _MECHANISM_OID or oid[-1] not in Mechanism.__members__.values():
        raise MalformedError(f"mechanism {oid.hex()} is none", data, 0)
    return Mechanism(oid[-1])
