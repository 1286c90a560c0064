"""A simulated Mercury V1 and what it says to a request."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.mercury_v1.archive import (
    HalfHourLayout,
)
from kilovatt.wire.protocols.mercury_v1.frames import Frame, frame_from_bytes
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.mercury_v1 import MercuryV1Meter
from kilovatt.wire.simulator.meter import PastEvent, SimulatedMeterPlan

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 10, 11, tzinfo=UTC)
SERIAL = 38_030_255
GROUP = 0x0F00_0001
T = TypeVar("T")
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 701, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_560, 2: 654_320}, inductive_permille=200, capacitive_permille=10),
)
M206 = model_by_key("mercury-206-prlsno")


def meter(
    *events: PastEvent,
    model: MeterModel = M206,
    ahead: timedelta = timedelta(0),
    layout: HalfHourLayout = HalfHourLayout.CRC_BY_GROUP,
) -> MercuryV1Meter:
    plan = SimulatedMeterPlan(
        model=model,
        serial=SERIAL,
        address=SERIAL,
        zone=MOSCOW,
        energy=ENERGY,
        past_events=events,
        clock_ahead=ahead,
    )
    return MercuryV1Meter(plan, half_hour_layout=layout)


def frame(request: MercuryV1Request[Any], address: int = SERIAL) -> bytes:
    return Frame(address, request.code, request.payload()).encode()


def said(to: MercuryV1Meter, request: MercuryV1Request[T], now: datetime = NOW) -> T:
    answer = to.hear(frame(request), now)
    assert answer is not None, f"silent at {request}"
    found = frame_from_bytes(answer)
    assert found is not None
    assert (found.address, found.code) == (SERIAL, request.code)
    return request.decode(found.data)


def counted(tariff: int, at: datetime, quantity: Quantity = Quantity.A_PLUS) -> int:
    return ENERGY.register_uwh(quantity, tariff, at) // 10_000_000 * 10
