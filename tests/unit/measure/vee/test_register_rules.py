from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.vee import (
    FIGURE_COLUMNS,
    FIGURES,
    FINDING_COLUMNS,
    NO_LIMIT,
    Finding,
    Findings,
    RegisterColumns,
    RegisterSpanColumns,
    Rule,
    limits_on,
    negatives,
    register_mismatches,
    tariff_sums,
    wrong_clocks,
)

LIMITS = limits_on(date(2026, 10, 1))
V1_LIMIT_WH = 1_000_000_000
Row = tuple[int, int, str, int]
"""Meter, tariff, instant, value [Wh]."""


def registers(
    rows: list[Row],
    *,
    step_wh: int = 10,
    limit_wh: int = NO_LIMIT,
    heard: list[str] | None = None,
    running: bool = False,
) -> RegisterColumns:
    taken_at = np.array([row[2] for row in rows], dtype="datetime64[us]")
    return RegisterColumns(
        meter_ids=np.array([row[0] for row in rows], dtype=np.int64),
        day_ons=taken_at.astype("datetime64[D]"),
        tariffs=np.array([row[1] for row in rows], dtype=np.int64),
        taken_at=taken_at,
        heard_at=taken_at if heard is None else np.array(heard, dtype="datetime64[us]"),
        values_wh=np.array([row[3] for row in rows], dtype=np.int64),
        steps_wh=np.full(len(rows), step_wh, dtype=np.int64),
        limits_wh=np.full(len(rows), limit_wh, dtype=np.int64),
        is_running=np.full(len(rows), running),
    )


def figures(findings: Findings) -> list[dict[str, int]]:
    return [dict(one.figures) for one in findings]


def test_a_register_that_went_down_is_found_on_the_later_day() -> None:
    rows = [(1, 1, "2026-10-01", 5000), (1, 1, "2026-10-02", 4990), (1, 1, "2026-10-03", 4995)]
    assert list(negatives(registers(rows))) == [
        Finding(
            rule=Rule.NEGATIVE,
            meter_id=1,
            day_on=date(2026, 10, 2),
            slot=None,
            figures=(("tariff", 1), ("earlier_wh", 5000), ("later_wh", 4990)),
        )
    ]


def test_registers_of_other_meters_and_tariffs_are_not_compared() -> None:
    rows = [
        (1, 1, "2026-10-01", 5000),
        (1, 2, "2026-10-02", 10),
        (2, 1, "2026-10-03", 7),
        (2, 1, "2026-10-04", 7),
    ]
    assert len(negatives(registers(rows))) == 0
    assert len(negatives(registers([]))) == 0


def test_a_register_that_passed_its_top_is_not_doubted_and_a_reset_one_is() -> None:
    turned = [(1, 1, "2026-10-01", V1_LIMIT_WH - 10), (1, 1, "2026-10-02", 500)]
    assert len(negatives(registers(turned, limit_wh=V1_LIMIT_WH))) == 0
    assert len(negatives(registers(turned))) == 1
    reset = [(1, 1, "2026-10-01", 600_000), (1, 1, "2026-10-02", 0)]
    assert len(negatives(registers(reset, limit_wh=V1_LIMIT_WH))) == 1


@given(st.permutations(range(6)))
def test_the_order_of_registers_changes_no_finding(order: list[int]) -> None:
    rows = [(meter, 1, f"2026-10-0{on}", value) for meter in (1, 2) for on, value in ((1, 5), (2, 3), (3, 4))]
    assert (
        figures(negatives(registers([rows[place] for place in order])))
        == [{"tariff": 1, "earlier_wh": 5, "later_wh": 3}] * 2
    )


def parts(meter: int, at: str, total: int, *values: int) -> list[Row]:
    return [(meter, 0, at, total), *[(meter, tariff, at, value) for tariff, value in enumerate(values, start=1)]]


def test_a_total_may_differ_from_its_tariffs_by_a_step_each() -> None:
    # Steps of 10 Wh, four tariffs: 40 Wh are still the floors, 41 Wh are not.
    assert len(tariff_sums(registers(parts(1, "2026-10-01", 1040, 400, 300, 200, 100)))) == 0
    findings = tariff_sums(registers(parts(1, "2026-10-01", 1041, 400, 300, 200, 100)))
    assert figures(findings) == [{"total_wh": 1041, "tariffs_wh": 1000, "tolerance_wh": 40}]
    assert len(tariff_sums(registers(parts(1, "2026-10-01", 959, 400, 300, 200, 100)))) == 1


def test_tariffs_are_summed_per_meter_and_instant() -> None:
    rows = [
        *parts(2, "2026-10-01", 1000, 400, 300, 200, 100),
        *parts(1, "2026-10-02", 5000, 1, 1, 1, 1),
        *parts(1, "2026-10-01", 4, 1, 1, 1, 1),
    ]
    (finding,) = tariff_sums(registers(rows, step_wh=1))
    assert (finding.meter_id, finding.day_on) == (1, date(2026, 10, 2))


@pytest.mark.parametrize(
    "rows",
    [
        parts(1, "2026-10-01", 5000, 1, 1, 1),  # the fourth tariff was not read
        parts(1, "2026-10-01", 5000, 1, 1, 1, 1)[1:],  # no total, as V1
        [],
    ],
)
def test_what_is_not_whole_is_not_summed(rows: list[Row]) -> None:
    assert len(tariff_sums(registers(rows))) == 0


