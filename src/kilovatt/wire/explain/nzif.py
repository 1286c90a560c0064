"""Frames of НЗиФ, byte by byte, by the same descriptions of fields that read and write them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import Enum
from typing import Any

from kilovatt.wire.explain.fields import FieldValue
from kilovatt.wire.explain.short_frames import AskedRequest, ShortFrames
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from kilovatt.wire.protocols.framing.layout import Field, raw
from kilovatt.wire.protocols.framing.status_language import STATUS_MASK, UNIVERSAL_ADDRESS, refusal_of
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif.energy import Beginning, EnergyPeriod
from kilovatt.wire.protocols.nzif.fields import Directed
from kilovatt.wire.protocols.nzif.hearing import address_of, head_size, request_from_body
from kilovatt.wire.protocols.nzif.instants import Measured
from kilovatt.wire.protocols.nzif.journals import Place
from kilovatt.wire.protocols.nzif.meter_clock import MeterClock
from kilovatt.wire.protocols.nzif.parameters import TYPES, Variant
from kilovatt.wire.protocols.nzif.profile import LINE_SIZE, HourHeader, IntervalCounts, Pointer, line_from
from kilovatt.wire.protocols.nzif.request import Status
from kilovatt.wire.protocols.nzif.session import CheckLink

_MEMORY = "memory_bytes"


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


_OTHER_REASONS = {
    Status.ASK_AGAIN: "ask_again",
    Status.NOT_READY: "not_ready",
    Status.BUSY: "busy",
    Status.OVERFLOW: "overflow",
    Status.CANNOT_CONTROL: "cannot_control",
}
_REASON_BY_CODE: Mapping[int, str] = {status.value: reason for status, reason in _OTHER_REASONS.items()}


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


def _refusal(status: int) -> tuple[Refusal, str] | None:
    """Return what a status refuses, and why more exactly than other languages can say; its high half is no part."""
    if not status & STATUS_MASK:
        return None
    refusal = refusal_of(status)
    reason = refusal.reason.value
    return refusal, _REASON_BY_CODE.get(refusal.code, reason) if refusal.reason is RefusalReason.OTHER else reason


def _answers(asked: AskedRequest, request: bytes, answer: bytes) -> bool:
    """Asked at the universal address, a meter answers from its own."""
    del asked
    return address_of(request) in (UNIVERSAL_ADDRESS, address_of(answer))


FRAMES = ShortFrames(
    head_size=head_size,
    address_of=address_of,
    request_of=request_from_body,
    answers=_answers,
    refusal_of=_refusal,
    is_echoed=lambda asked: isinstance(asked, CheckLink),
    show=_shown,
    fields_of=lambda fields: dict(_by_lines(fields)),
)
explain_exchange = FRAMES.explain_exchange
