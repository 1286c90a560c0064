"""Frames of НЗиФ, byte by byte, by the same descriptions of fields that read and write them."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import Enum
from typing import Any

from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame, FieldValue
from kilovatt.wire.explain.layouts import explain_layout
from kilovatt.wire.protocols.framing.connection import MASK, Refusal, RefusalReason
from kilovatt.wire.protocols.framing.crc16 import CRC_SIZE, crc_is_right
from kilovatt.wire.protocols.framing.layout import Field, raw
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif.connection import UNIVERSAL_ADDRESS, refusal_of
from kilovatt.wire.protocols.nzif.energy import Beginning, EnergyPeriod
from kilovatt.wire.protocols.nzif.fields import Directed
from kilovatt.wire.protocols.nzif.hearing import address_of, body_of, head_size, request_from_body
from kilovatt.wire.protocols.nzif.instants import Measured
from kilovatt.wire.protocols.nzif.journals import Place
from kilovatt.wire.protocols.nzif.meter_clock import MeterClock
from kilovatt.wire.protocols.nzif.parameters import TYPES, Variant
from kilovatt.wire.protocols.nzif.profile import LINE_SIZE, HourHeader, IntervalCounts, Pointer, line_from
from kilovatt.wire.protocols.nzif.request import STATUS_MASK, NzifRequest, Status
from kilovatt.wire.protocols.nzif.session import CheckLink

_STATUS_SIZE = 1
_PREFIX_CODES = ("request_code", "parameter", "extension")
_MEMORY = "memory_bytes"


def explain_exchange(request: bytes, answer: bytes | None) -> ExplainedExchange:
    """Return what a request and the answer to it say, every byte named.

    An answer is explained as the answer to its request, whether or not it is one: `problem` says why it is not.
    Passwords are never shown, masked or not.
    """
    asked = request_from_body(body_of(request)) if _has_body(request) else None
    return ExplainedExchange(
        request=_explained_request(request, asked),
        answer=None if answer is None else _explained_answer(answer, request, asked),
    )


def frame_code(request: type[NzifRequest[Any]]) -> str:
    """Return the code of a request and of its answer: `read_energy` for ReadEnergy."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", request.__name__).lower()


def _has_body(data: bytes) -> bool:
    return len(data) > head_size(data) + CRC_SIZE


def _explained_request(data: bytes, asked: NzifRequest[Any] | None) -> ExplainedFrame:
    if not _has_body(data):
        return _too_short(data, is_answer=False)
    if asked is None:
        return _unexplained(data, "unknown_request", "unknown_request", is_answer=False)
    return _asking(data, asked, None, is_answer=False)


def _explained_answer(data: bytes, request: bytes, asked: NzifRequest[Any] | None) -> ExplainedFrame:
    if not _has_body(data):
        return _too_short(data, is_answer=True)
    if asked is None:
        return _unexplained(data, "unknown_request", "unknown_request", is_answer=True)
    if data == request and not isinstance(asked, CheckLink):
        return _asking(data, asked, "echo", is_answer=True)
    code, said = frame_code(type(asked)), body_of(data)
    # Asked at the universal address, a meter answers from its own.
    problem = "another_meter" if address_of(request) not in (UNIVERSAL_ADDRESS, address_of(data)) else None
    if len(said) == _STATUS_SIZE and said[0] & STATUS_MASK:
        return _refused(data, refusal_of(said[0]), problem)
    layout = next((layout for layout in asked.says if layout.size == len(said)), None)
    if layout is None:
        return _unexplained(data, code, problem or "wrong_size", is_answer=True)
    return _laid_out(data, code, (), dict(_by_lines(layout.fields)), problem, is_answer=True)


def _by_lines(fields: Mapping[str, Field]) -> Iterator[tuple[str, Field]]:
    """Show the memory of the profile line by line: headers of hours, and counts."""
    for name, field in fields.items():
        if name != _MEMORY:
            yield name, field
            continue
        lines, rest = divmod(field.size, LINE_SIZE)
        for number in range(1, lines + 1):
            yield f"line_{number}", Field(size=LINE_SIZE, read=line_from, write=bytes)
        if rest:
            yield _MEMORY, raw(rest)


def _asking(data: bytes, asked: NzifRequest[Any], problem: str | None, *, is_answer: bool) -> ExplainedFrame:
    prefix = tuple(_prefix(data, asked))
    hidden = {name: _hidden(field) if name in asked.secret_fields else field for name, field in asked.asks.items()}
    return _laid_out(data, frame_code(type(asked)), prefix, hidden, problem, is_answer=is_answer)


