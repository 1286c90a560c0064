"""Lines through a TCP gateway.

The socket is ours, and is told of by the loop: a transport between would cost a third of what an exchange costs here.
"""

import asyncio
import os
import socket
import sys
from typing import Any

from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import TcpAddress
from kilovatt.wire.protocols.framing.connection import Outgoing

_READ_BYTES = 4096
"""Ample: an answer is at most a few hundred bytes, and what is longer comes in pieces."""
_MS = 1000


class TcpChannel(Channel):
    """A connection to a gateway. `connected` is a socket that does not block; it is closed with the channel."""

    # Ten thousand of them at once.
    __slots__ = ("_fd", "_loop", "_socket", "_unsent")

    def __init__(self, connected: socket.socket) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._socket = connected
        self._fd = connected.fileno()
        self._unsent = b""
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Have the system notice a gateway that died without a word.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._loop.add_reader(self._fd, self._readable)

    def lose_after(self, seconds: float) -> None:
        """Have the system end the connection when nothing of what was sent has arrived for so long."""
        if sys.platform == "linux":
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * _MS))

    def write(self, data: bytes) -> None:
        """Send bytes; what the connection does not take now goes when it can."""
        if self.lost_because is not None:
            return
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            # Not from here: whoever writes is in the middle of something.
            self._loop.call_soon(self._gone, _lost(error))
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.add_writer(self._fd, self._writable)

    def say(self, outgoing: Outgoing) -> None:
        """Send a request."""
        self.write(outgoing.data)

    async def close(self) -> None:
        """Close the connection, so that the gateway is free for the next one; what it does not take is dropped."""
        self.lost_because = self.lost_because or "closed"
        self._let_go()

    def _readable(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._gone(_lost(error))
            return
        if data:
            self.on_bytes(data)
        else:
            self._gone("the gateway closed the connection")

    def _writable(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._gone(_lost(error))
            return
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._loop.remove_writer(self._fd)

    def _gone(self, because: str) -> None:
        self._let_go()
        self.lose(because)

    def _let_go(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._socket.close()


async def open_tcp(address: TcpAddress, *, connect_timeout_s: float, arrives_within_s: float) -> TcpChannel:
    """Return an open connection. Raises NoRouteError with what happened.

    `arrives_within_s`: the connection is lost when the gateway has not taken for so long what was sent. The system
    would keep it for a quarter of an hour, and deliver it all at once when the network is back: questions that nobody
    waits for any more, or a command that was given up.
    """
    try:
        async with asyncio.timeout(connect_timeout_s):
            connected = await _connected(address)
    except TimeoutError as error:
        raise NoRouteError(f"{address} did not take the call within {connect_timeout_s:g} s") from error
    except OSError as error:
        raise NoRouteError(f"{address} cannot be reached: {_reason(error)}") from error
    channel = TcpChannel(connected)
    channel.lose_after(arrives_within_s)
    return channel


async def _connected(address: TcpAddress) -> socket.socket:
    """Return a socket connected to the first of the host's addresses that takes it. Raises OSError of the last one."""
    refused: OSError | None = None
    for family, place in await _places(address):
        connecting = socket.socket(family, socket.SOCK_STREAM)
        connecting.setblocking(False)  # noqa: FBT003 - socket's signature
        try:
            await asyncio.get_running_loop().sock_connect(connecting, place)
        except OSError as error:
            connecting.close()
            refused = error
        except BaseException:
            connecting.close()
            raise
        else:
            return connecting
    assert refused is not None, "a name that stands for no address is refused where it is looked up"
    raise refused


async def _places(address: TcpAddress) -> list[tuple[int, tuple[Any, ...]]]:
    try:
        # A number need not be looked up, which would take a thread.
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return [(family, place) for family, _, _, _, place in found]


def _lost(error: OSError) -> str:
    return f"the connection was lost: {_reason(error)}"


def _reason(error: OSError) -> str:
    # asyncio says "Connect call failed"; why it failed is in the number.
    if isinstance(error, socket.gaierror) or error.errno is None:
        return error.strerror or str(error)
    return os.strerror(error.errno)
