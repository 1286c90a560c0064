"""Pulse counters: counts on the wire, and the register of the meter they stand for."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.catalogue import MODELS, ROWS, model_by_key
from kilovatt.measure.metering.catalogue.counters import PulseCounterDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.wire.drivers.addresses import factory_address
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import Answer, MeterAddress, ReadingTask
from kilovatt.wire.drivers.pulse_counter import PulseCounterDriver, register_wh
from kilovatt.wire.protocols.framing.connection import Answered, LocalProtocolError
from kilovatt.wire.protocols.modbus.requests import ReadRegisters, Table
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.pulse_counter import PulseCounterInput

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 10, 11, 500, tzinfo=UTC)
ROW = model_by_key("pulse-counter-modbus")
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 701 + 20, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(1),
    past=MeterPast(starting_wh={1: 12_345_670}, inductive_permille=0, capacitive_permille=0),
)


def row(impulses_per_kwh: int = 1000, dialect: PulseCounterDialect | None = None) -> MeterModel:
    return replace(ROW, impulses_per_kwh=impulses_per_kwh, dialect=dialect or PulseCounterDialect())


def address(model: MeterModel, place: int = 1) -> MeterAddress:
    return MeterAddress(model=model, address=place, zone=MOSCOW)


def asked(model: MeterModel, place: int = 1) -> ReadRegisters:
    (part,) = PulseCounterDriver().parts(address(model, place), ReadingTask())
    request = next(part.conversation)
    assert isinstance(request, ReadRegisters)
    return request


def read(model: MeterModel, words: tuple[int, ...], place: int = 1) -> RegisterReading:
    (part,) = PulseCounterDriver().parts(address(model, place), ReadingTask())
    next(part.conversation)
    with pytest.raises(StopIteration) as stop:
        part.conversation.send(Answer(words, 5, NOW))
    (reading,) = stop.value.value.registers
    assert isinstance(reading, RegisterReading)
    return reading


def test_a_counter_is_a_row_but_no_meter_of_a_town() -> None:
    assert ROW in ROWS
    assert ROW not in MODELS
    assert isinstance(driver_for(ROW), PulseCounterDriver)
    assert factory_address(ROW, 41_906_467) == 1


def test_the_counts_of_an_input_are_two_registers_behind_those_of_the_inputs_before_it() -> None:
    assert asked(row()) == ReadRegisters(Table.HOLDING, 0, 2)
    elsewhere = row(dialect=PulseCounterDialect(holding=False, first_register=0x100))
    assert asked(elsewhere, place=3) == ReadRegisters(Table.INPUT, 0x104, 2)


def test_counts_are_the_register_of_the_meter_now() -> None:
    reading = read(row(impulses_per_kwh=3200), (1, 0))
    # 65,536 impulses at 3,200 a kilowatt-hour are 20.48 kWh.
    assert (reading.value, reading.tariff, reading.quantity) == (20_480, 0, Quantity.A_PLUS)
    assert (reading.moment, reading.exchange) == (RegisterMoment.NOW, 5)
    assert (reading.taken_at, reading.heard_at) == (NOW.replace(microsecond=0), NOW)


def test_halves_may_be_the_other_way_round() -> None:
    assert read(row(dialect=PulseCounterDialect(low_word_first=True)), (7, 1)).value == 65_543


def test_the_register_goes_on_from_where_the_meter_stood() -> None:
    # The meter showed 1,234.5 kWh when the counter stood at 200.
    model = row(dialect=PulseCounterDialect(starting_wh=1_234_500, starting_count=200))
    assert register_wh(model, 200) == 1_234_500
    assert register_wh(model, 1_700) == 1_236_000


def test_a_counter_that_passed_its_top_has_counted_on() -> None:
    model = row(dialect=PulseCounterDialect(starting_wh=0, starting_count=0xFFFF_FFF0))
    assert register_wh(model, 4) == 20


@given(count=st.integers(0, 0xFFFF_FFFE), impulses=st.sampled_from([500, 1000, 1600, 3200, 6400]))
def test_an_impulse_more_is_never_energy_less(count: int, impulses: int) -> None:
    model = row(impulses_per_kwh=impulses)
    assert 0 <= register_wh(model, count + 1) - register_wh(model, count) <= 1000 // impulses + 1


def test_nothing_but_the_register_is_asked_for() -> None:
    task = ReadingTask(
        instant=True,
        registers_now=False,
        register_days=(date(2026, 11, 24),),
        register_months=(date(2026, 11, 1),),
        profile_days=(date(2026, 11, 23),),
        events=True,
    )
    driver = PulseCounterDriver()
    assert list(driver.parts(address(row()), task)) == []
    assert list(driver.opening(address(row()))) == list(driver.closing(address(row()))) == []


@pytest.mark.parametrize("place", [0, 32_769])
def test_an_input_that_no_device_has_is_refused_before_the_line_is_opened(place: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"there is no input {place}"):
        PulseCounterDriver().connection(address(row(), place))


def counter(model: MeterModel, place: int = 1) -> PulseCounterInput:
    plan = SimulatedMeterPlan(model=model, serial=1, address=place, zone=MOSCOW, energy=ENERGY)
    made = simulated_meter(plan)
    assert isinstance(made, PulseCounterInput)
    return made


@pytest.mark.parametrize(
    "model",
    [
        row(),
        row(dialect=PulseCounterDialect(unit=9, holding=False, first_register=40, low_word_first=True)),
        row(dialect=PulseCounterDialect(starting_wh=12_345_670, starting_count=0xFFFF_FF00)),
    ],
)
def test_a_simulated_input_counts_what_its_meter_gives(model: MeterModel) -> None:
    connection = PulseCounterDriver().connection(address(model, 2))
    sent = connection.send(asked(model, 2)).data
    answer = counter(model, 2).hear(sent, NOW)
    assert answer is not None
    event: Any = connection.receive(answer)
    assert isinstance(event, Answered)
    exact_wh = ENERGY.register_uwh(Quantity.A_PLUS, 0, NOW) // 1_000_000
    assert read(model, event.value, 2).value == exact_wh
    assert counter(model, 1).hear(sent, NOW) is None


def test_a_simulated_input_is_silent_for_others() -> None:
    sent = PulseCounterDriver().connection(address(row())).send(asked(row())).data
    assert counter(row(dialect=PulseCounterDialect(unit=2))).hear(sent, NOW) is None
    assert counter(row()).hear(sent[:-1], NOW) is None
    assert counter(row()).hear(sent[:7] + b"\x06" + sent[8:], NOW) is None
