"""The secrets of one meter by the slots they are kept in, wherever that is: files, plans, a vault."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kilovatt.wire.protocols.dlms.security.sealing import Keys, Suite

ENCRYPTION, AUTHENTICATION, SECRET = "encryption", "authentication", "secret"
SLOTS = (ENCRYPTION, AUTHENTICATION, SECRET)
MASTER = "master"
"""The slot of the key that wraps new ones: no session is opened with it."""
_SUITES = {16: Suite.AES_GCM_128, 32: Suite.P384_AES_GCM_256}
_SECRET_BYTES = 16


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for translation."""
    return sentence


class UnusableKeysError(Exception):
    """Keys that are none together. The text is English, and says nothing of what they hold.

    `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


@dataclass(frozen=True, slots=True)
class KeyBundle:
    """The keys that cipher and authenticate, and the secret of mechanisms that prove without them."""

    keys: Keys | None = field(default=None, repr=False)
    secret: bytes | None = field(default=None, repr=False)


def slots_of(bundle: KeyBundle) -> dict[str, str]:
    """Return secrets by their slots in hexadecimal, for a plan in a file."""
    parts: dict[str, bytes] = {}
    if bundle.keys is not None:
        parts = {ENCRYPTION: bundle.keys.encryption, AUTHENTICATION: bundle.keys.authentication}
    if bundle.secret is not None:
        parts[SECRET] = bundle.secret
    return {slot: part.hex() for slot, part in parts.items()}


def key_bundle(by_slot: Mapping[str, bytes]) -> KeyBundle:
    """Return the secrets of a meter by its slots. Raises UnusableKeysError for some that do not go together.

    The length of the keys tells the suite: 16 bytes are AES-128, 32 are AES-256.
    """
    encryption, authentication = by_slot.get(ENCRYPTION), by_slot.get(AUTHENTICATION)
    secret = by_slot.get(SECRET)
    if secret is not None and len(secret) != _SECRET_BYTES:
        raise UnusableKeysError(
            gettext_noop("The secret has %(got)s bytes, and %(wanted)s are wanted."),
            got=len(secret),
            wanted=_SECRET_BYTES,
        )
    if encryption is None and authentication is None:
        return KeyBundle(None, secret)
    if encryption is None or authentication is None:
        raise UnusableKeysError(gettext_noop("An encryption key and an authentication key are wanted, both or none."))
    if len(encryption) not in _SUITES or len(encryption) != len(authentication):
        raise UnusableKeysError(
            gettext_noop(
                "The keys have %(encryption)s and %(authentication)s bytes, and both 16 or both 32 are wanted."
            ),
            encryption=len(encryption),
            authentication=len(authentication),
        )
    return KeyBundle(Keys(encryption, authentication, _SUITES[len(encryption)]), secret)
