from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.consumption import (
    GapReason,
    InstallationSpan,
    Leg,
    MissingRegister,
    NoMeter,
    RegisterAt,
    RegisterWentDown,
    TariffWithoutZone,
    ZoneEnergy,
    ZoneNotCounted,
    zone_energies,
)
from kilovatt.measure.metering.meter_days import Source
from kilovatt.measure.zones import Zone, ZoneScheme, tariff_map
from kilovatt.quantities.periods import Period, local_midnight, local_month

MOSCOW = ZoneInfo("Europe/Moscow")
OCTOBER = local_month(date(2026, 10, 1), MOSCOW)
EARLIER = datetime(2020, 1, 1, tzinfo=UTC)
V1_LIMIT_WH = 1_000_000_000


def register(value_wh: int, at: datetime) -> RegisterAt:
    return RegisterAt(value_wh=value_wh, taken_at=at, source=Source.METER, digest=bytes([value_wh % 251]))


def span(
    starts: Mapping[int, int],
    ends: Mapping[int, int],
    *,
    scheme: ZoneScheme = ZoneScheme.TWO,
    meter_id: int = 1,
    since: datetime = EARLIER,
    until: datetime | None = None,
    ratio: int = 1,
    limit_wh: int | None = None,
    zone_of_tariff: Mapping[int, Zone] | None = None,
    period: Period = OCTOBER,
) -> InstallationSpan:
    begins_at, ends_at = max(since, period.start), period.end if until is None else min(until, period.end)
    return InstallationSpan(
        meter_id=meter_id,
        since=since,
        until=until,
        ratio=ratio,
        zone_of_tariff=tariff_map(scheme) if zone_of_tariff is None else zone_of_tariff,
        register_step_wh=10,
        register_limit_wh=limit_wh,
        starts={tariff: register(value, begins_at) for tariff, value in starts.items()},
        ends={tariff: register(value, ends_at) for tariff, value in ends.items()},
    )


def energies(*spans: InstallationSpan, scheme: ZoneScheme = ZoneScheme.TWO, period: Period = OCTOBER) -> dict[str, int]:
    found = zone_energies(spans, scheme=scheme, period=period)
    assert not any(energy.gaps for energy in found), found
    return {energy.zone.value: energy.energy_wh for energy in found if energy.energy_wh is not None}


def test_a_month_of_two_zones_is_two_differences() -> None:
    # Day 621.42 → 700.00 kWh = 78.58 kWh; night 208.34 → 250.00 kWh = 41.66 kWh.
    (day, night) = zone_energies(
        [span({1: 621_420, 2: 208_340}, {1: 700_000, 2: 250_000})], scheme=ZoneScheme.TWO, period=OCTOBER
    )
    assert (day.zone, day.energy_wh) == (Zone.DAY, 78_580)
    assert (night.zone, night.energy_wh) == (Zone.NIGHT, 41_660)
    assert day.gaps == night.gaps == ()


def test_a_line_names_its_two_readings_and_their_proof() -> None:
    start = RegisterAt(
        value_wh=1000,
        taken_at=OCTOBER.start,
        source=Source.METER,
        digest=b"s",
        session_id=UUID(int=4),
        exchange=12,
    )
    end = RegisterAt(value_wh=1500, taken_at=OCTOBER.end, source=Source.PERSON, digest=b"e")
    one = InstallationSpan(
        meter_id=9,
        since=EARLIER,
        ratio=30,
        zone_of_tariff=tariff_map(ZoneScheme.ONE),
        register_step_wh=1,
        starts={0: start},
        ends={0: end},
    )
    (total,) = zone_energies([one], scheme=ZoneScheme.ONE, period=OCTOBER)
    # 500 Wh at the terminals behind 150/5 A transformers: × 30.
    leg = Leg(meter_id=9, tariff=0, ratio=30, start=start, end=end, energy_wh=15_000)
    assert total == ZoneEnergy(zone=Zone.TOTAL, energy_wh=15_000, legs=(leg,), gaps=())


