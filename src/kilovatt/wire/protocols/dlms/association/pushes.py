"""What a meter sends unasked, in the clear or sealed."""

from kilovatt.wire.protocols.dlms.apdu.ciphered import SEALED_TAGS, GeneralCiphered, GeneralSealed, decode_sealed
from kilovatt.wire.protocols.dlms.apdu.general_block import FIRST_BLOCK, GENERAL_BLOCK
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification, EventNotification
from kilovatt.wire.protocols.dlms.association.block_transfer import BlockTransfer, Whole
from kilovatt.wire.protocols.dlms.association.ciphering import Ciphering
from kilovatt.wire.protocols.dlms.security.sealing import SecurityError
from kilovatt.wire.protocols.dlms.values import MalformedError


def pushed(message: bytes, ciphering: Ciphering | None = None) -> DataNotification | EventNotification:
    """Return what was pushed. With `ciphering` only a sealed message is taken; its sender's title is in it.

    Raises SecurityError and MalformedError.
    """
    if ciphering is not None:
        message = _opened(message, ciphering)
    elif message and message[0] in SEALED_TAGS:
        raise SecurityError("a sealed message, and no keys to open it", message)
    said = decode_message(message)
    if not isinstance(said, DataNotification | EventNotification):
        raise MalformedError(f"a {type(said).__name__} is nothing that is pushed", message, 0)
    return said


class PushReader:
    """Reads what one meter pushes, also in the blocks of general block transfer that follow one another unasked."""

    def __init__(self, ciphering: Ciphering | None = None) -> None:
        self.message = b""
        """The message that came last, whole."""
        self._ciphering = ciphering
        self._blocks = BlockTransfer()

    def hear(self, message: bytes) -> DataNotification | EventNotification | None:
        """Take a message; return what was pushed once it is whole. Raises SecurityError and MalformedError."""
        self.message = message
        if message[:1] == bytes((GENERAL_BLOCK,)):
            if message[2:6] == FIRST_BLOCK:
                self._blocks = BlockTransfer()
            came = self._blocks.hear(message)
            if not isinstance(came, Whole):
                return None
            self.message = came.message
        return pushed(self.message, self._ciphering)


def _opened(message: bytes, ciphering: Ciphering) -> bytes:
    known = ciphering.sealer.peer_title
    if known is None and message[:1] and message[0] in SEALED_TAGS:
        ciphering.sealer.peer_title = title_of(message)
    try:
        return ciphering.open(message)
    except SecurityError:
        # A title that proved nothing is not learnt.
        ciphering.sealer.peer_title = known
        raise


def title_of(message: bytes) -> bytes | None:
    """Return the system title of who sealed a message; None where it does not tell, or is in the clear.

    Raises MalformedError.
    """
    if not message or message[0] not in SEALED_TAGS:
        return None
    made = decode_sealed(message)
    if isinstance(made, GeneralSealed):
        return made.title
    return made.route.originator if isinstance(made, GeneralCiphered) else None
