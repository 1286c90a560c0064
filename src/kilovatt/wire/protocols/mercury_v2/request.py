"""What every request of this language is: a code, perhaps the number of a parameter, and fields behind it."""

from typing import ClassVar

from kilovatt.wire.protocols.framing.connection import AnswerT
from kilovatt.wire.protocols.framing.layout import Layout
from kilovatt.wire.protocols.framing.status_language import ONLY_DONE, StatusRequest


class MercuryV2Request(StatusRequest[AnswerT]):
    """A request with its parameters. `level` is the access level that a meter wants for it, 0 for none."""

    __slots__ = ()
    level: ClassVar[int] = 1

    def answering_address(self, address: int) -> int:
        """The address that the answer comes from when the request goes to `address`."""
        return address

    def answered_from(self, head: bytes) -> bytes:
        """Return the address that heads the answer."""
        return bytes([self.answering_address(head[0])])


class Command(MercuryV2Request[None]):
    """A request that is answered by a status alone."""

    __slots__ = ()

    @property
    def says(self) -> tuple[Layout[None], ...]:
        return ONLY_DONE
