"""Lines through a TCP gateway."""

import asyncio
import os
import socket
import sys
import threading
from typing import cast

from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import TcpAddress

_BUFFER_BYTES = 4096
"""Ample: an answer is at most a few hundred bytes, and what is longer comes in pieces."""


class _Buffer(threading.local):
    """What all connections of a loop are read into: each is read, and what came passed on, before the next is."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(_BUFFER_BYTES))


_BUFFER = _Buffer()


class TcpChannel(Channel, asyncio.BufferedProtocol):
    """A connection to a gateway."""

    def __init__(self) -> None:
        super().__init__()
        self._view = _BUFFER.view
        self._transport: asyncio.Transport | None = None
        self._closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and have the system notice a gateway that died without a word."""
        # uvloop's transports are none by descent.
        self._transport = cast("asyncio.Transport", transport)
        connected = transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def lose_after(self, seconds: float) -> None:
        """Have the system end the connection when nothing of what was sent has arrived for so long."""
        connected = self._transport.get_extra_info("socket") if self._transport is not None else None
        if connected is not None and sys.platform == "linux":
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer to read into."""
        del sizehint
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what was read."""
        self.on_bytes(bytes(self._view[:nbytes]))

    def eof_received(self) -> None:
        """Note that the gateway hung up; the transport closes itself."""
        self.lose("the gateway closed the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone."""
        lost = _reason(exc) if isinstance(exc, OSError) else exc
        self.lose(f"the connection was lost: {lost}" if lost else "the gateway closed the connection")
        if not self._closed.done():
            self._closed.set_result(None)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self._transport is not None and self.lost_because is None:
            self._transport.write(data)

    async def close(self) -> None:
        """Close the connection and wait until it is, so that the gateway is free for the next one."""
        self.lost_because = self.lost_because or "closed"
        if self._transport is not None:
            # A request the gateway does not take must not keep us.
            self._transport.abort()
            await self._closed


async def open_tcp(address: TcpAddress, *, connect_timeout_s: float, arrives_within_s: float) -> TcpChannel:
    """Return an open connection. Raises NoRouteError with what happened.

    `arrives_within_s`: the connection is lost when the gateway has not taken for so long what was sent. The system
    would keep it for a quarter of an hour, and deliver it all at once when the network is back: questions that nobody
    waits for any more, or a command that was given up.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(connect_timeout_s):
            _, channel = await loop.create_connection(TcpChannel, address.host, address.port)
    except TimeoutError as error:
        raise NoRouteError(f"{address} did not take the call within {connect_timeout_s:g} s") from error
    except OSError as error:
        raise NoRouteError(f"{address} cannot be reached: {_reason(error)}") from error
    channel.lose_after(arrives_within_s)
    return channel


def _reason(error: OSError) -> str:
    # asyncio says "Connect call failed"; why it failed is in the number.
    if isinstance(error, socket.gaierror) or error.errno is None:
        return error.strerror or str(error)
    return os.strerror(error.errno)
