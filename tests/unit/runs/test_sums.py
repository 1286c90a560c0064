from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kilovatt.measure.metering.registers import Quantity
from kilovatt.runs.columns import DAY_PART_SUMS, KNOWN_OF_PARTS, MISSING_OF_PARTS, UWH_OF_PARTS
from kilovatt.runs.executors import map_partitions
from kilovatt.runs.partitions import HeardRow, rows_of_days
from kilovatt.runs.sums import sum_day_parts

DayMaker = Callable[..., HeardRow]
in_moscow = partial(sum_day_parts, zone_name="Europe/Moscow")


def test_each_day_of_each_meter_is_summed_into_six_parts(heard: DayMaker) -> None:
    sums = in_moscow(rows_of_days([heard(2, 0, 2), heard(1, 1, 4), heard(1, 0, 2, known=40)]))
    assert sums.schema == DAY_PART_SUMS
    assert sums.select("meter_id", "day_on").rows() == sorted(sums.select("meter_id", "day_on").rows())
    # 1 Wh a half-hour: 14, 6, 14, 8, 4 and 2 half-hours; the last eight of meter 1's first day are not known.
    assert sums.row(2, named=True)["uwh_00_07"] == 14_000_000
    first = sums.row(0, named=True)
    assert [first[name] // 1_000_000 for name in UWH_OF_PARTS] == [14, 6, 14, 6, 0, 0]
    assert [first[name] // 1800 for name in KNOWN_OF_PARTS] == [14, 6, 14, 6, 0, 0]
    assert [first[name] // 1800 for name in MISSING_OF_PARTS] == [0, 0, 0, 2, 4, 2]


def test_sums_beyond_64_bits_are_exact(heard: DayMaker) -> None:
    sums = in_moscow(rows_of_days([heard(1, 0, 2**31 - 1, uwh_per_count=10**12)]))
    assert sums["uwh_00_07"].to_list() == [14 * (2**31 - 1) * 10**12]


def test_energy_that_is_not_measured_is_missing_and_not_zero(heard: DayMaker) -> None:
    reactive = rows_of_days([heard(1, 0, 2, r_plus=True), heard(2, 0, 2)])
    sums = in_moscow(reactive, quantity=Quantity.R_PLUS)
    assert sums["uwh_00_07"].to_list() == [7_000_000, 0]
    assert sums["missing_s_00_07"].to_list() == [0, 7 * 3600]


def test_no_days_have_no_sums(no_days: pl.DataFrame) -> None:
    assert in_moscow(no_days).schema == DAY_PART_SUMS
    assert len(in_moscow(no_days)) == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.sets(st.integers(1, 11)))
def test_how_meters_are_cut_into_partitions_changes_no_sum(heard: DayMaker, cuts: set[int]) -> None:
    meters = [[heard(meter, 0, meter), heard(meter, 1, 2 * meter, known=meter)] for meter in range(1, 13)]
    edges = [0, *sorted(cuts), 12]
    partitions = [rows_of_days([row for rows in meters[first:last] for row in rows]) for first, last in pairwise(edges)]
    whole = in_moscow(rows_of_days([row for rows in meters for row in rows]))
    with ThreadPoolExecutor(2) as executor:
        parts = list(map_partitions(executor, in_moscow, partitions))
    assert pl.concat(parts).equals(whole)
