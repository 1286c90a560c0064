from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.consumption import (
    NO_PLACE,
    SlotCrossesBorderError,
    day_part_sums,
    interval_energies,
    minutes_of_slots,
    parts_of_slots,
    slot_energies_wh,
    zones_of_slots,
)
from kilovatt.measure.metering.matrices import matrix_of
from kilovatt.measure.metering.meter_days import MeterDay
from kilovatt.measure.zones import Zone, ZoneScheme, zone_at
from kilovatt.quantities.energy import whole_wh
from kilovatt.quantities.periods import Period, days_of, local_day, local_month

MOSCOW = ZoneInfo("Europe/Moscow")
VOLGOGRAD = ZoneInfo("Europe/Volgograd")
ON = date(2026, 10, 5)
SCHEME = ZoneScheme.THREE


def day(
    on: date,
    counts: list[int] | int,
    *,
    zone: ZoneInfo = MOSCOW,
    step_s: int = 1800,
    uwh_per_count: int = 500_000,
    missing: frozenset[int] = frozenset(),
) -> MeterDay:
    whole = local_day(on, zone)
    slots = int(whole.duration.total_seconds()) // step_s
    list_of = [counts] * slots if isinstance(counts, int) else counts
    return MeterDay(
        day_on=on,
        starts_at=whole.start,
        step_s=step_s,
        uwh_per_count=uwh_per_count,
        a_plus=tuple(0 if slot in missing else count for slot, count in enumerate(list_of)),
        a_minus=None,
        r_plus=None,
        r_minus=None,
        qualities=tuple(0 if slot in missing else 2 for slot in range(slots)),
        exchanges=(0,) * slots,
        heard_at=whole.end,
    )


def test_a_day_is_summed_into_its_six_parts() -> None:
    # One count of 0.5 Wh a half-hour; parts of 7, 3, 7, 4, 2 and 1 hours have 14, 6, 14, 8, 4 and 2 half-hours.
    sums = day_part_sums(matrix_of([(1, day(ON, 1))]), MOSCOW)
    assert sums.uwh.tolist() == [[7_000_000, 3_000_000, 7_000_000, 4_000_000, 2_000_000, 1_000_000]]
    assert sums.known_s.tolist() == [[7 * 3600, 3 * 3600, 7 * 3600, 4 * 3600, 2 * 3600, 3600]]
    assert sums.missing_s.sum() == 0


def test_a_missing_half_hour_is_time_that_is_not_known_and_not_a_zero() -> None:
    sums = day_part_sums(matrix_of([(1, day(ON, 1, missing=frozenset({0, 47})))]), MOSCOW)
    assert sums.uwh[0].tolist() == [6_500_000, 3_000_000, 7_000_000, 4_000_000, 2_000_000, 500_000]
    assert sums.missing_s[0].tolist() == [1800, 0, 0, 0, 0, 1800]


def test_in_volgograd_the_night_of_a_short_day_is_six_hours_and_of_a_long_day_eight() -> None:
    days = [(1, day(date(2018, 10, 28), 1, zone=VOLGOGRAD)), (1, day(date(2020, 12, 27), 1, zone=VOLGOGRAD))]
    matrix = matrix_of(days)
    assert matrix.slots.tolist() == [46, 50]
    sums = day_part_sums(matrix, VOLGOGRAD)
    assert (sums.known_s // 3600).tolist() == [[6, 3, 7, 4, 2, 1], [8, 3, 7, 4, 2, 1]]
    # The skipped hour: 01:30 is followed by 03:00.
    assert minutes_of_slots(matrix, VOLGOGRAD)[0, :6].tolist() == [0, 30, 60, 90, 180, 210]
    # The hour that comes twice: 01:00 and 01:30 again.
    assert minutes_of_slots(matrix, VOLGOGRAD)[1, :6].tolist() == [0, 30, 60, 90, 60, 90]
    assert parts_of_slots(matrix, VOLGOGRAD)[0, 45:].tolist() == [5, *[NO_PLACE] * 4]


def test_an_hour_that_straddles_two_zones_is_not_split() -> None:
    # Hours that begin at half past, as from a profile set wrongly: 06:30–07:30 is night and day.
    whole = day(ON, 1, step_s=3600)
    shifted = MeterDay(
        day_on=ON,
        starts_at=whole.starts_at + timedelta(minutes=30),
        step_s=3600,
        uwh_per_count=1,
        a_plus=(1,) * 23,
        a_minus=None,
        r_plus=None,
        r_minus=None,
        qualities=(2,) * 23,
        exchanges=(0,) * 23,
        heard_at=whole.heard_at,
    )
    with pytest.raises(SlotCrossesBorderError, match=r"slot 6 of 3600 s on 2026-10-05 crosses .* minute 390"):
        parts_of_slots(matrix_of([(1, shifted)]), MOSCOW)


@pytest.mark.parametrize("step_s", [60, 900, 1800, 3600])
@pytest.mark.parametrize("scheme", ZoneScheme)
def test_the_zone_of_a_slot_is_the_zone_at_its_start(step_s: int, scheme: ZoneScheme) -> None:
    matrix = matrix_of([(1, day(ON, 1, step_s=step_s)), (1, day(ON + timedelta(days=1), 1, step_s=step_s))])
    places = zones_of_slots(matrix, scheme, MOSCOW)
    for row, on in enumerate((ON, ON + timedelta(days=1))):
        start = local_day(on, MOSCOW).start
        expected = [zone_at(scheme, start + timedelta(seconds=step_s * slot), MOSCOW) for slot in range(matrix.width)]
        assert [scheme.zones[place] for place in places[row]] == expected


def test_a_month_of_intervals_by_zone_with_the_ratio() -> None:
    october = local_month(date(2026, 10, 1), MOSCOW)
    # 31 days, 3 counts of 0.5 Wh a half-hour, × 20: night 16 half-hours a day, day 32.
    days = [day(on, 3) for on in days_of(october, MOSCOW)]
    by_day, by_night = interval_energies(days, scheme=ZoneScheme.TWO, period=october, zone=MOSCOW, ratio=20)
    assert (by_day.zone, by_day.energy_wh) == (Zone.DAY, 31 * 32 * 30)
    assert (by_night.zone, by_night.energy_wh) == (Zone.NIGHT, 31 * 16 * 30)
    assert by_day.known_s + by_night.known_s == october.duration.total_seconds()
    assert by_night.uwh == by_night.energy_wh * 1_000_000


def test_slots_outside_the_period_and_missing_ones_do_not_count() -> None:
    whole = local_day(ON, MOSCOW)
    noon_to_midnight = Period(whole.start + timedelta(hours=12), whole.end)
    (total,) = interval_energies(
        [day(ON - timedelta(days=1), 2), day(ON, 2, missing=frozenset({47}))],
        scheme=ZoneScheme.ONE,
        period=noon_to_midnight,
        zone=MOSCOW,
        ratio=1,
    )
    # 24 half-hours less the missing one, 1 Wh each.
    assert total.energy_wh == 23
    assert total.known_s == 23 * 1800
    # A slot that begins within and ends without is left out.
    (part,) = interval_energies(
        [day(ON, 2)],
        scheme=ZoneScheme.ONE,
        period=Period(whole.start, whole.start + timedelta(minutes=45)),
        zone=MOSCOW,
        ratio=1,
    )
    assert part.energy_wh == 1


def test_no_days_have_no_known_time() -> None:
    period = local_day(ON, MOSCOW)
    (total,) = interval_energies([], scheme=ZoneScheme.ONE, period=period, zone=MOSCOW, ratio=1)
    assert (total.energy_wh, total.uwh, total.known_s) == (0, 0, 0)


def test_a_date_that_comes_twice_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="a date comes twice"):
        interval_energies(
            [day(ON, 1), day(ON, 1)], scheme=ZoneScheme.ONE, period=local_day(ON, MOSCOW), zone=MOSCOW, ratio=1
        )


