"""Frames of Mercury V2, byte by byte, by the same descriptions of fields that read and write them."""

from collections.abc import Callable, Mapping
from datetime import date, time
from enum import Enum
from typing import Any

from kilovatt.wire.explain.fields import FieldValue
from kilovatt.wire.explain.short_frames import AskedRequest, ShortFrames
from kilovatt.wire.protocols.framing.connection import Refusal
from kilovatt.wire.protocols.framing.status_language import OK, STATUS_MASK, refusal_of
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2.energy import EnergyPeriod, PeakPower
from kilovatt.wire.protocols.mercury_v2.fields import Directed
from kilovatt.wire.protocols.mercury_v2.hearing import request_from_body
from kilovatt.wire.protocols.mercury_v2.instants import Measured, Quantity
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock
from kilovatt.wire.protocols.mercury_v2.parameters import RelayContacts, TariffState
from kilovatt.wire.protocols.mercury_v2.profile import RecordState, RingAddress
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.schedule import ScheduleSelection, TariffMark
from kilovatt.wire.protocols.mercury_v2.session import CheckLink
from kilovatt.wire.protocols.mercury_v2.variant import Variant


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


def _refusal(status: int) -> tuple[Refusal, str] | None:
    """Return what a status refuses; its high half says something else."""
    if status & STATUS_MASK == OK:
        return None
    refusal = refusal_of(status & STATUS_MASK)
    return refusal, refusal.reason.value


def _answers(asked: AskedRequest, request: bytes, answer: bytes) -> bool:
    assert isinstance(asked, MercuryV2Request)
    return answer[0] == asked.answering_address(request[0])


FRAMES = ShortFrames(
    head_size=lambda _: 1,
    address_of=lambda data: data[0],
    request_of=request_from_body,
    answers=_answers,
    refusal_of=_refusal,
    is_echoed=lambda asked: isinstance(asked, CheckLink),
    show=_shown,
)
explain_exchange = FRAMES.explain_exchange
