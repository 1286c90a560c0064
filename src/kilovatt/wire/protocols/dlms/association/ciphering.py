"""Which tag a message has when it is ciphered, and back (IEC 62056-5-3, 6.3: global ciphering)."""

from kilovatt.wire.protocols.dlms.apdu.reading import Cursor
from kilovatt.wire.protocols.dlms.security.suite_0 import AUTHENTICATED, ENCRYPTED, Sealer, SecurityError
from kilovatt.wire.protocols.dlms.values import encode_length

GENERAL_GLOBAL = 0xDB
_GLOBAL = {0x01: 0x21, 0x08: 0x28, 0xC0: 0xC8, 0xC1: 0xC9, 0xC3: 0xCB, 0xC4: 0xCC, 0xC5: 0xCD, 0xC7: 0xCF}
_GLOBAL |= {0xC2: 0xCA, 0x0E: 0x2E}
_PLAIN = {ciphered: plain for plain, ciphered in _GLOBAL.items()}
CIPHERED_TAGS = frozenset({GENERAL_GLOBAL, *_PLAIN})


def ciphered(message: bytes, sealer: Sealer, *, general: bool, control: int = AUTHENTICATED | ENCRYPTED) -> bytes:
    """Return a message sealed: under the tag of its service, or as general global ciphering with our title."""
    sealed = sealer.seal(message, control)
    if general or message[0] not in _GLOBAL:
        return bytes((GENERAL_GLOBAL, len(sealer.title))) + sealer.title + encode_length(len(sealed)) + sealed
    return bytes((_GLOBAL[message[0]],)) + encode_length(len(sealed)) + sealed


def deciphered(message: bytes, sealer: Sealer, control: int = AUTHENTICATED | ENCRYPTED) -> bytes:
    """Return a sealed message in the clear.

    Raises SecurityError for one in the clear, of another title, with a wrong tag or counter, or with a text of
    another service than its tag says.
    """
    cursor = Cursor(message)
    tag = cursor.byte()
    if tag == GENERAL_GLOBAL:
        title = cursor.counted()
        if sealer.peer_title is not None and title != sealer.peer_title:
            raise SecurityError(f"a message of system title {title.hex()}", message)
    elif tag not in _PLAIN:
        raise SecurityError(f"a message in the clear (tag {tag:02X}h) where a ciphered one is wanted", message)
    sealed = cursor.counted()
    cursor.end()
    text = sealer.open(sealed, control)
    if tag in _PLAIN and (not text or text[0] != _PLAIN[tag]):
        raise SecurityError(f"tag {tag:02X}h over a message of another service", message)
    return text
