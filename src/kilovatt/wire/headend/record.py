"""The record of a session: every exchange as it stood on the wire, and how it ended if it failed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Exchange
from kilovatt.wire.headend.evidence import Evidence
from kilovatt.wire.protocols.framing.connection import LineFault, Outgoing, RemoteProtocolError, Request

_SHOWN_BYTES = 64
_OUTCOMES = {
    LineFault.SILENCE: Outcome.SILENCE,
    LineFault.ECHO: Outcome.ECHO,
    LineFault.NOISE: Outcome.NOISE,
    LineFault.ANOTHER_METER: Outcome.ANOTHER_METER,
}


class ExchangeFailedError(Exception):
    """An exchange that no try could save. The message is short and technical, and holds no secret."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(slots=True)
class Traffic:
    """Bytes that went over lines, repeated and damaged ones included."""

    sent: int = 0
    heard: int = 0


@dataclass(slots=True)
class SessionRecord:
    """What the carrier notes while a session goes on. Exchanges are numbered from 1."""

    exchanges_made: int = 0
    retries: int = 0
    doubtful: bool = False
    """Whether an answer was given up and has not turned up since: only a quiet end proves what was heard later."""
    unasked: bool = False
    """Whether bytes came that nothing had asked for."""
    misplaced: bool = False
    """Whether something came that was neither the answer to what was asked nor that answer damaged."""
    answered: int = 0
    """How many exchanges were answered."""
    evidence: Evidence = field(default_factory=Evidence)
    """What was said, also what was given up."""

    def kept(self, numbers: Collection[int]) -> list[Exchange]:
        """Return the exchanges of these numbers, secrets masked, in order; also those that nothing came back to."""
        return self.evidence.kept(numbers)


def given_up(
    request: Request[Any], fault: RemoteProtocolError, *, tries: int, damaged: Sequence[bytes], outgoing: Outgoing
) -> ExchangeFailedError:
    """Return the error that says how the last of several tries failed; no password of the request is in it."""
    said, _, _ = str(fault).partition("; got ")
    words = f"{type(request).__name__}: {said} ({tries} tries)"
    if fault.fault is LineFault.SILENCE and damaged:
        # Somebody is there, and the last try alone went unheard.
        return ExchangeFailedError(Outcome.NOISE, f"{words}; noise came to others")
    # A damaged echo of a password is still a password.
    if fault.data and not outgoing.secret_spans:
        words += f"; got {fault.data[:_SHOWN_BYTES].hex(' ')}"
    return ExchangeFailedError(_OUTCOMES[fault.fault], words)
