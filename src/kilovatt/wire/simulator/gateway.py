"""Transparent gateways: a TCP port with a line of meters behind it, bytes as they are."""

import asyncio
import errno
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from kilovatt.wire.explain.fields import gettext_noop
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.faults import FaultKind

RECEIVE_BYTES = 4096
UNSENT_BYTES_MAX = 65_536
"""A client that does not read loses answers beyond this, as it would from a gateway's small memory."""
_BITS_PER_CHARACTER = 10


class ListenError(Exception):
    """A port cannot be listened on. Its text says why and what to do.

    It is English; `sentence` is to be translated and then filled in with `values`.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence % values)
        self.sentence = sentence
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a line is: its speed [bit/s], None for no delay at all, and how long a meter thinks [s]."""

    baud: int | None = None
    think_s: float = 0.0

    def answer_delay_s(self, request_bytes: int, answer_bytes: int) -> float:
        """Return when the last byte of an answer is there, from the first byte of the request [s]."""
        if self.baud is None:
            return self.think_s
        return self.think_s + (request_bytes + answer_bytes) * _BITS_PER_CHARACTER / self.baud


class Line:
    """A bus in time: puts bytes on it, and brings back what comes when it comes."""

    def __init__(self, bus: Bus, clock: TownClock, *, pace: Pace | None = None) -> None:
        self.bus = bus
        self._clock = clock
        self._pace = pace or Pace()
        self._loop = asyncio.get_running_loop()

    def put(self, data: bytes, deliver: Callable[[bytes], None]) -> None:
        """Put bytes on the line; `deliver` is called with each piece that comes back, at its time."""
        for delivery in self.bus.hear(data, now=self._clock.now(), at_s=self._loop.time()):
            delay_s = delivery.delay_s + self._pace.answer_delay_s(len(data), len(delivery.data))
            if delay_s > 0:
                self._loop.call_later(delay_s, deliver, delivery.data)
            else:
                deliver(delivery.data)


class LineGateway:
    """One line behind one TCP port. One client at a time: a new connection takes the place of the old.

    An answer that comes late goes to whoever is connected then, as a transparent gateway knows no better.
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._refuses = FaultKind.UNREACHABLE in line.bus.weather.faults.kinds
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Server | None = None
        self._unanswering: socket.socket | None = None

    async def listen(self, host: str, port: int) -> int:
        """Begin to accept connections and return the port (0 asks for any). Raises ListenError.

        The port of an unreachable line is held, so that no other program takes it, and refuses connections.
        """
        try:
            if self._refuses:
                # Bound, and not listening: the system refuses.
                self._unanswering = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                self._unanswering.bind((host, port))
                return cast("int", self._unanswering.getsockname()[1])
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: _Client(self), host, port)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ListenError(listen_sentence(error), host=host, port=port, reason=reason) from error
        return cast("int", self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and hang up."""
        if self._unanswering is not None:
            self._unanswering.close()
        if self._client is not None:
            self._client.abort()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def connected(self, client: asyncio.Transport) -> None:
        """Take a client, and hang up on the one before."""
        if self._client is not None:
            self._client.abort()
        self._client = client
        self._line.bus.connected()

    def received(self, client: asyncio.Transport, data: bytes) -> None:
        """Put a client's bytes on the line."""
        if client is self._client:
            self._line.put(data, self._deliver)

    def disconnected(self, client: asyncio.Transport | None) -> None:
        """Forget a client that went away."""
        if client is self._client:
            self._client = None

    def _deliver(self, data: bytes) -> None:
        client = self._client
        if client is not None and client.get_write_buffer_size() <= UNSENT_BYTES_MAX:
            client.write(data)


class _Client(asyncio.BufferedProtocol):
    def __init__(self, gateway: LineGateway) -> None:
        self._gateway = gateway
        self._received = bytearray(RECEIVE_BYTES)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._gateway.connected(self._transport)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's signature
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        assert self._transport is not None
        self._gateway.received(self._transport, bytes(self._received[:nbytes]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._gateway.disconnected(self._transport)


def listen_sentence(error: OSError) -> str:
    """Return the sentence that says why a port cannot be listened on, to be filled in with host, port and reason."""
    match error.errno:
        case errno.EADDRINUSE:
            return gettext_noop(
                "Port %(port)s of %(host)s is taken by another program. Stop that program, or choose another port."
            )
        case errno.EACCES | errno.EPERM:
            return gettext_noop(
                "Port %(port)s of %(host)s may not be used without special rights. Choose a port from 1024 on."
            )
        case errno.EADDRNOTAVAIL:
            return gettext_noop(
                "%(host)s is not an address of this machine. Listen on 127.0.0.1, or on an address it has."
            )
        case _:
            return gettext_noop(
                "Port %(port)s of %(host)s cannot be listened on: %(reason)s. Check the address and the port."
            )
