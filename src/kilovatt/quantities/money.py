"""Money in whole kopecks: a price times an energy, rounded once."""

_NANO_ROUBLES_PER_KOPECK = 10_000_000
_HALF_A_KOPECK = _NANO_ROUBLES_PER_KOPECK // 2


def charge_kopecks(*, energy_wh: int, price_microrub_per_kwh: int) -> int:
    """Return the price of energy [kopecks], rounded once, half up.

    Exact at any size: Python's integers have no top. Raises ValueError for a negative energy or price; what is
    given back is the reversal of a charge, not a negative charge.
    """
    if energy_wh < 0 or price_microrub_per_kwh < 0:
        raise ValueError(
            f"energy and price are not negative: got {energy_wh} Wh at {price_microrub_per_kwh} microroubles per kWh"
        )
    # Wh × millionths of a rouble per kWh = 10⁻³ × 10⁻⁶ roubles: the kilo of the unit is in the nano.
    nano_roubles = energy_wh * price_microrub_per_kwh
    return (nano_roubles + _HALF_A_KOPECK) // _NANO_ROUBLES_PER_KOPECK
