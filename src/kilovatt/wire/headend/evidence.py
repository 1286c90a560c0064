"""Exchanges as they stood on the wire, kept in little room until a session is over: few of them are handed over."""

from array import array
from collections.abc import Collection
from datetime import datetime

from kilovatt.measure.metering.sessions import Exchange
from kilovatt.wire.protocols.framing.connection import Outgoing

_MS = 1000


class Evidence:
    """What was sent and what came, secrets masked, in the order of the exchanges' numbers.

    Ten thousand sessions keep thirty exchanges each: an object for each frame would take three times the room.
    """

    __slots__ = ("_frames", "_marks", "_sent_at")

    def __init__(self) -> None:
        self._frames = bytearray()
        """Each request and its answer, one after another."""
        self._marks = array("I")
        """Number, length of the request, length of the answer, milliseconds between, tries; five of each exchange."""
        self._sent_at: list[datetime] = []

    def note(
        self, number: int, outgoing: Outgoing, answer: bytes, sent_at: datetime, *, took_s: float, tries: int
    ) -> None:
        """Note an exchange; `answer` is what came, also where it was none."""
        request = outgoing.masked if outgoing.secret_spans else outgoing.data
        self._frames += request
        self._frames += answer
        self._marks.extend((number, len(request), len(answer), round(took_s * _MS), tries))
        self._sent_at.append(sent_at)

    def kept(self, numbers: Collection[int]) -> list[Exchange]:
        """Return the exchanges of these numbers, in order; also those that nothing came back to."""
        frames = bytes(self._frames)
        begins = 0
        kept: list[Exchange] = []
        marks = iter(self._marks)
        for number, asked, said, took_ms, tries, sent_at in zip(
            marks, marks, marks, marks, marks, self._sent_at, strict=True
        ):
            answer_at = begins + asked
            ends = answer_at + said
            if number in numbers:
                kept.append(
                    Exchange(
                        number=number,
                        request=frames[begins:answer_at],
                        answer=frames[answer_at:ends],
                        sent_at=sent_at,
                        took_ms=took_ms,
                        tries=tries,
                    )
                )
            begins = ends
        return kept
