"""One side of a conversation with one meter, asking: whose turn it is, and what came back.

The answer echoes address and command, and its length is known from the command; silence is the only refusal.
An adapter may echo the request before the answer: the echo is set aside, and named where nothing follows it.
"""

from functools import lru_cache
from typing import Any

from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Event,
    LineFault,
    LocalProtocolError,
    Outgoing,
    RemoteProtocolError,
    Request,
)
from kilovatt.wire.protocols.framing.crc16 import append_crc, crc_is_right
from kilovatt.wire.protocols.mercury_v1.frames import (
    ADDRESS_MAX,
    ADDRESS_SIZE,
    CRC_SIZE,
    FRAME_SIZE_MIN,
    HEAD_SIZE,
    frame_from_bytes,
)
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request


@lru_cache(maxsize=1024)
def _asked(request: MercuryV1Request[Any]) -> bytes:
    """Return a request behind the address: all meters of a night are asked the same. Nothing in it is secret."""
    return bytes([request.code]) + request.payload()


class MercuryV1Connection:
    """A conversation with the meter at an address. Raises LocalProtocolError for one that no meter can have."""

    __slots__ = ("_address", "_came", "_from", "_open", "_sent")

    def __init__(self, address: int) -> None:
        if not 1 <= address <= ADDRESS_MAX:
            raise LocalProtocolError(f"an address is 1 to {ADDRESS_MAX}: got {address}")
        self._address = address
        self._from = address.to_bytes(ADDRESS_SIZE, "big")
        self._open: MercuryV1Request[Any] | None = None
        self._sent = b""
        self._came = b""

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange. Raises LocalProtocolError while another is open or for what cannot be framed."""
        if self._open is not None:
            raise LocalProtocolError(f"{type(self._open).__name__} is not answered yet")
        if not isinstance(request, MercuryV1Request):
            raise LocalProtocolError(f"{type(request).__name__} is no request of this language")
        try:
            self._sent = append_crc(self._from + _asked(request))
        except ValueError as error:
            raise LocalProtocolError(f"{request} cannot be asked: {error}") from error
        self._open = request
        self._came = b""
        return Outgoing(self._sent)

    def receive(self, data: bytes) -> Event | None:
        """Take bytes in any pieces; return the answer once it is certain, None while more must come.

        Raises RemoteProtocolError as soon as no continuation can make a right answer.
        """
        request = self._outstanding()
        self._came += data
        # Only the longest answer is certain: a shorter one may be its beginning, with a checksum that fits by chance.
        size = FRAME_SIZE_MIN + request.answer_sizes[-1]
        if self._is_answer(self._came[:size], request, size):
            return self._answered(request, self._came[:size])
        if not self._echo_is_possible():
            return self._decided(request, self._came, size)
        return self._decided(request, self._came[len(self._sent) :], size)

    def quiet(self) -> Event:
        """Say that the line fell silent. Returns the answer if what came is one, raises RemoteProtocolError if not."""
        request = self._outstanding()
        came = self._came
        for answer in (came, self._without_echo()):
            if any(self._is_answer(answer, request, FRAME_SIZE_MIN + size) for size in request.answer_sizes):
                return self._answered(request, answer)
        self._open = None
        if not came:
            raise RemoteProtocolError(LineFault.SILENCE, f"no answer to {type(request).__name__}", b"")
        if came == self._sent:
            raise RemoteProtocolError(LineFault.ECHO, f"only {type(request).__name__} itself came back", came)
        raise self._fault(request, self._without_echo(), came)

    def _outstanding(self) -> MercuryV1Request[Any]:
        if self._open is None:
            raise LocalProtocolError("nothing was asked")
        return self._open

    def _echo_is_possible(self) -> bool:
        return self._came.startswith(self._sent) or self._sent.startswith(self._came)

    def _without_echo(self) -> bytes:
        return self._came.removeprefix(self._sent)

    def _decided(self, request: MercuryV1Request[Any], answer: bytes, size: int) -> Event | None:
        if len(answer) < size:
            return None
        if self._is_answer(answer[:size], request, size):
            return self._answered(request, answer[:size])
        self._open = None
        raise self._fault(request, answer[:size], self._came)

    def _is_answer(self, data: bytes, request: MercuryV1Request[Any], size: int) -> bool:
        is_meant = len(data) == size and data.startswith(self._from) and data[HEAD_SIZE - 1] == request.code
        return is_meant and crc_is_right(data)

    def _answered(self, request: MercuryV1Request[Any], data: bytes) -> Answered:
        self._open = None
        try:
            return Answered(request.decode(data[HEAD_SIZE:-CRC_SIZE]), data)
        except ValueError as error:
            raise RemoteProtocolError(
                LineFault.NOISE, f"the answer to {type(request).__name__} says what cannot be: {error}", data
            ) from error

    def _fault(self, request: MercuryV1Request[Any], answer: bytes, came: bytes) -> RemoteProtocolError:
        name = type(request).__name__
        frame = frame_from_bytes(answer)
        if frame is None:
            return RemoteProtocolError(LineFault.NOISE, f"no answer to {name}: the checksum does not fit", came)
        if frame.address != self._address:
            message = f"asked {self._address} for {name}, and {frame.address} answered"
            return RemoteProtocolError(LineFault.ANOTHER_METER, message, came)
        if frame.code != request.code:
            message = f"wanted the answer to {name} ({request.code:02X}h), got one to {frame.code:02X}h"
            return RemoteProtocolError(LineFault.NOISE, message, came)
        wanted = " or ".join(map(str, request.answer_sizes))
        message = f"wanted {wanted} bytes of data in the answer to {name}, got {len(frame.data)}"
        return RemoteProtocolError(LineFault.NOISE, message, came)
