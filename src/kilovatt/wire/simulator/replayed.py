"""A transcript served as a meter: it answers what it was asked in the session, as it did then, and nothing else.

Requests are looked for from where the last one stood: forwards first, so that the same bytes asked at several places
(acknowledgements of HDLC, the clock) are answered each in its place; then backwards, for requests that come in another
order or once more. A hidden byte stands for any. What was met with silence or noise is met with it again.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain

from kilovatt.wire.explain.transcript import Octets, Transcript
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.simulator.bus import SILENCE_S, Bus, Delivery
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.serial_line import SerialLine

HEARD_BYTES_MAX = 1 << 17
_MS = 1000


class ReplayedBus(Bus):
    """A line with one meter, which is a transcript. `in_real_time`: it thinks as long as it did."""

    def __init__(self, transcript: Transcript, *, in_real_time: bool = False) -> None:
        super().__init__(())
        self.unheard = 0
        """How many requests were not in the transcript."""
        self.first_unheard = b""
        self._in_real_time = in_real_time
        self._exchanges = [one for one in transcript.exchanges() if one.request is not None]
        self._requests: list[Octets] = [one.request.octets for one in self._exchanges if one.request is not None]
        self._of_seven_bits = [_seven_bits(request) for request in self._requests]
        self._place = 0
        """Behind the exchange that was answered last."""
        self._pending = b""
        self._pending_at_s = float("-inf")

    def hear(self, data: bytes, *, now: object, at_s: float) -> list[Delivery]:
        """Return what comes back for bytes put on the line; `at_s` is any running count of real seconds."""
        del now
        if at_s - self._pending_at_s >= SILENCE_S:
            self.fall_silent()
        self._pending_at_s = at_s
        self._pending += data
        deliveries: list[Delivery] = []
        while self._pending:
            found = self._found()
            if found is None:
                break
            size = len(self._requests[found])
            deliveries += self._answers(found, self._pending[:size])
            self._pending = self._pending[size:]
            self._place = found + 1
        if len(self._pending) > HEARD_BYTES_MAX:
            self.fall_silent()
        return deliveries

    def fall_silent(self) -> None:
        """Count what was heard last, and is no request of the transcript, as asked in vain."""
        if self._pending:
            self.unheard += 1
            self.first_unheard = self.first_unheard or self._pending
            self._pending = b""

    def _found(self) -> int | None:
        """Return the exchange whose request has come, as it was sent then, or with another way to carry seven bits."""
        heard, seven = tuple(self._pending), _seven_bits(tuple(self._pending))
        place = self._place_of(heard, self._requests)
        return place if place is not None or seven is None else self._place_of(seven, self._of_seven_bits)

    def _place_of(self, heard: Octets, requests: Sequence[Octets | None]) -> int | None:
        """Return which request it is.

        It is the whole of what came; where that may still become one it is waited for; else the longest it begins with.
        """
        longest, longest_size, is_begun = None, 0, False
        for place in chain(range(self._place, len(requests)), range(self._place - 1, -1, -1)):
            request = requests[place]
            if request is None or not _begins(request, heard):
                continue
            if len(request) == len(heard):
                return place
            is_begun |= len(request) > len(heard)
            if longest_size < len(request) < len(heard):
                longest, longest_size = place, len(request)
        return None if is_begun else longest

    def _answers(self, place: int, asked: bytes) -> list[Delivery]:
        exchange = self._exchanges[place]
        assert exchange.request is not None
        since_ms = exchange.request.at_ms if self._in_real_time or not exchange.came else exchange.came[0].at_ms
        return [
            Delivery((burst.at_ms - since_ms) / _MS, _said(burst.octets, exchange.request.octets, asked))
            for burst in exchange.came
        ]


def _begins(request: Octets, heard: Octets) -> bool:
    """Whether one begins the other."""
    return all(octet is None or octet == byte for octet, byte in zip(request, heard, strict=False))


def _seven_bits(octets: Octets) -> Octets | None:
    """Return characters of seven bits without their parity; None for what are none.

    A serial port adds it or not, as it is set: the same request has it in one session and not in another.
    """
    plain = tuple(None if octet is None else octet & 0x7F for octet in octets)
    right = (
        octet in (None, bare) or bytes((octet or 0,)) == with_parity(bytes((bare or 0,)))
        for octet, bare in zip(octets, plain, strict=True)
    )
    return plain if all(right) else None


def _said(octets: Octets, request: Octets, asked: bytes) -> bytes:
    """Return an answer as bytes; what is hidden of an echo is as it was asked now."""
    is_echo = octets[: len(request)] == request
    hidden = asked if is_echo else b""
    filled = (
        octet if octet is not None else hidden[place] if place < len(hidden) else 0
        for place, octet in enumerate(octets)
    )
    return bytes(filled)


class _Gateway(LineGateway):
    """A gateway whose meter begins by itself, if it did in the transcript."""

    def __init__(self, line: Line, unasked: bytes) -> None:
        super().__init__(line)
        self._unasked = unasked

    def connected(self, client: asyncio.Transport) -> None:
        super().connected(client)
        client.write(self._unasked)


async def serve_replay(
    transcript: Transcript, bus: ReplayedBus, *, host: str, port: int, listening: Callable[[int], None]
) -> None:
    """Serve a transcript behind a TCP port until cancelled; `listening` is told the port. Raises ListenError."""
    gateway = _Gateway(Line(bus, TownClock(transcript.head.began_at)), _unasked(transcript))
    listening(await gateway.listen(host, port))
    try:
        await asyncio.Event().wait()
    finally:
        await gateway.close()


async def serve_replay_at_terminal(
    transcript: Transcript, bus: ReplayedBus, *, listening: Callable[[str], None]
) -> None:
    """Serve a transcript behind a serial port of its own until cancelled; `listening` is told its path."""
    terminal = SerialLine(Line(bus, TownClock(transcript.head.began_at)))
    listening(terminal.path)
    try:
        await asyncio.Event().wait()
    finally:
        terminal.close()


def _unasked(transcript: Transcript) -> bytes:
    first = transcript.exchanges()[:1]
    return b"".join(burst.masked for one in first if one.request is None for burst in one.came)
