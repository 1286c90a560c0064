from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from kilovatt.money.rating import (
    ChargeOutOfRangeError,
    charges_in_order_kopecks,
    charges_kopecks,
    energy_before_wh,
)
from kilovatt.quantities.money import charge_kopecks

WH = st.integers(0, 10**10)
PRICES = st.integers(0, 10**9)


def test_one_line_costs_its_energy_at_its_price() -> None:
    # 109.14 kWh × 3.71 ₽ = 404.9094 ₽.
    assert charges_kopecks(0, 109_140, 3_710_000) == 40_491


def test_half_a_kopeck_goes_up() -> None:
    # 5, 15 and 25 Wh at 1 ₽/kWh are 0.5, 1.5 and 2.5 kopecks.
    assert charges_kopecks(0, [5, 15, 25], 1_000_000).tolist() == [1, 2, 3]


def test_a_part_costs_the_difference_of_two_rounded_costs() -> None:
    # 4 Wh at 1 ₽/kWh: 0.4 kopecks, nothing; the next 4 Wh reach 0.8, one kopeck; the next reach 1.2, nothing more.
    assert charges_kopecks([0, 4, 8], [4, 8, 12], 1_000_000).tolist() == [0, 1, 0]


@given(st.lists(WH, min_size=1, max_size=30), PRICES)
def test_cutting_a_month_changes_nothing(parts_wh: list[int], price: int) -> None:
    whole = charge_kopecks(energy_wh=sum(parts_wh), price_microrub_per_kwh=price)
    assert int(charges_in_order_kopecks([7] * len(parts_wh), parts_wh, price).sum()) == whole


@given(st.lists(st.tuples(WH, WH, PRICES), min_size=1, max_size=30))
def test_a_column_costs_what_its_rows_cost_one_by_one(rows: list[tuple[int, int, int]]) -> None:
    before = [min(one, other) for one, other, _ in rows]
    after = [max(one, other) for one, other, _ in rows]
    prices = [price for _, _, price in rows]
    one_by_one = [int(charges_kopecks(b, a, p)) for b, a, p in zip(before, after, prices, strict=True)]
    assert charges_kopecks(before, after, prices).tolist() == one_by_one


@given(WH, PRICES)
def test_a_charge_from_nothing_is_the_plain_charge(energy_wh: int, price: int) -> None:
    assert charges_kopecks(0, energy_wh, price) == charge_kopecks(energy_wh=energy_wh, price_microrub_per_kwh=price)


@given(st.lists(st.integers(10**14, 10**16), min_size=2, max_size=8), st.integers(1, 10**9))
def test_products_above_two_to_the_sixty_third_are_exact(marks_wh: list[int], price: int) -> None:
    marks = sorted(marks_wh)
    costs = [charge_kopecks(energy_wh=mark, price_microrub_per_kwh=price) for mark in marks]
    assert charges_kopecks(marks[:-1], marks[1:], price).tolist() == [b - a for a, b in pairwise(costs)]


def test_the_kernel_is_as_exact_just_above_int64_as_just_below() -> None:
    # (2⁶³ − 1 − half a kopeck) / 10⁹ is the last energy whose product at 1,000 ₽/kWh fits.
    last_wh = (2**63 - 1 - 5_000_000) // 10**9
    for energy_wh in (last_wh, last_wh + 1):
        assert charges_kopecks(0, energy_wh, 10**9) == charge_kopecks(energy_wh=energy_wh, price_microrub_per_kwh=10**9)


def test_a_charge_above_two_to_the_sixty_third_kopecks_is_refused() -> None:
    with pytest.raises(ChargeOutOfRangeError, match="check the units"):
        charges_kopecks(0, 10**20, 10**12)


@pytest.mark.parametrize(("before", "after", "price"), [(-1, 1, 1), (0, 1, -1)])
def test_negative_figures_are_refused(before: int, after: int, price: int) -> None:
    with pytest.raises(ValueError, match="are not negative: got -1"):
        charges_kopecks(before, after, price)


def test_energy_that_decreases_is_refused() -> None:
    with pytest.raises(ValueError, match="does not decrease"):
        charges_kopecks([0, 10], [5, 9], 1)


@pytest.mark.parametrize("energy", [1.0, [1.5, 2.5], True, ["1"], [10**30, 0.5]])
def test_anything_but_whole_numbers_is_refused(energy: ArrayLike) -> None:
    with pytest.raises(TypeError, match="are whole numbers"):
        charges_kopecks(0, energy, 1)


def test_small_and_unsigned_columns_are_as_exact_as_wide_ones() -> None:
    energies = np.array([3_000_000], dtype=np.int32)
    assert charges_kopecks(0, energies, 7_810_000).tolist() == [2_343_000]
    assert charges_kopecks(0, np.array([3_000_000], dtype=np.uint32), 7_810_000).tolist() == [2_343_000]


def test_no_lines_cost_nothing() -> None:
    assert charges_kopecks([], [], []).tolist() == []
    assert charges_in_order_kopecks([], [], 1).tolist() == []


def test_energy_is_counted_anew_for_each_key() -> None:
    assert energy_before_wh([4, 4, 9, 9, 9], [10, 20, 30, 40, 50]).tolist() == [0, 10, 0, 30, 70]


def test_keys_cost_what_they_cost_alone() -> None:
    both = charges_in_order_kopecks([1, 1, 2], [4, 4, 4], [1_000_000, 1_000_000, 9_000_000])
    assert both.tolist() == [0, 1, 4]


def test_energies_whose_sum_passes_int64_are_counted_exactly() -> None:
    assert energy_before_wh([1, 1, 1], [2**62, 2**62, 1]).tolist() == [0, 2**62, 2**63]


def test_keys_may_stand_in_any_order() -> None:
    assert energy_before_wh([9, 9, 4], [10, 20, 30]).tolist() == [0, 10, 0]


def test_a_key_that_comes_back_is_refused() -> None:
    with pytest.raises(ValueError, match="came back"):
        energy_before_wh([1, 2, 1], [1, 1, 1])


def test_a_negative_part_is_refused() -> None:
    with pytest.raises(ValueError, match="are not negative: got -5"):
        charges_in_order_kopecks([1, 1], [10, -5], 1)


def test_a_price_that_changes_within_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="changes within a key"):
        charges_in_order_kopecks([1, 1], [1, 1], [5, 6])


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="of one length"):
        energy_before_wh([1, 2], [1])
    with pytest.raises(ValueError, match="of one length"):
        energy_before_wh([[1], [2]], [[1], [2]])
