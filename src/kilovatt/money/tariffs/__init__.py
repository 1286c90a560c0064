"""Tariff plans: which zones they split the day into, and what each zone costs from which day on."""

from kilovatt.money.tariffs.plans import (
    NoPriceError,
    PlanError,
    PlanSlice,
    PriceVersion,
    TariffPlan,
    ZonePrice,
)

__all__ = ["NoPriceError", "PlanError", "PlanSlice", "PriceVersion", "TariffPlan", "ZonePrice"]
