"""One side of a conversation with one meter, asking: whose turn it is, and what came back.

Nothing in an answer says what it answers, nor how long it is: the length is known from the request. Only the longest
answer that the request can have is certain at once; a status where data were wanted is believed when the line falls
silent, since it may be the beginning of data with a checksum that fits by chance. Asked at address 0, a meter answers
from its own. An adapter may echo the request before the answer: the echo is set aside, and named where nothing
follows.
"""

from collections.abc import Mapping
from typing import Any

from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Event,
    LineFault,
    LocalProtocolError,
    Outgoing,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
)
from kilovatt.wire.protocols.framing.crc16 import CRC_SIZE, crc_is_right
from kilovatt.wire.protocols.nzif.hearing import ADDRESS_MAX, frame, head_of
from kilovatt.wire.protocols.nzif.request import STATUS_MASK, NzifRequest, Status
from kilovatt.wire.protocols.nzif.session import CheckLink

UNIVERSAL_ADDRESS = 0
"""Any meter answers it: only for one that is alone on its line."""
_STATUS_SIZE = 1
_REASONS: Mapping[int, RefusalReason] = {
    Status.UNKNOWN_REQUEST: RefusalReason.UNKNOWN_REQUEST,
    Status.INTERNAL_ERROR: RefusalReason.INTERNAL_ERROR,
    Status.ACCESS_DENIED: RefusalReason.ACCESS_DENIED,
    Status.CLOCK_ALREADY_CORRECTED: RefusalReason.CLOCK_ALREADY_CORRECTED,
    Status.CHANNEL_CLOSED: RefusalReason.CHANNEL_CLOSED,
}


class NzifConnection:
    """A conversation with the meter at an address. Raises LocalProtocolError for one that no meter answers at."""

    def __init__(self, address: int) -> None:
        if not UNIVERSAL_ADDRESS <= address <= ADDRESS_MAX:
            raise LocalProtocolError(f"an address is {UNIVERSAL_ADDRESS} to {ADDRESS_MAX}: got {address}")
        self._address = address
        self._head = head_of(address)
        self._open: NzifRequest[Any] | None = None
        self._sent = b""
        self._came = b""
        self._sizes: tuple[int, ...] = ()

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange. Raises LocalProtocolError while another is open or for what cannot be framed."""
        if self._open is not None:
            raise LocalProtocolError(f"{type(self._open).__name__} is not answered yet")
        if not isinstance(request, NzifRequest):
            raise LocalProtocolError(f"{type(request).__name__} is no request of this language")
        try:
            self._sent = frame(self._address, request.body())
        except ValueError as error:
            raise LocalProtocolError(f"{request} cannot be asked: {error}") from error
        self._open = request
        self._came = b""
        self._sizes = tuple(self._size_of(layout.size) for layout in request.says)
        return Outgoing(self._sent, self._secret_spans(request))

    def receive(self, data: bytes) -> Event | None:
        """Take bytes in any pieces; return the answer once it is certain, None while more must come.

        Raises RemoteProtocolError as soon as no continuation can make a right answer.
        """
        request = self._outstanding()
        self._came += data
        longest = self._sizes[-1]
        came = self._came
        if self._is_answer(came[:longest], longest):
            return self._answered(request, came[:longest])
        if came.startswith(self._sent):
            came = came[len(self._sent) :]
        elif self._sent.startswith(came):
            return None
        if len(came) < longest:
            return None
        if self._is_answer(came[:longest], longest):
            return self._answered(request, came[:longest])
        self._open = None
        raise self._fault(request, came[:longest])

    def quiet(self) -> Event:
        """Say that the line fell silent. Returns the answer if what came is one, raises RemoteProtocolError if not."""
        request = self._outstanding()
        for answer in (self._came, self._came.removeprefix(self._sent)):
            if any(self._is_answer(answer, size) for size in self._sizes):
                return self._answered(request, answer)
            if self._is_answer(answer, self._size_of(_STATUS_SIZE)) and self._said(answer)[0] & STATUS_MASK:
                self._open = None
                return Answered(value=refusal_of(self._said(answer)[0]), data=answer)
        self._open = None
        if not self._came:
            raise RemoteProtocolError(LineFault.SILENCE, f"no answer to {type(request).__name__}", b"")
        if self._came == self._sent:
            raise RemoteProtocolError(LineFault.ECHO, f"only {type(request).__name__} itself came back", self._came)
        raise self._fault(request, self._came.removeprefix(self._sent))

    def _outstanding(self) -> NzifRequest[Any]:
        if self._open is None:
            raise LocalProtocolError("nothing was asked")
        return self._open

    def _size_of(self, said: int) -> int:
        return len(self._head) + said + CRC_SIZE

    def _said(self, answer: bytes) -> bytes:
        return answer[len(self._head) : -CRC_SIZE]

    def _is_from_it(self, answer: bytes) -> bool:
        return self._address == UNIVERSAL_ADDRESS or answer.startswith(self._head)

    def _is_answer(self, data: bytes, size: int) -> bool:
        if len(data) != size or not self._is_from_it(data) or not crc_is_right(data):
            return False
        # What equals the request is its echo; only the answer to a link test is the same bytes.
        return data != self._sent or isinstance(self._open, CheckLink)

    def _answered(self, request: NzifRequest[Any], data: bytes) -> Answered:
        self._open = None
        said = self._said(data)
        if not request.wants_data:
            is_done = said[0] & STATUS_MASK == Status.DONE
            return Answered(value=None if is_done else refusal_of(said[0]), data=data)
        layout = next(layout for layout in request.says if layout.size == len(said))
        try:
            return Answered(value=layout.decode(said), data=data)
        except ValueError as error:
            message = f"the answer to {type(request).__name__} says what cannot be: {error}"
            raise RemoteProtocolError(LineFault.NOISE, message, data) from error

    def _fault(self, request: NzifRequest[Any], answer: bytes) -> RemoteProtocolError:
        name, came = type(request).__name__, self._came
        if len(answer) < self._size_of(_STATUS_SIZE) or not crc_is_right(answer):
            return RemoteProtocolError(LineFault.NOISE, f"no answer to {name}: the checksum does not fit", came)
        if not self._is_from_it(answer):
            message = f"asked {self._address} for {name}, and a frame of {answer[0]} came"
            return RemoteProtocolError(LineFault.ANOTHER_METER, message, came)
        wanted = " or ".join(str(size - self._size_of(0)) for size in self._sizes)
        got = len(self._said(answer))
        return RemoteProtocolError(LineFault.NOISE, f"wanted {wanted} bytes of data for {name}, got {got}", came)

    def _secret_spans(self, request: NzifRequest[Any]) -> tuple[tuple[int, int], ...]:
        spans: list[tuple[int, int]] = []
        start = len(self._head) + len(request.prefix)
        for name, field in request.asks.items():
            if name in request.secret_fields:
                spans.append((start, start + field.size))
            start += field.size
        # Sixteen bits of checksum would betray much of a password of six digits.
        return (*spans, (start, start + CRC_SIZE)) if spans else ()


def refusal_of(status: int) -> Refusal:
    """Return what a status other than "done" says."""
    code = status & STATUS_MASK
    return Refusal(reason=_REASONS.get(code, RefusalReason.OTHER), code=code)
