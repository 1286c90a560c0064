"""The merge of many meter-days at once: rows as they were heard in, one effective row a meter and day out."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kilovatt.measure.metering.matrices import Indexes, Int64s, MeterDayMatrix
from kilovatt.measure.metering.merge import slot_winners


def merge_matrix(matrix: MeterDayMatrix, digests: NDArray[np.bytes_]) -> MeterDayMatrix:
    """Return the effective days of the rows of a matrix, by meter and day; `digests` names each row, shape (n).

    The rule is that of `merge_meter_days`, by the same kernel. Where a day was heard on two grids, the one with the
    best slot stands.
    """
    if not len(matrix):
        return matrix
    ages = np.empty(len(matrix), dtype=np.int64)
    ages[np.lexsort((digests, matrix.heard_at))] = np.arange(len(matrix))
    order = np.lexsort((ages, matrix.slots, matrix.step_s, matrix.starts_at, matrix.day_ons, matrix.meter_ids))
    ordered, ages = matrix.take(order), ages[order]
    grids = (ordered.meter_ids, ordered.day_ons, ordered.starts_at, ordered.step_s, ordered.slots)
    starts = _starts(*grids)
    winners = slot_winners(ordered.ranks, starts)
    merged = _merged(ordered, winners, starts)
    return merged.take(_best_grids(merged, ages[winners]))


def _merged(matrix: MeterDayMatrix, winners: Indexes, starts: Indexes) -> MeterDayMatrix:
    scales = np.gcd.reduceat(matrix.uwh_per_count, starts)
    finer = matrix.uwh_per_count[winners] // scales[:, np.newaxis]
    places = np.arange(matrix.width)
    return replace(
        matrix.take(starts),
        uwh_per_count=scales,
        counts=matrix.counts[winners, places] * finer,
        qualities=matrix.qualities[winners, places],
        heard_at=np.maximum.reduceat(matrix.heard_at, starts),
    )


def _best_grids(merged: MeterDayMatrix, ages: Int64s) -> Indexes:
    best = (merged.ranks.astype(np.int64) * (int(ages.max(initial=0)) + 1) + ages).max(axis=1, initial=-1)
    order = np.lexsort((best, merged.day_ons, merged.meter_ids))
    days = _starts(merged.meter_ids[order], merged.day_ons[order])
    # The best grid of a day stands last of it.
    lasts = np.append(days[1:], len(order)) - 1
    best_of_days: Indexes = order[lasts]
    return best_of_days


def _starts(*columns: NDArray[np.generic]) -> Indexes:
    changes = np.zeros(len(columns[0]), dtype=np.bool_)
    changes[0] = True
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)
