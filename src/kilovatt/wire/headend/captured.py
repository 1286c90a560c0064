"""A session captured as it goes on: a channel that writes down what passes, secrets hidden.

A line that echoes gives our own password back, and one with noise gives it back damaged: what came is searched for
the secrets that were sent in this session, and what may be one is hidden as well.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TextIO

from kilovatt.wire.explain.transcript import END, Burst, Octets, TranscriptHead, burst_text, head_text, octets_of
from kilovatt.wire.explain.transcript import remark_text as remark_lines
from kilovatt.wire.headend.channels import Channel
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.protocols.framing.connection import LineSpeed, Outgoing

BURST_S = 0.05
"""What comes within so long of what came before is one burst [s]."""
_SECRETS_KEPT = 8
_MS = 1000
_BEFORE_BYTES, _BEHIND_BYTES = 3, 2
"""So many bytes around a secret tell it from bytes that are merely alike, zeros for instance."""
_TELLING_BYTES = 3
"""A secret of so many different bytes is known by itself."""
_BETRAYING_BYTES = 3
_OVERLAP_BYTES = 6
_ALIKE = 0.75


class Capture:
    """A transcript being written. What goes wrong with the file ends the capture, never the session.

    Each burst is written once it is over, so that a session that is killed leaves all but its last one.
    """

    def __init__(
        self,
        file: TextIO,
        head: TranscriptHead,
        remarks: Sequence[str] = (),
        *,
        stopwatch_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failed: OSError | None = None
        """Why the transcript is not whole; None while it is."""
        self._file = file
        self._stopwatch_s = stopwatch_s
        self._started_s = stopwatch_s()
        self._secrets: deque[Outgoing] = deque(maxlen=_SECRETS_KEPT)
        self._coming = bytearray()
        self._coming_since_ms = self._coming_until_ms = 0
        self._write(head_text(head, remarks))

    def sent(self, outgoing: Outgoing) -> None:
        """Note what is sent now."""
        self.flush()
        if outgoing.secret_spans:
            self._secrets.append(outgoing)
        self._note(self._now_ms(), octets_of(outgoing.data, outgoing.secret_spans), came=False)

    def heard(self, data: bytes) -> None:
        """Note what comes now."""
        now_ms = self._now_ms()
        if self._coming and now_ms - self._coming_until_ms > BURST_S * _MS:
            self.flush()
        if not self._coming:
            self._coming_since_ms = now_ms
        self._coming += data
        self._coming_until_ms = now_ms

    def flush(self) -> None:
        """Write the burst that was coming: it is over."""
        if self._coming:
            data = bytes(self._coming)
            self._coming.clear()
            self._note(self._coming_since_ms, hidden_in(data, self._secrets), came=True)

    def remark(self, words: str) -> None:
        """Write a remark."""
        self.flush()
        self._write(remark_lines(words))

    def end(self) -> None:
        """Write that the session is over."""
        self.flush()
        self._write(END)

    def _now_ms(self) -> int:
        return int((self._stopwatch_s() - self._started_s) * _MS)

    def _note(self, at_ms: int, octets: Octets, *, came: bool) -> None:
        if octets:
            self._write(burst_text(Burst(at_ms=at_ms, came=came, octets=octets)))

    def _write(self, text: str) -> None:
        if self.failed is not None:
            return
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            self.failed = error


def hidden_in(came: bytes, secrets: Sequence[Outgoing] | deque[Outgoing]) -> Octets:
    """Return what came with the secrets hidden that were sent before it, whole or damaged.

    Of a clean echo only the secret is hidden; of a damaged one everything is, since where the secret begins is lost.
    """
    for outgoing in secrets:
        before, echo, behind = came.partition(outgoing.data)
        if echo:
            masked = octets_of(echo, outgoing.secret_spans)
            return hidden_in(before, secrets) + masked + hidden_in(behind, secrets)
    if any(_betrays(came, outgoing) for outgoing in secrets):
        return (None,) * len(came)
    return tuple(came)


def _betrays(came: bytes, outgoing: Outgoing) -> bool:
    """Whether a secret stands in what came: whole, or damaged, or cut, between bytes like those around it."""
    request = outgoing.data
    for start, end in outgoing.secret_spans:
        secret = request[start:end]
        if len(set(secret)) >= _TELLING_BYTES and secret in came:
            return True
        first, last = max(0, start - _BEFORE_BYTES), min(len(request), end + _BEHIND_BYTES)
        window = request[first:last]
        if any(_is_like(window, (start - first, end - first), came, at) for at in range(1 - len(window), len(came))):
            return True
    return False


def _is_like(window: bytes, secret: tuple[int, int], came: bytes, at: int) -> bool:
    """Whether so much of the window stands in what came, from this place on (negative: cut in front)."""
    overlap = range(max(0, -at), min(len(window), len(came) - at))
    alike = [place for place in overlap if window[place] == came[at + place]]
    betrayed = sum(secret[0] <= place < secret[1] for place in alike)
    return betrayed >= _BETRAYING_BYTES and len(overlap) >= _OVERLAP_BYTES and len(alike) >= _ALIKE * len(overlap)


class CapturedChannel(Channel):
    """A channel of which a capture hears everything."""

    def __init__(self, inner: Channel, capture: Capture) -> None:
        super().__init__()
        self._inner = inner
        self._capture = capture
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.TimerHandle | None = None
        inner.on_bytes = self._heard
        inner.on_lost = self._lost
        self.lost_because, self.lost_outcome = inner.lost_because, inner.lost_outcome

    def _heard(self, data: bytes) -> None:
        self._capture.heard(data)
        if self._over is not None:
            self._over.cancel()
        # Also where nothing more is sent or comes, for instance because the session is killed.
        self._over = self._loop.call_later(2 * BURST_S, self._capture.flush)
        self.feed(data)

    def _lost(self, because: str) -> None:
        self._capture.remark(because)
        self.lost_outcome = self._inner.lost_outcome
        self.lose(because)

    def write(self, data: bytes) -> None:
        """Send bytes that hold no secret."""
        self.say(Outgoing(data))

    def say(self, outgoing: Outgoing) -> None:
        """Send bytes, and note them with their secrets hidden."""
        self._capture.sent(outgoing)
        self._inner.say(outgoing)

    def go_at(self, speed: LineSpeed | None, *, once_sent: bool = False) -> None:
        """Change speed."""
        self._inner.go_at(speed, once_sent=once_sent)

    async def close(self) -> None:
        """Close the line."""
        self.lost_because = self.lost_because or "closed"
        if self._over is not None:
            self._over.cancel()
        await self._inner.close()
        self._capture.flush()


def capturing(
    capture: Capture, open_channel: Callable[[LineSpec], Awaitable[Channel]]
) -> Callable[[LineSpec], Awaitable[Channel]]:
    """Return a way to open lines of which a capture hears everything."""

    async def opened(spec: LineSpec) -> Channel:
        return CapturedChannel(await open_channel(spec), capture)

    return opened
