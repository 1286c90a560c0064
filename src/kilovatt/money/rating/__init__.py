"""Charges: energy at a price, in whole kopecks, so that no way of cutting a month changes what it costs."""

from kilovatt.money.rating.charges import (
    ChargeOutOfRangeError,
    charges_in_order_kopecks,
    charges_kopecks,
    energy_before_wh,
)

__all__ = ["ChargeOutOfRangeError", "charges_in_order_kopecks", "charges_kopecks", "energy_before_wh"]