def test_a_register_read_twice_counts_once_and_a_fifth_tariff_not_at_all() -> None:
    rows = parts(1, "2026-10-01", 1000, 400, 300, 200, 100, 77)
    assert len(tariff_sums(registers([*rows, *rows], step_wh=1))) == 0


def spans(*rows: tuple[int, int, int, int], step_wh: int = 10, uwh_per_count: int = 200_000) -> RegisterSpanColumns:
    counted, uwh, intervals, missing = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    return RegisterSpanColumns(
        meter_ids=np.arange(1, len(rows) + 1),
        day_ons=np.full(len(rows), np.datetime64("2026-10-01")),
        counted_wh=counted,
        steps_wh=np.full(len(rows), step_wh, dtype=np.int64),
        intervals_uwh=uwh,
        intervals=intervals,
        missing=missing,
        uwh_per_count=np.full(len(rows), uwh_per_count, dtype=np.int64),
    )


def test_registers_and_intervals_may_differ_by_two_steps_and_a_count_for_each_interval() -> None:
    # A day of a V1 meter: 2 × 10 Wh + 48 × 0.2 Wh = 29.6 Wh.
    within = (1000, 970_400_000, 48, 0)
    beyond = (1000, 970_399_999, 48, 0)
    above = (1000, 1_029_600_001, 48, 0)
    findings = register_mismatches(spans(within, beyond, above))
    assert [one.meter_id for one in findings] == [2, 3]
    assert figures(findings)[0] == {"register_wh": 1000, "intervals_wh": 970, "tolerance_wh": 29, "intervals": 48}


def test_a_span_with_missing_intervals_or_none_is_not_judged() -> None:
    assert len(register_mismatches(spans((1000, 0, 47, 1), (1000, 0, 0, 0)))) == 0


def test_sums_beyond_64_bits_are_judged_exactly() -> None:
    huge = spans((1000, 0, 48, 0))
    exact = RegisterSpanColumns(
        meter_ids=huge.meter_ids,
        day_ons=huge.day_ons,
        counted_wh=huge.counted_wh,
        steps_wh=huge.steps_wh,
        intervals_uwh=np.array([10**24], dtype=object),
        intervals=huge.intervals,
        missing=huge.missing,
        uwh_per_count=huge.uwh_per_count,
    )
    assert figures(register_mismatches(exact))[0]["intervals_wh"] == 10**18


@given(
    flows=st.lists(st.integers(0, 65_535 * 200_000), min_size=1, max_size=48),
    before_uwh=st.integers(0, 10**13),
)
def test_an_honest_meter_never_disagrees_with_itself(flows: list[int], before_uwh: int) -> None:
    # What flows is exact; registers show whole 10 Wh, intervals whole counts of 0.2 Wh.
    step_uwh, count_uwh = 10_000_000, 200_000
    start_wh = before_uwh // step_uwh * 10
    end_wh = (before_uwh + sum(flows)) // step_uwh * 10
    counted = sum(flow // count_uwh for flow in flows) * count_uwh
    assert len(register_mismatches(spans((end_wh - start_wh, counted, len(flows), 0)))) == 0


def test_a_running_clock_is_doubted_beyond_its_limit_either_way() -> None:
    rows = [(meter, 0, "2026-10-01T12:00:00", 1) for meter in (1, 2, 3, 4)]
    heard = ["2026-10-01T12:02:00", "2026-10-01T12:02:01", "2026-10-01T11:58:00", "2026-10-01T11:57:59"]
    findings = wrong_clocks(registers(rows, heard=heard, running=True), limits=LIMITS)
    assert [one.meter_id for one in findings] == [2, 4]
    assert figures(findings) == [{"deviation_s": -121, "limit_s": 120}, {"deviation_s": 121, "limit_s": 120}]


def test_a_frozen_register_may_be_old_but_not_of_the_future_nor_of_the_year_2000() -> None:
    rows = [
        (1, 0, "2026-09-01T00:00:00", 1),
        (2, 0, "2026-10-02T00:00:00", 1),
        (3, 0, "2000-01-01T00:00:00", 1),
    ]
    findings = wrong_clocks(registers(rows, heard=["2026-10-01T12:00:00"] * 3), limits=LIMITS)
    assert [one.meter_id for one in findings] == [2, 3]
    assert figures(findings)[0] == {"deviation_s": 12 * 3600, "limit_s": 120}


def test_a_meters_clock_is_doubted_once_a_day_by_its_worst_register() -> None:
    rows = [(1, tariff, "2026-10-01T12:00:00", 1) for tariff in (0, 1, 2)]
    heard = ["2026-10-01T12:03:00", "2026-10-01T12:05:00", "2026-10-01T12:04:00"]
    findings = wrong_clocks(registers(rows, heard=heard, running=True), limits=LIMITS)
    assert figures(findings) == [{"deviation_s": -300, "limit_s": 120}]
    assert len(wrong_clocks(registers([]), limits=LIMITS)) == 0


def test_every_rule_has_names_for_its_figures_and_the_columns_hold_them() -> None:
    assert set(FIGURES) == set(Rule)
    assert max(map(len, FIGURES.values())) == FIGURE_COLUMNS
    assert [column.name for column in FINDING_COLUMNS][4:] == [f"figure_{n}" for n in range(1, FIGURE_COLUMNS + 1)]


def test_registers_tell_how_many_they_are() -> None:
    assert len(registers(parts(1, "2026-10-01", 1, 1))) == 2
