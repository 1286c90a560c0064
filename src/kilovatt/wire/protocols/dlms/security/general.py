"""General ciphering (DDh): a message from one end to another, past those between, perhaps with a key made for it.

Keys are agreed by ECDH of suites 1 and 2, with an ephemeral key of the sender (one pass) or static keys on both
sides, or come wrapped. By the text of the standard (IEC 62056-5-3, 5.3.4.6 and 5.3.7.2.4); not verified against a
real meter.
"""

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

from kilovatt.wire.protocols.dlms.apdu.ciphered import GeneralCiphered, KeyIs, KeyTold, Route
from kilovatt.wire.protocols.dlms.security.elliptic import (
    agreed_key,
    is_signed,
    public_bytes,
    public_key,
    sign,
    wrapped_key,
)
from kilovatt.wire.protocols.dlms.security.sealing import Protection, Sealer, SecurityError, Suite

ONE_PASS, STATIC = 1, 2
_MASTER = 0


def sealed_generally(
    text: bytes, sealer: Sealer, route: Route, *, told: KeyTold | None = None, protection: Protection = Protection.BOTH
) -> GeneralCiphered:
    """Return a message sealed for its recipient; `sealer` has the key that `told` tells of."""
    return GeneralCiphered(route, told, sealer.seal(text, protection, context=route.encode()))


def opened_generally(came: GeneralCiphered, sealer: Sealer, *, wanted: Protection = Protection.BOTH) -> bytes:
    """Return the text; `sealer` has the key that the message tells of, and the title of its sender.

    Raises SecurityError, also for a message of another sender or to another recipient.
    """
    if came.route.originator != sealer.peer_title:
        raise SecurityError(f"a message of system title {came.route.originator.hex()}", came.sealed)
    if came.route.recipient != sealer.title:
        raise SecurityError(f"a message for system title {came.route.recipient.hex()}", came.sealed)
    return sealer.open(came.sealed, wanted, context=came.route.encode())


def key_wrapped(wrapping: bytes, key: bytes) -> KeyTold:
    """Return how a key is told that is wrapped with the master key."""
    return KeyTold(KeyIs.WRAPPED, _MASTER, wrapped_key(wrapping, key))


def key_of_one_pass(
    ephemeral: EllipticCurvePrivateKey,
    signing: EllipticCurvePrivateKey,
    theirs: EllipticCurvePublicKey,
    *,
    suite: Suite,
    route: Route,
) -> tuple[KeyTold, bytes]:
    """Return how the key is told, and the key. `ephemeral` must be new each time: chance is the caller's."""
    public = public_bytes(ephemeral.public_key())
    told = KeyTold(KeyIs.AGREED, ONE_PASS, public + sign(signing, public, suite))
    key = agreed_key(ephemeral, theirs, suite=suite, sender=route.originator, recipient=route.recipient)
    return told, key


def key_of_one_pass_told(
    told: KeyTold, ours: EllipticCurvePrivateKey, signer: EllipticCurvePublicKey, *, suite: Suite, route: Route
) -> bytes:
    """Return the key that the other end has made and told. Raises SecurityError."""
    half = len(told.given) // 2
    public, signature = told.given[:half], told.given[half:]
    if (told.kind, told.which) != (KeyIs.AGREED, ONE_PASS):
        raise SecurityError("a key that was not agreed in one pass", told.given)
    if not is_signed(signer, public, signature, suite):
        raise SecurityError("an ephemeral key with a wrong signature", told.given)
    theirs = public_key(public, suite)
    return agreed_key(ours, theirs, suite=suite, sender=route.originator, recipient=route.recipient)


def key_of_static(
    ours: EllipticCurvePrivateKey, theirs: EllipticCurvePublicKey, *, suite: Suite, route: Route
) -> tuple[KeyTold, bytes]:
    """Return how the key is told, and the key of static keys on both sides: another for each transaction."""
    sender = route.originator + route.transaction
    told = KeyTold(KeyIs.AGREED, STATIC)
    return told, agreed_key(ours, theirs, suite=suite, sender=sender, recipient=route.recipient)
