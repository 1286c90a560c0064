"""One side of a conversation with one device, asking: whose turn it is, and what came back."""

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
from kilovatt.wire.protocols.modbus.frames import (
    HEAD_SIZE,
    IS_ERROR,
    TRANSACTION_MAX,
    UNIT_MAX,
    ErrorCode,
    Frame,
    frame_from_bytes,
    size_of,
)
from kilovatt.wire.protocols.modbus.requests import ReadRegisters

_REASONS = {
    ErrorCode.ILLEGAL_FUNCTION: RefusalReason.UNKNOWN_REQUEST,
    ErrorCode.ILLEGAL_ADDRESS: RefusalReason.UNKNOWN_REQUEST,
    ErrorCode.ILLEGAL_VALUE: RefusalReason.UNKNOWN_REQUEST,
    ErrorCode.DEVICE_FAILURE: RefusalReason.INTERNAL_ERROR,
    ErrorCode.MEMORY_PARITY: RefusalReason.INTERNAL_ERROR,
}


class ModbusConnection:
    """A conversation with a unit. Raises LocalProtocolError for one that no device has.

    Each request has a transaction of its own, so that a late answer is never taken for another.
    """

    def __init__(self, unit: int) -> None:
        if not 0 <= unit <= UNIT_MAX:
            raise LocalProtocolError(f"a unit is 0 to {UNIT_MAX}: got {unit}")
        self._unit = unit
        self._transaction = 0
        self._open: ReadRegisters | None = None
        self._sent = b""
        self._came = b""

    def send(self, request: Request[Any]) -> Outgoing:
        """Begin an exchange. Raises LocalProtocolError while another is open or for what cannot be framed."""
        if self._open is not None:
            raise LocalProtocolError(f"{self._open} is not answered yet")
        if not isinstance(request, ReadRegisters):
            raise LocalProtocolError(f"{type(request).__name__} is no request of this language")
        self._transaction = self._transaction % TRANSACTION_MAX + 1
        self._open = request
        self._sent = Frame(
            transaction=self._transaction, unit=self._unit, function=request.table, data=request.payload()
        ).encode()
        self._came = b""
        return Outgoing(self._sent)

    def receive(self, data: bytes) -> Event | None:
        """Take bytes in any pieces; return the answer once it is certain, None while more must come.

        Raises RemoteProtocolError as soon as no continuation can make a right answer.
        """
        request = self._outstanding()
        self._came += data
        answer = self._came.removeprefix(self._sent)
        if self._sent.startswith(self._came) or len(answer) < HEAD_SIZE:
            return None
        try:
            size = size_of(answer)
        except ValueError as error:
            raise self._broken(LineFault.NOISE, f"no answer to {_name(request)}: {error}") from error
        return self._decided(request, answer[:size]) if len(answer) >= size else None

    def quiet(self) -> Event:
        """Say that the line fell silent. Raises RemoteProtocolError, since a frame tells its own length."""
        request = self._outstanding()
        if not self._came:
            raise self._broken(LineFault.SILENCE, f"no answer to {_name(request)}")
        if self._came == self._sent:
            raise self._broken(LineFault.ECHO, f"only {_name(request)} itself came back")
        raise self._broken(LineFault.NOISE, f"no answer to {_name(request)}: the line fell silent within a frame")

    def _outstanding(self) -> ReadRegisters:
        if self._open is None:
            raise LocalProtocolError("nothing was asked")
        return self._open

    def _decided(self, request: ReadRegisters, data: bytes) -> Event:
        frame = frame_from_bytes(data)
        if frame.transaction != self._transaction:
            message = f"wanted the answer to request {self._transaction}, got one to {frame.transaction}"
            raise self._broken(LineFault.NOISE, message)
        if frame.unit != self._unit:
            message = f"asked unit {self._unit} for {_name(request)}, and unit {frame.unit} answered"
            raise self._broken(LineFault.ANOTHER_METER, message)
        if frame.function == request.table | IS_ERROR and len(frame.data) == 1:
            self._open = None
            return Answered(value=refusal_of(frame.data[0]), data=data)
        if frame.function != request.table:
            message = f"wanted function {request.table:02X}h, got {frame.function:02X}h"
            raise self._broken(LineFault.NOISE, message)
        try:
            value = request.decode(frame.data)
        except ValueError as error:
            message = f"the answer to {_name(request)} says what cannot be: {error}"
            raise self._broken(LineFault.NOISE, message) from error
        self._open = None
        return Answered(value=value, data=data)

    def _broken(self, fault: LineFault, message: str) -> RemoteProtocolError:
        self._open = None
        return RemoteProtocolError(fault, message, self._came)


def refusal_of(code: int) -> Refusal:
    """Return what the byte of an exception says."""
    known = {int(error): reason for error, reason in _REASONS.items()}
    return Refusal(reason=known.get(code, RefusalReason.OTHER), code=code)


def _name(request: ReadRegisters) -> str:
    return type(request).__name__
