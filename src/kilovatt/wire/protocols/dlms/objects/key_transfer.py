"""New keys for a meter (class 64, method 2; Blue Book, 4.4.7): each wrapped with the master key (RFC 3394)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from kilovatt.wire.protocols.dlms.objects.shapes import elements, fields, integer, octets
from kilovatt.wire.protocols.dlms.values import Array, DlmsValue, Enumerate, OctetString, Structure

SECURITY_SETUP, KEY_TRANSFER = 64, 2
_KEY_FIELDS = 2


class KeyUse(IntEnum):
    """What a key is for."""

    UNICAST = 0
    BROADCAST = 1
    AUTHENTICATION = 2
    MASTER = 3


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key on its way, which only the master key opens."""

    use: KeyUse
    wrapped: bytes = field(repr=False)

    def encode(self) -> Structure:
        """Return it as an element of the parameter of method 2."""
        return Structure((Enumerate(self.use), OctetString(self.wrapped)))

    def open(self, master: bytes) -> bytes | None:
        """Return the key, None where the master key is another or the key was changed on its way."""
        try:
            return aes_key_unwrap(master, self.wrapped)
        except InvalidUnwrap:
            return None


def wrap(use: KeyUse, key: bytes, *, master: bytes) -> WrappedKey:
    """Return a key wrapped for its way. Raises ValueError for keys that are no AES keys."""
    return WrappedKey(use, aes_key_wrap(master, key))


def encode_keys(keys: Iterable[WrappedKey]) -> Array:
    """Return the parameter of method 2."""
    return Array(key.encode() for key in keys)


def decode_keys(value: DlmsValue) -> tuple[WrappedKey, ...]:
    """Return the keys of the parameter of method 2. Raises MalformedError."""
    return tuple(map(_key, elements(value, "keys")))


def _key(value: DlmsValue) -> WrappedKey:
    use, wrapped = fields(value, _KEY_FIELDS, "a key")
    return WrappedKey(KeyUse(integer(use, "what a key is for", 0, 3)), octets(wrapped, "a wrapped key"))
