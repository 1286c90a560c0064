"""Channels: an open line, whatever it is made of: bytes out by `write`, bytes in by one `feed`."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.protocols.framing.connection import LineSpeed, Outgoing


class NoRouteError(Exception):
    """The gateway or port could not be opened, or the connection was lost; the message says what happened."""

    def __init__(self, message: str, outcome: Outcome = Outcome.NO_ROUTE) -> None:
        super().__init__(message)
        self.outcome = outcome


class Channel(ABC):
    """An open line.

    Whoever listens sets `on_bytes` and `on_lost`; before that, bytes fall on the floor. `lost_because`
    is None while the line is there.
    """

    __slots__ = ("lost_because", "lost_outcome", "on_bytes", "on_lost")

    def __init__(self) -> None:
        self.on_bytes: Callable[[bytes], None] = _unheard
        self.on_lost: Callable[[str], None] = _unnoticed
        self.lost_because: str | None = None
        self.lost_outcome = Outcome.NO_ROUTE
        """What a session is called that its line is lost to."""

    def feed(self, data: bytes) -> None:
        """Pass on what came in."""
        self.on_bytes(data)

    def lose(self, because: str) -> None:
        """Say, once, that the line is gone."""
        if self.lost_because is None:
            self.lost_because = because
            self.on_lost(because)

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Send bytes at once; on a lost line they are dropped, its listener has been told."""

    def say(self, outgoing: Outgoing) -> None:
        """Send a request; a channel that keeps what passes hides what is secret of it."""
        self.write(outgoing.data)

    def go_at(self, speed: LineSpeed | None, *, once_sent: bool = False) -> None:
        """Change speed (None: the line's own) at once, or once what was written is sent; a gateway keeps its own."""
        del speed, once_sent

    @abstractmethod
    async def close(self) -> None:
        """Close the line, quietly: nobody is told that it was lost."""


def _unheard(data: bytes) -> None:
    del data


def _unnoticed(because: str) -> None:
    del because
