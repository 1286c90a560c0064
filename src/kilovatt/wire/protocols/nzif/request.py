"""What every request of this language is: a code, perhaps numbers that belong to it, and fields behind it."""

from collections.abc import Mapping
from enum import IntEnum
from typing import ClassVar, Self

from kilovatt.wire.protocols.framing.connection import AnswerT, Request
from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, fixed


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


STATUS_MASK = 0x0F
"""Programs look at the low half of a status alone."""


def nothing_more() -> None:
    """Make the value of an answer that only says "done"."""


DONE: Layout[None] = Record(make=nothing_more, fields={"status": fixed(bytes([Status.DONE]))})
"""The answer of a status that says "done"; of any other the connection makes a refusal."""


class NzifRequest(Request[AnswerT]):
    """A request with its parameters."""

    __slots__ = ()
    prefix: ClassVar[bytes]
    asks: ClassVar[Mapping[str, Field]] = {}
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    """Which of the fields must not be kept."""

    @property
    def says(self) -> tuple[Layout[AnswerT], ...]:
        """The layouts an answer's data can have, the shortest first."""
        raise NotImplementedError

    @property
    def wants_data(self) -> bool:
        """Whether the answer carries more than a status."""
        return self.says != (DONE,)

    def body(self) -> bytes:
        """The request between address and checksum. Raises ValueError for what does not fit."""
        return self.prefix + Record(type(self), self.asks).encode(self)

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """The request that a meter hears. Raises ValueError for what is not this request."""
        layout = Record(cls, cls.asks)
        size = len(cls.prefix) + layout.size
        if not body.startswith(cls.prefix) or len(body) != size:
            raise ValueError(f"{cls.__name__} has {size} bytes from {cls.prefix.hex(' ')}, got {body.hex(' ')}")
        return layout.decode(body[len(cls.prefix) :])


class Command(NzifRequest[None]):
    """A request that is answered by a status alone."""

    __slots__ = ()

    @property
    def says(self) -> tuple[Layout[None], ...]:
        return (DONE,)
