"""The meter's side: what a frame asks, or why it is no request."""

from dataclasses import dataclass
from typing import Any

from kilovatt.wire.protocols.energomera.errors import ErrorCode
from kilovatt.wire.protocols.energomera.frames import WIRE_SIZE_MAX, ReplyFrame, RequestFrame, request_from_body
from kilovatt.wire.protocols.energomera.requests import EnergomeraRequest, Generation, requests_of
from kilovatt.wire.protocols.framing import slip

_MARK = bytes([slip.END])
_BY_GENERATION = {generation: requests_of(generation) for generation in Generation}


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame that is a request; what it asks, or the error that a meter answers it with."""

    frame: RequestFrame
    asked: EnergomeraRequest[Any] | ErrorCode

    def answer(self, data: bytes) -> bytes:
        """Return the frame that answers with data."""
        return ReplyFrame(
            reader=self.frame.reader, meter=self.frame.meter, command=self.frame.command, data=data
        ).encode()

    def refusal(self, code: ErrorCode) -> bytes:
        """Return the frame that answers with an error."""
        return ReplyFrame(
            reader=self.frame.reader,
            meter=self.frame.meter,
            command=self.frame.command,
            data=bytes([code]),
            is_error=True,
        ).encode()


def frame_heard(data: bytes) -> RequestFrame | None:
    """Return the request that these bytes are, marks and all; None where a meter would keep silent."""
    if len(data) > WIRE_SIZE_MAX or data[:1] != _MARK or data[-1:] != _MARK:
        return None
    try:
        return request_from_body(slip.unescape(data[1:-1]))
    except ValueError:
        return None


def heard(data: bytes, generation: Generation) -> Heard | None:
    """Return the request that these bytes are in a dialect; None where a meter would keep silent."""
    frame = frame_heard(data)
    return None if frame is None else Heard(frame, asked_by(frame, generation))


def asked_by(frame: RequestFrame, generation: Generation) -> EnergomeraRequest[Any] | ErrorCode:
    """Return what a frame asks in a dialect, or why it asks nothing."""
    request = _BY_GENERATION[generation].get(frame.command)
    if request is None:
        return ErrorCode.NO_SUCH_COMMAND
    if len(frame.data) != sum(field.size for field in request.asks.values()):
        return ErrorCode.PARAMETER_COUNT
    try:
        return request.parse(frame.data)
    except ValueError:
        return ErrorCode.PARAMETER
