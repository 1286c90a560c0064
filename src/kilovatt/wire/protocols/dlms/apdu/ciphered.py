"""Sealed messages as they are sent: by service, general, and signed (IEC 62056-5-3, 5.3.7 and 8.3).

What is within stays sealed here: this is how it is wrapped.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.values import MalformedError, encode_length

GENERAL_GLOBAL, GENERAL_DEDICATED, GENERAL_CIPHERING, GENERAL_SIGNING = 0xDB, 0xDC, 0xDD, 0xDF
_GLOBAL = {0x01: 0x21, 0x05: 0x25, 0x06: 0x26, 0x08: 0x28, 0x0C: 0x2C, 0x0D: 0x2D, 0x0E: 0x2E}
_GLOBAL |= {0xC0: 0xC8, 0xC1: 0xC9, 0xC2: 0xCA, 0xC3: 0xCB, 0xC4: 0xCC, 0xC5: 0xCD, 0xC7: 0xCF}
_DEDICATED = {0x05: 0x45, 0x06: 0x46, 0x0C: 0x4C, 0x0D: 0x4D}
_DEDICATED |= {0xC0: 0xD0, 0xC1: 0xD1, 0xC2: 0xD2, 0xC3: 0xD3, 0xC4: 0xD4, 0xC5: 0xD5, 0xC7: 0xD7}
_PLAIN_BY_GLOBAL = {sealed: plain for plain, sealed in _GLOBAL.items()}
_PLAIN_BY_DEDICATED = {sealed: plain for plain, sealed in _DEDICATED.items()}
SEALED_TAGS = frozenset(
    {GENERAL_GLOBAL, GENERAL_DEDICATED, GENERAL_CIPHERING, GENERAL_SIGNING, *_PLAIN_BY_GLOBAL, *_PLAIN_BY_DEDICATED}
)


class ServiceSealed(NamedTuple):
    """A message under the tag of its own service. `service` is the tag it has in the clear.

    Named tuples, these two: every message of a ciphered association is one, and they are made sooner than the frozen.
    """

    service: int
    sealed: bytes
    is_dedicated: bool = False

    def encode(self) -> bytes:
        """Return it as bytes."""
        tag = (_DEDICATED if self.is_dedicated else _GLOBAL)[self.service]
        return bytes((tag,)) + _counted(self.sealed)


class GeneralSealed(NamedTuple):
    """Any message, with the title of who sealed it."""

    title: bytes
    sealed: bytes
    is_dedicated: bool = False

    def encode(self) -> bytes:
        """Return it as bytes."""
        tag = GENERAL_DEDICATED if self.is_dedicated else GENERAL_GLOBAL
        return bytes((tag,)) + _counted(self.title) + _counted(self.sealed)


@dataclass(frozen=True, slots=True)
class Route:
    """From whom to whom, and as which transaction: bound to what is sealed or signed."""

    transaction: bytes
    originator: bytes
    recipient: bytes
    stamp: bytes = b""
    other: bytes = b""

    def encode(self) -> bytes:
        """Return it as bytes: as sent, and as authenticated."""
        parts = (self.transaction, self.originator, self.recipient, self.stamp, self.other)
        return b"".join(map(_counted, parts))


class KeyIs(IntEnum):
    """How the key of a generally ciphered message is told."""

    IDENTIFIED = 0
    WRAPPED = 1
    AGREED = 2


@dataclass(frozen=True, slots=True)
class KeyTold:
    """Which key it is. Identified: `which` 0 is the unicast, 1 the broadcast key. Wrapped: `which` wraps it (0 master).

    Agreed: `which` is the scheme (1 one-pass: an ephemeral public key and its signature are in `given`; 2 static).
    """

    kind: KeyIs
    which: int
    given: bytes = b""

    def encode(self) -> bytes:
        """Return it as bytes."""
        if self.kind is KeyIs.AGREED:
            return bytes((self.kind, 1, self.which)) + _counted(self.given)
        if self.kind is KeyIs.WRAPPED:
            return bytes((self.kind, self.which)) + _counted(self.given)
        return bytes((self.kind, self.which))


@dataclass(frozen=True, slots=True)
class GeneralCiphered:
    """A message sealed from one end to another, perhaps with a key made for it."""

    route: Route
    key: KeyTold | None
    sealed: bytes

    def encode(self) -> bytes:
        """Return it as bytes."""
        key = b"\x00" if self.key is None else b"\x01" + self.key.encode()
        return bytes((GENERAL_CIPHERING,)) + self.route.encode() + key + _counted(self.sealed)


@dataclass(frozen=True, slots=True)
class GeneralSigned:
    """A message with its signature."""

    route: Route
    content: bytes
    signature: bytes

    @property
    def signed(self) -> bytes:
        """What the signature is of."""
        return self.route.encode() + _counted(self.content)

    def encode(self) -> bytes:
        """Return it as bytes."""
        return bytes((GENERAL_SIGNING,)) + self.signed + _counted(self.signature)


AnySealed: TypeAlias = ServiceSealed | GeneralSealed | GeneralCiphered | GeneralSigned


def has_global_tag(service: int) -> bool:
    """Whether a service has a tag of its own under the global key."""
    return service in _GLOBAL


def has_dedicated_tag(service: int) -> bool:
    """Whether a service has a tag of its own under a dedicated key."""
    return service in _DEDICATED


def decode_sealed(data: bytes) -> AnySealed:
    """Return a sealed message as it is wrapped. Raises MalformedError."""
    cursor = Cursor(data)
    tag = cursor.byte()
    made: AnySealed
    if tag in _PLAIN_BY_GLOBAL:
        made = ServiceSealed(_PLAIN_BY_GLOBAL[tag], cursor.counted())
    elif tag in _PLAIN_BY_DEDICATED:
        made = ServiceSealed(_PLAIN_BY_DEDICATED[tag], cursor.counted(), is_dedicated=True)
    elif tag in (GENERAL_GLOBAL, GENERAL_DEDICATED):
        made = GeneralSealed(cursor.counted(), cursor.counted(), is_dedicated=tag == GENERAL_DEDICATED)
    elif tag == GENERAL_CIPHERING:
        route = _decode_route(cursor)
        key = _decode_key(cursor) if cursor.flag("the mark of a key") else None
        made = GeneralCiphered(route, key, cursor.counted())
    elif tag == GENERAL_SIGNING:
        made = GeneralSigned(_decode_route(cursor), cursor.counted(), cursor.counted())
    else:
        raise MalformedError(f"{tag:02X}h is no tag of a sealed message", data, 0)
    cursor.end()
    return made


def _decode_route(cursor: Cursor) -> Route:
    return Route(cursor.counted(), cursor.counted(), cursor.counted(), cursor.counted(), cursor.counted())


def _decode_key(cursor: Cursor) -> KeyTold:
    kind = cursor.byte()
    if kind == KeyIs.IDENTIFIED:
        return KeyTold(KeyIs.IDENTIFIED, cursor.byte())
    if kind == KeyIs.WRAPPED:
        return KeyTold(KeyIs.WRAPPED, cursor.byte(), cursor.counted())
    if kind != KeyIs.AGREED:
        raise MalformedError(f"{kind} is no way to tell a key", cursor.data, cursor.at - 1)
    if cursor.byte() != 1:
        raise MalformedError("the scheme of an agreed key is one byte", cursor.data, cursor.at - 1)
    return KeyTold(KeyIs.AGREED, cursor.byte(), cursor.counted())


def _counted(content: bytes) -> bytes:
    return encode_length(len(content)) + content
