"""One side of a conversation with one meter, asking: whose turn it is, and what came back.

Nothing in an answer says what it answers, nor how long it is: the length is known from the request. Only the
longest answer the request can have is certain at once. A shorter one, such as a status where data were wanted, may
be the beginning of it with a checksum that fits by chance (that has been seen), and is believed when the line falls
silent. An adapter may echo the request before the answer: the echo is set aside, and named where nothing follows.
"""

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
from kilovatt.wire.protocols.mercury_v2.hearing import FRAME_SIZE_MIN, frame
from kilovatt.wire.protocols.mercury_v2.request import OK, STATUS_MASK, MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.session import CheckLink
from kilovatt.wire.protocols.mercury_v2.writes import ADDRESS_MAX

UNIVERSAL_ADDRESS = 0
"""Any meter answers it: only for one that is alone on its line."""
_STATUS_SIZE = 1
_REASONS = {
    1: RefusalReason.UNKNOWN_REQUEST,
    2: RefusalReason.INTERNAL_ERROR,
    3: RefusalReason.ACCESS_DENIED,
    4: RefusalReason.CLOCK_ALREADY_CORRECTED,
    5: RefusalReason.CHANNEL_CLOSED,
}


class MercuryV2Connection:
    """A conversation with the meter at an address. Raises LocalProtocolError for one that no meter answers at."""

    def __init__(self, address: int) -> None:
        if not UNIVERSAL_ADDRESS <= address <= ADDRESS_MAX:
            raise LocalProtocolError(f"an address is {UNIVERSAL_ADDRESS} to {ADDRESS_MAX}: got {address}")
        self._address = address
        self._open: MercuryV2Request[Any] | None = None
        self._sent = b""
        self._came = b""
        self._from = address
        self._sizes: tuple[int, ...] = ()

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange. Raises LocalProtocolError while another is open or for what cannot be framed."""
        if self._open is not None:
            raise LocalProtocolError(f"{type(self._open).__name__} is not answered yet")
        if not isinstance(request, MercuryV2Request):
            raise LocalProtocolError(f"{type(request).__name__} is no request of this language")
        try:
            self._sent = frame(self._address, request.body())
        except ValueError as error:
            raise LocalProtocolError(f"{request} cannot be asked: {error}") from error
        self._open = request
        self._came = b""
        self._from = request.answering_address(self._address)
        self._sizes = tuple(1 + layout.size + CRC_SIZE for layout in request.says)
        return Outgoing(self._sent, _secret_spans(request, len(self._sent)))

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
            if self._is_answer(answer, 1 + _STATUS_SIZE + CRC_SIZE) and answer[1] & STATUS_MASK != OK:
                self._open = None
                return Answered(value=refusal_of(answer[1] & STATUS_MASK), data=answer)
        self._open = None
        if not self._came:
            raise RemoteProtocolError(LineFault.SILENCE, f"no answer to {type(request).__name__}", b"")
        if self._came == self._sent:
            raise RemoteProtocolError(LineFault.ECHO, f"only {type(request).__name__} itself came back", self._came)
        raise self._fault(request, self._came.removeprefix(self._sent))

    def _outstanding(self) -> MercuryV2Request[Any]:
        if self._open is None:
            raise LocalProtocolError("nothing was asked")
        return self._open

    def _is_answer(self, data: bytes, size: int) -> bool:
        if len(data) != size or data[0] != self._from or not crc_is_right(data):
            return False
        # What equals the request is its echo; only the answer to a link test is the same bytes.
        return data != self._sent or isinstance(self._open, CheckLink)

    def _answered(self, request: MercuryV2Request[Any], data: bytes) -> Answered:
        self._open = None
        said = data[1:-CRC_SIZE]
        if not request.wants_data:
            status = said[0] & STATUS_MASK
            return Answered(value=None if status == OK else refusal_of(status), data=data)
        layout = next(layout for layout in request.says if layout.size == len(said))
        try:
            return Answered(value=layout.decode(said), data=data)
        except ValueError as error:
            message = f"the answer to {type(request).__name__} says what cannot be: {error}"
            raise RemoteProtocolError(LineFault.NOISE, message, data) from error

    def _fault(self, request: MercuryV2Request[Any], answer: bytes) -> RemoteProtocolError:
        name, came = type(request).__name__, self._came
        if len(answer) < FRAME_SIZE_MIN or not crc_is_right(answer):
            return RemoteProtocolError(LineFault.NOISE, f"no answer to {name}: the checksum does not fit", came)
        if answer[0] != self._from:
            message = f"asked {self._from} for {name}, and {answer[0]} answered"
            return RemoteProtocolError(LineFault.ANOTHER_METER, message, came)
        wanted = " or ".join(str(size - 1 - CRC_SIZE) for size in self._sizes)
        got = len(answer) - 1 - CRC_SIZE
        return RemoteProtocolError(LineFault.NOISE, f"wanted {wanted} bytes of data for {name}, got {got}", came)


def refusal_of(status: int) -> Refusal:
    """Return what a status other than 0 says."""
    return Refusal(reason=_REASONS.get(status, RefusalReason.OTHER), code=status)


def _secret_spans(request: MercuryV2Request[Any], size: int) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    start = 1 + len(request.prefix)
    for name, field in request.asks.items():
        if name in request.secret_fields:
            spans.append((start, start + field.size))
        start += field.size
    # Sixteen bits of checksum would betray most of a password of six digits.
    return (*spans, (size - CRC_SIZE, size)) if spans else ()
