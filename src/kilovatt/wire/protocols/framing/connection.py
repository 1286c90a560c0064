"""The shape of a connection: bytes in, events out, one request outstanding.

A language implements `Connection`; whoever carries the bytes (a TCP line, a serial port, a test) calls
`send`, writes what it returns, passes what comes to `receive`, and tells `quiet` when the line fell silent.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

AnswerT = TypeVar("AnswerT")

MASK = 0x2A
"""An asterisk stands for each byte of a secret in what leaves the head-end."""


class Request(Generic[AnswerT]):
    """What a language can ask; the parameter is the type of its answer's value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class LineSpeed:
    """How characters go over a serial line: speed [baud], bits, parity (N, E or O)."""

    baud: int
    data_bits: int = 8
    parity: str = "N"
    stop_bits: int = 1


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Bytes to write, and which spans of them are secret (half-open, by offset).

    `speed` is how they are to go where the line can change it, None the line's own; `answer_speed` is how the answer
    comes where it differs. A gateway keeps its own. What is not to be answered (`awaits_answer`) is done once sent:
    its connection is not asked about an answer, and may be sent the next request.
    """

    data: bytes
    secret_spans: tuple[tuple[int, int], ...] = ()
    speed: LineSpeed | None = None
    answer_speed: LineSpeed | None = None
    awaits_answer: bool = True

    @property
    def masked(self) -> bytes:
        """The bytes with every secret replaced by asterisks: the only form that may be kept."""
        shown = bytearray(self.data)
        for start, end in self.secret_spans:
            shown[start:end] = bytes([MASK]) * (end - start)
        return bytes(shown)


class RefusalReason(StrEnum):
    """Why a meter properly answered no."""

    UNKNOWN_REQUEST = "unknown_request"
    INTERNAL_ERROR = "internal_error"
    ACCESS_DENIED = "access_denied"
    CLOCK_ALREADY_CORRECTED = "clock_already_corrected"
    CHANNEL_CLOSED = "channel_closed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The meter's no: an answer, not an error. `code` is its own number for it."""

    reason: RefusalReason
    code: int


@dataclass(slots=True)
class Answered:
    """The answer is whole and right. `data` is what came over the wire, `value` what it says (or a Refusal).

    Not frozen: one is made of every answer, and those that are take three times as long to make.
    """

    value: Any
    data: bytes


@dataclass(frozen=True, slots=True)
class SendMore:
    """The exchange goes on: write these bytes (an acknowledgement, the next block) and go on receiving."""

    outgoing: Outgoing


Event: TypeAlias = Answered | SendMore


class LineFault(StrEnum):
    """What is wrong with what came back."""

    SILENCE = "silence"
    ECHO = "echo"
    NOISE = "noise"
    ANOTHER_METER = "another_meter"


class LocalProtocolError(Exception):
    """We were about to break the protocol: an address out of range, a second request before the answer."""


class RemoteProtocolError(Exception):
    """What came back is no answer to what was asked.

    `fault` names it for the board; the message says what was got and what was wanted; `data` is what came.
    """

    def __init__(self, fault: LineFault, message: str, data: bytes) -> None:
        super().__init__(f"{message}; got {len(data)} bytes: {data[:64].hex(' ')}" if data else message)
        self.fault = fault
        self.data = data


class NumbersAnswers:
    """A mark of connections whose answers say which request they belong to: a late one is never taken for another."""

    __slots__ = ()

    @property
    def awaits_beginning(self) -> bool:
        """Whether only late answers have come so far."""
        return False


class Connection(Protocol):
    """One side of a conversation with one meter, asking."""

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange. Raises LocalProtocolError while another is open or the request cannot be framed."""

    def receive(self, data: bytes) -> Event | None:
        """Take bytes in any pieces; return an event once one is certain, None while more must come.

        Raises RemoteProtocolError as soon as no continuation can make a right answer. Either way the
        exchange is then over and `send` may follow.
        """

    def quiet(self) -> Event:
        """Say that the line fell silent; what came so far is all there is.

        Returns the answer if that is one (a status where data were wanted), raises RemoteProtocolError
        (SILENCE if nothing came, ECHO if only our request came, NOISE otherwise).
        """
