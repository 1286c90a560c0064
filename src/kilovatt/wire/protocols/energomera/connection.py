"""One side of a conversation with one meter, asking: whose turn it is, and what came back.

A frame ends with its mark, so that what came is certain as soon as the mark has come. An adapter may echo the request
before the answer: the echo is set aside, and named where nothing follows it.
"""

from typing import Any

from kilovatt.wire.protocols.energomera.errors import refusal_of
from kilovatt.wire.protocols.energomera.frames import (
    ADDRESS_MAX,
    CHECKSUM_SIZE,
    PASSWORD_SIZE,
    PASSWORD_START,
    READER,
    WIRE_SIZE_MAX,
    ReplyFrame,
    RequestFrame,
    reply_from_body,
)
from kilovatt.wire.protocols.energomera.requests import EnergomeraRequest
from kilovatt.wire.protocols.framing import slip
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Event,
    LineFault,
    LocalProtocolError,
    Outgoing,
    RemoteProtocolError,
    Request,
)

_MARK = bytes([slip.END])


class EnergomeraConnection:
    """A conversation with the meter at an address. Raises LocalProtocolError for one that no single meter has.

    The broadcast address FFFFh is none: every meter of a line would answer it at once.
    """

    def __init__(self, address: int, password: int, *, reader: int = READER) -> None:
        if not 0 <= address <= ADDRESS_MAX:
            raise LocalProtocolError(f"an address is 0 to {ADDRESS_MAX}: got {address}")
        self._address = address
        self._password = password
        self._reader = reader
        self._open: EnergomeraRequest[Any] | None = None
        self._sent = b""
        self._came = b""

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange. Raises LocalProtocolError while another is open or for what cannot be framed."""
        if self._open is not None:
            raise LocalProtocolError(f"{type(self._open).__name__} is not answered yet")
        if not isinstance(request, EnergomeraRequest):
            raise LocalProtocolError(f"{type(request).__name__} is no request of this language")
        try:
            body = RequestFrame(
                meter=self._address,
                reader=self._reader,
                password=self._password,
                command=request.code,
                data=request.payload(),
            ).body()
        except ValueError as error:
            raise LocalProtocolError(f"{request} cannot be asked: {error}") from error
        self._open = request
        self._sent = slip.framed(body)
        self._came = b""
        return Outgoing(self._sent, _secret_spans(body))

    def receive(self, data: bytes) -> Event | None:
        """Take bytes in any pieces; return the answer once it is certain, None while more must come.

        Raises RemoteProtocolError as soon as no continuation can make a right answer.
        """
        request = self._outstanding()
        self._came += data
        if self._sent.startswith(self._came):
            return None
        answer = self._came.removeprefix(self._sent)
        if answer[0] != slip.END:
            raise self._broken(LineFault.NOISE, f"no answer to {_name(request)}: it does not begin with its mark")
        end = answer.find(_MARK, 1)
        if end < 0 and len(answer) < WIRE_SIZE_MAX:
            return None
        if end < 0 or end >= WIRE_SIZE_MAX:
            raise self._broken(LineFault.NOISE, f"no answer to {_name(request)}: longer than any frame")
        return self._decided(request, answer[: end + 1])

    def quiet(self) -> Event:
        """Say that the line fell silent. Raises RemoteProtocolError, since an answer is known by its last byte."""
        request = self._outstanding()
        if not self._came:
            raise self._broken(LineFault.SILENCE, f"no answer to {_name(request)}")
        if self._came == self._sent:
            raise self._broken(LineFault.ECHO, f"only {_name(request)} itself came back")
        raise self._broken(LineFault.NOISE, f"no answer to {_name(request)}: the line fell silent within a frame")

    def _outstanding(self) -> EnergomeraRequest[Any]:
        if self._open is None:
            raise LocalProtocolError("nothing was asked")
        return self._open

    def _decided(self, request: EnergomeraRequest[Any], data: bytes) -> Event:
        try:
            reply = reply_from_body(slip.unescape(data[1:-1]))
        except ValueError as error:
            raise self._broken(LineFault.NOISE, f"no answer to {_name(request)}: {error}") from error
        self._check_parties(request, reply)
        if reply.is_error:
            if len(reply.data) != 1:
                raise self._broken(LineFault.NOISE, f"an error is one byte: got {len(reply.data)} for {_name(request)}")
            self._open = None
            return Answered(value=refusal_of(reply.data[0]), data=data)
        return self._answered(request, reply, data)

    def _check_parties(self, request: EnergomeraRequest[Any], reply: ReplyFrame) -> None:
        if reply.meter != self._address:
            message = f"asked {self._address} for {_name(request)}, and {reply.meter} answered"
            raise self._broken(LineFault.ANOTHER_METER, message)
        if reply.reader != self._reader:
            message = f"the answer to {_name(request)} is for reader {reply.reader}, and we are {self._reader}"
            raise self._broken(LineFault.NOISE, message)
        if reply.command != request.code:
            message = f"wanted the answer to {_name(request)} ({request.code:04X}h), got one to {reply.command:04X}h"
            raise self._broken(LineFault.NOISE, message)

    def _answered(self, request: EnergomeraRequest[Any], reply: ReplyFrame, data: bytes) -> Answered:
        layout = request.says
        if len(reply.data) != layout.size:
            message = f"wanted {layout.size} bytes of data in the answer to {_name(request)}, got {len(reply.data)}"
            raise self._broken(LineFault.NOISE, message)
        try:
            value = layout.decode(reply.data)
        except ValueError as error:
            message = f"the answer to {_name(request)} says what cannot be: {error}"
            raise self._broken(LineFault.NOISE, message) from error
        self._open = None
        return Answered(value=value, data=data)

    def _broken(self, fault: LineFault, message: str) -> RemoteProtocolError:
        self._open = None
        # An echo has the password in it.
        return RemoteProtocolError(fault, message, self._came.removeprefix(self._sent))


def _name(request: EnergomeraRequest[Any]) -> str:
    return type(request).__name__


def _secret_spans(body: bytes) -> tuple[tuple[int, int], ...]:
    """Return where the password and the checksum, which would betray a byte of it, stand in a frame."""
    units = slip.units(slip.escape(body))
    places = [1]
    for unit in units:
        places.append(places[-1] + len(unit))
    return (
        (places[PASSWORD_START], places[PASSWORD_START + PASSWORD_SIZE]),
        (places[len(units) - CHECKSUM_SIZE], places[len(units)]),
    )
