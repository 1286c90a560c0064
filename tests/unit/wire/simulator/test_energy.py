from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.simulator.energy import (
    STEP,
    THREE_ZONES,
    TWO_ZONES,
    DatedMarks,
    LoadCurve,
    MeterEnergy,
    MeterPast,
    latest_midnight,
    past_of_serial,
    place_curve,
    tariff_table_for,
)

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
FRESH = MeterPast(starting_wh={}, inductive_permille=250, capacitive_permille=10)
WEEK = 336
PLUS = Quantity.A_PLUS


def curve_of(*energies_wh: int) -> LoadCurve:
    return place_curve(np.array(energies_wh, dtype=np.int64), NOW, MOSCOW)


def energy_of(*energies_wh: int, zones: int = 1, ratio: int = 1, past: MeterPast = FRESH) -> MeterEnergy:
    return MeterEnergy(curve=curve_of(*energies_wh), zone=MOSCOW, table=tariff_table_for(zones), past=past, ratio=ratio)


def test_the_last_half_hour_ends_at_the_last_local_midnight() -> None:
    curve = curve_of(100, 200, 300)

    assert curve.ends_at == datetime(2026, 11, 23, 21, tzinfo=UTC)
    assert curve.begins_at == datetime(2026, 11, 23, 19, 30, tzinfo=UTC)


def test_at_midnight_itself_the_curve_ends_now() -> None:
    midnight = datetime(2026, 11, 23, 21, tzinfo=UTC)

    assert latest_midnight(midnight, MOSCOW) == midnight
    assert latest_midnight(midnight - timedelta(seconds=1), MOSCOW) == midnight - timedelta(days=1)


def test_registers_stand_still_before_the_curve_begins() -> None:
    past = MeterPast(starting_wh={1: 5_000}, inductive_permille=0, capacitive_permille=0)
    energy = energy_of(100, past=past)

    assert energy.register_uwh(PLUS, 1, energy.begins_at - timedelta(days=400)) == 5_000_000_000
    assert energy.register_uwh(PLUS, 1, energy.begins_at) == 5_000_000_000
    assert energy.power_w(PLUS, energy.begins_at - STEP) == 0


def test_a_register_runs_evenly_within_a_half_hour() -> None:
    energy = energy_of(7)

    # 7 Wh in 30 minutes: after one second 7 000 000 / 1800 = 3888.9 µWh.
    assert energy.register_uwh(PLUS, TOTAL_TARIFF, energy.begins_at + timedelta(seconds=1)) == 3_888
    assert energy.register_uwh(PLUS, TOTAL_TARIFF, energy.begins_at + STEP) == 7_000_000


def test_a_ratio_divides_what_the_meter_counts_and_loses_nothing() -> None:
    energy = energy_of(*[1] * 40, ratio=40)

    assert energy.flowed_uwh(PLUS, energy.begins_at, energy.begins_at + STEP) == 25_000
    assert energy.flowed_uwh(PLUS, energy.begins_at, energy.begins_at + 40 * STEP) == 1_000_000


def test_each_half_hour_counts_in_the_tariff_of_its_zone() -> None:
    day = [1] * 14 + [10] * 6 + [100] * 14 + [1_000] * 8 + [10_000] * 4 + [100_000] * 2
    energy = energy_of(*day, zones=3)
    begins_at, ends_at = energy.begins_at, energy.begins_at + timedelta(days=1)

    def flowed_wh(tariff: int) -> int:
        return (energy.register_uwh(PLUS, tariff, ends_at) - energy.register_uwh(PLUS, tariff, begins_at)) // 1_000_000

    assert flowed_wh(1) == 6 * 10 + 8 * 1_000
    assert flowed_wh(2) == 14 * 1 + 2 * 100_000
    assert flowed_wh(3) == 14 * 100 + 4 * 10_000
    assert flowed_wh(4) == 0
    assert flowed_wh(TOTAL_TARIFF) == sum(day)


@pytest.mark.parametrize(("local_hour", "tariff"), [(0, 2), (6, 2), (7, 1), (22, 1), (23, 2)])
def test_the_meter_knows_its_tariff_by_its_local_hour(local_hour: int, tariff: int) -> None:
    at = datetime(2026, 11, 24, local_hour, 59, tzinfo=MOSCOW).astimezone(UTC)

    assert energy_of(1, zones=2).tariff_at(at) == tariff


def test_a_table_written_later_counts_from_its_day() -> None:
    table = (
        DatedMarks(valid_from_on=date(2026, 11, 23), marks=THREE_ZONES),
        DatedMarks(valid_from_on=date(2020, 1, 1), marks=TWO_ZONES),
    )
    energy = MeterEnergy(curve=curve_of(*[1] * 96), zone=MOSCOW, table=table, past=FRESH)
    new_table_at = datetime(2026, 11, 22, 21, tzinfo=UTC)

    assert energy.tariff_table(new_table_at - STEP) == TWO_ZONES
    assert energy.tariff_table(new_table_at) == THREE_ZONES
    assert energy.tariff_table(datetime(2019, 1, 1, tzinfo=UTC)) == TWO_ZONES
    assert energy.register_uwh(PLUS, 3, new_table_at) == 0
    assert energy.register_uwh(PLUS, 3, new_table_at + timedelta(days=1)) == 18_000_000