def test_half_hours_in_whole_watt_hours_add_up_and_the_unknown_stays_unknown() -> None:
    # 1.5 Wh each: 1, 2, (unknown), 1, 2 …
    energies_wh = slot_energies_wh(day(ON, 3, missing=frozenset({2})), ratio=1)
    assert energies_wh[:5] == (1, 2, None, 1, 2)
    # 47 × 1.5 = 70.5
    assert sum(energy for energy in energies_wh if energy is not None) == 70
    assert slot_energies_wh(day(ON, 3), ratio=2) == (3,) * 48


COUNTS = st.lists(st.integers(0, 65_535), min_size=48, max_size=48)


@given(COUNTS, COUNTS, st.sampled_from([500_000, 200_000, 100_000, 78_125]), st.integers(1, 4000))
def test_zones_add_up_to_the_floor_of_the_total(one: list[int], two: list[int], scale: int, ratio: int) -> None:
    days = [day(ON, one, uwh_per_count=scale), day(ON + timedelta(days=1), two, uwh_per_count=scale)]
    period = Period(days[0].starts_at, days[1].starts_at + timedelta(days=1))
    exact = whole_wh((sum(one) + sum(two)) * scale * ratio)
    for scheme in ZoneScheme:
        energies = interval_energies(days, scheme=scheme, period=period, zone=MOSCOW, ratio=ratio)
        assert sum(energy.energy_wh for energy in energies) == exact


@given(COUNTS, st.integers(1, 47), st.sampled_from(ZoneScheme))
def test_splitting_a_period_loses_no_count(counts: list[int], at: int, scheme: ZoneScheme) -> None:
    days = [day(ON, counts)]
    whole = local_day(ON, MOSCOW)
    border = whole.start + timedelta(seconds=1800 * at)

    def uwh(period: Period) -> list[int]:
        energies = interval_energies(days, scheme=scheme, period=period, zone=MOSCOW, ratio=1)
        return [energy.uwh for energy in energies]

    parts = zip(uwh(Period(whole.start, border)), uwh(Period(border, whole.end)), strict=True)
    assert [early + late for early, late in parts] == uwh(whole)


@given(st.lists(COUNTS, min_size=1, max_size=3))
def test_day_parts_make_the_zones_that_intervals_make(lists: list[list[int]]) -> None:
    days = [day(ON + timedelta(days=number), counts) for number, counts in enumerate(lists)]
    matrix = matrix_of([(1, one) for one in days])
    sums = day_part_sums(matrix, MOSCOW)
    assert sums.uwh.sum() == sum(map(sum, lists)) * 500_000
    places = zones_of_slots(matrix, SCHEME, MOSCOW)
    night = np.where(places == SCHEME.zones.index(Zone.NIGHT), matrix.uwh, 0).sum()
    assert night == sums.uwh[:, [0, 5]].sum()


def test_energies_that_would_wrap_in_64_bits_stay_exact() -> None:
    huge = day(ON, 2**31 - 1, uwh_per_count=10**12)
    (total,) = interval_energies([huge], scheme=ZoneScheme.ONE, period=local_day(ON, MOSCOW), zone=MOSCOW, ratio=1)
    assert total.uwh == 48 * (2**31 - 1) * 10**12
