"""Lines of datagrams: a meter that speaks DLMS in a wrapper over UDP.

Datagrams get lost, come twice and out of order. What is lost is asked again; what came twice or late is known by the
number of the question it answers (`NumbersAnswers`). DLMS has sixteen such numbers, so no more than sixteen datagrams
are sent in the time in which an answer may still come: the number of a question is not used again before that.
"""

import asyncio
import os
import socket
from typing import cast

from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import UdpAddress

NUMBERS = 16
"""How many questions DLMS tells apart."""
ANSWERS_WITHIN_S = 2.5
"""As a line is patient by default."""


class UdpChannel(Channel, asyncio.DatagramProtocol):
    """A socket that hears one correspondent only, and sends at most one datagram in `pace_s`."""

    def __init__(self, *, pace_s: float) -> None:
        super().__init__()
        self._pace_s = pace_s
        self._loop = asyncio.get_running_loop()
        self._next_at = 0.0
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports are none by descent.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Pass on a datagram."""
        del addr
        self.feed(data)

    def error_received(self, exc: Exception) -> None:
        """Note that the other end said that nobody is there."""
        self.lose(f"datagrams are not taken: {_reason(exc)}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the socket is gone."""
        self.lose(f"the socket was lost: {exc}" if exc else "the socket was closed")
        if not self._closed.done():
            self._closed.set_result(None)

    def write(self, data: bytes) -> None:
        """Send bytes as one datagram, at once or when it is time."""
        now = self._loop.time()
        due_at = max(now, self._next_at)
        self._next_at = due_at + self._pace_s
        if due_at > now:
            self._loop.call_at(due_at, self._send, data)
        else:
            self._send(data)

    def _send(self, data: bytes) -> None:
        if self._transport is not None and self.lost_because is None:
            self._transport.sendto(data)

    async def close(self) -> None:
        """Close the socket."""
        self.lost_because = self.lost_because or "closed"
        if self._transport is not None:
            self._transport.abort()
            await self._closed


async def open_udp(
    address: UdpAddress, *, connect_timeout_s: float, answers_within_s: float = ANSWERS_WITHIN_S
) -> UdpChannel:
    """Return an open socket; whether anybody hears it, only answers show. Raises NoRouteError with what happened.

    `answers_within_s`: how long after a question its answer may come, however late.
    """
    loop = asyncio.get_running_loop()
    pace_s = answers_within_s / NUMBERS
    try:
        async with asyncio.timeout(connect_timeout_s):
            _, channel = await loop.create_datagram_endpoint(
                lambda: UdpChannel(pace_s=pace_s), remote_addr=(address.host, address.port)
            )
    except TimeoutError as error:
        raise NoRouteError(f"{address} was not found within {connect_timeout_s:g} s") from error
    except OSError as error:
        raise NoRouteError(f"{address} cannot be reached: {_reason(error)}") from error
    return channel


def _reason(error: Exception) -> str:
    number = None if isinstance(error, socket.gaierror) else getattr(error, "errno", None)
    return str(error) if number is None else os.strerror(number)
