"""What both ends have agreed upon, as the client keeps it, and whose turn it is."""

from dataclasses import dataclass, field
from typing import Any

from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance
from kilovatt.wire.protocols.dlms.apdu.invoking import NUMBER_MASK, invoke_byte
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.ciphering import OVERHEAD_BYTES, Ciphering
from kilovatt.wire.protocols.dlms.association.hls import Signing
from kilovatt.wire.protocols.dlms.security.sealing import Protection, Sealer
from kilovatt.wire.protocols.dlms.values import MalformedError
from kilovatt.wire.protocols.framing.connection import LocalProtocolError, Refusal, RefusalReason

MESSAGE_BYTES_MAX = 0xFFFF
_NOTHING = Conformance(0)
_REASONS = {
    AccessResult.ACCESS_DENIED: RefusalReason.ACCESS_DENIED,
    AccessResult.SCOPE_VIOLATED: RefusalReason.ACCESS_DENIED,
    AccessResult.OBJECT_UNDEFINED: RefusalReason.UNKNOWN_REQUEST,
    AccessResult.OBJECT_UNAVAILABLE: RefusalReason.UNKNOWN_REQUEST,
    AccessResult.CLASS_INCONSISTENT: RefusalReason.UNKNOWN_REQUEST,
    AccessResult.HARDWARE_FAULT: RefusalReason.INTERNAL_ERROR,
    AccessResult.TEMPORARY_FAILURE: RefusalReason.INTERNAL_ERROR,
}


@dataclass(slots=True, kw_only=True)
class Session:
    """One client of one meter. `ciphering` is there once a ciphered association has begun."""

    sealer: Sealer | None = None
    signing: Signing | None = None
    protection: Protection = Protection.BOTH
    general: bool = False
    ciphering: Ciphering | None = field(default=None, repr=False)
    conformance: Conformance = _NOTHING
    message_bytes_max: int = MESSAGE_BYTES_MAX
    """The longest message that the meter takes."""
    number: int = 0
    """Of the latest question (invoke-id)."""

    def begin(self) -> None:
        """Forget what was agreed upon."""
        self.ciphering = None
        self.conformance = _NOTHING
        self.message_bytes_max = MESSAGE_BYTES_MAX

    def turn(self) -> int:
        """Return invoke-id and priority for the next question."""
        self.number = (self.number + 1) & NUMBER_MASK
        return invoke_byte(self.number)

    @property
    def room(self) -> int:
        """The longest message in the clear that the meter takes [bytes]."""
        return self.message_bytes_max - (OVERHEAD_BYTES if self.ciphering is not None else 0)

    def sealing(self) -> Sealer:
        """Return the sealer. Raises LocalProtocolError where no keys were given."""
        if self.sealer is None:
            raise LocalProtocolError("a ciphered association needs keys")
        return self.sealer


def understood(message: bytes, kinds: tuple[type[Any], ...], invoke: int | None = None) -> Any:  # noqa: ANN401  # one of kinds
    """Return the message if it is of a kind that was wanted, and answers this invoke-id. Raises MalformedError."""
    said: Any = decode_message(message)
    if not isinstance(said, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise MalformedError(f"a {type(said).__name__} where {wanted} is wanted", message, 0)
    if invoke is not None and said.invoke & NUMBER_MASK != invoke & NUMBER_MASK:
        words = f"an answer to invoke-id {said.invoke & NUMBER_MASK}, and {invoke & NUMBER_MASK} is wanted"
        raise MalformedError(words, message, 2)
    return said


def refusal(result: AccessResult) -> Refusal:
    """Return a result that is no success as the meter's no."""
    return Refusal(_REASONS.get(result, RefusalReason.OTHER), int(result))
