"""A bill in the making: what was used, by zone and day, at the plan's prices.

What cannot be billed is a value with its reason: a bill that leaves out a zone would be wrong and look right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

from kilovatt.measure.zones import Zone
from kilovatt.money.rating import charges_in_order_kopecks
from kilovatt.money.tariffs import NoPriceError, PlanSlice, TariffPlan

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ZoneUse:
    """Energy of a zone from `first_on` until `until_on` (excluded), days of one calendar month.

    `energy_wh` is None when it is not known. Raises ValueError for negative energy, for no days, and for days of
    more than one month: charges are rounded within a month.
    """

    zone: Zone
    energy_wh: int | None
    first_on: date
    until_on: date

    def __post_init__(self) -> None:
        if self.energy_wh is not None and self.energy_wh < 0:
            raise ValueError(f"energy is not negative: got {self.energy_wh} Wh for zone {self.zone}")
        if self.until_on <= self.first_on:
            raise ValueError(f"use ends after it begins: got {self.first_on} until {self.until_on}")
        last_on = self.until_on - _ONE_DAY
        if (last_on.year, last_on.month) != (self.first_on.year, self.first_on.month):
            raise ValueError(f"use lies within one month: got {self.first_on} until {self.until_on}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One priced line: energy of a zone on days with one price, and which version of which document set the price."""

    zone: Zone
    first_on: date
    until_on: date
    energy_wh: int
    price_microrub_per_kwh: int
    price_valid_from: date
    price_source: str
    amount_kopecks: int


@dataclass(frozen=True, slots=True)
class BillDraft:
    """Priced lines from `first_on` until `until_on` (excluded), zones in the order of the plan, days in theirs."""

    first_on: date
    until_on: date
    lines: tuple[BillLine, ...]

    @property
    def amount_kopecks(self) -> int:
        """The sum of the lines."""
        return sum(line.amount_kopecks for line in self.lines)


class UnbillableReason(StrEnum):
    """Why there is no bill. The names stand in the database; pages put them into words."""

    NOTHING_USED = "nothing_used"
    """No use was given at all, not even zero."""
    ENERGY_NOT_KNOWN = "energy_not_known"
    ZONE_WITHOUT_ENERGY = "zone_without_energy"
    """The plan has a zone, and nobody says what was used in it."""
    ZONE_NOT_IN_PLAN = "zone_not_in_plan"
    DAYS_MISSING = "days_missing"
    """A zone's uses leave days of the period out."""
    DAYS_TWICE = "days_twice"
    NO_PRICE = "no_price"
    PRICE_CHANGES_WITHIN = "price_changes_within"
    """The price changes on a day inside a use: the registers of that day are needed."""


@dataclass(frozen=True, slots=True)
class Unbillable:
    """Why a plan and these uses make no bill, with the figures a person needs to mend it."""

    reason: UnbillableReason
    detail: Mapping[str, str]


def draft_bill(plan: TariffPlan, uses: Sequence[ZoneUse]) -> BillDraft | Unbillable:
    """Return the bill of these uses, one line each, or why there can be none.

    Every zone of the plan must cover the same days without a gap. Within (month, zone, price) the amounts are
    differences of rounded cumulative costs, so lines cut by a meter's exchange cost what they would cost uncut.
    Raises ChargeOutOfRangeError.
    """
    if not uses:
        return _unbillable(UnbillableReason.NOTHING_USED, plan=plan.code)
    first_on, until_on = min(use.first_on for use in uses), max(use.until_on for use in uses)
    order = {zone: position for position, zone in enumerate(plan.scheme.zones)}
    for use in uses:
        if use.zone not in order:
            return _unbillable(UnbillableReason.ZONE_NOT_IN_PLAN, plan=plan.code, zone=use.zone)
    sorted_uses = sorted(uses, key=lambda use: (order[use.zone], use.first_on))
    for zone in order:
        hindrance = _hindrance(zone, [use for use in sorted_uses if use.zone is zone], first_on, until_on)
        if hindrance:
            return hindrance
    lines = _priced(plan, sorted_uses)
    return lines if isinstance(lines, Unbillable) else BillDraft(first_on, until_on, lines)


def _hindrance(zone: Zone, uses: Sequence[ZoneUse], first_on: date, until_on: date) -> Unbillable | None:
    if not uses:
        return _unbillable(UnbillableReason.ZONE_WITHOUT_ENERGY, zone=zone)
    if uses[0].first_on > first_on:
        return _unbillable(UnbillableReason.DAYS_MISSING, zone=zone, first_on=first_on, until_on=uses[0].first_on)
    for use, after in pairwise(uses):
        if use.until_on < after.first_on:
            return _unbillable(UnbillableReason.DAYS_MISSING, zone=zone, first_on=use.until_on, until_on=after.first_on)
        if use.until_on > after.first_on:
            return _unbillable(UnbillableReason.DAYS_TWICE, zone=zone, first_on=after.first_on, until_on=use.until_on)
    if uses[-1].until_on < until_on:
        return _unbillable(UnbillableReason.DAYS_MISSING, zone=zone, first_on=uses[-1].until_on, until_on=until_on)
    return None


def _priced(plan: TariffPlan, uses: Sequence[ZoneUse]) -> tuple[BillLine, ...] | Unbillable:
    slices: list[PlanSlice] = []
    energies_wh: list[int] = []
    for use in uses:
        if use.energy_wh is None:
            return _unbillable(
                UnbillableReason.ENERGY_NOT_KNOWN, zone=use.zone, first_on=use.first_on, until_on=use.until_on
            )
        try:
            within = plan.versions_within(use.first_on, use.until_on)
        except NoPriceError:
            return _unbillable(UnbillableReason.NO_PRICE, plan=plan.code, first_on=use.first_on, until_on=use.until_on)
        if len(within) > 1:
            return _unbillable(UnbillableReason.PRICE_CHANGES_WITHIN, zone=use.zone, price_from=within[1].first_on)
        slices.append(within[0])
        energies_wh.append(use.energy_wh)
    prices = [piece.version.price_of(use.zone) for use, piece in zip(uses, slices, strict=True)]
    amounts = charges_in_order_kopecks(_key_numbers(uses, prices), energies_wh, prices).tolist()
    return tuple(
        BillLine(
            zone=use.zone,
            first_on=use.first_on,
            until_on=use.until_on,
            energy_wh=energy_wh,
            price_microrub_per_kwh=price,
            price_valid_from=piece.version.valid_from,
            price_source=piece.version.source,
            amount_kopecks=amount,
        )
        for use, energy_wh, piece, price, amount in zip(uses, energies_wh, slices, prices, amounts, strict=True)
    )


def _key_numbers(uses: Sequence[ZoneUse], prices: Sequence[int]) -> list[int]:
    # Ranges of consumption will be one more part of the key.
    keys = [(use.zone, use.first_on.year, use.first_on.month, price) for use, price in zip(uses, prices, strict=True)]
    numbers = [0]
    for key, after in pairwise(keys):
        numbers.append(numbers[-1] + (key != after))
    return numbers


def _unbillable(reason: UnbillableReason, **detail: object) -> Unbillable:
    return Unbillable(reason, MappingProxyType({name: str(value) for name, value in detail.items()}))