def test_three_zones_are_told_by_meaning_not_by_number() -> None:
    # Moscow: T1 peak, T2 night, T3 half-peak.
    one = span({1: 0, 2: 0, 3: 0, 4: 0}, {1: 100, 2: 20, 3: 3, 4: 0}, scheme=ZoneScheme.THREE)
    assert energies(one, scheme=ZoneScheme.THREE) == {"peak": 100, "half_peak": 3, "night": 20}


def test_a_three_zone_meter_on_a_two_zone_plan_gives_the_day_by_peak_and_half_peak() -> None:
    one = span({1: 0, 2: 0, 3: 0}, {1: 100, 2: 20, 3: 3}, scheme=ZoneScheme.THREE)
    assert energies(one, scheme=ZoneScheme.TWO) == {"day": 103, "night": 20}


def test_one_zone_takes_the_meters_own_total() -> None:
    one = span({0: 1000, 1: 700, 2: 299}, {0: 1501, 1: 1000, 2: 500})
    assert energies(one, scheme=ZoneScheme.ONE) == {"total": 501}


def test_one_zone_of_a_meter_without_a_total_is_the_sum_of_its_tariffs() -> None:
    (total,) = zone_energies([span({1: 700, 2: 290}, {1: 1000, 2: 500})], scheme=ZoneScheme.ONE, period=OCTOBER)
    assert total.energy_wh == 300 + 210
    assert [leg.tariff for leg in total.legs] == [1, 2]


def test_a_total_known_at_one_end_only_gives_way_to_the_tariffs() -> None:
    assert energies(span({0: 990, 1: 700}, {1: 1000}), scheme=ZoneScheme.ONE) == {"total": 300}


def test_a_meter_exchanged_within_the_month_gives_two_legs() -> None:
    at = local_midnight(date(2026, 10, 12), MOSCOW) + timedelta(hours=14, minutes=30)
    old = span({1: 90_000, 2: 40_000}, {1: 95_000, 2: 41_000}, meter_id=1, until=at)
    new = span({1: 0, 2: 0}, {1: 7000, 2: 2500}, meter_id=2, since=at)
    day, night = zone_energies([new, old], scheme=ZoneScheme.TWO, period=OCTOBER)
    # Day 5.000 + 7.000 kWh, night 1.000 + 2.500 kWh.
    assert (day.energy_wh, night.energy_wh) == (12_000, 3500)
    assert [leg.meter_id for leg in day.legs] == [1, 2]
    assert day.legs[0].end.taken_at == day.legs[1].start.taken_at == at


def test_a_ratio_that_changed_within_the_month_applies_to_its_own_days() -> None:
    at = local_midnight(date(2026, 10, 10), MOSCOW)
    before = span({1: 0, 2: 0}, {1: 10, 2: 0}, until=at, ratio=20)
    after = span({1: 10, 2: 0}, {1: 20, 2: 0}, since=at, ratio=40)
    assert energies(before, after) == {"day": 10 * 20 + 10 * 40, "night": 0}


def test_a_register_that_passed_its_top_goes_on_from_zero() -> None:
    # 999,999.50 kWh → 000,010.00 kWh: 0.50 + 10.00 kWh.
    one = span({1: 999_999_500, 2: 0}, {1: 10_000, 2: 0}, limit_wh=V1_LIMIT_WH)
    day, _ = zone_energies([one], scheme=ZoneScheme.TWO, period=OCTOBER)
    assert day.energy_wh == 10_500
    assert day.legs[0].rolled_over


@pytest.mark.parametrize("limit_wh", [None, V1_LIMIT_WH])
def test_a_register_that_went_down_is_named_and_nothing_is_billed(limit_wh: int | None) -> None:
    day, night = zone_energies(
        [span({1: 600_000, 2: 5}, {1: 590_000, 2: 9}, limit_wh=limit_wh)], scheme=ZoneScheme.TWO, period=OCTOBER
    )
    assert day.energy_wh is None
    assert day.gaps == (
        RegisterWentDown(
            meter_id=1, tariff=1, start=register(600_000, OCTOBER.start), end=register(590_000, OCTOBER.end)
        ),
    )
    assert night.energy_wh == 4


