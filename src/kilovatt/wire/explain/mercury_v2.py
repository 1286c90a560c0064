"""Frames of Mercury V2, byte by byte, by the same descriptions of fields that read and write them."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from enum import Enum
from typing import Any

from kilovatt.wire.explain.fields import ExplainedExchange, ExplainedField, ExplainedFrame, FieldValue
from kilovatt.wire.explain.layouts import explain_layout
from kilovatt.wire.protocols.framing.connection import MASK, Refusal
from kilovatt.wire.protocols.framing.crc16 import CRC_SIZE, crc_is_right
from kilovatt.wire.protocols.framing.layout import Field
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2.connection import refusal_of
from kilovatt.wire.protocols.mercury_v2.energy import EnergyPeriod, PeakPower
from kilovatt.wire.protocols.mercury_v2.fields import Directed
from kilovatt.wire.protocols.mercury_v2.hearing import FRAME_SIZE_MIN, request_from_body
from kilovatt.wire.protocols.mercury_v2.instants import Measured, Quantity
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock
from kilovatt.wire.protocols.mercury_v2.parameters import RelayContacts, TariffState
from kilovatt.wire.protocols.mercury_v2.profile import RecordState, RingAddress
from kilovatt.wire.protocols.mercury_v2.request import OK, STATUS_MASK, MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.schedule import ScheduleSelection, TariffMark
from kilovatt.wire.protocols.mercury_v2.session import CheckLink
from kilovatt.wire.protocols.mercury_v2.variant import Variant

_ADDRESS_SIZE = 1
_STATUS_SIZE = 1
_PREFIX_CODES = ("request_code", "parameter", "extension")


def explain_exchange(request: bytes, answer: bytes | None) -> ExplainedExchange:
    """Return what a request and the answer to it say, every byte named.

    An answer is explained as the answer to its request, whether or not it is one: `problem` says why it is not.
    Passwords are never shown, masked or not.
    """
    asked = request_from_body(request[_ADDRESS_SIZE:-CRC_SIZE]) if len(request) >= FRAME_SIZE_MIN else None
    return ExplainedExchange(
        request=_explained_request(request, asked),
        answer=None if answer is None else _explained_answer(answer, request, asked),
    )


def frame_code(request: type[MercuryV2Request[Any]]) -> str:
    """Return the code of a request and of its answer: `read_energy` for ReadEnergy."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", request.__name__).lower()


def _explained_request(data: bytes, asked: MercuryV2Request[Any] | None) -> ExplainedFrame:
    if len(data) < FRAME_SIZE_MIN:
        return _too_short(data, is_answer=False)
    if asked is None:
        return _unexplained(data, "unknown_request", "unknown_request", is_answer=False)
    return _asking(data, asked, None, is_answer=False)


def _explained_answer(data: bytes, request: bytes, asked: MercuryV2Request[Any] | None) -> ExplainedFrame:
    if len(data) < FRAME_SIZE_MIN:
        return _too_short(data, is_answer=True)
    if asked is None:
        return _unexplained(data, "unknown_request", "unknown_request", is_answer=True)
    if data == request and not isinstance(asked, CheckLink):
        return _asking(data, asked, "echo", is_answer=True)
    code, said = frame_code(type(asked)), data[_ADDRESS_SIZE:-CRC_SIZE]
    problem = "another_meter" if data[0] != asked.answering_address(request[0]) else None
    if len(said) == _STATUS_SIZE and said[0] & STATUS_MASK != OK:
        return _refused(data, refusal_of(said[0] & STATUS_MASK), problem)
    layout = next((layout for layout in asked.says if layout.size == len(said)), None)
    if layout is None:
        return _unexplained(data, code, problem or "wrong_size", is_answer=True)
    return _laid_out(data, code, (), layout.fields, problem, is_answer=True)


def _asking(data: bytes, asked: MercuryV2Request[Any], problem: str | None, *, is_answer: bool) -> ExplainedFrame:
    prefix = tuple(_prefix(asked))
    hidden = {name: _hidden(field) if name in asked.secret_fields else field for name, field in asked.asks.items()}
    return _laid_out(data, frame_code(type(asked)), prefix, hidden, problem, is_answer=is_answer)


def _prefix(asked: MercuryV2Request[Any]) -> Iterator[ExplainedField]:
    for place, (code, byte) in enumerate(zip(_PREFIX_CODES, asked.prefix, strict=False), start=_ADDRESS_SIZE):
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
    start = _ADDRESS_SIZE + len(prefix)
    part = explain_layout(layout, data[start:-CRC_SIZE], start=start, show=_shown)
    if problem is None and not part.is_possible:
        problem = "impossible_value"
    return _assembled(data, code, (*prefix, *part.fields), problem, is_answer=is_answer)


def _refused(data: bytes, refusal: Refusal, problem: str | None) -> ExplainedFrame:
    status = ExplainedField(start=_ADDRESS_SIZE, end=_ADDRESS_SIZE + _STATUS_SIZE, code="status", value=refusal.code)
    return _assembled(data, "refusal", (status,), problem or refusal.reason.value, is_answer=True)


def _unexplained(data: bytes, code: str, problem: str, *, is_answer: bool) -> ExplainedFrame:
    end = len(data) - CRC_SIZE
    shown = ExplainedField(start=_ADDRESS_SIZE, end=end, code="data", value=data[_ADDRESS_SIZE:end].hex(" "))
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
            ExplainedField(start=0, end=_ADDRESS_SIZE, code="address", value=data[0]),
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


def _measured(value: Measured) -> str:
    power = f"{value.power.name.lower()} " if value.quantity is Quantity.POWER else ""
    return f"{power}{value.quantity.name.lower()} phase={value.phase}"


def _state(value: RecordState) -> str:
    flags = ("overflowed", "incomplete", "starting", "winter", "extra")
    return " ".join([f"T{value.tariff}", *(f"{flag}=1" for flag in flags if getattr(value, f"is_{flag}"))])


def _numbers(value: frozenset[int]) -> str:
    return ",".join(str(number) for number in sorted(value))


def _schedule(value: ScheduleSelection) -> str:
    return f"months={_numbers(value.months)} days={_numbers(value.days)} half={value.half}"


def _contacts(value: RelayContacts) -> str:
    return f"closed={_numbers(value.closed)} without_voltage={_numbers(value.without_voltage)}"


_SHOWN: Mapping[type, Callable[[Any], FieldValue]] = {
    Directed: _directed,
    Variant: lambda value: value.word.hex(" "),
    WallTime: str,
    EnergyPeriod: str,
    Measured: _measured,
    MeterClock: lambda value: f"{value.time} weekday={value.weekday} winter={int(value.is_winter)}",
    PeakPower: lambda value: f"count={value.count} day={value.day} {value.hour:02}:{value.minute:02}",
    TariffState: lambda value: f"T{value.tariff} single={int(value.is_single)}",
    RelayContacts: _contacts,
    RecordState: _state,
    RingAddress: lambda value: f"{value.memory.name.lower()} {value.address:05X}h",
    ScheduleSelection: _schedule,
    TariffMark: lambda value: f"{value.minute // 60:02}:{value.minute % 60:02} T{value.tariff}",
    bytes: lambda value: value.hex(" "),
    frozenset: _numbers,
    date: date.isoformat,
    time: time.isoformat,
}


def _shown(value: object) -> FieldValue:
    if isinstance(value, Enum):
        return value.name.lower()
    if value is None or isinstance(value, int | str):
        return value
    return _SHOWN[type(value)](value)
