"""Example tariff plans of the demonstration. They are no official prices, and say so wherever they are shown."""

from datetime import date

from kilovatt.measure.zones import Zone, ZoneScheme
from kilovatt.money.tariffs import PriceVersion, TariffPlan, ZonePrice

SOURCE = "пример тарифа, не официальная цена (example tariff, not an official price)"
TITLES = {
    ZoneScheme.ONE: ("One price all day (example)", "Одноставочный (пример)"),
    ZoneScheme.TWO: ("Two zones: day and night (example)", "Две зоны: день и ночь (пример)"),
    ZoneScheme.THREE: ("Three zones: peak, half-peak, night (example)", "Три зоны: пик, полупик, ночь (пример)"),
}
_STEP_ON = date(2026, 10, 1)
"""Household prices went up on that day."""
_BEGINS_ON = date(2000, 1, 1)
_PRICES: dict[ZoneScheme, dict[Zone, tuple[int, int]]] = {
    ZoneScheme.ONE: {Zone.TOTAL: (7_100_000, 7_810_000)},
    ZoneScheme.TWO: {Zone.DAY: (8_160_000, 8_980_000), Zone.NIGHT: (3_370_000, 3_710_000)},
    ZoneScheme.THREE: {
        Zone.PEAK: (9_230_000, 10_150_000),
        Zone.HALF_PEAK: (7_100_000, 7_810_000),
        Zone.NIGHT: (3_370_000, 3_710_000),
    },
}


def plan_code(scheme: ZoneScheme) -> str:
    """The code of the example plan with these zones."""
    return f"example-{scheme.value}"


def example_plans() -> tuple[TariffPlan, ...]:
    """One plan for each number of zones, with the price step of 1 October 2026."""
    return tuple(_plan(scheme, prices) for scheme, prices in _PRICES.items())


def _plan(scheme: ZoneScheme, prices: dict[Zone, tuple[int, int]]) -> TariffPlan:
    before = tuple(ZonePrice(zone, price) for zone, (price, _) in prices.items())
    after = tuple(ZonePrice(zone, price) for zone, (_, price) in prices.items())
    return TariffPlan(
        code=plan_code(scheme),
        scheme=scheme,
        versions=(
            PriceVersion(valid_from=_BEGINS_ON, valid_until=_STEP_ON, prices=before, source=SOURCE),
            PriceVersion(valid_from=_STEP_ON, valid_until=None, prices=after, source=SOURCE),
        ),
    )
