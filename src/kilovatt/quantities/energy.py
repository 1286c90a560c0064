"""Energy in whole watt-hours from exact micro-watt-hours: summed first, floored once, parts adding up.

Meters count finer than a watt-hour (0.5, 0.4, 0.2, 0.1 or 0.078125 Wh). Their counts are multiplied by the exact
scale [µWh per count], summed, and only then turned into Wh; a remainder is carried on, never dropped.
"""

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

UWH_PER_WH = 1_000_000
"""Micro-watt-hours in a watt-hour."""

INT64_MAX = (1 << 63) - 1

Int64Array = NDArray[np.int64]
ExactArray = NDArray[np.int64] | NDArray[np.object_]
"""Int64, or Python's own integers where the figures would not fit."""


def whole_wh(uwh: int) -> int:
    """Return energy in whole [Wh], floored, from exact [µWh]: to be called once, on a sum."""
    return uwh // UWH_PER_WH


@overload
def cumulative_floors(uwh: Int64Array | NDArray[np.object_]) -> Int64Array: ...


@overload
def cumulative_floors(uwh: Sequence[int]) -> tuple[int, ...]: ...


def cumulative_floors(uwh: Sequence[int] | Int64Array | NDArray[np.object_]) -> tuple[int, ...] | Int64Array:
    """Return whole [Wh] of consecutive parts given in [µWh], so that they sum to the floor of the total.

    The remainder of each part is carried on to the next. An array is taken along its last axis and gives an array
    of the same shape; a list or tuple gives a tuple.
    """
    if isinstance(uwh, np.ndarray):
        return _floors_of_array(uwh)
    parts, carried = [], 0
    for part in uwh:
        whole, carried = divmod(part + carried, UWH_PER_WH)
        parts.append(whole)
    return tuple(parts)


def scaled(counts: ExactArray, uwh_per_count: Int64Array | int) -> ExactArray:
    """Return counts × scale [µWh], exact: in Int64 where every sum of the products fits, else in Python's integers.

    `uwh_per_count` is one scale, or an array that broadcasts against `counts`.
    """
    scale = np.asarray(uwh_per_count, dtype=np.int64)
    if fits_int64(_largest(counts) * _largest(scale), terms=counts.size):
        return counts * scale
    products: NDArray[np.object_] = counts.astype(np.object_) * scale.astype(np.object_)
    return products


def fits_int64(largest: int, *, terms: int) -> bool:
    """Whether a sum of `terms` figures none of which is above `largest` stays below 2⁶³."""
    return largest * max(terms, 1) <= INT64_MAX


def _floors_of_array(uwh: Int64Array | NDArray[np.object_]) -> Int64Array:
    exact: NDArray[Any] = uwh if fits_int64(_largest(uwh), terms=uwh.shape[-1]) else uwh.astype(object)
    whole = np.cumsum(exact, axis=-1) // UWH_PER_WH
    return np.diff(whole, axis=-1, prepend=0).astype(np.int64)


def _largest(figures: NDArray[Any]) -> int:
    # abs(-2⁶³) wraps in numpy, so the ends are compared as Python's integers.
    return max(abs(int(figures.max())), abs(int(figures.min()))) if figures.size else 0
