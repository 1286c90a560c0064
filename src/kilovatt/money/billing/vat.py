"""Value added tax: dated rates, and how much of it an amount that includes it contains."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class VatRule:
    """The general rate [%] from a day until the next rule's, and the law that set it."""

    valid_from: date
    percent: int
    source: str


VAT_RULES: tuple[VatRule, ...] = (
    VatRule(valid_from=date(2004, 1, 1), percent=18, source="Федеральный закон от 07.07.2003 № 117-ФЗ"),
    VatRule(valid_from=date(2019, 1, 1), percent=20, source="Федеральный закон от 03.08.2018 № 303-ФЗ"),
    VatRule(valid_from=date(2026, 1, 1), percent=22, source="Федеральный закон от 28.11.2025 № 425-ФЗ"),
)
"""Rates of НК РФ ст. 164 п. 3, in ascending order. Household prices include the tax."""


class NoVatRuleError(LookupError):
    """No rate is known for a day."""


def vat_percent(on: date) -> int:
    """Return the rate [%] for what was delivered on a day. Raises NoVatRuleError before the first rule."""
    for rule in reversed(VAT_RULES):
        if rule.valid_from <= on:
            return rule.percent
    raise NoVatRuleError(
        f"no rate of value added tax is known for {on}: the first holds from {VAT_RULES[0].valid_from}"
    )


def vat_contained_kopecks(amount_kopecks: int, *, percent: int) -> int:
    """Return the tax contained in an amount that includes it [kopecks]: amount × rate / (100 + rate), half up.

    It is taken once, from the sum of a bill: taxes of lines would not add up to it. Raises ValueError for a negative
    amount or rate.
    """
    if amount_kopecks < 0 or percent < 0:
        raise ValueError(f"amount and rate are not negative: got {amount_kopecks} kopecks at {percent} %")
    whole = 100 + percent
    return (2 * amount_kopecks * percent + whole) // (2 * whole)
