from datetime import date

import pytest

from kilovatt.money.billing import PAYMENT_RULES, NoPaymentRuleError, payment_days


def test_october_is_billed_by_the_fifth_and_paid_by_the_fifteenth_of_november() -> None:
    days = payment_days(date(2026, 10, 1))
    assert (days.bill_by_on, days.pay_by_on) == (date(2026, 11, 5), date(2026, 11, 15))
    assert "177-ФЗ" in days.source


def test_before_march_2026_the_bill_came_by_the_first_and_was_paid_by_the_tenth() -> None:
    days = payment_days(date(2025, 12, 1))
    assert (days.bill_by_on, days.pay_by_on) == (date(2026, 1, 1), date(2026, 1, 10))


def test_march_2026_is_the_first_month_under_the_new_law() -> None:
    assert payment_days(date(2026, 2, 1)).pay_by_on == date(2026, 3, 10)
    assert payment_days(date(2026, 3, 1)).pay_by_on == date(2026, 4, 15)


def test_an_association_follows_its_charter() -> None:
    days = payment_days(date(2026, 10, 1), bill_day=3, payment_day=25, source="Устав СНТ «Ромашка», п. 6.2")
    assert (days.bill_by_on, days.pay_by_on) == (date(2026, 11, 3), date(2026, 11, 25))
    assert days.source == "Устав СНТ «Ромашка», п. 6.2"


def test_a_month_before_the_first_rule_has_no_days() -> None:
    with pytest.raises(NoPaymentRuleError, match="2005-02 is paid: the first holds from 2005-03-01"):
        payment_days(date(2005, 2, 1))


@pytest.mark.parametrize("day", [0, 29, -1])
def test_a_day_that_february_does_not_have_is_refused(day: int) -> None:
    with pytest.raises(ValueError, match=f"payment_day is a day every month has, 1 to 28: got {day}"):
        payment_days(date(2026, 10, 1), payment_day=day)
    with pytest.raises(ValueError, match="bill_day is a day"):
        payment_days(date(2026, 10, 1), bill_day=day)


def test_a_month_is_named_by_its_first_day() -> None:
    with pytest.raises(ValueError, match="named by its first day"):
        payment_days(date(2026, 10, 2))


def test_rules_stand_in_order_and_each_names_its_source() -> None:
    begins = [rule.valid_from for rule in PAYMENT_RULES]
    assert begins == sorted(set(begins))
    assert all(rule.source for rule in PAYMENT_RULES)
