"""One side of a conversation with one meter, asking: whose turn it is, and what came back."""

from typing import ClassVar

from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.protocols.framing.status_language import UNIVERSAL_ADDRESS, StatusConnection
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.writes import ADDRESS_MAX


class MercuryV2Connection(StatusConnection):
    """A conversation with the meter at an address. Raises LocalProtocolError for one that no meter answers at."""

    __slots__ = ()
    spoken: ClassVar = MercuryV2Request

    def __init__(self, address: int) -> None:
        if not UNIVERSAL_ADDRESS <= address <= ADDRESS_MAX:
            raise LocalProtocolError(f"an address is {UNIVERSAL_ADDRESS} to {ADDRESS_MAX}: got {address}")
        super().__init__(bytes([address]))

    def address_in(self, frame: bytes) -> int:
        """Return the address of a frame that has one whole."""
        return frame[0]
