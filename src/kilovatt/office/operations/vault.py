"""Meter passwords at rest: AES-256-GCM, bound to the meter and the slot they belong to.

A sealed password is one byte of version, 12 of nonce, and the ciphertext with its tag. Sealed for one meter
it does not open for another: the associated data name the meter, the slot and the version.
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
    nonce = os.urandom(_NONCE_BYTES)
    body = AESGCM(_master_key()).encrypt(nonce, password.encode(), _bound_to(meter_name, slot, VERSION))
    return bytes([VERSION]) + nonce + body


def unseal(sealed: bytes, *, meter_name: str, slot: str = READING_SLOT) -> str:
    """Return a sealed password. Raises SealBrokenError, which says nothing of the password."""
    version, nonce, body = sealed[0], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        opened = AESGCM(_master_key()).decrypt(nonce, body, _bound_to(meter_name, slot, version))
    except InvalidTag as error:
        raise SealBrokenError(
            gettext_noop(
                "The password of %(meter)s does not open with this site's key. "
                "Restore keys/passwords.key or set the password anew."
            ),
            meter=meter_name,
        ) from error
    return opened.decode()


def _master_key() -> bytes:
    key: bytes = settings.DATA.key("passwords.key")
    return key


def _bound_to(meter_name: str, slot: str, version: int) -> bytes:
    return f"kilovatt:{meter_name}:{slot}:{version}".encode()