def test_a_missing_register_is_named_with_its_instant_and_the_other_zone_stands() -> None:
    day, night = zone_energies([span({2: 5}, {1: 10, 2: 9})], scheme=ZoneScheme.TWO, period=OCTOBER)
    assert day.energy_wh is None
    assert day.gaps == (MissingRegister(meter_id=1, tariff=1, at=OCTOBER.start),)
    assert night.energy_wh == 4
    _, night = zone_energies([span({1: 0, 2: 5}, {1: 10})], scheme=ZoneScheme.TWO, period=OCTOBER)
    assert night.gaps == (MissingRegister(meter_id=1, tariff=2, at=OCTOBER.end),)


def test_a_meter_never_read_lacks_its_total_at_both_ends() -> None:
    since = local_midnight(date(2026, 10, 5), MOSCOW)
    until = local_midnight(date(2026, 10, 20), MOSCOW)
    (total,) = zone_energies([span({}, {}, since=since, until=until)], scheme=ZoneScheme.ONE, period=OCTOBER)
    assert total.gaps == (
        MissingRegister(meter_id=1, tariff=0, at=since),
        MissingRegister(meter_id=1, tariff=0, at=until),
    )


def test_energy_counted_in_a_tariff_without_a_zone_is_not_lost_in_silence() -> None:
    one = span({1: 0, 2: 0, 3: 50, 4: 8}, {1: 10, 2: 9, 3: 60, 4: 8})
    day, night = zone_energies([one], scheme=ZoneScheme.TWO, period=OCTOBER)
    assert day.gaps == night.gaps == (TariffWithoutZone(meter_id=1, tariff=3, end=register(60, OCTOBER.end)),)
    assert day.energy_wh is None


def test_a_tariff_first_shown_at_the_end_of_the_month_was_not_in_use_before() -> None:
    assert energies(span({1: 0, 2: 0}, {1: 10, 2: 9, 3: 0})) == {"day": 10, "night": 9}
    day, _ = zone_energies([span({1: 0, 2: 0}, {1: 10, 2: 9, 3: 4})], scheme=ZoneScheme.TWO, period=OCTOBER)
    assert [gap.reason for gap in day.gaps] == [GapReason.TARIFF_WITHOUT_ZONE]


def test_a_zone_that_no_tariff_counts_is_named() -> None:
    one = span({1: 0, 2: 0}, {1: 10, 2: 9}, zone_of_tariff={1: Zone.DAY, 2: Zone.DAY})
    day, night = zone_energies([one], scheme=ZoneScheme.TWO, period=OCTOBER)
    assert day.energy_wh == 19
    assert night.gaps == (ZoneNotCounted(meter_id=1, zone=Zone.NIGHT),)


def test_a_point_without_a_meter_is_named() -> None:
    gone = span({1: 0, 2: 0}, {1: 1, 2: 1}, until=OCTOBER.start)
    to_come = span(
        {1: 0, 2: 0}, {1: 1, 2: 1}, since=OCTOBER.end, period=Period(OCTOBER.end, OCTOBER.end + timedelta(1))
    )
    day, night = zone_energies([gone, to_come], scheme=ZoneScheme.TWO, period=OCTOBER)
    assert day.gaps == night.gaps == (NoMeter(since=OCTOBER.start, until=OCTOBER.end),)


def test_hours_between_two_meters_are_named() -> None:
    removed_at = local_midnight(date(2026, 10, 12), MOSCOW)
    old = span({1: 0, 2: 0}, {1: 5, 2: 5}, meter_id=1, until=removed_at)
    new = span({1: 0, 2: 0}, {1: 5, 2: 5}, meter_id=2, since=removed_at + timedelta(hours=3))
    day, _ = zone_energies([old, new], scheme=ZoneScheme.TWO, period=OCTOBER)
    assert day.gaps == (NoMeter(since=removed_at, until=removed_at + timedelta(hours=3)),)
    assert day.energy_wh is None


def test_two_meters_at_one_point_at_once_are_our_mistake() -> None:
    old = span({1: 0, 2: 0}, {1: 5, 2: 5}, meter_id=1)
    new = span({1: 0, 2: 0}, {1: 5, 2: 5}, meter_id=2, since=OCTOBER.start + timedelta(days=1))
    with pytest.raises(ValueError, match="meters 1 and 2 stood at one point"):
        zone_energies([old, new], scheme=ZoneScheme.TWO, period=OCTOBER)


