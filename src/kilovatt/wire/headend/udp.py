"""Lines of datagrams: a meter that speaks DLMS in a wrapper over UDP.

Datagrams get lost, come twice and out of order. What is lost is asked again; what came twice or late is known by the
number of the question it answers (`NumbersAnswers`). DLMS has sixteen such numbers, so a datagram waits until nothing
can come any more to the sixteenth before it (`Spacing`).
"""

import asyncio
import os
import socket
from collections import deque
from dataclasses import dataclass
from typing import cast

from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import UdpAddress

NUMBERS = 16
"""How many questions DLMS tells apart."""
ANSWERS_WITHIN_S = 2.5
"""As a line is patient by default."""
_TWICE_WITHIN_S = 0.05
_TWICE_WITHIN_ANSWERS = 10
"""A datagram that comes a second time is not behind its first by more than ten times what an answer takes."""


class Spacing:
    """When the next datagram may be sent, so that no number is used again while an answer to it may come.

    Until it is answered, that is as long as an answer may take at all; afterwards, as long as the network may take to
    bring it once more. Where several are open, nothing tells which of them an answer answers, and none counts as
    answered. Datagrams are spread over that time rather than held up: an answer is waited for from when it was asked.
    """

    def __init__(self, answers_within_s: float) -> None:
        self._answers_within_s = answers_within_s
        self._numbers: deque[_Number] = deque(maxlen=NUMBERS)

    def next_at(self, now: float) -> float:
        """Return when the next datagram may go, from now on."""
        if not self._numbers:
            return now
        latest_at = self._numbers[-1].sent_at
        unused = NUMBERS - len(self._numbers)
        # So many go before a number is used again: its share of the time until it is free is between each two.
        shares = ((one.free_at - latest_at) / left for left, one in enumerate(self._numbers, start=unused + 1))
        return max(now, latest_at + max(shares))

    def sent(self, at: float) -> None:
        """Note that a datagram goes then."""
        self._numbers.append(_Number(at, at + self._answers_within_s))

    def heard(self, now: float) -> None:
        """Note that a datagram came."""
        is_open = [one for one in self._numbers if not one.is_answered and one.free_at > now]
        if len(is_open) != 1:
            return
        (answered,) = is_open
        answered.is_answered = True
        twice_s = max(_TWICE_WITHIN_S, _TWICE_WITHIN_ANSWERS * (now - answered.sent_at))
        answered.free_at = min(answered.free_at, now + twice_s)


@dataclass(slots=True)
class _Number:
    sent_at: float
    free_at: float
    is_answered: bool = False


class UdpChannel(Channel, asyncio.DatagramProtocol):
    """A socket that hears one correspondent only, and spaces what it sends."""

    def __init__(self, *, answers_within_s: float) -> None:
        super().__init__()
        self._spacing = Spacing(answers_within_s)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._closed = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports are none by descent.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Pass on a datagram."""
        del addr
        self._spacing.heard(self._loop.time())
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
        due_at = self._spacing.next_at(now)
        self._spacing.sent(due_at)
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
    try:
        async with asyncio.timeout(connect_timeout_s):
            _, channel = await loop.create_datagram_endpoint(
                lambda: UdpChannel(answers_within_s=answers_within_s), remote_addr=(address.host, address.port)
            )
    except TimeoutError as error:
        raise NoRouteError(f"{address} was not found within {connect_timeout_s:g} s") from error
    except OSError as error:
        raise NoRouteError(f"{address} cannot be reached: {_reason(error)}") from error
    return channel


def _reason(error: Exception) -> str:
    number = None if isinstance(error, socket.gaierror) else getattr(error, "errno", None)
    return str(error) if number is None else os.strerror(number)
