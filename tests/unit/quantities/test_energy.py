import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.quantities.energy import (
    INT64_MAX,
    UWH_PER_WH,
    cumulative_floors,
    fits_int64,
    scaled,
    whole_wh,
)

UWH = st.integers(0, 10**13)


def test_a_fraction_of_a_watt_hour_is_floored_once() -> None:
    assert whole_wh(1_999_999) == 1
    assert whole_wh(2_000_000) == 2


def test_the_remainder_of_each_half_hour_is_carried_on() -> None:
    # Three counts of 0.5 Wh and one more: 0.5, 1.0, 1.5, 2.0 cumulated; floors 0, 1, 1, 2.
    assert cumulative_floors([500_000] * 4) == (0, 1, 0, 1)
    # 0.078125 Wh a count: twelve are 0.9375 Wh, thirteen 1.015625 Wh.
    assert cumulative_floors((12 * 78_125, 78_125)) == (0, 1)


def test_no_parts_have_no_energy() -> None:
    assert cumulative_floors([]) == ()
    assert cumulative_floors(np.zeros((3, 0), dtype=np.int64)).shape == (3, 0)


def test_a_matrix_is_floored_row_by_row() -> None:
    rows = np.array([[500_000, 500_000, 1_600_000], [999_999, 0, 1]], dtype=np.int64)
    assert cumulative_floors(rows).tolist() == [[0, 1, 1], [0, 0, 1]]


@given(st.lists(UWH, max_size=60))
def test_parts_sum_to_the_floor_of_the_total(parts: list[int]) -> None:
    assert sum(cumulative_floors(parts)) == whole_wh(sum(parts))


@given(st.lists(UWH, max_size=60))
def test_no_part_is_off_by_a_whole_watt_hour(parts: list[int]) -> None:
    for part, floored in zip(parts, cumulative_floors(parts), strict=True):
        assert abs(floored * UWH_PER_WH - part) < UWH_PER_WH


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=30))
def test_an_array_gives_what_a_list_gives_even_beyond_int64(parts: list[int]) -> None:
    assert cumulative_floors(np.array(parts, dtype=np.int64)).tolist() == list(cumulative_floors(parts))


@given(st.lists(UWH, min_size=2, max_size=40), st.data())
def test_a_split_changes_no_sum_of_floors(parts: list[int], data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(parts) - 1))
    joined = [*parts[: at - 1], parts[at - 1] + parts[at], *parts[at + 1 :]]
    assert sum(cumulative_floors(joined)) == sum(cumulative_floors(parts))


@pytest.mark.parametrize(("largest", "terms", "fits"), [(INT64_MAX, 1, True), (INT64_MAX, 0, True), (2**62, 2, False)])
def test_a_sum_fits_int64_when_its_largest_possible_value_does(largest: int, terms: int, fits: bool) -> None:
    assert fits_int64(largest, terms=terms) is fits


def test_counts_become_micro_watt_hours_each_by_its_own_scale() -> None:
    counts = np.array([[1, 2], [3, 4]], dtype=np.int64)
    assert scaled(counts, 500_000).tolist() == [[500_000, 1_000_000], [1_500_000, 2_000_000]]
    scales = np.array([[500_000], [78_125]], dtype=np.int64)
    assert scaled(counts, scales).tolist() == [[500_000, 1_000_000], [234_375, 312_500]]


def test_products_that_would_wrap_stay_exact() -> None:
    counts = np.array([2**40, 2**40], dtype=np.int64)
    products = scaled(counts, 2**30)
    assert products.dtype == np.object_
    assert products.sum() == 2**71