def test_registers_in_the_wrong_order_are_our_mistake() -> None:
    one = InstallationSpan(
        meter_id=1,
        since=EARLIER,
        zone_of_tariff=tariff_map(ZoneScheme.ONE),
        register_step_wh=1,
        starts={0: register(1, OCTOBER.end)},
        ends={0: register(2, OCTOBER.start)},
    )
    with pytest.raises(ValueError, match="before the start register"):
        zone_energies([one], scheme=ZoneScheme.ONE, period=OCTOBER)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ratio": 0}, "ratio is at least 1"),
        ({"register_step_wh": 0}, "step of a register is at least 1 Wh"),
        ({"until": EARLIER}, "removed after it is installed"),
    ],
)
def test_an_installation_that_cannot_be_is_refused(wrong: dict[str, int | datetime], message: str) -> None:
    rest = {"meter_id": 1, "since": EARLIER, "zone_of_tariff": {}, "register_step_wh": 1, "starts": {}, "ends": {}}
    with pytest.raises(ValueError, match=message):
        InstallationSpan(**{**rest, **wrong})  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(("value_wh", "at"), [(-1, EARLIER), (1, datetime(2026, 1, 1))])
def test_a_register_value_that_cannot_be_is_refused(value_wh: int, at: datetime) -> None:
    with pytest.raises(ValueError, match="a register"):
        RegisterAt(value_wh=value_wh, taken_at=at, source=Source.METER, digest=b"")


VALUES = st.integers(0, 10**8)


@given(st.lists(VALUES, min_size=4, max_size=4), st.lists(VALUES, min_size=4, max_size=4), st.integers(1, 4000))
def test_zones_add_up_to_the_total(starts: list[int], counted: list[int], ratio: int) -> None:
    first = dict(enumerate(starts, start=1))
    last = {tariff: value + counted[tariff - 1] for tariff, value in first.items()}
    map_of_four = {1: Zone.PEAK, 2: Zone.NIGHT, 3: Zone.HALF_PEAK, 4: Zone.NIGHT}
    one = span(first, last, zone_of_tariff=map_of_four, ratio=ratio)
    totals = {scheme: sum(energies(one, scheme=scheme).values()) for scheme in ZoneScheme}
    assert set(totals.values()) == {ratio * sum(counted)}


@given(
    st.lists(VALUES, min_size=3, max_size=3),
    st.lists(VALUES, min_size=3, max_size=3),
    st.sampled_from(ZoneScheme),
    st.integers(1, 30),
    st.integers(1, 60),
)
def test_splitting_a_month_changes_nothing(
    day: list[int], night: list[int], scheme: ZoneScheme, days: int, ratio: int
) -> None:
    (day_1, day_2, day_3), (night_1, night_2, night_3) = sorted(day), sorted(night)
    first, middle, last = {1: day_1, 2: night_1, 3: 0}, {1: day_2, 2: night_2, 3: 5}, {1: day_3, 2: night_3, 3: 9}
    at = OCTOBER.start + timedelta(days=days)
    early, late = Period(OCTOBER.start, at), Period(at, OCTOBER.end)
    zones = tariff_map(ZoneScheme.THREE)
    whole = energies(span(first, last, zone_of_tariff=zones, ratio=ratio), scheme=scheme)
    one = span(first, middle, zone_of_tariff=zones, ratio=ratio, period=early)
    two = span(middle, last, zone_of_tariff=zones, ratio=ratio, period=late)
    before, after = energies(one, scheme=scheme, period=early), energies(two, scheme=scheme, period=late)
    assert {zone: before[zone] + after[zone] for zone in whole} == whole


@given(VALUES, st.integers(0, V1_LIMIT_WH // 10))
def test_a_turned_register_counts_what_flowed(value: int, flowed: int) -> None:
    start = V1_LIMIT_WH - 1 - value % 1000
    end = (start + flowed) % V1_LIMIT_WH
    one = span({1: start, 2: 0}, {1: end, 2: 0}, limit_wh=V1_LIMIT_WH)
    assert energies(one) == {"day": flowed, "night": 0}
