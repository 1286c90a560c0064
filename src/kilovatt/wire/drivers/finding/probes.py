"""Finding meters: a probe is some bytes that a meter answers without a password, and what its answer tells.

Where a language has an address for whoever listens, that is asked first; whoever answers is then asked by the requests
of its language who it is. Nothing is asked here that changes a meter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.conversation import Conversation, ask
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Connection,
    LineFault,
    LineSpeed,
    LocalProtocolError,
    Outgoing,
    RemoteProtocolError,
    Request,
)

HEARD_BYTES_MAX = 32_768
"""Of a line that babbles no more is kept; no readout is longer."""


class Way(StrEnum):
    """How a meter is looked for; most languages have a way of their own."""

    SHORT = "short"
    """Меркурий of the second language and НЗиФ: an address of one byte, and the same request for the serial number."""
    MERCURY_V1 = "mercury-v1"
    IEC62056_21 = "iec62056-21"
    ENERGOMERA = "energomera"
    HDLC = "hdlc"
    WRAPPER = "wrapper"
    MODBUS = "modbus"


STREAM_WAYS = frozenset({Way.WRAPPER, Way.MODBUS})
"""What they are spoken to over has a TCP port of its own: nothing else may go over the same connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where is looked. `address` None: whoever listens; `form`: how many bytes an HDLC address has.

    `speed` None is the line's own, which a gateway keeps. `parity_bits`: whether parity is ours to add, since what
    carries the characters of seven bits carries eight.
    """

    way: Way
    address: int | None = None
    form: int = 0
    speed: LineSpeed | None = None
    parity_bits: bool = False


class PasswordState(StrEnum):
    """What is known of the factory's reading password at a meter."""

    NOT_NEEDED = "not_needed"
    """Its language has none for reading."""
    NOT_TRIED = "not_tried"
    FACTORY = "factory"
    """The meter took it."""
    OTHER = "other"
    """The meter refused it, and was asked no second time."""
    BARRED = "barred"
    """The meter answered that it does not let anybody try now: no other meter was asked either."""


class Told(StrEnum):
    """What a meter says of itself."""

    SERIAL = "serial"
    MADE_ON = "made_on"
    TYPE = "type"
    MAKER = "maker"
    FIRMWARE = "firmware"
    VARIANT = "variant"
    DEVICE_NAME = "device_name"
    """The name of its logical device, which begins with three letters of its maker."""
    SPEED_LETTER = "speed_letter"
    """By which letter it offers a speed (IEC 62056-21)."""
    DEVICES = "devices"
    """Its logical devices: meters behind a concentrator are such."""


class Trait(StrEnum):
    """What tells rows of the catalogue apart; the values are texts that both sides write alike."""

    PHASES = "phases"
    RELAY = "relay"
    DAYS_KEPT = "days_kept"
    """Whether registers of past midnights are kept."""
    CODE = "code"
    """The number of the type, as meters of a language number their types."""
    STAMPED = "stamped"
    """Whether registers come with a stamp."""
    NAME = "name"
    """The beginning of what it calls itself."""
    FLAG = "flag"
    """Three letters of its maker."""
    CARRIER = "carrier"
    """What its messages travel in, and how many bytes its address has there."""


YES, NO = "yes", "no"


