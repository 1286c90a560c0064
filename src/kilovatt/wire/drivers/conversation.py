"""Conversations: typed generators that ask one thing at a time and return what they learnt.

    def read_serial(meter: MeterAddress) -> Conversation[str]:
        answer = yield from ask(ReadSerial())
        return answer.value.serial

The head-end carries any of them over any line; a test drives one with a list of answers.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, runtime_checkable
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.commands import Command, NotSentReason, ReadBack
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys
from kilovatt.wire.protocols.framing.connection import Connection, Refusal, RefusalReason, Request

ValueT = TypeVar("ValueT")
ResultT = TypeVar("ResultT")
CLIENT_TITLE = b"KVT\x00\x00\x00\x00\x01"
"""The system title of our client, where no other is stated: three letters of a maker, and a number."""


@dataclass(slots=True)
class Answer(Generic[ValueT]):
    """A value that came back, the number of the exchange that carried it, and when we heard it.

    Not frozen: one is made of every answer, and those that are take three times as long to make.
    """

    value: ValueT
    exchange: int
    heard_at: datetime


Conversation: TypeAlias = Generator[Request[Any], Answer[Any], ResultT]


class MeterRefusedError(Exception):
    """The meter answered no where the conversation cannot go on without a yes."""

    def __init__(self, outcome: Outcome, message: str, *, reason: RefusalReason | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.reason = reason


class CommandNotSentError(Exception):
    """A command was not sent, and nothing of the meter was changed. The message is for people who know meters."""

    def __init__(self, reason: NotSentReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SendOnce(Request[ValueT], Generic[ValueT]):
    """A request that changes the meter: whoever carries it writes it once, whatever comes back or does not.

    No answer leaves open whether it was carried out: only reading back tells.
    """

    request: Request[ValueT]


def tell(request: Request[ValueT]) -> Conversation[Answer[ValueT]]:
    """Tell the meter to change, once. Raises MeterRefusedError if it answers no: nothing has then been changed."""
    answer = yield SendOnce(request)
    if isinstance(answer.value, Refusal):
        raise refused(request, answer.value)
    return answer


def ask_or_refusal(request: Request[ValueT]) -> Conversation[Answer[ValueT | Refusal]]:
    """Ask, and return the answer whether it is a value or a refusal."""
    answer = yield request
    return answer


def ask(request: Request[ValueT]) -> Conversation[Answer[ValueT]]:
    """Ask, and return the value. Raises MeterRefusedError if the meter answers no."""
    answer = yield request
    if isinstance(answer.value, Refusal):
        raise refused(request, answer.value)
    return answer


_OUTCOMES = {
    RefusalReason.CHANNEL_CLOSED: Outcome.CHANNEL_CLOSED,
    RefusalReason.ACCESS_DENIED: Outcome.ACCESS_DENIED,
}


def refused(request: Request[Any], refusal: Refusal) -> MeterRefusedError:
    """Return the error that says that a meter will not answer this request."""
    return MeterRefusedError(
        _OUTCOMES.get(refusal.reason, Outcome.REFUSED),
        f"{type(request).__name__} was refused: {refusal.reason} (status {refusal.code})",
        reason=refusal.reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterAddress:
    """How to speak to one meter: its model, its address on the line, its password, the zone of its clock.

    `serial` is the number it should show when asked (None: not checked). Password, keys and secret never show in repr.
    `keys` are those of DLMS (for ciphering and authentication), `hls_secret` that of mechanisms which prove without
    them; `client_title` is who we are then. Keys want a `counter`, the next invocation counter: a pair of key and
    number used twice gives the key away, so whoever keeps keys hands in one object for all sessions, or numbers that
    no session before has used, as `counter_by_clock` makes them; what the meter tells of its own may only raise it.
    """

    model: MeterModel
    address: int
    serial: str | None = None
    password: str | None = field(default=None, repr=False)
    access_level: int = 1
    keys: Keys | None = field(default=None, repr=False)
    hls_secret: bytes | None = field(default=None, repr=False)
    client_title: bytes = CLIENT_TITLE
    counter: InvocationCounter | None = field(default=None, repr=False, compare=False)
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingTask:
    """What to read from a meter in one session. Days are local days of the meter."""

    identity: bool = True
    clock: bool = True
    instant: bool = False
    registers_now: bool = True
    register_days: tuple[date, ...] = ()
    """Days whose registers at 00:00 are wanted."""
    register_months: tuple[date, ...] = ()
    """First days of months whose registers at 00:00 are wanted."""
    profile_days: tuple[date, ...] = ()
    events: bool = False
    quality_events: bool | None = None
    """Journals of the quality of supply; None: with the other journals."""
    events_since: datetime | None = None
    """Events that began before this instant need not be read again; None: everything the journals keep."""

    @property
    def wants_quality(self) -> bool:
        """Whether journals of the quality of supply are to be read."""
        return self.events if self.quality_events is None else self.quality_events


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """One part of a session; if it fails, what the parts before it brought is kept."""

    part: SessionPart
    conversation: Conversation[Learnt]


class Driver(Protocol):
    """What a meter family offers to the head-end."""

    def connection(self, meter: MeterAddress) -> Connection:
        """A fresh connection in the family's language. Raises LocalProtocolError for an impossible address."""

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        """What must be said before anything can be read; nothing for families without sessions."""

    def parts(self, meter: MeterAddress, task: ReadingTask) -> Iterator[PlannedPart]:
        """The conversations that do the task, in order, only those the model can answer.

        A profile is split so that one part is at most about a week: a failure loses no more. When a serial
        number is expected and another comes back, the identity part raises MeterRefusedError(ANOTHER_METER).
        """

    def closing(self, meter: MeterAddress) -> Conversation[None]:
        """A farewell where the family has one."""


@runtime_checkable
class CommandingDriver(Driver, Protocol):
    """A driver of a family that takes commands. What a model takes is in its row (`MeterModel.commands`).

    Between `command` and `read_back` no other command goes to the meter; each runs in an opened session of its own or
    of both, as the one who runs them likes.
    """

    def command(self, meter: MeterAddress, command: Command, *, now: datetime) -> Conversation[None]:
        """Ask what must be known, then tell the meter to change; each request that changes it is a `SendOnce`.

        Raises CommandNotSentError where nothing was sent that changes the meter, MeterRefusedError where the meter
        answered no. `now` is our clock when it begins.
        """

    def read_back(self, meter: MeterAddress, command: Command) -> Conversation[ReadBack]:
        """Read the state that proves a command. It may be asked as often as one likes: it changes nothing."""
