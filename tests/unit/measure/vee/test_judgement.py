from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.matrices import MeterDayMatrix, matrix_of
from kilovatt.measure.metering.meter_days import MeterDay
from kilovatt.measure.vee import (
    NO_LIMIT,
    UNKNOWN_W,
    RegisterColumns,
    Rule,
    judge,
    limits_on,
    spans_between_midnights,
)
from kilovatt.quantities.periods import local_day, local_midnight

MOSCOW = ZoneInfo("Europe/Moscow")
FIRST_ON = date(2026, 10, 1)
Row = tuple[int, int, int, int]
"""Meter, number of the day, tariff, value [Wh]."""


def day(number: int, count: int, *, known: int = 48) -> MeterDay:
    on = FIRST_ON + timedelta(days=number)
    whole = local_day(on, MOSCOW)
    return MeterDay(
        day_on=on,
        starts_at=whole.start,
        step_s=1800,
        uwh_per_count=500_000,
        a_plus=(count,) * known + (0,) * (48 - known),
        a_minus=None,
        r_plus=None,
        r_minus=None,
        qualities=(2,) * known + (0,) * (48 - known),
        exchanges=(0,) * 48,
        heard_at=whole.end + timedelta(hours=3),
    )


def midnights(*rows: Row, step_wh: int = 1, running: bool = False) -> RegisterColumns:
    later = timedelta(0 if running else 1)
    days_on = [FIRST_ON + timedelta(days=number) for _, number, _, _ in rows]
    taken_at = np.array([local_midnight(on, MOSCOW).replace(tzinfo=None) for on in days_on], dtype="datetime64[us]")
    heard_at = np.array([at + later for at in taken_at.tolist()], dtype="datetime64[us]")
    return RegisterColumns(
        meter_ids=np.array([row[0] for row in rows], dtype=np.int64),
        day_ons=np.array(days_on, dtype="datetime64[D]"),
        tariffs=np.array([row[2] for row in rows], dtype=np.int64),
        taken_at=taken_at,
        heard_at=heard_at,
        values_wh=np.array([row[3] for row in rows], dtype=np.int64),
        steps_wh=np.full(len(rows), step_wh, dtype=np.int64),
        limits_wh=np.full(len(rows), NO_LIMIT, dtype=np.int64),
        is_running=np.full(len(rows), running),
    )


def matrix(*days: MeterDay) -> MeterDayMatrix:
    return matrix_of([(1, one) for one in days])


def test_a_span_is_the_difference_of_two_midnights_and_the_days_between() -> None:
    # 48 half-hours of 2 × 0.5 Wh are 48 Wh a day.
    spans = spans_between_midnights(midnights((1, 0, 0, 100), (1, 2, 0, 196)), matrix(day(1, 2), day(0, 2)))
    assert spans.counted_wh.tolist() == [96]
    assert spans.intervals_uwh.tolist() == [96_000_000]
    assert spans.intervals.tolist() == [96]
    assert spans.missing.tolist() == [0]
    assert spans.uwh_per_count.tolist() == [500_000]
    assert spans.day_ons.tolist() == [FIRST_ON]


def test_a_meter_without_a_total_is_compared_by_the_sum_of_its_tariffs() -> None:
    registers = midnights((1, 0, 1, 100), (1, 0, 2, 50), (1, 1, 2, 60), (1, 1, 1, 140), step_wh=10)
    spans = spans_between_midnights(registers, matrix(day(0, 2)))
    assert spans.counted_wh.tolist() == [50]
    assert spans.steps_wh.tolist() == [20]


def test_the_total_is_taken_where_there_is_one_and_once() -> None:
    registers = midnights((1, 0, 0, 100), (1, 0, 0, 100), (1, 0, 1, 60), (1, 1, 0, 150), (1, 1, 1, 70))
    assert spans_between_midnights(registers, matrix(day(0, 2))).counted_wh.tolist() == [50]


@pytest.mark.parametrize(
    "registers",
    [
        midnights((1, 0, 0, 100), (2, 1, 0, 150)),  # two meters
        midnights((1, 0, 0, 100), (1, 1, 1, 150)),  # a total and a tariff
        midnights((1, 0, 0, 100), (1, 1, 0, 150), running=True),  # not of a midnight
        midnights(),
    ],
)
def test_only_like_is_compared_with_like(registers: RegisterColumns) -> None:
    assert len(spans_between_midnights(registers, matrix(day(0, 2))).meter_ids) == 0


def test_days_that_are_not_there_and_slots_that_are_not_known_are_missing() -> None:
    registers = midnights((1, 0, 0, 0), (1, 1, 0, 48), (1, 3, 0, 96), (1, 4, 0, 200), (9, 0, 0, 1), (9, 1, 0, 2))
    spans = spans_between_midnights(registers, matrix(day(0, 2), day(2, 2, known=40), day(5, 2)))
    assert spans.missing.tolist() == [0, 8 + 1, 1, 1]
    assert spans.intervals.tolist() == [48, 40, 0, 0]
    assert spans.uwh_per_count.tolist() == [500_000, 500_000, 0, 0]


def test_a_judgement_holds_every_rule() -> None:
    days = [day(0, 2), day(1, 9000), day(2, 2, known=40), day(3, 2)]
    early = MeterDay(
        day_on=days[3].day_on,
        starts_at=days[3].starts_at,
        step_s=1800,
        uwh_per_count=500_000,
        a_plus=days[3].a_plus,
        a_minus=None,
        r_plus=None,
        r_minus=None,
        qualities=days[3].qualities,
        exchanges=days[3].exchanges,
        heard_at=days[3].starts_at + timedelta(hours=1),
    )
    registers = midnights(
        *[(1, 0, tariff, value) for tariff, value in enumerate((1000, 10, 10, 10, 10))],
        (1, 1, 0, 900),
        (1, 400, 0, 2000),
    )
    registers.heard_at[-1] = registers.taken_at[0]
    findings = judge(
        matrix(*days[:3], early),
        registers,
        connection_w=np.array([UNKNOWN_W, 5000, UNKNOWN_W, UNKNOWN_W]),
        limits=limits_on(FIRST_ON),
    )
    assert {one.rule for one in findings} == set(Rule)


def test_a_good_day_raises_no_doubt() -> None:
    registers = midnights((1, 0, 0, 100), (1, 1, 0, 148))
    findings = judge(matrix(day(0, 2)), registers, connection_w=np.array([15_000]), limits=limits_on(date(2026, 10, 2)))
    assert list(findings) == []
