"""High-level security: what answers a challenge (IEC 62056-5-3, 5.2.4; Blue Book, class 15, method 1)."""

import hashlib
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kilovatt.wire.protocols.dlms.apdu.acse import Mechanism
from kilovatt.wire.protocols.dlms.security.elliptic import is_signed, sign
from kilovatt.wire.protocols.dlms.security.sealing import Sealer, Suite
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

WantedT = TypeVar("WantedT")
_AES_BLOCK = 16
CHALLENGE_BYTES_MIN, CHALLENGE_BYTES_MAX = 8, 64
LOW_MECHANISMS = frozenset({Mechanism.NONE, Mechanism.LLS})
SECRET_MECHANISMS = frozenset({Mechanism.HLS_AES, Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256})
"""Those whose proof is of a secret that people choose, and not of a key."""
_BUILT = frozenset(
    {
        Mechanism.HLS_AES,
        Mechanism.HLS_MD5,
        Mechanism.HLS_SHA1,
        Mechanism.HLS_GMAC,
        Mechanism.HLS_SHA256,
        Mechanism.HLS_ECDSA,
    }
)


class MechanismNotSupportedError(LocalProtocolError):
    """A mechanism that is not built: those of Russian cryptography."""


@dataclass(frozen=True, slots=True)
class Signing:
    """The keys of mechanism 7: ours to sign with, the other end's to check by."""

    ours: EllipticCurvePrivateKey = field(repr=False)
    theirs: EllipticCurvePublicKey = field(repr=False)
    suite: Suite = Suite.P256_AES_GCM_128


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What one end proves itself with, as its mechanism wants it."""

    secret: bytes | None = field(default=None, repr=False)
    sealer: Sealer | None = field(default=None, repr=False)
    signing: Signing | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One end as the passes show it: its title (perhaps empty) and the challenge it set."""

    title: bytes
    challenge: bytes


def check_supported(mechanism: Mechanism) -> None:
    """Raise MechanismNotSupportedError for a mechanism that is not built."""
    if mechanism not in LOW_MECHANISMS | _BUILT:
        raise MechanismNotSupportedError(f"mechanism {mechanism.name} is not built")


def check_credentials(mechanism: Mechanism, credentials: Credentials) -> None:
    """Raise LocalProtocolError where what a mechanism needs was not given, or is no such thing."""
    check_supported(mechanism)
    if mechanism in LOW_MECHANISMS:
        return
    if mechanism is Mechanism.HLS_GMAC:
        _wanted(credentials.sealer, mechanism)
    elif mechanism is Mechanism.HLS_ECDSA:
        _wanted(credentials.signing, mechanism)
    elif len(_wanted(credentials.secret, mechanism)) != _AES_BLOCK and mechanism is Mechanism.HLS_AES:
        raise LocalProtocolError(f"the key of mechanism 2 has {_AES_BLOCK} bytes")


def proof(mechanism: Mechanism, credentials: Credentials, *, prover: Side, other: Side) -> bytes:
    """Return the prover's answer to the other end's challenge.

    Mechanism 2 is makers' own: here AES-128 of the padded challenge, as some meters take it; not verified against
    a real one. Raises MechanismNotSupportedError, and LocalProtocolError without the secret that is needed.
    """
    if mechanism is Mechanism.HLS_GMAC:
        return _wanted(credentials.sealer, mechanism).answer_challenge(other.challenge)
    if mechanism is Mechanism.HLS_ECDSA:
        signing = _wanted(credentials.signing, mechanism)
        return sign(signing.ours, _told(prover, other), signing.suite)
    return _digest(mechanism, _wanted(credentials.secret, mechanism), prover, other)


def is_proved(mechanism: Mechanism, credentials: Credentials, answer: bytes, *, prover: Side, other: Side) -> bool:
    """Whether the answer is the prover's to the other end's challenge, which is ours. Raises LocalProtocolError."""
    if mechanism is Mechanism.HLS_GMAC:
        return _wanted(credentials.sealer, mechanism).proves(answer, other.challenge)
    if mechanism is Mechanism.HLS_ECDSA:
        signing = _wanted(credentials.signing, mechanism)
        return is_signed(signing.theirs, _told(prover, other), answer, signing.suite)
    return compare_digest(answer, _digest(mechanism, _wanted(credentials.secret, mechanism), prover, other))


def _wanted(found: WantedT | None, mechanism: Mechanism) -> WantedT:
    if found is None:
        raise LocalProtocolError(f"{mechanism.name} needs a secret or keys that were not given")
    return found


def _told(prover: Side, other: Side) -> bytes:
    return prover.title + other.title + other.challenge + prover.challenge


def _digest(mechanism: Mechanism, secret: bytes, prover: Side, other: Side) -> bytes:
    # 3 and 4 are the standard's own, for meters that have no better.
    if mechanism is Mechanism.HLS_MD5:
        return hashlib.md5(other.challenge + secret, usedforsecurity=False).digest()
    if mechanism is Mechanism.HLS_SHA1:
        return hashlib.sha1(other.challenge + secret, usedforsecurity=False).digest()
    if mechanism is Mechanism.HLS_SHA256:
        return hashlib.sha256(secret + _told(prover, other)).digest()
    check_supported(mechanism)
    return _aes(other.challenge, secret)


def _aes(challenge: bytes, secret: bytes) -> bytes:
    padded = challenge + bytes(-len(challenge) % _AES_BLOCK)
    cipher = Cipher(algorithms.AES(secret), modes.ECB()).encryptor()  # noqa: S305  # the meters' way, not ours
    return cipher.update(padded) + cipher.finalize()
