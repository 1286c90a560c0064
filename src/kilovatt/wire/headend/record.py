"""The record of a session: every exchange as it stood on the wire, and how it ended if it failed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Exchange
from kilovatt.wire.protocols.framing.connection import Outgoing


class ExchangeFailedError(Exception):
    """An exchange that no try could save. The message is short and technical, and holds no secret."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(slots=True)
class SessionRecord:
    """What the carrier notes while a session goes on. Exchanges are numbered from 1."""

    exchanges_made: int = 0
    retries: int = 0
    doubtful: bool = False
    """Whether an answer was given up and has not turned up since: only a quiet end proves what was heard later."""
    unasked: bool = False
    """Whether bytes came that nothing had asked for."""
    answered: list[tuple[int, Outgoing, bytes, datetime, float, int]] = field(default_factory=list)
    """Number, request, answer, sent at, seconds, tries: tuples, since nearly all of them are thrown away."""

    def kept(self, numbers: Collection[int]) -> list[Exchange]:
        """Return the exchanges of these numbers, secrets masked, in order."""
        return [
            Exchange(
                number=number,
                request=outgoing.masked,
                answer=answer,
                sent_at=sent_at,
                took_ms=round(took_s * 1000),
                tries=tries,
            )
            for number, outgoing, answer, sent_at, took_s, tries in self.answered
            if number in numbers
        ]
