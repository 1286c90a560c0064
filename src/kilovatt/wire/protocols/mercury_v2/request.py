"""What every request of this language is: a code, perhaps the number of a parameter, and fields behind it."""

from collections.abc import Mapping
from typing import ClassVar, Self

from kilovatt.wire.protocols.framing.connection import AnswerT, Request
from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, fixed

STATUS_MASK = 0x0F
"""The high half of a status byte is to be ignored."""
OK = 0


def nothing_more() -> None:
    """Make the value of an answer that only says "done"."""


DONE: Layout[None] = Record(make=nothing_more, fields={"status": fixed(bytes([OK]))})
"""The answer of a status byte that says "done"; any other status is a refusal, which the connection makes of it."""


class MercuryV2Request(Request[AnswerT]):
    """A request with its parameters. `level` is the access level that a meter wants for it, 0 for none."""

    __slots__ = ()
    prefix: ClassVar[bytes]
    level: ClassVar[int] = 1
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

    def answering_address(self, address: int) -> int:
        """The address that the answer comes from when the request goes to `address`."""
        return address

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """The request that a meter hears. Raises ValueError for what is not this request."""
        layout = Record(cls, cls.asks)
        size = len(cls.prefix) + layout.size
        if not body.startswith(cls.prefix) or len(body) != size:
            raise ValueError(f"{cls.__name__} has {size} bytes from {cls.prefix.hex(' ')}, got {body.hex(' ')}")
        return layout.decode(body[len(cls.prefix) :])


class Command(MercuryV2Request[None]):
    """A request that is answered by a status alone."""

    __slots__ = ()

    @property
    def says(self) -> tuple[Layout[None], ...]:
        return (DONE,)
