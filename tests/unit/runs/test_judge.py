from collections.abc import Callable
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from kilovatt.measure.vee import Rule, limits_on
from kilovatt.runs.columns import FINDINGS, REGISTERS
from kilovatt.runs.judge import findings_of, judge_partition
from kilovatt.runs.partitions import HeardRow, UnknownMetersError, effective_matrix, rows_of_days

LIMITS = limits_on(date(2026, 10, 1))
DayMaker = Callable[..., HeardRow]


def judged(
    days: pl.DataFrame, registers: pl.DataFrame, meters: pl.DataFrame, since_on: date | None = None
) -> pl.DataFrame:
    return judge_partition(days, registers, meters, zone_name="Europe/Moscow", limits=LIMITS, since_on=since_on)


def test_a_partition_is_judged_by_every_rule(heard: DayMaker, registers: pl.DataFrame, meters: pl.DataFrame) -> None:
    # Meter 1: two whole days of 48 half-hours of 1 Wh; its register jumps by 10,048 Wh and goes back.
    # Meter 2: half a day is missing. Meter 1 on the third day: 60,000 × 0.5 Wh in half an hour are 60 kW on 15 kW.
    days = rows_of_days([heard(1, 0, 2), heard(1, 1, 2), heard(1, 2, 60_000, known=1), heard(2, 0, 2, known=24)])
    findings = judged(days, registers, meters)
    assert findings.schema == FINDINGS
    assert [(one.rule, one.meter_id, one.day_on.day) for one in findings_of(findings)] == [
        (Rule.GAP, 1, 3),
        (Rule.GAP, 2, 1),
        (Rule.SPIKE, 1, 3),
        (Rule.NEGATIVE, 1, 3),
        (Rule.REGISTER_MISMATCH, 1, 1),
        (Rule.REGISTER_MISMATCH, 1, 2),
    ]
    by_rule = {(one.rule, one.day_on.day): dict(one.figures) for one in findings_of(findings)}
    # Tolerance: 2 × 1 Wh + 48 × 0.5 Wh.
    assert by_rule[Rule.REGISTER_MISMATCH, 1] == {
        "register_wh": 10_048,
        "intervals_wh": 48,
        "tolerance_wh": 26,
        "intervals": 48,
    }
    assert by_rule[Rule.SPIKE, 3]["power_w"] == 60_000


def test_days_of_the_past_are_compared_with_and_not_judged_again(
    heard: DayMaker, registers: pl.DataFrame, meters: pl.DataFrame
) -> None:
    days = rows_of_days([heard(1, 0, 2, known=40), heard(1, 1, 2, known=40)])
    findings = judged(days, registers, meters, since_on=date(2026, 10, 2))
    assert {one.day_on for one in findings_of(findings)} == {date(2026, 10, 2), date(2026, 10, 3)}


def test_what_was_heard_twice_is_judged_once_and_by_what_is_believed(heard: DayMaker, meters: pl.DataFrame) -> None:
    early, late = heard(3, 0, 2, known=24), heard(3, 0, 4, hours=9)
    days = rows_of_days([late, early])
    matrix = effective_matrix(days)
    assert matrix.counts.tolist() == [[4] * 48]
    none = pl.DataFrame(schema=REGISTERS)
    assert len(judged(days, none, meters)) == 0


def test_the_order_of_rows_and_a_row_twice_change_no_finding(
    heard: DayMaker, registers: pl.DataFrame, meters: pl.DataFrame
) -> None:
    rows = [heard(1, 0, 2), heard(1, 1, 2, known=5), heard(2, 0, 2, known=24), heard(3, 0, 2)]
    once = judged(rows_of_days(rows), registers, meters)
    again = judged(rows_of_days([*rows[::-1], *rows]), registers.reverse(), meters.reverse())
    assert again.equals(once)


def test_a_meter_of_which_nothing_is_known_is_named(
    heard: DayMaker, registers: pl.DataFrame, meters: pl.DataFrame
) -> None:
    unknown = rows_of_days([heard(8, 0, 2), heard(7, 0, 2)])
    with pytest.raises(UnknownMetersError, match="nothing is known of 2 meters, the first is 7"):
        judged(unknown, registers, meters)
    with pytest.raises(UnknownMetersError, match="nothing is known of 1 meters, the first is 1"):
        judged(rows_of_days([]), registers, meters.filter(pl.col("meter_id") != 1))


def test_nothing_in_nothing_found(no_days: pl.DataFrame, meters: pl.DataFrame) -> None:
    findings = judged(no_days, pl.DataFrame(schema=REGISTERS), meters)
    assert findings.schema == FINDINGS
    assert list(findings_of(findings)) == []


def test_a_session_that_brought_a_row_stays_with_it(heard: DayMaker) -> None:
    row = replace(heard(1, 0, 2), session=b"\x01" * 16, batch=5)
    rows = rows_of_days([row])
    assert rows["session"].to_list() == [b"\x01" * 16]
    assert rows["digest"].to_list() == [row.digest]
    assert rows["batch"].to_list() == [5]
