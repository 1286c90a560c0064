"""A tariff plan and its price versions: checked when it is made, so that a bill run never meets half a plan.

Prices change on days the regulator names: each version holds from its first day until the next begins. Between the
first and the end of the last version no day is without a price and none has two.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from types import MappingProxyType

from kilovatt.measure.zones import Zone, ZoneScheme

PRICE_LIMIT_MICRORUB_PER_KWH = 1_000_000_000_000
"""A million roubles per kWh: no price is above it, so a misplaced unit is caught before it is billed."""


class PlanError(ValueError):
    """A tariff plan does not hold together."""


class NoPriceError(LookupError):
    """A plan has no price for a day or a zone."""


@dataclass(frozen=True, slots=True)
class ZonePrice:
    """What a kWh of one zone costs [millionths of a rouble]. Raises PlanError for a price out of range."""

    zone: Zone
    price_microrub_per_kwh: int

    def __post_init__(self) -> None:
        if not 0 <= self.price_microrub_per_kwh <= PRICE_LIMIT_MICRORUB_PER_KWH:
            raise PlanError(
                f"The price of zone {self.zone} is {self.price_microrub_per_kwh} microroubles per kWh; "
                f"a price lies between 0 and {PRICE_LIMIT_MICRORUB_PER_KWH}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceVersion:
    """Prices from `valid_from` until `valid_until` (excluded; None while they hold), and the document they come from.

    Raises PlanError when the version ends before it begins, prices a zone twice, or names no source.
    """

    valid_from: date
    valid_until: date | None
    prices: tuple[ZonePrice, ...]
    source: str

    def __post_init__(self) -> None:
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise PlanError(f"Prices valid from {self.valid_from} end on {self.valid_until}: the end must be later.")
        twice = [zone for zone, count in Counter(price.zone for price in self.prices).items() if count > 1]
        if twice:
            raise PlanError(f"Prices valid from {self.valid_from} price zone {twice[0]} twice.")
        if not self.source.strip():
            raise PlanError(f"Prices valid from {self.valid_from} name no source: say which document sets them.")

    def price_of(self, zone: Zone) -> int:
        """Return the price of a zone [millionths of a rouble per kWh]. Raises NoPriceError."""
        for price in self.prices:
            if price.zone is zone:
                return price.price_microrub_per_kwh
        raise NoPriceError(f"Prices valid from {self.valid_from} have none for zone {zone}.")

    def holds_on(self, on: date) -> bool:
        """Whether these prices are in force on a day."""
        return self.valid_from <= on and (self.valid_until is None or on < self.valid_until)


@dataclass(frozen=True, slots=True)
class PlanSlice:
    """Days with one price version: from `first_on` until `until_on` (excluded)."""

    first_on: date
    until_on: date
    version: PriceVersion


@dataclass(frozen=True, slots=True)
class TariffPlan:
    """A plan: zones by its scheme, prices by versions in ascending order.

    Raises PlanError when there is no version, versions overlap or leave a hole, or one doesn't price exactly the zones
    of the scheme.
    """

    code: str
    scheme: ZoneScheme
    versions: tuple[PriceVersion, ...]

    def __post_init__(self) -> None:
        if not self.code.strip():
            raise PlanError("A tariff plan needs a code: got an empty one.")
        if not self.versions:
            raise PlanError(f"Plan {self.code} has no prices: give it at least one version.")
        for version in self.versions:
            self._check_zones(version)
        for earlier, later in pairwise(self.versions):
            self._check_seam(earlier, later)

    def version_on(self, on: date) -> PriceVersion:
        """Return the prices in force on a day. Raises NoPriceError before the first version and after the last."""
        for version in reversed(self.versions):
            if version.holds_on(on):
                return version
        raise NoPriceError(f"Plan {self.code} has no prices for {on}: {self._span_in_words()}.")

    def versions_within(self, first_on: date, until_on: date) -> tuple[PlanSlice, ...]:
        """Return the days from `first_on` until `until_on` (excluded), cut where prices change, in order.

        Raises NoPriceError when any of these days has no price, ValueError when there are no days.
        """
        if until_on <= first_on:
            raise ValueError(f"days to be priced end after they begin: got {first_on} until {until_on}")
        slices = tuple(
            PlanSlice(max(first_on, version.valid_from), min(until_on, version.valid_until or until_on), version)
            for version in self.versions
            if version.valid_from < until_on and (version.valid_until is None or first_on < version.valid_until)
        )
        # No hole is left inside, so only the two ends can lack a price.
        if not slices or slices[0].first_on > first_on or slices[-1].until_on < until_on:
            raise NoPriceError(
                f"Plan {self.code} does not price all days {first_on} – {until_on}: {self._span_in_words()}."
            )
        return slices

    def _check_zones(self, version: PriceVersion) -> None:
        priced, wanted = {price.zone for price in version.prices}, set(self.scheme.zones)
        for zone in self.scheme.zones:
            if zone not in priced:
                raise PlanError(f"Plan {self.code} does not price zone {zone} from {version.valid_from}.")
        for zone in sorted(priced - wanted):
            raise PlanError(
                f"Plan {self.code} prices zone {zone} from {version.valid_from}, "
                f"which a plan of scheme {self.scheme} doesn't have."
            )

    def _check_seam(self, earlier: PriceVersion, later: PriceVersion) -> None:
        if later.valid_from <= earlier.valid_from:
            raise PlanError(
                f"Versions of plan {self.code} are out of order: {later.valid_from} comes after {earlier.valid_from}."
            )
        if earlier.valid_until is None or earlier.valid_until > later.valid_from:
            raise PlanError(
                f"Plan {self.code} has two prices from {later.valid_from}: the version before it must end on that day."
            )
        if earlier.valid_until < later.valid_from:
            raise PlanError(f"Plan {self.code} has no price from {earlier.valid_until} until {later.valid_from}.")

    def _span_in_words(self) -> str:
        begins, ends = self.versions[0].valid_from, self.versions[-1].valid_until
        return f"it begins on {begins}" + ("" if ends is None else f" and ends on {ends}")


def plans_by_code(plans: Sequence[TariffPlan]) -> MappingProxyType[str, TariffPlan]:
    """Return plans by their codes. Raises PlanError when two plans have one code."""
    by_code: dict[str, TariffPlan] = {}
    for plan in plans:
        if plan.code in by_code:
            raise PlanError(f"Two tariff plans have the code {plan.code}.")
        by_code[plan.code] = plan
    return MappingProxyType(by_code)
