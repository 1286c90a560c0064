"""Meter passwords and keys at rest: AES-256-GCM, bound to the meter and the slot they belong to.

What is sealed is one byte of version, 12 of nonce, and the ciphertext with its tag. Sealed for one meter it does not
open for another: the associated data name the meter, the slot and the version, and of a key its generation too, so
that an old one put in place of a new one does not open.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext_noop

VERSION = 1
READING_SLOT = "reading"
_NONCE_BYTES = 12


class SealBrokenError(Exception):
    """A sealed password does not open: another key, another meter, or damage.

    The text is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


def seal(password: str, *, meter_name: str, slot: str = READING_SLOT) -> bytes:
    """Return the password sealed for one meter (`meter_name`: its model and serial, which never change)."""
    return _sealed(password.encode(), meter_name, slot)


def unseal(sealed: bytes, *, meter_name: str, slot: str = READING_SLOT) -> str:
    """Return a sealed password. Raises SealBrokenError, which says nothing of the password."""
    opened = _opened(sealed, meter_name, slot)
    if opened is None:
        raise SealBrokenError(
            gettext_noop(
                "The password of %(meter)s does not open with this site's key. "
                "Restore keys/passwords.key or set the password anew."
            ),
            meter=meter_name,
        )
    return opened.decode()


def seal_key(key: bytes, *, meter_name: str, slot: str, generation: int) -> bytes:
    """Return a key sealed for one meter, slot and generation."""
    return _sealed(key, meter_name, f"{slot}:{generation}")


def unseal_key(sealed: bytes, *, meter_name: str, slot: str, generation: int) -> bytes:
    """Return a sealed key. Raises SealBrokenError, which says nothing of the key."""
    opened = _opened(sealed, meter_name, f"{slot}:{generation}")
    if opened is None:
        raise SealBrokenError(
            gettext_noop(
                "The keys of %(meter)s do not open with this site's key. "
                "Restore keys/passwords.key or set the keys anew."
            ),
            meter=meter_name,
        )
    return opened


def _sealed(secret: bytes, meter_name: str, slot: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    body = AESGCM(_master_key()).encrypt(nonce, secret, _bound_to(meter_name, slot, VERSION))
    return bytes([VERSION]) + nonce + body


def _opened(sealed: bytes, meter_name: str, slot: str) -> bytes | None:
    version, nonce, body = sealed[0], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        return AESGCM(_master_key()).decrypt(nonce, body, _bound_to(meter_name, slot, version))
    except InvalidTag:
        return None


def _master_key() -> bytes:
    key: bytes = settings.DATA.key("passwords.key")
    return key


def _bound_to(meter_name: str, slot: str, version: int) -> bytes:
    return f"kilovatt:{meter_name}:{slot}:{version}".encode()
