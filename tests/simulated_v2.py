"""Simulated Mercury V2 meters to ask, and how to ask them."""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import numpy as np

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.models import Language, MeterModel, PasswordForm
from kilovatt.measure.metering.registers import TOTAL_TARIFF
from kilovatt.measure.metering.registers import Quantity as Measurand
from kilovatt.wire.protocols.framing.connection import Answered, Refusal
from kilovatt.wire.protocols.mercury_v2 import energy, session
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.energy import EnergyArray, EnergyPeriod
from kilovatt.wire.protocols.mercury_v2.hearing import frame
from kilovatt.wire.protocols.mercury_v2.profile import AddressOrder
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.mercury_v2 import MercuryV2Meter
from kilovatt.wire.simulator.meter import PastEvent, SimulatedMeterPlan

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 10, 11, tzinfo=UTC)
ADDRESS = 67
T = TypeVar("T")
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 701, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_567, 2: 654_321}, inductive_permille=200, capacitive_permille=10),
)
M234 = model_by_key("mercury-234-art-03")
M234_R = model_by_key("mercury-234-artm-01-pob-r")
M230 = model_by_key("mercury-230-art-01-cln")
V2_MODELS = [model for model in MODELS if model.language is Language.MERCURY_V2]
SINCE_RESET = EnergyPeriod(EnergyArray.SINCE_RESET)
ENERGY_NOW = energy.ReadEnergy(SINCE_RESET, TOTAL_TARIFF)
DIGITS = {1: bytes([1] * 6), 2: bytes([2] * 6)}


def silent_meter(
    *events: PastEvent,
    model: MeterModel = M234,
    ahead: timedelta = timedelta(0),
    address: int = ADDRESS,
    order: AddressOrder = AddressOrder.LOW_FIRST,
) -> MercuryV2Meter:
    """A meter whose channel nobody has opened."""
    plan = SimulatedMeterPlan(
        model=model,
        serial=41_906_467,
        address=address,
        zone=MOSCOW,
        energy=ENERGY,
        past_events=events,
        clock_ahead=ahead,
        ratio=20,
    )
    return MercuryV2Meter(plan, address_order=order)


def meter(
    *events: PastEvent,
    level: int = 1,
    model: MeterModel = M234,
    ahead: timedelta = timedelta(0),
    order: AddressOrder = AddressOrder.LOW_FIRST,
) -> MercuryV2Meter:
    """A meter whose channel is open at a level."""
    made = silent_meter(*events, model=model, ahead=ahead, order=order)
    rule = made.plan.model.password
    is_ascii = rule is not None and rule.form is PasswordForm.ASCII
    password = made.plan.passwords[level].encode() if is_ascii else DIGITS[level]
    assert said(made, session.OpenChannel(level, password)) is None
    return made


def heard(to: MercuryV2Meter, request: MercuryV2Request[Any], now: datetime = NOW, address: int = ADDRESS) -> object:
    """What a client makes of the answer: a value or a refusal."""
    connection = MercuryV2Connection(address)
    answer = to.hear(connection.send(request).data, now)
    assert answer is not None, f"silent at {request}"
    event = connection.receive(answer) or connection.quiet()
    assert isinstance(event, Answered)
    return event.value


def said(to: MercuryV2Meter, request: MercuryV2Request[T], now: datetime = NOW) -> T:
    value = heard(to, request, now)
    assert not isinstance(value, Refusal), value
    return cast("T", value)


def refused(to: MercuryV2Meter, request: MercuryV2Request[Any], now: datetime = NOW) -> int:
    """The status of the refusal."""
    value = heard(to, request, now)
    assert isinstance(value, Refusal), value
    return value.code


def counted(tariff: int, at: datetime, quantity: Measurand = Measurand.A_PLUS) -> int:
    return ENERGY.register_uwh(quantity, tariff, at) // 1_000_000


# ── Silence ──────────────────────────────────────────────────────────────────────────────────────────────────────────

ASKED = frame(ADDRESS, ENERGY_NOW.body())
