"""What the driver asks a Mercury V1 and what it makes of the answers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, SlotFlag, SlotRank
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.metering.sessions import ClockReading, Identity, InstantValues, Learnt
from kilovatt.wire.drivers.conversation import Conversation, MeterAddress, MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.mercury_v1.driver import MercuryV1Driver
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1.answers import Firmware, MeterClock, NetworkValues, PhaseValues
from kilovatt.wire.protocols.mercury_v1.archive import HalfHourLayout, ReadHalfHours
from kilovatt.wire.protocols.mercury_v1.connection import MercuryV1Connection
from kilovatt.wire.protocols.mercury_v1.parameters import ReadRelayState
from kilovatt.wire.protocols.mercury_v1.requests import (
    MercuryV1Request,
    ReadClock,
    ReadFirmware,
    ReadMadeOn,
    ReadMonthRegisters,
    ReadNetworkValues,
    ReadPhaseValues,
    ReadReactiveMonthRegisters,
    ReadReactiveRegisters,
    ReadRegisters,
    ReadSerial,
    ReadTariff,
    ReadVariant,
)
from told_in_turn import told_in_turn

MOSCOW = ZoneInfo("Europe/Moscow")
HEARD_AT = datetime(2026, 11, 24, 5, 32, 30, tzinfo=UTC)
# Seven seconds ahead of ours.
CLOCK = MeterClock(weekday=2, time=WallTime(2026, 11, 24, 8, 32, 37))
M206 = model_by_key("mercury-206-prlsno")
M200 = model_by_key("mercury-200-04")
NOTHING = ReadingTask(identity=False, clock=False, registers_now=False)

Asked = list[MercuryV1Request[Any]]
Answers = dict[MercuryV1Request[Any], object]
Said = Callable[[MercuryV1Request[Any]], object] | Answers
ResultT = TypeVar("ResultT")


METER = MeterAddress(model=M206, address=411_486, serial="00411486", zone=MOSCOW)
VOLGOGRAD = replace(METER, zone=ZoneInfo("Europe/Volgograd"))
OLD = replace(METER, model=M200)


def carried(
    conversation: Conversation[ResultT],
    said: Said,
    asked: Asked | None = None,
) -> ResultT:
    """What a conversation returns when the meter says this; everything is heard at one instant."""
    answering = said.__getitem__ if isinstance(said, dict) else said
    return told_in_turn(conversation, answering, heard_at=HEARD_AT, asked=asked)


def learnt(
    task: ReadingTask,
    said: Said,
    asked: Asked | None = None,
    *,
    meter: MeterAddress | None = None,
    driver: MercuryV1Driver | None = None,
) -> Learnt:
    total = Learnt()
    for part in (driver or MercuryV1Driver()).parts(meter or METER, task):
        total += carried(part.conversation, said, asked)
    return total


def test_there_is_no_session_to_open_and_at_the_end_the_number_shows_an_answer_too_many() -> None:
    driver = MercuryV1Driver()
    asked: Asked = []
    carried(driver.opening(METER), {}, asked)
    assert asked == []
    carried(driver.closing(METER), {ReadSerial(): METER.address}, asked)
    assert asked == [ReadSerial()]


def test_the_connection_is_to_the_address_of_the_meter() -> None:
    connection = MercuryV1Driver().connection(METER)
    assert isinstance(connection, MercuryV1Connection)
    assert connection.send(ReadSerial()).data[:4] == bytes.fromhex("00 06 47 5E")
    with pytest.raises(LocalProtocolError):
        MercuryV1Driver().connection(replace(METER, address=0))


IDENTITY: Answers = {
    ReadSerial(): 411_486,
    ReadFirmware(): Firmware(8, 3, date(2010, 3, 1)),
    ReadMadeOn(): date(2012, 1, 25),
    ReadVariant(): b"\x55\x00",
}
IDENTITY_TASK = ReadingTask(clock=False, registers_now=False)


@pytest.mark.parametrize("serial", ["00411486", "411486", None])
def test_a_meter_says_who_it_is(serial: str | None) -> None:
    assert learnt(IDENTITY_TASK, IDENTITY, meter=replace(METER, serial=serial)).identity == Identity(
        serial="00411486", made_on=date(2012, 1, 25), firmware="8.3", variant="5500", exchange=1
    )


@pytest.mark.parametrize("serial", ["38030255", "0041148", "№ 411486"])
def test_a_meter_with_another_serial_number_is_another_meter(serial: str) -> None:
    with pytest.raises(MeterRefusedError, match=f"meter {serial} was asked, and meter 00411486 answered") as refused:
        learnt(IDENTITY_TASK, IDENTITY, meter=replace(METER, serial=serial))
    assert refused.value.outcome is Outcome.ANOTHER_METER


CLOCK_TASK = ReadingTask(identity=False, registers_now=False)


def test_the_clock_is_local_time() -> None:
    clock = learnt(CLOCK_TASK, {ReadClock(): CLOCK}).clock
    taken_at = datetime(2026, 11, 24, 5, 32, 37, tzinfo=UTC)
    assert clock == ClockReading(taken_at=taken_at, heard_at=HEARD_AT, exchange=1)
    assert clock.deviation == timedelta(seconds=7)


def test_a_clock_that_was_never_set_is_no_clock() -> None:
    with pytest.raises(MeterRefusedError, match="never set") as refused:
        learnt(CLOCK_TASK, {ReadClock(): MeterClock(weekday=0, time=None)})
    assert refused.value.outcome is Outcome.REFUSED


PHASE = PhaseValues(voltage_mv=235_800, current_ma=2_640, power_w=588)
INSTANT_TASK = ReadingTask(identity=False, clock=False, registers_now=False, instant=True)


@pytest.mark.parametrize(("relay", "closed"), [(0x55, True), (0xAA, False)])
def test_a_206_shows_what_flows_its_frequency_and_its_relay(relay: int, closed: bool) -> None:
    said: Answers = {
        ReadPhaseValues(): PHASE,
        ReadNetworkValues(): NetworkValues(frequency_mhz=49_980, tariff=2, flags=0),
        ReadRelayState(): relay,
    }
    assert learnt(INSTANT_TASK, said).instant == InstantValues(
        taken_at=HEARD_AT,
        power_w=588,
        voltages_mv=(235_800,),
        currents_ma=(2_640,),
        frequency_mhz=49_980,
        tariff=2,
        relay_closed=closed,
        exchange=1,
    )


def test_a_200_is_not_asked_for_what_it_does_not_have() -> None:
    asked: Asked = []
    found = learnt(INSTANT_TASK, {ReadPhaseValues(): PHASE, ReadTariff(): 1}, asked, meter=OLD).instant
    assert asked == [ReadPhaseValues(), ReadTariff()]
    assert found is not None
    assert (found.tariff, found.frequency_mhz, found.relay_closed) == (1, None, None)


REGISTERS: Answers = {
    ReadClock(): CLOCK,
    ReadRegisters(): (621_420, 208_340, 0, 0),
    ReadReactiveRegisters(): (80_000, 9_990, None, None),
}


def test_registers_are_those_of_the_tariffs_and_no_total_is_invented() -> None:
    task = ReadingTask(identity=False, clock=False)
    readings = learnt(task, REGISTERS).registers
    active = [(r.tariff, r.value) for r in readings if r.quantity is Quantity.A_PLUS]
    reactive = [(r.tariff, r.value) for r in readings if r.quantity is Quantity.R_PLUS]
    assert active == [(1, 621_420), (2, 208_340), (3, 0), (4, 0)]
    assert reactive == [(1, 80_000), (2, 9_990)]
    assert {r.moment for r in readings} == {RegisterMoment.NOW}
    assert {r.exchange for r in readings} == {1, 2}
    assert {r.taken_at for r in readings} == {HEARD_AT}


def test_registers_are_dated_by_the_meters_clock_where_it_was_read() -> None:
    readings = learnt(ReadingTask(identity=False), REGISTERS).registers
    assert {r.taken_at for r in readings} == {HEARD_AT + timedelta(seconds=7)}
    assert {r.heard_at for r in readings} == {HEARD_AT}


def test_a_200_counts_active_energy_only() -> None:
    asked: Asked = []
    learnt(ReadingTask(identity=False, clock=False), REGISTERS, asked, meter=OLD)
    assert asked == [ReadRegisters()]


def test_the_beginnings_of_months_are_read_by_their_numbers_and_unused_tariffs_are_no_readings() -> None:
    said: Answers = {
        ReadClock(): CLOCK,
        ReadMonthRegisters(11): (600_000, 200_000, None, None),
        ReadReactiveMonthRegisters(11): (70_000, None, None, None),
        # December has not begun yet: its place holds last year's.
        ReadMonthRegisters(12): (100_000, None, None, None),
        ReadReactiveMonthRegisters(12): (None, None, None, None),
    }
    task = ReadingTask(
        identity=False, clock=False, registers_now=False, register_months=(date(2026, 11, 1), date(2025, 12, 1))
    )
    readings = learnt(task, said).registers
    assert [(r.quantity, r.tariff, r.value, r.taken_at) for r in readings] == [
        (Quantity.A_PLUS, 1, 600_000, datetime(2026, 10, 31, 21, tzinfo=UTC)),
        (Quantity.A_PLUS, 2, 200_000, datetime(2026, 10, 31, 21, tzinfo=UTC)),
        (Quantity.R_PLUS, 1, 70_000, datetime(2026, 10, 31, 21, tzinfo=UTC)),
        (Quantity.A_PLUS, 1, 100_000, datetime(2025, 11, 30, 21, tzinfo=UTC)),
    ]
    assert {r.moment for r in readings} == {RegisterMoment.MONTH_START}


@pytest.mark.parametrize("october_wh", [500_000, 600_000], ids=["another's answer", "nothing used"])
def test_two_months_that_look_alike_are_asked_about_once_more(october_wh: int) -> None:
    asked: Asked = []
    november, october = ReadMonthRegisters(11), ReadMonthRegisters(10)

    def said(request: MercuryV1Request[Any]) -> object:
        if request in {november, october}:
            # The first answer about October is November's, which came before it.
            is_november = request == november or asked.count(october) == 1
            return (600_000 if is_november else october_wh, None, None, None)
        return CLOCK if request == ReadClock() else (None, None, None, None)

    months = (date(2026, 11, 1), date(2026, 10, 1))
    task = ReadingTask(identity=False, clock=False, registers_now=False, register_months=months)
    assert [it.value for it in learnt(task, said, asked).registers] == [600_000, october_wh]
    assert (asked.count(november), asked.count(october)) == (1, 2)


def test_months_that_the_meter_does_not_keep_are_not_asked_for() -> None:
    asked: Asked = []
    months = (date(2026, 12, 1), date(2025, 11, 1), date(2024, 11, 1))
    found = learnt(ReadingTask(identity=False, registers_now=False, register_months=months), REGISTERS, asked)
    assert asked == [ReadClock()]
    assert found.registers == ()


def test_a_model_without_months_is_not_asked_for_them() -> None:
    found = MercuryV1Driver().parts(METER, ReadingTask(identity=False, clock=False, registers_now=False))
    assert list(found) == []


def day_of(counts: list[int | None]) -> Callable[[MercuryV1Request[Any]], object]:
    def said(request: MercuryV1Request[Any]) -> object:
        assert isinstance(request, ReadHalfHours)
        return tuple(counts[request.group * 8 : request.group * 8 + 8])

    return said


def profile(*days: date) -> ReadingTask:
    return ReadingTask(identity=False, clock=False, registers_now=False, profile_days=days)


def test_a_day_is_forty_eight_half_hours_of_a_fifth_of_a_watt_hour() -> None:
    counts: list[int | None] = list(range(48))
    counts[10] = None
    counts[11] = 0xFFFF
    (day,) = learnt(profile(date(2026, 11, 22)), day_of(counts)).meter_days
    assert day.starts_at == datetime(2026, 11, 21, 21, tzinfo=UTC)
    assert (day.step_s, day.uwh_per_count) == (1800, 200_000)
    assert day.a_plus == (*range(10), 0, 0xFFFF, *range(12, 48))
    assert day.qualities[:9] == (SlotRank.ACTUAL,) * 9
    assert day.qualities[10] == SlotRank.MISSING
    assert day.qualities[11] == SlotRank.ACTUAL | SlotFlag.OVERFLOW
    assert (day.exchanges[0], day.exchanges[10], day.exchanges[47]) == (1, NO_EXCHANGE, 6)
    assert (day.a_minus, day.r_plus, day.r_minus) == (None, None, None)
    assert day.heard_at == HEARD_AT


def test_a_day_of_twenty_three_hours_leaves_out_the_places_that_never_were() -> None:
    # In Volgograd 28 October 2018 had no hour from two to three.
    (day,) = learnt(profile(date(2018, 10, 28)), day_of(list(range(48))), meter=VOLGOGRAD).meter_days
    assert day.a_plus == (0, 1, 2, 3, *range(6, 48))


def test_a_day_of_twenty_five_hours_has_one_hour_that_cannot_be_told() -> None:
    # In Volgograd the hour from one to two passed twice on 27 December 2020; the archive has one place for both.
    (day,) = learnt(profile(date(2020, 12, 27)), day_of(list(range(48))), meter=VOLGOGRAD).meter_days
    assert len(day.a_plus) == 50
    missing = [slot for slot, quality in enumerate(day.qualities) if quality == SlotRank.MISSING]
    assert len(missing) == 2
    assert day.a_plus[missing[0] - 1] + 1 == day.a_plus[missing[-1] + 1]


def test_a_profile_is_read_by_weeks() -> None:
    days = tuple(date(2026, 11, day) for day in range(1, 16))
    parts = list(MercuryV1Driver().parts(METER, profile(*days)))
    assert [part.part for part in parts] == [SessionPart.PROFILE] * 3
    sizes = [len(carried(part.conversation, day_of([0] * 48)).meter_days) for part in parts]
    assert sizes == [7, 7, 1]


def test_a_200_has_no_profile() -> None:
    assert list(MercuryV1Driver().parts(OLD, profile(date(2026, 11, 22)))) == []


def test_the_accepted_layouts_are_the_drivers_option() -> None:
    asked: Asked = []
    only = frozenset({HalfHourLayout.VALIDITY})
    driver = MercuryV1Driver(half_hour_layouts=only)
    learnt(profile(date(2026, 11, 22)), day_of([0] * 48), asked, driver=driver)
    assert all(isinstance(request, ReadHalfHours) and request.layouts == only for request in asked)
    asked.clear()
    learnt(profile(date(2026, 11, 22)), day_of([0] * 48), asked)
    assert all(isinstance(request, ReadHalfHours) and request.layouts == set(HalfHourLayout) for request in asked)


def test_the_parts_come_in_the_order_of_a_session() -> None:
    task = ReadingTask(
        instant=True, register_months=(date(2026, 11, 1),), profile_days=(date(2026, 11, 22),), events=True
    )
    assert [part.part for part in MercuryV1Driver().parts(METER, task)] == [
        SessionPart.IDENTITY,
        SessionPart.CLOCK,
        SessionPart.INSTANT,
        SessionPart.REGISTERS,
        SessionPart.REGISTERS,
        SessionPart.PROFILE,
        *[SessionPart.EVENTS] * 4,
    ]