def _prefix(data: bytes, asked: NzifRequest[Any]) -> Iterator[ExplainedField]:
    for place, (code, byte) in enumerate(zip(_PREFIX_CODES, asked.prefix, strict=False), start=head_size(data)):
        yield ExplainedField(start=place, end=place + 1, code=code, value=f"{byte:02X}h")


def _hidden(field: Field) -> Field:
    return Field(size=field.size, read=lambda _: None, write=field.write)


def _laid_out(
    data: bytes,
    code: str,
    prefix: tuple[ExplainedField, ...],
    layout: Mapping[str, Field],
    problem: str | None,
    *,
    is_answer: bool,
) -> ExplainedFrame:
    start = head_size(data) + len(prefix)
    part = explain_layout(layout, data[start:-CRC_SIZE], start=start, show=_shown)
    if problem is None and not part.is_possible:
        problem = "impossible_value"
    return _assembled(data, code, (*prefix, *part.fields), problem, is_answer=is_answer)


_OTHER_REASONS = {
    Status.ASK_AGAIN: "ask_again",
    Status.NOT_READY: "not_ready",
    Status.BUSY: "busy",
    Status.OVERFLOW: "overflow",
    Status.CANNOT_CONTROL: "cannot_control",
}
_REASON_BY_CODE: Mapping[int, str] = {status.value: reason for status, reason in _OTHER_REASONS.items()}


def _refused(data: bytes, refusal: Refusal, problem: str | None) -> ExplainedFrame:
    start = head_size(data)
    status = ExplainedField(start=start, end=start + _STATUS_SIZE, code="status", value=refusal.code)
    reason = refusal.reason.value
    if refusal.reason is RefusalReason.OTHER:
        reason = _REASON_BY_CODE.get(refusal.code, reason)
    return _assembled(data, "refusal", (status,), problem or reason, is_answer=True)


def _unexplained(data: bytes, code: str, problem: str, *, is_answer: bool) -> ExplainedFrame:
    start, end = head_size(data), len(data) - CRC_SIZE
    shown = ExplainedField(start=start, end=end, code="data", value=data[start:end].hex(" "))
    return _assembled(data, code, (shown,), problem, is_answer=is_answer)


def _too_short(data: bytes, *, is_answer: bool) -> ExplainedFrame:
    fields = (ExplainedField(start=0, end=len(data), code="data", value=data.hex(" ")),) if data else ()
    return ExplainedFrame(
        code="noise", data=data, is_answer=is_answer, fields=fields, crc_is_right=None, problem="too_short"
    )


def _assembled(
    data: bytes, code: str, fields: tuple[ExplainedField, ...], problem: str | None, *, is_answer: bool
) -> ExplainedFrame:
    end = len(data) - CRC_SIZE
    # The checksum of a password is masked along with it.
    right = None if data[end:] == bytes([MASK] * CRC_SIZE) else crc_is_right(data)
    return ExplainedFrame(
        code=code,
        data=data,
        is_answer=is_answer,
        fields=(
            ExplainedField(start=0, end=head_size(data), code="address", value=address_of(data)),
            *fields,
            ExplainedField(start=end, end=len(data), code="crc", value=right),
        ),
        crc_is_right=right,
        problem="wrong_crc" if right is False else problem,
    )


def _directed(value: Directed) -> FieldValue:
    # The two directions are bits of the same field; which of them counts hangs on the quantity.
    reversals = (("active", value.active_reversed), ("reactive", value.reactive_reversed))
    words = [f"reversed={name}" for name, is_reversed in reversals if is_reversed]
    return " ".join([str(value.magnitude), *words]) if words else value.magnitude


def _clock(value: MeterClock) -> str:
    season = "" if value.is_winter is None else f" winter={int(value.is_winter)}"
    return f"{value.time}{season}"


def _variant(value: Variant) -> str:
    constant = "" if value.impulses_per_kwh is None else f" impulses_per_kwh={value.impulses_per_kwh}"
    return f"{value.word.hex(' ')} type={TYPES.get(value.type_code, value.type_code)}{constant}"


_SHOWN: Mapping[type, Callable[[Any], FieldValue]] = {
    Directed: _directed,
    Variant: _variant,
    WallTime: str,
    EnergyPeriod: str,
    Beginning: str,
    Measured: str,
    Place: str,
    HourHeader: str,
    IntervalCounts: str,
    MeterClock: _clock,
    Pointer: lambda value: f"{value.stamp} {value.address:04X}h full={int(value.is_full)}",
    float: str,
    bytes: lambda value: value.hex(" "),
    date: date.isoformat,
}


def _shown(value: object) -> FieldValue:
    if isinstance(value, Enum):
        return value.name.lower()
    if value is None or isinstance(value, int | str):
        return value
    return _SHOWN[type(value)](value)
