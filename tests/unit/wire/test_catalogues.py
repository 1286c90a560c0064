"""The catalogue of models against the drivers and the simulated meters that there are: every row is read whole."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import MODELS
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.meter_days import SlotRank
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity, RegisterMoment
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.addresses import factory_address
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterAddress, ReadingTask
from kilovatt.wire.protocols.framing.connection import Answered, Connection, SendMore
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.meter import PastEvent, SimulatedMeter, SimulatedMeterPlan

MOSCOW = ZoneInfo("Europe/Moscow")
ResultT = TypeVar("ResultT")

NOW = datetime(2026, 11, 24, 9, 10, 11, tzinfo=UTC)
DAY_ON = date(2026, 11, 22)
DAY_SINCE, DAY_UNTIL = datetime(2026, 11, 21, 21, tzinfo=UTC), datetime(2026, 11, 22, 21, tzinfo=UTC)
MONTH_AT = datetime(2026, 10, 31, 21, tzinfo=UTC)
SERIAL = 36_790_160
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 701 + 20, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(3),
    past=MeterPast(starting_wh={1: 1_234_560, 2: 654_320, 3: 98_760}, inductive_permille=200, capacitive_permille=10),
)
TASK = ReadingTask(
    instant=True,
    register_days=(DAY_ON,),
    register_months=(date(2026, 11, 1),),
    profile_days=(DAY_ON,),
    events=True,
)


def simulated(model: MeterModel) -> SimulatedMeter:
    events = tuple(
        # Well before the day that is read: not every meter keeps intervals of a day without supply.
        PastEvent(kind=kind, began_at=NOW - timedelta(days=13, hours=n), ended_at=NOW - timedelta(days=12, hours=n))
        for n, kind in enumerate(sorted(model.journals))
    )
    return simulated_meter(
        SimulatedMeterPlan(
            model=model,
            serial=SERIAL,
            address=factory_address(model, SERIAL),
            zone=MOSCOW,
            energy=ENERGY,
            past_events=events,
        )
    )


def carried(
    conversation: Conversation[ResultT], connection: Connection, meter: SimulatedMeter, numbers: list[int]
) -> ResultT:
    answer: Answer[Any] | None = None
    try:
        while True:
            outgoing = connection.send(conversation.send(answer))  # type: ignore[arg-type]  # None starts it
            said = meter.hear(outgoing.data, NOW)
            event = (connection.receive(said) if said else None) or connection.quiet()
            while isinstance(event, SendMore):
                said = meter.hear(event.outgoing.data, NOW)
                event = (connection.receive(said) if said else None) or connection.quiet()
            assert isinstance(event, Answered)
            numbers.append(len(numbers) + 1)
            answer = Answer(event.value, numbers[-1], NOW)
    except StopIteration as stop:
        result: ResultT = stop.value
        return result


@pytest.fixture(scope="module", params=MODELS, ids=lambda model: model.key)
def model(request: pytest.FixtureRequest) -> MeterModel:
    row: MeterModel = request.param
    return row


@pytest.fixture(scope="module")
def read(model: MeterModel) -> Learnt:
    """What the driver of a model learns from the simulated meter of that model, password and all."""
    meter = simulated(model)
    address = MeterAddress(model=model, address=meter.plan.address, serial=str(SERIAL), zone=MOSCOW)
    driver = driver_for(model)
    connection, numbers, total = driver.connection(address), list[int](), Learnt()
    carried(driver.opening(address), connection, meter, numbers)
    for part in driver.parts(address, TASK):
        total += carried(part.conversation, connection, meter, numbers)
    carried(driver.closing(address), connection, meter, numbers)
    return total


def test_it_says_who_it_is_and_what_time_it_is(read: Learnt) -> None:
    assert read.identity is not None
    assert int(read.identity.serial) == SERIAL
    assert read.clock is not None
    assert read.clock.deviation == timedelta(microseconds=-NOW.microsecond)


def test_it_counts_the_quantities_of_its_row_and_no_others(model: MeterModel, read: Learnt) -> None:
    assert {reading.quantity for reading in read.registers} == model.quantities


def test_its_registers_are_what_flowed_in_its_own_step(model: MeterModel, read: Learnt) -> None:
    at = {
        RegisterMoment.NOW: NOW,
        RegisterMoment.MONTH_START: MONTH_AT,
        RegisterMoment.DAY_START: DAY_SINCE,
    }
    for reading in read.registers:
        exact_uwh = ENERGY.register_uwh(reading.quantity, reading.tariff, at[reading.moment])
        assert reading.value == model.reading_wh(exact_uwh), reading
        assert reading.taken_at == at[reading.moment], reading


def test_it_shows_its_registers_at_each_moment_that_its_row_has(model: MeterModel, read: Learnt) -> None:
    shown = {reading.moment for reading in read.registers if reading.quantity is Quantity.A_PLUS}
    expected = {RegisterMoment.NOW, RegisterMoment.MONTH_START}
    if model.day_register_depth_days:
        expected.add(RegisterMoment.DAY_START)
    assert shown == expected
    for moment in shown:
        tariffs = {r.tariff for r in read.registers if r.moment is moment and r.quantity is Quantity.A_PLUS}
        assert tariffs >= {1, 2, 3}
        assert (TOTAL_TARIFF in tariffs) == model.total_register


def test_it_has_a_profile_if_its_row_has_and_the_profile_is_what_flowed(model: MeterModel, read: Learnt) -> None:
    assert bool(read.meter_days) == model.has_profile
    for day in read.meter_days:
        assert (day.day_on, day.starts_at, day.uwh_per_count) == (DAY_ON, DAY_SINCE, model.uwh_per_count)
        assert {quality & 3 for quality in day.qualities} == {SlotRank.ACTUAL}
        flowed_uwh = ENERGY.flowed_uwh(Quantity.A_PLUS, DAY_SINCE, DAY_UNTIL)
        # A day's first and last half-hour may each hold a part of a count of their neighbours.
        assert abs(sum(day.a_plus) * day.uwh_per_count - flowed_uwh) < day.uwh_per_count


def test_it_has_a_relay_if_its_row_has(model: MeterModel, read: Learnt) -> None:
    assert read.instant is not None or not (model.instant_values or model.relay)
    if read.instant is None:
        return
    assert (read.instant.relay_closed is not None) == model.relay
    assert len(read.instant.voltages_mv) == (model.phases if model.instant_values else 0)


def test_it_tells_the_events_of_the_journals_of_its_row(model: MeterModel, read: Learnt) -> None:
    told = {event.kind for event in read.events}
    assert told <= model.journals
    assert {EventKind.POWER_OFF, EventKind.CASE_OPENED} & model.journals <= told
    assert (EventKind.MAGNETIC_FIELD in told) == (EventKind.MAGNETIC_FIELD in model.journals)


def test_every_kept_exchange_carried_something(read: Learnt) -> None:
    assert read.exchanges
    assert min(read.exchanges) >= 1
