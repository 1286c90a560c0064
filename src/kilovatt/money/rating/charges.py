"""The kernel of all charges: the difference of two rounded cumulative costs.

Within one key (month, zone, range, price) energy is counted from zero. What a part costs is the rounded cost of all
energy up to its end, less the rounded cost of all energy up to its start. So the parts of a month sum to the cost of
the whole, however it was cut: by a meter's exchange, by days, by a late reading.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kilovatt.quantities.energy import INT64_MAX, fits_int64

_NANO_ROUBLES_PER_KOPECK = 10_000_000
_HALF_A_KOPECK = _NANO_ROUBLES_PER_KOPECK // 2

Int64s = NDArray[np.int64]


class ChargeOutOfRangeError(ValueError):
    """A charge above 2⁶³ kopecks: no bill is that high, so a unit must be wrong."""


def charges_kopecks(
    energy_before_wh: ArrayLike, energy_after_wh: ArrayLike, price_microrub_per_kwh: ArrayLike
) -> Int64s:
    """Return what each part costs [kopecks], rounded half up once at each end.

    `energy_before_wh` and `energy_after_wh` [Wh] count from the beginning of the part's key; prices are in millionths
    of a rouble per kWh. The three broadcast against each other: single numbers for one line, columns for a night's run.

    Exact at any size: where a product would not fit Int64, Python's integers take over. Raises ValueError for
    negative figures and for energy that decreases, ChargeOutOfRangeError, TypeError for anything but whole numbers.
    """
    before, after = _whole_numbers(energy_before_wh), _whole_numbers(energy_after_wh)
    price = _whole_numbers(price_microrub_per_kwh)
    _require_order(before, after, price)
    if not fits_int64(_largest(after) * _largest(price) + _HALF_A_KOPECK, terms=1):
        before, after, price = (figures.astype(np.object_) for figures in (before, after, price))
    charges = np.asarray(_cost_kopecks(after, price) - _cost_kopecks(before, price))
    if _largest(charges) > INT64_MAX:
        raise ChargeOutOfRangeError(f"a charge of {_largest(charges)} kopecks is above 2⁶³: check the units")
    return charges.astype(np.int64)


def charges_in_order_kopecks(keys: ArrayLike, energy_wh: ArrayLike, price_microrub_per_kwh: ArrayLike) -> Int64s:
    """Return what each part costs [kopecks]; parts with one key stand together, in the order they are counted in.

    `keys`, `energy_wh` [Wh] and prices are columns of one length, prices perhaps one number for all. Raises what
    `charges_kopecks` and `energy_before_wh` do, and ValueError when the price changes within a key.
    """
    before = energy_before_wh(keys, energy_wh)
    key, price = np.asarray(keys), np.broadcast_to(_whole_numbers(price_microrub_per_kwh), before.shape)
    if np.any((key[1:] == key[:-1]) & (price[1:] != price[:-1])):
        raise ValueError("a key has one price: the price changes within a key")
    return charges_kopecks(before, before + _whole_numbers(energy_wh), price)


def energy_before_wh(keys: ArrayLike, energy_wh: ArrayLike) -> NDArray[Any]:
    """Return for each part the energy [Wh] of the parts before it that have the same key.

    Parts with one key must stand together. Int64, or Python's integers where a sum would not fit. Raises ValueError
    when the columns differ in length, an energy is negative, or a key comes back after another.
    """
    key, energy = np.asarray(keys), _whole_numbers(energy_wh)
    if key.ndim != 1 or key.shape != energy.shape:
        raise ValueError(f"keys and energies are columns of one length: got shapes {key.shape} and {energy.shape}")
    if not key.size:
        return energy
    _require_not_negative(energy)
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    firsts = key[starts]
    # Keys in ascending order, as a night's run has them, need no sorting to be told apart.
    if np.any(firsts[1:] <= firsts[:-1]) and np.unique(firsts).size != firsts.size:
        raise ValueError("parts with one key stand together: a key came back after another")
    exact = energy if fits_int64(_largest(energy), terms=energy.size) else energy.astype(np.object_)
    before = np.cumsum(exact) - exact
    of_key: NDArray[Any] = before - np.repeat(before[starts], np.diff(np.append(starts, key.size)))
    return of_key


def _cost_kopecks(energy: NDArray[Any], price: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((energy * price + _HALF_A_KOPECK) // _NANO_ROUBLES_PER_KOPECK)


def _whole_numbers(figures: ArrayLike) -> NDArray[Any]:
    array = np.asarray(figures)
    if not array.size:
        return array.astype(np.int64)
    if np.issubdtype(array.dtype, np.signedinteger):
        return array.astype(np.int64)
    exact: NDArray[Any] = array.astype(np.object_)
    # Python's integers, and what numpy makes of those between 2⁶³ and 2⁶⁴; but no fractions and no truths.
    if array.dtype == np.bool_ or not all(isinstance(figure, int) for figure in exact.ravel().tolist()):
        raise TypeError(f"energies and prices are whole numbers: got {array.dtype}")
    return exact


def _require_order(before: NDArray[Any], after: NDArray[Any], price: NDArray[Any]) -> None:
    _require_not_negative(before)
    _require_not_negative(price)
    if np.any(after < before):
        raise ValueError("cumulative energy does not decrease: a part's end lies below its start")


def _require_not_negative(figures: NDArray[Any]) -> None:
    if np.any(figures < 0):
        raise ValueError(f"energy and prices are not negative: got {figures.min()}; give back by a reversal")


def _largest(figures: NDArray[Any]) -> int:
    return int(figures.max()) if figures.size else 0
