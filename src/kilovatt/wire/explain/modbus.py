"""Frames of Modbus over TCP, as a pulse counter is read, byte by byte."""

from collections.abc import Iterator

from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame
from kilovatt.wire.protocols.modbus.frames import HEAD_SIZE, IS_ERROR, ErrorCode, Frame, frame_from_bytes
from kilovatt.wire.protocols.modbus.requests import ReadRegisters

_DATA_START = HEAD_SIZE + 2


def explain_exchange(request: bytes, answer: bytes | None) -> ExplainedExchange:
    """Return what a request and the answer to it say, every byte named.

    An answer is explained as the answer to its request, whether or not it is one: `problem` says why it is not.
    """
    asking = _frame_of(request)
    asked = _asked(asking)
    return ExplainedExchange(
        request=_noise(request, is_answer=False) if asking is None else _request(request, asking, asked, None),
        answer=None if answer is None else _answer(answer, request, asking, asked),
    )


def _frame_of(data: bytes) -> Frame | None:
    try:
        return frame_from_bytes(data)
    except ValueError:
        return None


def _asked(frame: Frame | None) -> ReadRegisters | None:
    try:
        return None if frame is None else ReadRegisters.parse(frame.function, frame.data)
    except ValueError:
        return None


def _request(data: bytes, frame: Frame, asked: ReadRegisters | None, problem: str | None) -> ExplainedFrame:
    is_answer = problem is not None
    if asked is None:
        return _assembled(data, frame, "unknown_request", _raw(frame), "unknown_request", is_answer=is_answer)
    fields = (
        ExplainedField(start=_DATA_START, end=_DATA_START + 2, code="first_register", value=asked.first),
        ExplainedField(start=_DATA_START + 2, end=_DATA_START + 4, code="register_count", value=asked.count),
    )
    return _assembled(data, frame, "read_registers", fields, problem, is_answer=is_answer)


def _answer(data: bytes, request: bytes, asking: Frame | None, asked: ReadRegisters | None) -> ExplainedFrame:
    frame = _frame_of(data)
    if frame is None:
        return _noise(data, is_answer=True)
    if asking is None or asked is None:
        return _assembled(data, frame, "unknown_request", _raw(frame), "unknown_request", is_answer=True)
    if data == request:
        return _request(data, frame, asked, "echo")
    problem = _why_not_to(asking, frame)
    if problem is not None:
        return _assembled(data, frame, "read_registers", _raw(frame), problem, is_answer=True)
    if frame.function == asking.function | IS_ERROR:
        return _refused(data, frame)
    try:
        registers = asked.decode(frame.data)
    except ValueError:
        return _assembled(data, frame, "read_registers", _raw(frame), "wrong_size", is_answer=True)
    return _assembled(data, frame, "read_registers", tuple(_registers(registers)), None, is_answer=True)


def _why_not_to(asking: Frame, frame: Frame) -> str | None:
    if frame.transaction != asking.transaction:
        return "another_request"
    if frame.unit != asking.unit:
        return "another_unit"
    return None if frame.function & ~IS_ERROR == asking.function else "another_function"


def _registers(registers: tuple[int, ...]) -> Iterator[ExplainedField]:
    start = _DATA_START
    yield ExplainedField(start=start, end=start + 1, code="byte_count", value=2 * len(registers))
    for number, register in enumerate(registers, start=1):
        at = start + 2 * number - 1
        yield ExplainedField(start=at, end=at + 2, code="register", value=register, number=number)


def _refused(data: bytes, frame: Frame) -> ExplainedFrame:
    if len(frame.data) != 1:
        return _assembled(data, frame, "refusal", _raw(frame), "wrong_size", is_answer=True)
    known = {int(error): error.name.lower() for error in ErrorCode}
    field = ExplainedField(start=_DATA_START, end=_DATA_START + 1, code="error_code", value=frame.data[0])
    return _assembled(data, frame, "refusal", (field,), known.get(frame.data[0], "other"), is_answer=True)


def _raw(frame: Frame) -> tuple[ExplainedField, ...]:
    end = _DATA_START + len(frame.data)
    return (ExplainedField(start=_DATA_START, end=end, code="data", value=frame.data.hex(" ")),) if frame.data else ()


def _noise(data: bytes, *, is_answer: bool) -> ExplainedFrame:
    fields = (ExplainedField(start=0, end=len(data), code="data", value=data.hex(" ")),) if data else ()
    return ExplainedFrame(
        code="noise", data=data, is_answer=is_answer, fields=fields, crc_is_right=None, problem="no_frame"
    )


def _assembled(
    data: bytes,
    frame: Frame,
    code: str,
    fields: tuple[ExplainedField, ...],
    problem: str | None,
    *,
    is_answer: bool,
) -> ExplainedFrame:
    head = (
        ExplainedField(start=0, end=2, code="transaction", value=frame.transaction),
        ExplainedField(start=2, end=4, code="protocol", value=0),
        ExplainedField(start=4, end=6, code="length", value=len(data) - HEAD_SIZE),
        ExplainedField(start=6, end=7, code="unit", value=frame.unit),
        ExplainedField(start=7, end=8, code="function", value=f"{frame.function:02X}h"),
    )
    return ExplainedFrame(
        code=code, data=data, is_answer=is_answer, fields=(*head, *fields), crc_is_right=None, problem=problem
    )