def yes_or_no(*, is_so: bool) -> str:
    """Return a trait that is there or is not."""
    return YES if is_so else NO


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A meter that was found.

    `languages` are those it may speak: one, but where two answer alike, and none where a gateway says that nobody is
    there. `address` is its own, where it tells another
    than it was asked at, or None where nobody told it.
    """

    place: Place
    languages: tuple[Language, ...]
    address: int | None
    told: Mapping[Told, str] = field(default_factory=dict)
    traits: Mapping[Trait, str] = field(default_factory=dict)
    password: PasswordState = PasswordState.NOT_TRIED

    def with_told(self, told: Mapping[Told, str], traits: Mapping[Trait, str] | None = None) -> "Sighting":
        """Return it with more that it said of itself."""
        return replace(self, told={**self.told, **told}, traits={**self.traits, **(traits or {})})

    @property
    def serial(self) -> str | None:
        """The serial number, where it told one."""
        return self.told.get(Told.SERIAL)


Recognise = Callable[[bytes], Sighting | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question to one place. `recognise` returns who answered, or None for what is no answer to it.

    `patience_s` is how long an answer may take to begin [s], `quiet_s` after which silence it is over.
    """

    place: Place
    data: bytes
    recognise: Recognise
    patience_s: float
    quiet_s: float


Lesson = Callable[[Sighting], Conversation[Sighting]]


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """How a meter that answered is asked who it is, over a connection of its own.

    Each lesson adds to what is known, and may fail without those after it: older meters are silent about what they do
    not know. `farewell` leaves the meter as it was found. `is_one_talk`: what follows a lesson that failed makes no
    sense.
    """

    connection: Connection
    lessons: Sequence[Lesson]
    farewell: Callable[[], Conversation[None]]
    is_one_talk: bool = False


def nothing_to_say() -> Conversation[None]:
    """Take no leave."""
    yield from ()


@dataclass(frozen=True, slots=True)
class Say(Request[Any]):
    """Bytes to say as they are; `recognise` makes a value of all that comes back, None where it is no answer.

    `answer_speed` is how the answer comes, where that differs; without an answer awaited it is done once sent.
    """

    data: bytes
    recognise: Callable[[bytes], Any]
    speed: LineSpeed | None = None
    answer_speed: LineSpeed | None = None
    awaits_answer: bool = True
    secret_spans: tuple[tuple[int, int], ...] = ()


class PlainConnection:
    """A connection that takes whatever comes until the line falls silent: what it is, the request must know."""

    def __init__(self) -> None:
        self._open: Say | None = None
        self._came = b""

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange. Raises LocalProtocolError while another is open, and for another kind of request."""
        if self._open is not None:
            raise LocalProtocolError("what was said is not answered yet")
        if not isinstance(request, Say):
            raise LocalProtocolError(f"{type(request).__name__} is nothing to be said as it is")
        self._came = b""
        if request.awaits_answer:
            self._open = request
        return Outgoing(
            request.data,
            request.secret_spans,
            speed=request.speed,
            answer_speed=request.answer_speed,
            awaits_answer=request.awaits_answer,
        )

    def receive(self, data: bytes) -> None:
        """Take bytes. Raises RemoteProtocolError (noise) where a line does not stop."""
        self._outstanding()
        self._came += data
        if len(self._came) > HEARD_BYTES_MAX:
            raise self._broken(LineFault.NOISE, f"more than {HEARD_BYTES_MAX} bytes")

    def quiet(self) -> Answered:
        """Say that the line fell silent: what came is an answer, or RemoteProtocolError says what it is instead."""
        said = self._outstanding()
        if not self._came:
            raise self._broken(LineFault.SILENCE, "nothing came")
        if self._came == said.data:
            raise self._broken(LineFault.ECHO, "only what was said came back")
        value = said.recognise(self._came)
        if value is None:
            raise self._broken(LineFault.NOISE, "what came is no answer")
        self._open = None
        return Answered(value, self._came)

    def _outstanding(self) -> Say:
        if self._open is None:
            raise LocalProtocolError("nothing was said")
        return self._open

    def _broken(self, fault: LineFault, message: str) -> RemoteProtocolError:
        self._open = None
        return RemoteProtocolError(fault, message, self._came)


def look(probe: Probe) -> Conversation[Sighting]:
    """Ask a place who is there."""
    said = Say(probe.data, probe.recognise, speed=probe.place.speed)
    answer = yield from ask(said)
    return answer.value  # type: ignore[no-any-return]  # what `recognise` made