def test_after_the_curve_its_last_week_repeats_for_ever() -> None:
    week = list(range(WEEK))
    energy = energy_of(*[9_999] * 48, *week)
    ends_at = energy.begins_at + STEP * (48 + WEEK)

    for weeks_later in (0, 1, 25):
        at = ends_at + timedelta(days=7 * weeks_later)
        assert energy.flowed_uwh(PLUS, at + 5 * STEP, at + 6 * STEP) == 5_000_000
        assert energy.power_w(PLUS, at + 5 * STEP) == 10


def test_a_curve_shorter_than_a_week_repeats_whole() -> None:
    energy = energy_of(1, 2, 4)

    assert energy.power_w(PLUS, energy.begins_at + 3000 * STEP) == 2
    assert energy.flowed_uwh(PLUS, energy.begins_at, energy.begins_at + 3000 * STEP) == 7_000_000_000


def test_nothing_is_given_to_the_grid_and_reactive_energy_is_a_share_of_the_active() -> None:
    energy = energy_of(100, 100)
    begins_at, ends_at = energy.begins_at, energy.begins_at + 2 * STEP

    flowed = {quantity: energy.flowed_uwh(quantity, begins_at, ends_at) for quantity in Quantity}

    assert flowed == {
        Quantity.A_PLUS: 200_000_000,
        Quantity.A_MINUS: 0,
        Quantity.R_PLUS: 50_000_000,
        Quantity.R_MINUS: 2_000_000,
    }


def test_a_meters_past_follows_from_its_serial_number_and_stands_on_whole_steps() -> None:
    table = tariff_table_for(2)

    past = past_of_serial(41906467, step_wh=10, table=table)

    assert past == past_of_serial(41906467, step_wh=10, table=table)
    assert past != past_of_serial(41906468, step_wh=10, table=table)
    assert set(past.starting_wh) == {1, 2}
    assert all(wh > 0 and wh % 10 == 0 for wh in past.starting_wh.values())


@given(
    energies=st.lists(st.integers(0, 9_000), min_size=1, max_size=60),
    ratio=st.integers(1, 40),
    zones=st.sampled_from([1, 2, 3]),
    cuts=st.lists(st.integers(-2_000, 400_000), min_size=2, max_size=6).map(sorted),
)
def test_registers_never_fall_and_parts_add_up(energies: list[int], ratio: int, zones: int, cuts: list[int]) -> None:
    energy = energy_of(
        *energies, zones=zones, ratio=ratio, past=past_of_serial(7, step_wh=10, table=tariff_table_for(2))
    )
    instants = [energy.begins_at + timedelta(seconds=cut) for cut in cuts]

    for quantity in Quantity:
        totals = [energy.register_uwh(quantity, TOTAL_TARIFF, at) for at in instants]
        assert totals == sorted(totals)
        parts = [energy.flowed_uwh(quantity, a, b) for a, b in pairwise(instants)]
        assert sum(parts) == totals[-1] - totals[0]
        for at, total in zip(instants, totals, strict=True):
            by_tariff = sum(energy.register_uwh(quantity, tariff, at) for tariff in (1, 2, 3, 4))
            assert 0 <= total - by_tariff <= 3


@pytest.mark.parametrize(
    ("begins_at", "energies", "complaint"),
    [
        (datetime(2026, 1, 1), np.array([1]), "in UTC"),
        (datetime(2026, 1, 1, 0, 15, tzinfo=UTC), np.array([1]), "whole half-hour"),
        (datetime(2026, 1, 1, tzinfo=UTC), np.array([1.5]), "64-bit integers"),
        (datetime(2026, 1, 1, tzinfo=UTC), np.array([], dtype=np.int64), "non-empty"),
        (datetime(2026, 1, 1, tzinfo=UTC), np.array([5, -3]), "got -3 Wh"),
    ],
)
def test_an_impossible_curve_is_refused(begins_at: datetime, energies: np.ndarray, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        LoadCurve(begins_at=begins_at, energies_wh=energies)


@pytest.mark.parametrize(
    ("marks", "complaint"),
    [
        ((), "ascend"),
        (((30, 1),), "from minute 0"),
        (((0, 1), (60, 2), (30, 1)), "ascend"),
        (((0, 1), (45, 2)), "half-hours"),
        (((0, 1), (1440, 2)), "half-hours"),
        (((0, 5),), "1 to 4"),
    ],
)
def test_an_impossible_tariff_table_is_refused(marks: tuple[tuple[int, int], ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        DatedMarks(valid_from_on=date(2026, 1, 1), marks=marks)


def test_an_impossible_meter_is_refused() -> None:
    with pytest.raises(ValueError, match="ratio"):
        energy_of(1, ratio=0)
    with pytest.raises(ValueError, match="has a tariff table"):
        MeterEnergy(curve=curve_of(1), zone=MOSCOW, table=(), past=FRESH)
