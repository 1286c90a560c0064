"""One side of a conversation with one meter, asking. A line ends with LF, a block with its check character."""

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
from kilovatt.wire.protocols.framing.seven_bits import with_parity, without_parity
from kilovatt.wire.protocols.framing.sign_on import IDENTIFICATION_MAX, request_message
from kilovatt.wire.protocols.iec62056_21.blocks import ACK, BLOCK_SIZE_MAX, ETX, NAK
from kilovatt.wire.protocols.iec62056_21.characters import BlockCheck, stripped
from kilovatt.wire.protocols.iec62056_21.requests import GivePassword, Iec62056Request, SignOn

_LINE_FEED = b"\n"
_PASSWORD_START = len(b"\x01P1\x02(")
_AFTER_PASSWORD = len(b")\x03")


class Iec62056Connection:
    """A conversation with the meter at an address ("" for whoever is alone). Raises LocalProtocolError for none.

    `sends_parity`: our characters carry their parity as an eighth bit, for a line that passes eight bits.
    """

    def __init__(self, address: str, check: BlockCheck, *, sends_parity: bool = False) -> None:
        try:
            request_message(address)
        except ValueError as error:
            raise LocalProtocolError(str(error)) from error
        self._address = address
        self._check = check
        self._sends_parity = sends_parity
        self._open: Iec62056Request | None = None
        self._sent = b""
        self._came = b""

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange. Raises LocalProtocolError while another is open or for what cannot be framed."""
        if self._open is not None:
            raise LocalProtocolError(f"{type(self._open).__name__} is not answered yet")
        if not isinstance(request, Iec62056Request):
            raise LocalProtocolError(f"{type(request).__name__} is no request of this language")
        try:
            frame = request.frame(self._address, self._check)
        except ValueError as error:
            raise LocalProtocolError(f"{type(request).__name__} cannot be asked: {error}") from error
        self._open, self._sent, self._came = request, frame, b""
        # The check character would betray a character of the password.
        spans = ((_PASSWORD_START, len(frame) - 1 - _AFTER_PASSWORD), (len(frame) - 1, len(frame)))
        secret = spans if isinstance(request, GivePassword) else ()
        return Outgoing(with_parity(frame) if self._sends_parity else frame, secret)

    def receive(self, data: bytes) -> Event | None:
        """Take bytes in any pieces; return the answer once it is certain, None while more must come.

        Raises RemoteProtocolError as soon as no continuation can make a right answer.
        """
        request = self._outstanding()
        self._came += data
        seven = stripped(self._came)
        if self._sent.startswith(seven):
            return None
        raw = self._answer_raw()
        answer = stripped(raw)
        if answer[0] not in request.begins:
            raise self._broken(LineFault.NOISE, f"no answer to {_name(request)}: it does not begin as one")
        size = _size(answer, is_line=isinstance(request, SignOn))
        if size is None:
            return None
        if size == 0 or len(answer) > size:
            raise self._broken(LineFault.NOISE, f"no answer to {_name(request)}: longer than one can be")
        return self._decided(request, raw)

    def quiet(self) -> Event:
        """Say that the line fell silent. Raises RemoteProtocolError, since an answer is known by its last byte."""
        request = self._outstanding()
        if not self._came:
            raise self._broken(LineFault.SILENCE, f"no answer to {_name(request)}")
        if stripped(self._came) == self._sent:
            raise self._broken(LineFault.ECHO, f"only {_name(request)} itself came back")
        raise self._broken(LineFault.NOISE, f"no answer to {_name(request)}: the line fell silent within it")

    def _outstanding(self) -> Iec62056Request:
        if self._open is None:
            raise LocalProtocolError("nothing was asked")
        return self._open

    def _answer_raw(self) -> bytes:
        is_echoed = stripped(self._came).startswith(self._sent)
        return self._came[len(self._sent) :] if is_echoed else self._came

    def _decided(self, request: Iec62056Request, raw: bytes) -> Event:
        try:
            value = request.read(without_parity(raw), self._check)
        except ValueError as error:
            raise self._broken(LineFault.NOISE, f"no answer to {_name(request)}: {error}") from error
        self._open = None
        return Answered(value=value, data=raw)

    def _broken(self, fault: LineFault, message: str) -> RemoteProtocolError:
        self._open = None
        # An echo has the password in it.
        return RemoteProtocolError(fault, message, self._answer_raw())


def _size(answer: bytes, *, is_line: bool) -> int | None:
    """Return how long an answer is; None while that is open, 0 for one that is too long to be any."""
    if answer[0] in (ACK, NAK):
        return 1
    end = answer.find(_LINE_FEED if is_line else bytes([ETX]))
    limit = IDENTIFICATION_MAX if is_line else BLOCK_SIZE_MAX
    if end < 0:
        return None if len(answer) < limit else 0
    size = end + 1 if is_line else end + 2
    if size > limit:
        return 0
    return size if len(answer) >= size else None


def _name(request: Iec62056Request) -> str:
    return type(request).__name__
