"""What carries the messages of DLMS: a link that opens, takes and brings messages, and closes.

HDLC and the TCP/UDP wrapper are such links; the language above does not know which of them it is on.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from kilovatt.wire.protocols.framing.connection import LineSpeed


@dataclass(frozen=True, slots=True)
class LinkOpened:
    """The other end agreed."""


@dataclass(slots=True)
class MessageReceived:
    """A whole message (an APDU) came. `unasked`: it came by itself (a push), not as an answer.

    Not frozen: one is made of every answer, and those that are take three times as long to make.
    """

    message: bytes
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class WriteMore:
    """These bytes must be written for more to come: an acknowledgement, the next frames."""

    data: bytes


@dataclass(frozen=True, slots=True)
class LinkClosed:
    """The other end is disconnected."""


LinkEvent: TypeAlias = LinkOpened | MessageReceived | WriteMore | LinkClosed


class Link(Protocol):
    """The asking end of a link to one meter."""

    @property
    def speed(self) -> LineSpeed | None:
        """At which speed what is to be written goes; None for the line's own."""

    @property
    def has_part(self) -> bool:
        """Whether a part of something has come that is not whole yet."""

    def open(self) -> bytes:
        """Begin afresh, and return what to write; nothing for links that need no opening."""

    def send(self, message: bytes) -> bytes:
        """Return what to write for a message. Raises LocalProtocolError while another is under way."""

    def resend(self) -> bytes:
        """Return what to write when what was written last brought nothing, or noise."""

    def receive(self, data: bytes) -> list[LinkEvent]:
        """Take bytes in any pieces, and return what they bring.

        Raises RemoteProtocolError; the link can then `resend`, or begin afresh.
        """

    def after_silence(self) -> bytes:
        """Return what is to be written only once the line is silent; nothing for most links."""

    def close(self) -> bytes:
        """Return what to write to end; nothing for links that need no end."""


class MessageServer(Protocol):
    """What answers messages at the other end of a link."""

    def opened(self, client: int) -> None:
        """Hear that a client begins afresh: whatever was associated is no more."""

    def answer(self, client: int, message: bytes) -> bytes | None:
        """Return the answer to a client's message, or None to keep silent."""


class ServerLink(Protocol):
    """The answering end of a link."""

    def hear(self, data: bytes) -> bytes | None:
        """Take what came, and return what to write; None to keep silent."""

    def connected(self) -> None:
        """Hear that what carries the link (a TCP connection) was made anew; nothing to those that need none."""
