from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.money.billing import VAT_RULES, NoVatRuleError, vat_contained_kopecks, vat_percent


@pytest.mark.parametrize(
    ("on", "percent"),
    [
        (date(2018, 12, 31), 18),
        (date(2019, 1, 1), 20),
        (date(2025, 12, 31), 20),
        (date(2026, 1, 1), 22),
        (date(2026, 11, 24), 22),
    ],
)
def test_the_rate_is_that_of_the_day(on: date, percent: int) -> None:
    assert vat_percent(on) == percent


def test_a_day_before_the_first_rule_has_no_rate() -> None:
    with pytest.raises(NoVatRuleError, match="for 2003-12-31: the first holds from 2004-01-01"):
        vat_percent(date(2003, 12, 31))


def test_the_tax_in_a_household_bill_worked_by_hand() -> None:
    # 2,322.77 ₽ × 22 / 122 = 418.860 3… ₽.
    assert vat_contained_kopecks(232_277, percent=22) == 41_886


def test_half_a_kopeck_of_tax_goes_up() -> None:
    # 3 kopecks × 20 / 120 = 0.5 kopecks; 9 × 20 / 120 = 1.5.
    assert vat_contained_kopecks(3, percent=20) == 1
    assert vat_contained_kopecks(9, percent=20) == 2


@given(st.integers(0, 10**15), st.sampled_from([0, 10, 18, 20, 22]))
def test_the_tax_is_within_half_a_kopeck_and_never_above_the_amount(amount: int, percent: int) -> None:
    tax = vat_contained_kopecks(amount, percent=percent)
    assert -Fraction(1, 2) < tax - Fraction(amount * percent, 100 + percent) <= Fraction(1, 2)
    assert 0 <= tax <= amount


@pytest.mark.parametrize(("amount", "percent"), [(-1, 22), (1, -22)])
def test_a_negative_amount_or_rate_is_refused(amount: int, percent: int) -> None:
    with pytest.raises(ValueError, match="are not negative"):
        vat_contained_kopecks(amount, percent=percent)


def test_rates_stand_in_order_and_each_names_its_law() -> None:
    begins = [rule.valid_from for rule in VAT_RULES]
    assert begins == sorted(set(begins))
    assert all("Федеральный закон" in rule.source for rule in VAT_RULES)
