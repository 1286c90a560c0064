"""One side of a conversation with one meter, asking: whose turn it is, and what came back.

Asked at address 0, a meter answers from its own.
"""

from typing import ClassVar

from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.protocols.framing.status_language import UNIVERSAL_ADDRESS, StatusConnection
from kilovatt.wire.protocols.nzif.hearing import ADDRESS_MAX, address_of, head_of
from kilovatt.wire.protocols.nzif.request import NzifRequest


class NzifConnection(StatusConnection):
    """A conversation with the meter at an address. Raises LocalProtocolError for one that no meter answers at."""

    __slots__ = ()
    spoken: ClassVar = NzifRequest

    def __init__(self, address: int) -> None:
        if not UNIVERSAL_ADDRESS <= address <= ADDRESS_MAX:
            raise LocalProtocolError(f"an address is {UNIVERSAL_ADDRESS} to {ADDRESS_MAX}: got {address}")
        super().__init__(head_of(address), anyone=address == UNIVERSAL_ADDRESS)

    def address_in(self, frame: bytes) -> int:
        """Return the address of a frame that has one whole."""
        return address_of(frame)
