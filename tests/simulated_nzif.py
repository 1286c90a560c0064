"""Simulated meters of НЗиФ to ask, and how to ask them."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import numpy as np

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.framing.connection import Answered, Refusal
from kilovatt.wire.protocols.nzif import energy, session
from kilovatt.wire.protocols.nzif.connection import NzifConnection
from kilovatt.wire.protocols.nzif.energy import EnergyArray, EnergyPeriod
from kilovatt.wire.protocols.nzif.hearing import frame
from kilovatt.wire.protocols.nzif.request import NzifRequest
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.meter import PastEvent, SimulatedMeterPlan
from kilovatt.wire.simulator.nzif import NzifMeter

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 10, 11, tzinfo=UTC)
ADDRESS, SERIAL = 91, 34_365_091
UWH_PER_COUNT = 400_000
RING_SIZE = 2730 * 24
T = TypeVar("T")
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 150, dtype=np.int64) % 701, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_567, 2: 654_321}, inductive_permille=200, capacitive_permille=10),
    ratio=20,
)
YOUNG = MeterEnergy(
    curve=place_curve(np.arange(48 * 3, dtype=np.int64) % 701, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(1),
    past=MeterPast(starting_wh={1: 0}, inductive_permille=0, capacitive_permille=500),
)
MK = model_by_key("psch-4tm-05mk-16-02")
SET = model_by_key("set-4tm-03m")
SINCE_RESET = EnergyPeriod(EnergyArray.SINCE_RESET)
ENERGY_NOW = energy.ReadEnergy(SINCE_RESET, TOTAL_TARIFF)
ASKED = frame(ADDRESS, ENERGY_NOW.body())


def silent_meter(
    *events: PastEvent,
    model: MeterModel = MK,
    ahead: timedelta = timedelta(0),
    source: MeterEnergy = ENERGY,
    serial: int = SERIAL,
) -> NzifMeter:
    """A meter whose channel nobody has opened."""
    return NzifMeter(
        SimulatedMeterPlan(
            model=model,
            serial=serial,
            address=ADDRESS,
            zone=MOSCOW,
            energy=source,
            past_events=events,
            clock_ahead=ahead,
            ratio=20,
        )
    )


def meter(
    *events: PastEvent,
    model: MeterModel = MK,
    ahead: timedelta = timedelta(0),
    source: MeterEnergy = ENERGY,
    now: datetime = NOW,
) -> NzifMeter:
    """A meter whose channel is open."""
    made = silent_meter(*events, model=model, ahead=ahead, source=source)
    assert said(made, session.OpenChannel(b"000000"), now) is None
    return made


def heard(to: NzifMeter, request: NzifRequest[Any], now: datetime = NOW, address: int = ADDRESS) -> object:
    """What a client makes of the answer: a value or a refusal."""
    connection = NzifConnection(address)
    answer = to.hear(connection.send(request).data, now)
    assert answer is not None, f"silent at {request}"
    event = connection.receive(answer) or connection.quiet()
    assert isinstance(event, Answered)
    return event.value


def said(to: NzifMeter, request: NzifRequest[T], now: datetime = NOW) -> T:
    value = heard(to, request, now)
    assert not isinstance(value, Refusal), value
    return cast("T", value)


def refused(to: NzifMeter, request: NzifRequest[Any], now: datetime = NOW) -> int:
    """The status of the refusal."""
    value = heard(to, request, now)
    assert isinstance(value, Refusal), value
    return value.code


def counted(tariff: int, at: datetime, quantity: Quantity = Quantity.A_PLUS) -> int:
    return ENERGY.register_uwh(quantity, tariff, at) // UWH_PER_COUNT
