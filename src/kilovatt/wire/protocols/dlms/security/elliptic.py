"""Suites 1 and 2: keys agreed by ECDH, signatures by ECDSA, keys wrapped (IEC 62056-5-3, 5.3.4 and 5.3.6; NSA Suite B).

Public keys and signatures are two numbers one after the other, as DLMS sends them.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from kilovatt.wire.protocols.dlms.security.sealing import SecurityError, Suite, SuiteNotSupportedError
from kilovatt.wire.protocols.framing.connection import LocalProtocolError

_ALGORITHM = bytes.fromhex("60857405080300"), bytes.fromhex("60857405080301")
"""What the agreed key is for: AES-GCM-128, AES-GCM-256 (the id of the algorithm)."""
_UNCOMPRESSED = b"\x04"


@dataclass(frozen=True, slots=True)
class _Curve:
    curve: ec.EllipticCurve
    digest: hashes.HashAlgorithm
    hashed: Callable[..., Any]
    number_bytes: int
    key_bytes: int
    algorithm: bytes


_CURVES = {
    Suite.P256_AES_GCM_128: _Curve(ec.SECP256R1(), hashes.SHA256(), hashlib.sha256, 32, 16, _ALGORITHM[0]),
    Suite.P384_AES_GCM_256: _Curve(ec.SECP384R1(), hashes.SHA384(), hashlib.sha384, 48, 32, _ALGORITHM[1]),
}


def private_key(number: int, suite: Suite) -> ec.EllipticCurvePrivateKey:
    """Return the private key of a number. Raises LocalProtocolError for one outside the curve's order."""
    try:
        return ec.derive_private_key(number, _curve(suite).curve)
    except ValueError as error:
        raise LocalProtocolError("a private key is outside the order of its curve") from error


def public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as DLMS sends it: both coordinates."""
    size, numbers = (key.key_size + 7) // 8, key.public_numbers()
    return numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")


def public_key(data: bytes, suite: Suite) -> ec.EllipticCurvePublicKey:
    """Return the public key that came. Raises SecurityError for a point that is not on the curve."""
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_curve(suite).curve, _UNCOMPRESSED + data)
    except ValueError as error:
        raise SecurityError("a public key that is no point of its curve", data) from error


def agreed_key(
    ours: ec.EllipticCurvePrivateKey,
    theirs: ec.EllipticCurvePublicKey,
    *,
    suite: Suite,
    sender: bytes,
    recipient: bytes,
) -> bytes:
    """Return the key both ends derive: one step of the concatenation KDF (NIST SP 800-56A, 5.8.1).

    `sender` and `recipient` are what each end brings to it: its system title, and with static keys on both sides
    the transaction behind the sender's.
    """
    curve = _curve(suite)
    shared = ours.exchange(ec.ECDH(), theirs)
    told = b"\x00\x00\x00\x01" + shared + curve.algorithm + sender + recipient
    return bytes(curve.hashed(told).digest()[: curve.key_bytes])


def sign(key: ec.EllipticCurvePrivateKey, content: bytes, suite: Suite) -> bytes:
    """Return the signature of a content: r and s. It is the same each time (RFC 6979): no chance is needed."""
    curve = _curve(suite)
    r, s = decode_dss_signature(key.sign(content, ec.ECDSA(curve.digest, deterministic_signing=True)))
    return r.to_bytes(curve.number_bytes, "big") + s.to_bytes(curve.number_bytes, "big")


def is_signed(key: ec.EllipticCurvePublicKey, content: bytes, signature: bytes, suite: Suite) -> bool:
    """Whether a signature is that of this content by the owner of the key."""
    curve = _curve(suite)
    if len(signature) != 2 * curve.number_bytes:
        return False
    r, s = (
        int.from_bytes(part, "big") for part in (signature[: len(signature) // 2], signature[len(signature) // 2 :])
    )
    try:
        key.verify(encode_dss_signature(r, s), content, ec.ECDSA(curve.digest))
    except InvalidSignature:
        return False
    return True


def wrapped_key(wrapping: bytes, key: bytes) -> bytes:
    """Return a key wrapped with another (RFC 3394), as new keys are sent to a meter."""
    return aes_key_wrap(wrapping, key)


def unwrapped_key(wrapping: bytes, wrapped: bytes) -> bytes:
    """Return the key within. Raises SecurityError if it was not wrapped with this one."""
    try:
        return aes_key_unwrap(wrapping, wrapped)
    except InvalidUnwrap as error:
        raise SecurityError("a wrapped key that does not open", b"") from error


def _curve(suite: Suite) -> _Curve:
    found = _CURVES.get(suite)
    if found is None:
        raise SuiteNotSupportedError(f"security suite {suite.name} has no curve")
    return found
