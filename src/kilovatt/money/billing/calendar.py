"""By when a bill is presented and paid: dated rules with their sources; an organisation's own calendar goes first."""

from dataclasses import dataclass
from datetime import date

from kilovatt.quantities.periods import next_month


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRule:
    """Days of the month after the billed one: the bill by `bill_day`, the money by `payment_day`, both included.

    It holds for billed months from `valid_from` (a first day) until the next rule's.
    """

    valid_from: date
    bill_day: int
    payment_day: int
    source: str


PAYMENT_RULES: tuple[PaymentRule, ...] = (
    PaymentRule(
        valid_from=date(2005, 3, 1),
        bill_day=1,
        payment_day=10,
        source="ЖК РФ ст. 155 ч. 1, 2 в первоначальной редакции",
    ),
    PaymentRule(
        # Whether February 2026 was still to be paid by the 10th is told both ways; that the law applies to bills of
        # March on is from general knowledge (K), after the ministry's letter 9202-ДН/04 of 20 February 2026.
        valid_from=date(2026, 3, 1),
        bill_day=5,
        payment_day=15,
        source="ЖК РФ ст. 155 ч. 1, 2 в редакции Федерального закона от 24.06.2025 № 177-ФЗ",
    ),
)
"""Rules for households that no organisation's charter overrides, in ascending order."""


class NoPaymentRuleError(LookupError):
    """No rule says by when a month is paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDays:
    """The last day for the bill to be presented, and the last day to pay it, with the rule's source."""

    bill_by_on: date
    pay_by_on: date
    source: str


def payment_days(
    month_first_on: date, *, bill_day: int | None = None, payment_day: int | None = None, source: str | None = None
) -> PaymentDays:
    """Return by when the bill of a month is presented and paid.

    `bill_day` and `payment_day` (1..28) are the organisation's own, by its charter or contract named in `source`;
    without them the law's. Raises NoPaymentRuleError for a month before the first rule, ValueError for a day that some
    months don't have and for a month not named by its first day.
    """
    for name, day in (("bill_day", bill_day), ("payment_day", payment_day)):
        if day is not None and not 1 <= day <= 28:
            raise ValueError(f"{name} is a day every month has, 1 to 28: got {day}")
    after = next_month(month_first_on)
    rule = _rule(month_first_on)
    return PaymentDays(
        bill_by_on=after.replace(day=rule.bill_day if bill_day is None else bill_day),
        pay_by_on=after.replace(day=rule.payment_day if payment_day is None else payment_day),
        source=rule.source if source is None else source,
    )


def _rule(month_first_on: date) -> PaymentRule:
    for rule in reversed(PAYMENT_RULES):
        if rule.valid_from <= month_first_on:
            return rule
    raise NoPaymentRuleError(
        f"no rule says by when {month_first_on:%Y-%m} is paid: the first holds from {PAYMENT_RULES[0].valid_from}"
    )
