"""What every request of this language is: a code, perhaps numbers that belong to it, and fields behind it."""

from enum import IntEnum

from kilovatt.wire.protocols.framing.connection import AnswerT
from kilovatt.wire.protocols.framing.layout import Layout
from kilovatt.wire.protocols.framing.status_language import ONLY_DONE, StatusRequest


class Status(IntEnum):
    """The byte that answers for itself: done, or why not."""

    DONE = 0
    UNKNOWN_REQUEST = 1
    INTERNAL_ERROR = 2
    ACCESS_DENIED = 3
    CLOCK_ALREADY_CORRECTED = 4
    CHANNEL_CLOSED = 5
    ASK_AGAIN = 6
    """Within half a second."""
    NOT_READY = 7
    """What was asked is not measured yet."""
    BUSY = 8
    """With something of the same kind."""
    OVERFLOW = 9
    CANNOT_CONTROL = 10


class NzifRequest(StatusRequest[AnswerT]):
    """A request with its parameters."""

    __slots__ = ()


class Command(NzifRequest[None]):
    """A request that is answered by a status alone."""

    __slots__ = ()

    @property
    def says(self) -> tuple[Layout[None], ...]:
        return ONLY_DONE
