"""Lines of datagrams: a meter that speaks DLMS in a wrapper over UDP.

Datagrams get lost, come twice and out of order. What is lost is asked again; what came twice or late is known by what
it answers, so such lines are for languages whose answers say that (`NumbersAnswers`).
"""

import asyncio
import os
import socket
from typing import cast

from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import UdpAddress


class UdpChannel(Channel, asyncio.DatagramProtocol):
    """A socket that hears one correspondent only."""

    def __init__(self) -> None:
        super().__init__()
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = asyncio.get_running_loop().create_future()

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
        """Send bytes as one datagram."""
        if self._transport is not None and self.lost_because is None:
            self._transport.sendto(data)

    async def close(self) -> None:
        """Close the socket."""
        self.lost_because = self.lost_because or "closed"
        if self._transport is not None:
            self._transport.abort()
            await self._closed


async def open_udp(address: UdpAddress, *, connect_timeout_s: float) -> UdpChannel:
    """Return an open socket; whether anybody hears it, only answers show. Raises NoRouteError with what happened."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(connect_timeout_s):
            _, channel = await loop.create_datagram_endpoint(UdpChannel, remote_addr=(address.host, address.port))
    except TimeoutError as error:
        raise NoRouteError(f"{address} was not found within {connect_timeout_s:g} s") from error
    except OSError as error:
        raise NoRouteError(f"{address} cannot be reached: {_reason(error)}") from error
    return channel


def _reason(error: Exception) -> str:
    number = None if isinstance(error, socket.gaierror) else getattr(error, "errno", None)
    return str(error) if number is None else os.strerror(number)
