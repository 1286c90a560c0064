"""High-level security: what answers a challenge (IEC 62056-5-3, 5.2.4; Blue Book, class 15, method 1)."""

import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kilovatt.wire.protocols.dlms.apdu.acse import Mechanism
from kilovatt.wire.protocols.dlms.security.suite_0 import Sealer
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

_AES_BLOCK = 16
CHALLENGE_BYTES_MIN, CHALLENGE_BYTES_MAX = 8, 64


class MechanismNotSupportedError(LocalProtocolError):
    """A mechanism that is not built: ECDSA, and those of Russian cryptography."""


def proof(mechanism: Mechanism, challenge: bytes, *, secret: bytes | None, sealer: Sealer | None) -> bytes:
    """Return the answer to a challenge.

    Mechanism 2 is makers' own: here AES-128 of the padded challenge, as some meters take it; not verified against
    a real one. Raises MechanismNotSupportedError, and LocalProtocolError without the secret that is needed.
    """
    if mechanism is Mechanism.HLS_GMAC:
        if sealer is None:
            raise LocalProtocolError("GMAC needs keys")
        return sealer.answer_challenge(challenge)
    if secret is None:
        raise LocalProtocolError(f"{mechanism.name} needs a secret")
    if mechanism is Mechanism.HLS_AES:
        return _aes(challenge, secret)
    digests = {Mechanism.HLS_MD5: hashlib.md5, Mechanism.HLS_SHA1: hashlib.sha1}
    if mechanism in digests:
        # The standard's own mechanisms 3 and 4, for meters that have no better.
        return digests[mechanism](challenge + secret, usedforsecurity=False).digest()
    raise MechanismNotSupportedError(f"mechanism {mechanism.name} is not built")


def _aes(challenge: bytes, secret: bytes) -> bytes:
    if len(secret) != _AES_BLOCK:
        raise LocalProtocolError(f"the key of mechanism 2 has {_AES_BLOCK} bytes")
    padded = challenge + bytes(-len(challenge) % _AES_BLOCK)
    cipher = Cipher(algorithms.AES(secret), modes.ECB()).encryptor()  # noqa: S305  # the meters' way, not ours
    return cipher.update(padded) + cipher.finalize()
