"""Messages of an association sealed and opened: under the tag of their service, or in general ciphering."""

from kilovatt.wire.protocols.dlms.apdu.ciphered import (
    SEALED_TAGS,
    GeneralCiphered,
    GeneralSealed,
    KeyIs,
    KeyTold,
    ServiceSealed,
    decode_sealed,
    has_dedicated_tag,
    has_global_tag,
)
from kilovatt.wire.protocols.dlms.security.sealing import SEAL_BYTES, TITLE_BYTES, Protection, Sealer, SecurityError

OVERHEAD_BYTES = SEAL_BYTES + TITLE_BYTES + 7
"""By how much a message grows at most: security header, tag, title, lengths."""
_UNICAST = KeyTold(KeyIs.IDENTIFIED, 0)


class Ciphering:
    """What protects the messages of one association.

    `general`: messages go as general ciphering (DBh, DCh), not under the tags of their services. `dedicated` is the
    sealer of the key that was made for this association, if one was.
    """

    def __init__(self, sealer: Sealer, protection: Protection = Protection.BOTH, *, general: bool = False) -> None:
        self.sealer = sealer
        self.protection = protection
        self.general = general
        self.dedicated: Sealer | None = None

    def seal(self, message: bytes) -> bytes:
        """Return a message sealed, with the dedicated key where there is one."""
        sealer = self.dedicated or self.sealer
        sealed, is_dedicated = sealer.seal(message, self.protection), self.dedicated is not None
        has_tag = has_dedicated_tag(message[0]) if is_dedicated else has_global_tag(message[0])
        if self.general or not has_tag:
            return GeneralSealed(sealer.title, sealed, is_dedicated).encode()
        return ServiceSealed(message[0], sealed, is_dedicated).encode()

    def seal_globally(self, message: bytes) -> bytes:
        """Return a message sealed with the global key under its own tag: what an association begins with."""
        return ServiceSealed(message[0], self.sealer.seal(message, self.protection)).encode()

    def open(self, message: bytes) -> bytes:
        """Return a sealed message in the clear.

        Raises SecurityError for one in the clear, of another title, with a wrong tag or counter, with a text of
        another service than its tag says, or with a key that was not agreed upon; MalformedError.
        """
        if message[:1] == b"" or message[0] not in SEALED_TAGS:
            said = f"tag {message[:1].hex()}h"
            raise SecurityError(f"a message in the clear ({said}) where a ciphered one is wanted", message)
        made = decode_sealed(message)
        match made:
            case ServiceSealed():
                return self._own(made, message)
            case GeneralSealed():
                self._check_title(made.title, message)
                return self._by(made.is_dedicated, message).open(made.sealed, self.protection)
            case GeneralCiphered():
                return self._routed(made, message)
            case _:
                raise SecurityError("a signed message, and none was agreed upon", message)

    def _own(self, made: ServiceSealed, message: bytes) -> bytes:
        text = self._by(made.is_dedicated, message).open(made.sealed, self.protection)
        if not text or text[0] != made.service:
            raise SecurityError(f"tag {message[0]:02X}h over a message of another service", message)
        return text

    def _routed(self, made: GeneralCiphered, message: bytes) -> bytes:
        self._check_title(made.route.originator, message)
        if made.route.recipient not in (b"", self.sealer.title):
            raise SecurityError(f"a message for system title {made.route.recipient.hex()}", message)
        if made.key not in (None, _UNICAST):
            raise SecurityError("a key made for one message, and the keys of an association are wanted", message)
        return self.sealer.open(made.sealed, self.protection, context=made.route.encode())

    def _by(self, is_dedicated: bool, message: bytes) -> Sealer:  # noqa: FBT001  # as the message says
        if not is_dedicated:
            return self.sealer
        if self.dedicated is None:
            raise SecurityError("a message with a dedicated key, and none was agreed upon", message)
        return self.dedicated

    def _check_title(self, title: bytes, message: bytes) -> None:
        if self.sealer.peer_title is not None and title != self.sealer.peer_title:
            raise SecurityError(f"a message of system title {title.hex()}", message)
