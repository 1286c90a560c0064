"""Frames of Mercury V1, byte by byte, by the same descriptions of fields that read and write them."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame, FieldValue, frame_code
from kilovatt.wire.explain.layouts import explain_layout
from kilovatt.wire.protocols.framing.crc16 import crc_is_right
from kilovatt.wire.protocols.framing.layout import Field
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1.answers import RingRecord, TariffMark, YearDay
from kilovatt.wire.protocols.mercury_v1.archive import GROUP_SIZE, ReadHalfHours
from kilovatt.wire.protocols.mercury_v1.frames import CRC_SIZE, FRAME_SIZE_MIN, HEAD_SIZE, Frame
from kilovatt.wire.protocols.mercury_v1.hearing import request_from_frame
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request, TariffDay

_ADDRESS_SIZE = 4


def explain_exchange(request: bytes, answer: bytes | None) -> ExplainedExchange:
    """Return what a request and the answer to it say, every byte named.

    An answer is explained as the answer to its request, whether or not it is one: `problem` says why it is not.
    """
    asked = _request_of(request)
    return ExplainedExchange(
        request=_explained_request(request, asked),
        answer=None if answer is None else _explained_answer(answer, request, asked),
    )


def _request_of(data: bytes) -> MercuryV1Request[Any] | None:
    return request_from_frame(_frame_of(data)) if len(data) >= FRAME_SIZE_MIN else None


def _frame_of(data: bytes) -> Frame:
    # A wrong checksum is told, and the rest is explained all the same.
    return Frame(
        address=int.from_bytes(data[:_ADDRESS_SIZE], "big"),
        code=data[_ADDRESS_SIZE],
        data=data[HEAD_SIZE:-CRC_SIZE],
    )


def _explained_request(data: bytes, asked: MercuryV1Request[Any] | None) -> ExplainedFrame:
    if len(data) < FRAME_SIZE_MIN:
        return _too_short(data, is_answer=False)
    if asked is None:
        return _explained(data, "unknown_request", None, "unknown_request", is_answer=False)
    return _explained(data, frame_code(type(asked)), asked.asks, None, is_answer=False)


def _explained_answer(data: bytes, request: bytes, asked: MercuryV1Request[Any] | None) -> ExplainedFrame:
    if len(data) < FRAME_SIZE_MIN:
        return _too_short(data, is_answer=True)
    if asked is None:
        return _explained(data, "unknown_request", None, "unknown_request", is_answer=True)
    code = frame_code(type(asked))
    if data == request:
        return _explained(data, code, asked.asks, "echo", is_answer=True)
    frame = _frame_of(data)
    if frame.code != asked.code:
        return _explained(data, code, None, "another_command", is_answer=True)
    if len(frame.data) not in asked.answer_sizes:
        return _explained(data, code, None, "wrong_size", is_answer=True)
    problem = "another_meter" if data[:_ADDRESS_SIZE] != request[:_ADDRESS_SIZE] else None
    if isinstance(asked, ReadHalfHours):
        return _assembled(data, code, tuple(_half_hours(frame.data, asked)), problem, is_answer=True)
    return _explained(data, code, asked.says.fields, problem, is_answer=True)


def _too_short(data: bytes, *, is_answer: bool) -> ExplainedFrame:
    fields = (ExplainedField(start=0, end=len(data), code="data", value=data.hex(" ")),) if data else ()
    return ExplainedFrame(
        code="noise", data=data, is_answer=is_answer, fields=fields, crc_is_right=None, problem="too_short"
    )


def _explained(
    data: bytes, code: str, layout: Mapping[str, Field] | None, problem: str | None, *, is_answer: bool
) -> ExplainedFrame:
    body = data[HEAD_SIZE:-CRC_SIZE]
    if layout is None:
        fields = (ExplainedField(start=HEAD_SIZE, end=HEAD_SIZE + len(body), code="data", value=body.hex(" ")),)
        return _assembled(data, code, fields if body else (), problem, is_answer=is_answer)
    part = explain_layout(layout, body, start=HEAD_SIZE, show=_shown)
    if problem is None and crc_is_right(data) and not part.is_possible:
        problem = "impossible_value"
    return _assembled(data, code, part.fields, problem, is_answer=is_answer)


def _assembled(
    data: bytes, code: str, fields: tuple[ExplainedField, ...], problem: str | None, *, is_answer: bool
) -> ExplainedFrame:
    right = crc_is_right(data)
    end = len(data) - CRC_SIZE
    return ExplainedFrame(
        code=code,
        data=data,
        is_answer=is_answer,
        fields=(
            ExplainedField(start=0, end=_ADDRESS_SIZE, code="address", value=int.from_bytes(data[:4], "big")),
            ExplainedField(start=_ADDRESS_SIZE, end=HEAD_SIZE, code="command", value=f"{data[_ADDRESS_SIZE]:02X}h"),
            *fields,
            ExplainedField(start=end, end=len(data), code="crc", value=right),
        ),
        crc_is_right=right,
        problem=problem if right or problem is not None else "wrong_crc",
    )


def _half_hours(data: bytes, asked: ReadHalfHours) -> Iterator[ExplainedField]:
    size = len(data) // GROUP_SIZE
    for index, count in enumerate(asked.decode(data)):
        start = HEAD_SIZE + size * index
        # A fifth of a watt-hour is two tenths.
        energy = None if count is None else f"{count // 5}.{count % 5 * 2}"
        yield ExplainedField(start=start, end=start + 2, code="half_hour", value=energy, unit="Wh", number=index + 1)
        yield ExplainedField(
            start=start + 2, end=start + size, code="half_hour_check", value=count is not None, number=index + 1
        )


def _shown(value: object) -> FieldValue:
    match value:
        case None | int() | str():
            return value
        case WallTime():
            return str(value)
        case date():
            return value.isoformat()
        case bytes():
            return value.hex(" ")
        case TariffMark():
            return f"{value.minute // 60:02}:{value.minute % 60:02} T{value.tariff}"
        case YearDay():
            return f"{value.month:02}-{value.day:02}"
        case TariffDay():
            return f"{value.month:02}/{value.weekday}"
        case _:
            assert isinstance(value, RingRecord), f"no way is known to show {value!r}"
            return f"{value.code} {value.at}" if value.at is not None else None
