"""A simulated meter of Энергомера answers as one does: to its address, its password, in its dialect."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.energomera import EnergomeraDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.energomera import requests
from kilovatt.wire.protocols.energomera.connection import EnergomeraConnection
from kilovatt.wire.protocols.energomera.errors import ErrorCode
from kilovatt.wire.protocols.energomera.fields import ArchiveStamp, MeterClock
from kilovatt.wire.protocols.energomera.frames import RequestFrame
from kilovatt.wire.protocols.energomera.requests import ByteOrder, EnergomeraRequest
from kilovatt.wire.protocols.framing import slip
from kilovatt.wire.protocols.framing.connection import Answered, Refusal
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.simulator.energomera import EnergomeraMeter
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

ValueT = TypeVar("ValueT")

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 10, 11, tzinfo=UTC)
SERIAL, ADDRESS = 41_906_467, 6467
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 701 + 20, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_560, 2: 654_320}, inductive_permille=200, capacitive_permille=10),
)
PLAIN = model_by_key("energomera-ce102-r5")
WITH_PROFILE = model_by_key("energomera-ce102-profile")
STAMPED = model_by_key("energomera-ce102-r5-1")
THREE_PHASES = model_by_key("energomera-ce307-r33")


def meter_of(
    model: MeterModel, *, clock_ahead: timedelta = timedelta(0), passwords: dict[int, str] | None = None
) -> EnergomeraMeter:
    return EnergomeraMeter(
        SimulatedMeterPlan(
            model=model,
            serial=SERIAL,
            address=ADDRESS,
            zone=MOSCOW,
            energy=ENERGY,
            clock_ahead=clock_ahead,
            passwords=passwords or {},
        )
    )


def heard(
    meter: EnergomeraMeter, request: EnergomeraRequest[ValueT], *, password: int = 777_777, now: datetime = NOW
) -> ValueT | Refusal:
    connection = EnergomeraConnection(ADDRESS, password)
    answer = meter.hear(connection.send(request).data, now)
    assert answer is not None
    event = connection.receive(answer)
    assert isinstance(event, Answered)
    value: ValueT | Refusal = event.value
    return value


def said(
    meter: EnergomeraMeter, request: EnergomeraRequest[ValueT], *, password: int = 777_777, now: datetime = NOW
) -> ValueT:
    value = heard(meter, request, password=password, now=now)
    assert not isinstance(value, Refusal)
    return value


def refusal_code(meter: EnergomeraMeter, request: EnergomeraRequest[ValueT]) -> int:
    value = heard(meter, request)
    assert isinstance(value, Refusal)
    return value.code


def count_at(tariff: int, at: datetime, step_wh: int = 10) -> int:
    return ENERGY.register_uwh(Quantity.A_PLUS, tariff, at) // (step_wh * 1_000_000)


def test_it_says_who_it_is_and_what_time_it_is() -> None:
    meter = meter_of(PLAIN, clock_ahead=timedelta(minutes=1))
    assert said(meter, requests.Ping()) == ADDRESS
    assert said(meter, requests.ReadSerial(1)) + said(meter, requests.ReadSerial(0)) == "0000000041906467"
    assert said(meter, requests.ReadClock()) == MeterClock(2, WallTime(2026, 11, 24, 12, 11, 11))
    assert said(meter, requests.ReadConfiguration()).decimals == 2
    assert said(meter, requests.ReadVersion()).kernel == 1
    assert said(meter_of(STAMPED), requests.ReadVersion()).kernel == 10


def test_on_a_sunday_its_weekday_is_nought() -> None:
    assert said(meter_of(PLAIN), requests.ReadClock(), now=datetime(2026, 11, 22, 9, tzinfo=UTC)).weekday == 0


@pytest.mark.parametrize("tariff", [1, 2, 3, 4])
def test_a_ce102_counts_by_tariff(tariff: int) -> None:
    meter = meter_of(PLAIN)
    assert said(meter, requests.ReadTariffRegister(tariff, 0)) == count_at(tariff, NOW)
    month_at = datetime(2026, 9, 30, 21, tzinfo=UTC)
    assert said(meter, requests.ReadTariffRegister(tariff, 2)) == count_at(tariff, month_at)
    day_at = datetime(2026, 11, 22, 21, tzinfo=UTC)
    assert said(meter, requests.ReadTariffDayRegister(tariff, 2)) == count_at(tariff, day_at)


def test_a_ce102_keeps_the_total_besides() -> None:
    meter = meter_of(PLAIN)
    assert said(meter, requests.ReadTotalRegister(0)) == count_at(0, NOW)
    assert said(meter, requests.ReadTotalRegister(1)) == count_at(0, datetime(2026, 10, 31, 21, tzinfo=UTC))
    assert said(meter, requests.ReadTotalDayRegister(1)) == count_at(0, datetime(2026, 11, 23, 21, tzinfo=UTC))
    assert said(meter, requests.ReadPower()) == ENERGY.power_w(Quantity.A_PLUS, NOW) // 10


def test_it_closes_its_days_by_its_own_clock() -> None:
    ahead = timedelta(minutes=11, seconds=30)
    meter = meter_of(PLAIN, clock_ahead=ahead)
    true_midnight = datetime(2026, 10, 31, 21, tzinfo=UTC) - ahead
    assert said(meter, requests.ReadTotalRegister(1)) == count_at(0, true_midnight)


def test_an_r5_1_stamps_what_it_kept_with_the_month_that_ended() -> None:
    meter = meter_of(STAMPED)
    now = said(meter, requests.ReadStampedRegister(0, 0))
    assert (now.stamp, now.count) == (ArchiveStamp(2026, 11, 0), count_at(0, NOW))
    past = said(meter, requests.ReadStampedRegister(11, 1))
    assert past.stamp == ArchiveStamp(2025, 12, 0)
    assert past.count == count_at(1, datetime(2025, 12, 31, 21, tzinfo=UTC))


def test_voltages_and_currents_are_those_of_its_phases_in_the_order_of_its_row() -> None:
    (voltage,) = said(meter_of(STAMPED), requests.ReadVoltages())
    (current,) = said(meter_of(STAMPED), requests.ReadCurrents())
    assert 22_500 <= voltage <= 23_500
    assert abs(voltage * current / 100_000 - ENERGY.power_w(Quantity.A_PLUS, NOW)) < 1
    dialect = EnergomeraDialect(stamped_registers=True, instants_low_first=False, current_step_ma=10)
    other = meter_of(replace(THREE_PHASES, dialect=dialect))
    volts = said(other, requests.ReadVoltages(3, ByteOrder.HIGH_FIRST))
    amperes = said(other, requests.ReadCurrents(3, ByteOrder.HIGH_FIRST))
    assert len(set(volts)) == 3
    power_w = sum(volt * ampere * 10 for volt, ampere in zip(volts, amperes, strict=True)) / 100_000
    # Each of three currents may lack a step of 10 mA.
    assert 0 <= ENERGY.power_w(Quantity.A_PLUS, NOW) - power_w < 3 * 0.010 * 240


@pytest.mark.parametrize(
    ("model", "request_asked", "code"),
    [
        (PLAIN, requests.ReadTariffRegister(5, 0), ErrorCode.PARAMETER),
        (PLAIN, requests.ReadTariffRegister(1, 14), ErrorCode.PARAMETER),
        (PLAIN, requests.ReadTotalRegister(14), ErrorCode.PARAMETER),
        (PLAIN, requests.ReadTotalDayRegister(0), ErrorCode.PARAMETER),
        (PLAIN, requests.ReadTotalDayRegister(31), ErrorCode.PARAMETER),
        (PLAIN, requests.ReadTariffDayRegister(8, 1), ErrorCode.PARAMETER),
        (STAMPED, requests.ReadStampedRegister(13, 0), ErrorCode.PARAMETER),
        (PLAIN, requests.ReadVoltages(), ErrorCode.NO_SUCH_COMMAND),
        (STAMPED, requests.ReadPower(), ErrorCode.NO_SUCH_COMMAND),
        (PLAIN, requests.ReadIntervals(date(2026, 11, 22), 0, 4), ErrorCode.NO_SUCH_COMMAND),
        (STAMPED, requests.ReadConfiguration(), ErrorCode.NO_SUCH_COMMAND),
    ],
)
def test_what_it_does_not_keep_or_know_it_refuses(
    model: MeterModel, request_asked: EnergomeraRequest[Any], code: ErrorCode
) -> None:
    assert refusal_code(meter_of(model), request_asked) == code


def test_half_hours_add_up_to_what_the_register_counted_and_what_is_not_kept_is_none() -> None:
    meter = meter_of(WITH_PROFILE, clock_ahead=timedelta(minutes=30))
    counts: list[int | None] = []
    for first in range(0, 48, 4):
        group: tuple[int | None, ...] = said(meter, requests.ReadIntervals(date(2026, 11, 22), first, 4))
        counts += group
    # By its own clock, which is half an hour ahead.
    since, until = datetime(2026, 11, 21, 20, 30, tzinfo=UTC), datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    assert sum(count or 0 for count in counts) == count_at(0, until) - count_at(0, since)
    assert None not in counts
    # It is 12:40:11 by that clock.
    assert said(meter, requests.ReadIntervals(date(2026, 11, 24), 24, 2))[1:] == (None,)
    assert said(meter, requests.ReadIntervals(date(2026, 11, 22), 47, 2))[1:] == (None,)
    assert said(meter, requests.ReadIntervals(date(2020, 1, 1), 0, 1)) == (None,)


def test_another_password_is_refused_whatever_is_asked() -> None:
    meter = meter_of(PLAIN, passwords={1: "314159"})
    for request in (requests.Ping(), requests.ReadTotalRegister(0)):
        assert refusal_code(meter, request) == ErrorCode.ACCESS_LEVEL
    assert said(meter, requests.Ping(), password=314_159) == ADDRESS


@pytest.mark.parametrize("address", [ADDRESS + 1, 0xFFFF, 0])
def test_it_is_silent_where_another_is_meant_or_everybody(address: int) -> None:
    body = RequestFrame(meter=address, reader=253, password=777_777, command=1, data=b"").body()
    assert meter_of(PLAIN).hear(slip.framed(body), NOW) is None


@given(noise=st.binary(max_size=100))
def test_at_noise_it_is_silent_or_says_no(noise: bytes) -> None:
    meter = meter_of(PLAIN)
    assert meter.hear(noise, NOW) is None
    assert meter.hear(b"\xc0" + noise + b"\xc0", NOW) is None or len(noise) >= 12


def test_its_depths_are_those_of_the_row() -> None:
    dialect = EnergomeraDialect(stamped_registers=True, month_start_depth=2)
    shifted = said(meter_of(replace(STAMPED, dialect=dialect)), requests.ReadStampedRegister(2, 0))
    assert shifted == requests.StampedCount(
        ArchiveStamp(2026, 10, 0), count_at(0, datetime(2026, 10, 31, 21, tzinfo=UTC))
    )


def test_a_meter_of_another_step_counts_and_says_so() -> None:
    meter = meter_of(replace(PLAIN, register_step_wh=100))
    assert said(meter, requests.ReadConfiguration()).decimals == 1
    assert said(meter, requests.ReadTotalRegister(0)) == count_at(0, NOW, 100)


def test_the_release_of_its_firmware_is_a_day() -> None:
    assert said(meter_of(PLAIN), requests.ReadVersion()).released_on == date(2017, 3, 14)
