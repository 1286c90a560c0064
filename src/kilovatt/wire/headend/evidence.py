"""Exchanges as they stood on the wire, kept in little room until a session is over: few of them are handed over."""

import struct
from collections.abc import Collection
from datetime import datetime

from kilovatt.measure.metering.sessions import Exchange
from kilovatt.wire.protocols.framing.connection import Outgoing

_MS = 1000
_HEAD = struct.Struct("<IIIIH")
"""Number, length of the request, length of the answer, milliseconds between, tries."""


class Evidence:
    """What was sent and what came, secrets masked, in the order of the exchanges' numbers.

    Ten thousand sessions keep thirty exchanges each: an object for each frame would take three times the room.
    """

    __slots__ = ("_frames", "_sent_at")

    def __init__(self) -> None:
        self._frames = bytearray()
        """One after another, each behind a head of its own."""
        self._sent_at: list[datetime] = []

    def note(
        self, number: int, outgoing: Outgoing, answer: bytes, sent_at: datetime, *, took_s: float, tries: int
    ) -> None:
        """Note an exchange; `answer` is what came, also where it was none."""
        request = outgoing.masked if outgoing.secret_spans else outgoing.data
        self._frames += _HEAD.pack(number, len(request), len(answer), round(took_s * _MS), tries) + request + answer
        self._sent_at.append(sent_at)

    def kept(self, numbers: Collection[int]) -> list[Exchange]:
        """Return the exchanges of these numbers, in order; also those that nothing came back to."""
        frames = bytes(self._frames)
        begins = 0
        kept: list[Exchange] = []
        for sent_at in self._sent_at:
            number, asked, said, took_ms, tries = _HEAD.unpack_from(frames, begins)
            request_at = begins + _HEAD.size
            answer_at = request_at + asked
            begins = answer_at + said
            if number in numbers:
                kept.append(
                    Exchange(
                        number=number,
                        request=frames[request_at:answer_at],
                        answer=frames[answer_at:begins],
                        sent_at=sent_at,
                        took_ms=took_ms,
                        tries=tries,
                    )
                )
        return kept
