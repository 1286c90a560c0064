"""What the languages of one descent share: an address, a body, a checksum; answered by data, or by a status.

Mercury V2 and НЗиФ are such. Nothing in an answer says what it answers, nor how long it is: the length is known from
the request. Only the longest answer that a request can have is certain at once. A shorter one, such as a status where
data were wanted, may be the beginning of it with a checksum that fits by chance (that has been seen), and is believed
when the line falls silent. An adapter may echo the request before the answer: the echo is set aside, and named where
nothing follows.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Self

from kilovatt.wire.protocols.framing.connection import (
    Answered,
    AnswerT,
    Event,
    LineFault,
    LocalProtocolError,
    Outgoing,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
)
from kilovatt.wire.protocols.framing.crc16 import CRC_SIZE, append_crc, crc_is_right
from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, asked_by, fixed

UNIVERSAL_ADDRESS = 0
"""Any meter answers it: only for one that is alone on its line."""
OK = 0
STATUS_MASK = 0x0F
"""The high half of a status byte is to be ignored."""
STATUS_SIZE = 1
_REASONS = {
    1: RefusalReason.UNKNOWN_REQUEST,
    2: RefusalReason.INTERNAL_ERROR,
    3: RefusalReason.ACCESS_DENIED,
    4: RefusalReason.CLOCK_ALREADY_CORRECTED,
    5: RefusalReason.CHANNEL_CLOSED,
}
_KEPT = 8192
"""So many requests are kept as they were framed: thirty to each of the 240 short addresses, and some to spare."""


def refusal_of(status: int) -> Refusal:
    """Return what a status other than OK says."""
    code = status & STATUS_MASK
    return Refusal(reason=_REASONS.get(code, RefusalReason.OTHER), code=code)


def nothing_more() -> None:
    """Make the value of an answer that only says "done"."""


DONE: Layout[None] = Record(make=nothing_more, fields={"status": fixed(bytes([OK]))})
"""The answer of a status byte that says "done"; any other status is a refusal, which the connection makes of it."""
ONLY_DONE = (DONE,)


class StatusRequest(Request[AnswerT], ABC):
    """A request with its parameters: a code, perhaps numbers that belong to it, and fields behind it."""

    __slots__ = ()
    prefix: ClassVar[bytes]
    asks: ClassVar[Mapping[str, Field]] = {}
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    """Which of the fields must not be kept."""
    is_echoed: ClassVar[bool] = False
    """Whether the answer is the same bytes as the request."""
    grows: ClassVar[bool] = False
    """Whether a longer answer begins with all that a shorter one says, and only adds to it.

    What the shorter one says is then right even where it was the beginning of the longer, with a checksum that fits by
    chance: it need not wait for silence. What follows it then is noise to the next request.
    """

    @property
    @abstractmethod
    def says(self) -> tuple[Layout[AnswerT], ...]:
        """The layouts an answer's data can have, the shortest first."""

    @property
    def wants_data(self) -> bool:
        """Whether the answer carries more than a status."""
        return self.says is not ONLY_DONE

    def body(self) -> bytes:
        """The request between address and checksum. Raises ValueError for what does not fit."""
        return self.prefix + asked_by(type(self)).encode(self)

    def answered_from(self, head: bytes) -> bytes:
        """Return the address that heads the answer when `head` is that of the request."""
        return head

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """The request that a meter hears. Raises ValueError for what is not this request."""
        layout = asked_by(cls)
        size = len(cls.prefix) + layout.size
        if not body.startswith(cls.prefix) or len(body) != size:
            raise ValueError(f"{cls.__name__} has {size} bytes from {cls.prefix.hex(' ')}, got {body.hex(' ')}")
        return layout.decode(body[len(cls.prefix) :])


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request to an address, framed, and what its answer can look like."""

    outgoing: Outgoing
    answered_from: bytes
    layouts: tuple[Layout[Any], ...]
    sizes: tuple[int, ...]
    longest: int
    wants_data: bool


def _framed(head: bytes, request: StatusRequest[Any]) -> _Asked:
    data = append_crc(head + request.body())
    layouts = request.says
    sizes = tuple(len(head) + layout.size + CRC_SIZE for layout in layouts)
    return _Asked(
        outgoing=Outgoing(data, _secret_spans(request, start=len(head) + len(request.prefix))),
        answered_from=request.answered_from(head),
        layouts=layouts,
        sizes=sizes,
        longest=sizes[-1],
        wants_data=request.wants_data,
    )


_known_framed = lru_cache(maxsize=_KEPT)(_framed)
"""All meters of a night are asked the same."""


def _secret_spans(request: StatusRequest[Any], *, start: int) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for name, field in request.asks.items():
        if name in request.secret_fields:
            spans.append((start, start + field.size))
        start += field.size
    # Sixteen bits of checksum would betray most of a password of six digits.
    return (*spans, (start, start + CRC_SIZE)) if spans else ()


class StatusConnection(ABC):
    """A conversation with the meter at an address, which is `head` in a frame.

    `spoken` are the requests of the language. With `anyone`, the meter answers from its own address, whatever that is.
    """

    __slots__ = ("_anyone", "_asked", "_came", "_head", "_open")
    spoken: ClassVar[type[StatusRequest[Any]]]

    def __init__(self, head: bytes, *, anyone: bool = False) -> None:
        self._head = head
        self._anyone = anyone
        self._open: StatusRequest[Any] | None = None
        self._asked: _Asked
        self._came = b""

    @abstractmethod
    def address_in(self, frame: bytes) -> int:
        """Return the address of a frame that has one whole."""

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange. Raises LocalProtocolError while another is open or for what cannot be framed."""
        if self._open is not None:
            raise LocalProtocolError(f"{type(self._open).__name__} is not answered yet")
        if not isinstance(request, self.spoken):
            raise LocalProtocolError(f"{type(request).__name__} is no request of this language")
        # What holds a secret is not kept longer than its session.
        framed = _framed if request.secret_fields else _known_framed
        try:
            self._asked = asked = framed(self._head, request)
        except ValueError as error:
            raise LocalProtocolError(f"{request} cannot be asked: {error}") from error
        self._open = request
        self._came = b""
        return asked.outgoing

    def receive(self, data: bytes) -> Event | None:
        """Take bytes in any pieces; return the answer once it is certain, None while more must come.

        Raises RemoteProtocolError as soon as no continuation can make a right answer.
        """
        request = self._outstanding()
        longest = self._asked.longest
        if len(data) == longest and not self._came and self._is_answer(data, longest):
            # Whole and by itself, as nearly always.
            return self._answered(request, data)
        self._came = came = self._came + data
        if self._is_answer(came[:longest], longest):
            return self._answered(request, came[:longest])
        sent = self._asked.outgoing.data
        if came.startswith(sent):
            came = came[len(sent) :]
        elif sent.startswith(came):
            return None
        if len(came) < longest:
            is_whole = request.grows and any(self._is_answer(came, size) for size in self._asked.sizes)
            return self._answered(request, came) if is_whole else None
        if self._is_answer(came[:longest], longest):
            return self._answered(request, came[:longest])
        self._open = None
        raise self._fault(request, came[:longest])

    def quiet(self) -> Event:
        """Say that the line fell silent. Returns the answer if what came is one, raises RemoteProtocolError if not."""
        request = self._outstanding()
        sent, came = self._asked.outgoing.data, self._came
        without_echo = came.removeprefix(sent)
        for answer in (came, without_echo):
            if any(self._is_answer(answer, size) for size in self._asked.sizes):
                return self._answered(request, answer)
            if self._is_answer(answer, self._size_of(STATUS_SIZE)) and self._status_of(answer) != OK:
                self._open = None
                return Answered(refusal_of(self._status_of(answer)), answer)
        self._open = None
        if not came:
            raise RemoteProtocolError(LineFault.SILENCE, f"no answer to {type(request).__name__}", b"")
        if came == sent:
            raise RemoteProtocolError(LineFault.ECHO, f"only {type(request).__name__} itself came back", came)
        raise self._fault(request, without_echo)

    def _outstanding(self) -> StatusRequest[Any]:
        if self._open is None:
            raise LocalProtocolError("nothing was asked")
        return self._open

    def _size_of(self, said: int) -> int:
        return len(self._head) + said + CRC_SIZE

    def _status_of(self, answer: bytes) -> int:
        return answer[len(self._head)] & STATUS_MASK

    def _is_answer(self, data: bytes, size: int) -> bool:
        asked = self._asked
        if len(data) != size or not (self._anyone or data.startswith(asked.answered_from)) or not crc_is_right(data):
            return False
        # What equals the request is its echo; only the answer to a link test is the same bytes.
        return data != asked.outgoing.data or self._outstanding().is_echoed

    def _answered(self, request: StatusRequest[Any], data: bytes) -> Answered:
        self._open = None
        asked = self._asked
        if not asked.wants_data:
            status = self._status_of(data)
            return Answered(None if status == OK else refusal_of(status), data)
        said = data[len(self._head) : -CRC_SIZE]
        layout = asked.layouts[asked.sizes.index(len(data))]
        try:
            return Answered(layout.decode(said), data)
        except ValueError as error:
            message = f"the answer to {type(request).__name__} says what cannot be: {error}"
            raise RemoteProtocolError(LineFault.NOISE, message, data) from error

    def _fault(self, request: StatusRequest[Any], answer: bytes) -> RemoteProtocolError:
        name, came = type(request).__name__, self._came
        if len(answer) < self._size_of(STATUS_SIZE) or not crc_is_right(answer):
            return RemoteProtocolError(LineFault.NOISE, f"no answer to {name}: the checksum does not fit", came)
        if not self._anyone and not answer.startswith(self._asked.answered_from):
            asked = self.address_in(self._asked.answered_from)
            message = f"asked {asked} for {name}, and {self.address_in(answer)} answered"
            return RemoteProtocolError(LineFault.ANOTHER_METER, message, came)
        wanted = " or ".join(str(size - self._size_of(0)) for size in self._asked.sizes)
        got = len(answer) - self._size_of(0)
        return RemoteProtocolError(LineFault.NOISE, f"wanted {wanted} bytes of data for {name}, got {got}", came)
