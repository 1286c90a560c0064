"""A simulated Mercury V1: what it answers, and when it keeps silent."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.mercury_v1 import requests, rings, writes
from kilovatt.wire.protocols.mercury_v1.answers import (
    ModelCode,
    NetworkValues,
)
from kilovatt.wire.protocols.mercury_v1.archive import (
    HalfHourLayout,
    ReadDaySlice,
    ReadHalfHours,
    ReadMonthSlice,
)
from kilovatt.wire.protocols.mercury_v1.frames import Frame
from kilovatt.wire.protocols.mercury_v1.parameters import (
    ReadApparentPower,
    ReadModelCode,
    ReadReactivePower,
    ReadReclosing,
    ReadRelayState,
)
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.mercury_v1 import MercuryV1Meter
from simulated_v1 import ENERGY, GROUP, M206, MOSCOW, NOW, SERIAL, counted, frame, meter, said

# ── Silence ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "heard",
    [
        b"",
        frame(requests.ReadClock())[:-1],
        frame(requests.ReadClock())[:-1] + b"\x00",
        frame(requests.ReadClock()) + b"\x00",
        frame(requests.ReadClock(), SERIAL + 1),
        Frame(SERIAL, 0x77, b"").encode(),
        Frame(SERIAL, 0x27, b"\x00").encode(),
        Frame(SERIAL, 0x32, b"\x0c").encode(),
        bytes.fromhex("30 08 00 76 0F"),  # Mercury V2
    ],
)
def test_a_meter_is_silent_at_what_is_no_question_to_it(heard: bytes) -> None:
    assert meter().hear(heard, NOW) is None


@pytest.mark.parametrize(
    "request_asked",
    [
        requests.ReadReactiveRegisters(),
        requests.ReadReactiveMonthRegisters(11),
        requests.ReadNetworkValues(),
        requests.ReadRelayMode(),
        rings.ReadRelayRing(0),
        ReadHalfHours(group=0, day_on=date(2026, 11, 22)),
        ReadDaySlice(date(2026, 11, 22)),
        ReadReactivePower(),
        ReadRelayState(),
        ReadApparentPower(),
        writes.SetRelayMode(writes.RelayMode.OFF),
    ],
)
def test_a_200_is_silent_at_what_it_does_not_have(request_asked: MercuryV1Request[Any]) -> None:
    assert meter(model=model_by_key("mercury-200-04")).hear(frame(request_asked), NOW) is None
    assert meter().hear(frame(request_asked), NOW) is not None


def test_a_group_obeys_and_says_nothing() -> None:
    grouped = meter()
    to_group = frame(writes.SetPowerLimit(5_000), GROUP)
    assert grouped.hear(to_group, NOW) is None
    assert said(grouped, requests.ReadPowerLimit()) == 99_990

    said(grouped, writes.SetGroupAddress(GROUP))
    assert said(grouped, requests.ReadGroupAddress()) == GROUP
    assert grouped.hear(to_group, NOW) is None
    assert said(grouped, requests.ReadPowerLimit()) == 5_000
    assert grouped.hear(frame(requests.ReadSerial(), GROUP), NOW) is None


def test_the_group_address_zero_is_nobodys() -> None:
    alone = meter()
    assert alone.hear(frame(writes.SetPowerLimit(5_000), 0), NOW) is None
    assert said(alone, requests.ReadPowerLimit()) == 99_990


# ── What it has counted ──────────────────────────────────────────────────────────────────────────────────────────────


def test_registers_are_floored_to_ten_watt_hours() -> None:
    assert said(meter(), requests.ReadRegisters()) == (counted(1, NOW), counted(2, NOW), 0, 0)
    assert said(meter(), requests.ReadMonthRegisters(requests.RUNNING)) == (counted(1, NOW), counted(2, NOW), 0, 0)
    reactive = (counted(1, NOW, Quantity.R_PLUS), counted(2, NOW, Quantity.R_PLUS), 0, 0)
    assert said(meter(), requests.ReadReactiveRegisters()) == reactive
    assert said(meter(), requests.ReadReactiveMonthRegisters(requests.RUNNING)) == reactive


def test_the_place_of_a_month_holds_its_latest_beginning_and_masks_what_is_not_in_use() -> None:
    november = datetime(2026, 10, 31, 21, tzinfo=UTC)
    assert said(meter(), requests.ReadMonthRegisters(11)) == (counted(1, november), counted(2, november), None, None)
    assert said(meter(), requests.ReadReactiveMonthRegisters(11)) == (
        counted(1, november, Quantity.R_PLUS),
        counted(2, november, Quantity.R_PLUS),
        None,
        None,
    )
    # Last December, before the curve began: the registers stood as they started.
    assert said(meter(), requests.ReadMonthRegisters(12)) == (1_234_560, 654_320, None, None)


def test_a_meter_that_is_ahead_closes_its_month_early() -> None:
    early = datetime(2026, 10, 31, 20, 50, tzinfo=UTC)
    ahead = meter(ahead=timedelta(minutes=10))
    assert said(ahead, requests.ReadMonthRegisters(11)) == (counted(1, early), counted(2, early), None, None)


def test_a_full_register_starts_anew_from_zero() -> None:
    full = MeterEnergy(
        curve=place_curve(np.full(48, 100, dtype=np.int64), NOW, MOSCOW),
        zone=MOSCOW,
        table=tariff_table_for(1),
        past=MeterPast(starting_wh={1: 999_999_000}, inductive_permille=0, capacitive_permille=0),
    )
    rolled = MercuryV1Meter(replace(meter().plan, energy=full))
    midnight = datetime(2026, 11, 23, 21, tzinfo=UTC)
    assert said(rolled, requests.ReadRegisters(), midnight)[0] == 999_999_000 + 4_800 - 1_000_000_000


@pytest.mark.parametrize("layout", HalfHourLayout)
def test_half_hours_add_up_to_what_flowed(layout: HalfHourLayout) -> None:
    day_on = date(2026, 11, 22)
    archive = meter(layout=layout)
    counts = [count for group in range(6) for count in said(archive, ReadHalfHours(group, day_on, frozenset({layout})))]
    since, until = datetime(2026, 11, 21, 21, tzinfo=UTC), datetime(2026, 11, 22, 21, tzinfo=UTC)
    assert sum(count or 0 for count in counts) * 200_000 == ENERGY.flowed_uwh(Quantity.A_PLUS, since, until)
    assert None not in counts


def test_half_hours_that_are_not_over_or_were_never_counted_are_missing() -> None:
    # It is 12:10: the half-hour from 12:00 still runs.
    assert said(meter(), ReadHalfHours(3, date(2026, 11, 24))) == (None,) * 8
    assert said(meter(), ReadHalfHours(2, date(2026, 11, 24)))[7] is not None
    assert said(meter(), ReadHalfHours(0, date(2026, 1, 1))) == (None,) * 8


def test_no_part_of_a_count_is_lost_where_half_hours_are_no_whole_counts() -> None:
    third = MeterEnergy(
        curve=place_curve(np.full(48 * 2, 1, dtype=np.int64), NOW, MOSCOW),
        zone=MOSCOW,
        table=tariff_table_for(1),
        past=MeterPast(starting_wh={}, inductive_permille=0, capacitive_permille=0),
        ratio=3,
    )
    behind = MercuryV1Meter(replace(meter().plan, energy=third))
    counts = said(behind, ReadHalfHours(0, date(2026, 11, 22)))
    # A third of a watt-hour is 1.67 counts.
    assert counts == (1, 2, 2, 1, 2, 2, 1, 2)


def test_a_count_that_is_too_large_for_its_field_stays_at_the_top() -> None:
    heavy = MeterEnergy(
        curve=place_curve(np.full(48 * 2, 20_000, dtype=np.int64), NOW, MOSCOW),
        zone=MOSCOW,
        table=tariff_table_for(1),
        past=MeterPast(starting_wh={}, inductive_permille=0, capacitive_permille=0),
    )
    assert said(MercuryV1Meter(replace(meter().plan, energy=heavy)), ReadHalfHours(0, date(2026, 11, 22)))[0] == 0xFFFF


def test_slices_hold_the_registers_of_their_midnight() -> None:
    midnight = datetime(2026, 11, 21, 21, tzinfo=UTC)
    kept = said(meter(), ReadDaySlice(date(2026, 11, 22)))
    assert (kept.energy_wh_1, kept.energy_wh_2, kept.energy_wh_3) == (counted(1, midnight), counted(2, midnight), None)
    month = said(meter(), ReadMonthSlice(date(2026, 11, 22)))
    assert month.slice_on == date(2026, 11, 1)


# ── What it measures ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_values_now_agree_with_each_other() -> None:
    shown = meter()
    phase = said(shown, requests.ReadPhaseValues())
    assert phase.power_w == ENERGY.power_w(Quantity.A_PLUS, NOW)
    assert said(shown, requests.ReadPower()) == phase.power_w // 10 * 10
    assert said(shown, ReadReactivePower()) == ENERGY.power_w(Quantity.R_PLUS, NOW)
    apparent = said(shown, ReadApparentPower())
    assert apparent.power_va**2 == pytest.approx(phase.power_w**2 + said(shown, ReadReactivePower()) ** 2, rel=0.01)
    assert abs(phase.current_ma * phase.voltage_mv // 1_000_000 - apparent.power_va) <= 3
    network = said(shown, requests.ReadNetworkValues())
    assert network == NetworkValues(frequency_mhz=network.frequency_mhz, tariff=1, flags=0)
    assert 49_800 < network.frequency_mhz < 50_200
    assert said(shown, requests.ReadTariff()) == 1
    assert said(shown, requests.ReadTariff(), NOW + timedelta(hours=12)) == 2


def test_the_factory_says_what_it_wrote() -> None:
    shown = meter()
    assert said(shown, requests.ReadSerial()) == SERIAL
    assert said(shown, requests.ReadSerial()) == SERIAL, "kept as bytes the second time"
    assert str(said(shown, requests.ReadFirmware())) == "8.3"
    assert said(shown, requests.ReadMadeOn()) == date(2012, 1, 9) + timedelta(days=SERIAL % 3000)
    assert said(shown, requests.ReadVariant()) == b"\x55\x00"
    assert said(meter(model=model_by_key("mercury-200-04")), requests.ReadVariant()) == b"\x00\x00"
    assert said(shown, ReadModelCode()) == ModelCode(model=8, features=2)
    assert said(shown, requests.ReadBattery()) == 3_050
    assert said(shown, requests.ReadTariffCount()) == 2
    assert said(shown, requests.ReadHolidays(1)) == (None,) * 8
    assert said(shown, requests.ReadMonthEnergyLimit()) == 0
    assert said(shown, requests.ReadDisplayMask()) == 0xFF
    assert said(shown, requests.ReadPulseOutput()) == 0
    assert [limit.limit for limit in said(shown, requests.ReadEnergyLimits())] == [0] * 4
    assert said(shown, ReadReclosing()).tries == 0
    made = datetime.combine(said(shown, requests.ReadMadeOn()) or date.min, datetime.min.time(), UTC)
    assert said(shown, requests.ReadRunningTime()).powered_h == (NOW - made) // timedelta(hours=1) - 12
    assert [said(shown, requests.ReadMaximum(quantity)).value for quantity in range(3)] == [2450, 3100, 680]


def test_a_model_that_nobody_gave_a_code_says_zero() -> None:
    unknown = replace(M206, key="mercury-201-8")
    assert said(meter(model=unknown), ReadModelCode()) == ModelCode(model=0, features=0)
