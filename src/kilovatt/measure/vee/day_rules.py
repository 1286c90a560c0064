"""Rules about meter-days: gaps, spikes, slots of the future. One kernel each, for one day and for millions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kilovatt.measure.metering.matrices import Bools, Indexes, Int64s, MeterDayMatrix
from kilovatt.measure.vee.findings import Findings, Rule
from kilovatt.measure.vee.limits import Limits
from kilovatt.quantities.energy import scaled

UNKNOWN_W = 0
"""Stands for a power nobody knows: no limit follows from it."""

_NOTHING_KNOWN = -1


def gaps(matrix: MeterDayMatrix) -> Findings:
    """Return a finding for each run of slots that had ended when the day was last heard and are not known.

    `slot` is the first of the run. A day that was never heard is a gap when it stands in the matrix with every
    slot missing and `heard_at` as late as one knows that nothing came.
    """
    missing = matrix.is_slot & ~matrix.is_known & (matrix.slot_ends <= matrix.heard_at[:, np.newaxis])
    before = np.pad(missing, ((0, 0), (1, 0)))[:, :-1]
    after = np.pad(missing, ((0, 0), (0, 1)))[:, 1:]
    rows, firsts = np.nonzero(missing & ~before)
    # Row by row the k-th run to begin is the k-th to end.
    lasts = np.nonzero(missing & ~after)[1]
    lengths = lasts - firsts + 1
    return _findings(Rule.GAP, matrix, rows, firsts, [lengths, matrix.slots[rows], matrix.step_s[rows]])


def future_slots(matrix: MeterDayMatrix, *, limits: Limits) -> Findings:
    """Return a finding for each day with known slots that end later than it was heard, beyond the clock's limit.

    `slot` is the first of them, `ahead_s` how far the last of them lies ahead.
    """
    ahead_s = (matrix.slot_ends - matrix.heard_at[:, np.newaxis]) // np.timedelta64(1, "s")
    ahead = matrix.is_known & (ahead_s > limits.clock_limit_s)
    rows = np.flatnonzero(ahead.any(axis=1))
    found = ahead[rows]
    furthest_s = np.where(found, ahead_s[rows], 0).max(axis=1, initial=0)
    limit_s = np.full(len(rows), limits.clock_limit_s, dtype=np.int64)
    # Not argmax: it refuses a matrix without slots.
    firsts = np.where(found, np.arange(matrix.width), matrix.width).min(axis=1, initial=matrix.width)
    return _findings(Rule.FUTURE, matrix, rows, firsts, [found.sum(axis=1), furthest_s, limit_s])


def spikes(matrix: MeterDayMatrix, *, connection_w: Int64s, limits: Limits) -> Findings:
    """Return a finding for each known slot whose mean power is above what can be believed.

    Either above the connection's agreed power (`connection_w` [W] at the meter's terminals, shape (n), UNKNOWN_W where
    nobody knows) by more than its protection lets through, or above both `spike_factor` times the highest slot of the
    meter's days in the window before and `spike_floor_w`. Rows may come in any order, each meter's date once.
    """
    order = np.lexsort((matrix.day_ons, matrix.meter_ids))
    ordered = matrix.take(order)
    power_w = _mean_power_w(ordered)
    connection_limit_w = connection_w[order] * limits.connection_permille // 1000
    recent_limit_w = _recent_limit_w(ordered, power_w, limits)
    above = _above(power_w, connection_limit_w) | _above(power_w, recent_limit_w)
    rows, slots = np.nonzero(above)
    figures = [power_w[rows, slots], connection_limit_w[rows], recent_limit_w[rows]]
    return _findings(Rule.SPIKE, ordered, rows, slots, figures)


def _mean_power_w(matrix: MeterDayMatrix) -> Int64s:
    # µWh in step_s seconds: × 3600 / 10⁶ / step_s, floored, and below zero where nothing is known.
    power = scaled(matrix.uwh, 9) // (2500 * matrix.step_s[:, np.newaxis])
    return np.where(matrix.is_known, power, _NOTHING_KNOWN).astype(np.int64)


def _recent_limit_w(matrix: MeterDayMatrix, power_w: Int64s, limits: Limits) -> Int64s:
    highest_w = power_w.max(axis=1, initial=_NOTHING_KNOWN)
    recent_w = np.full(len(matrix), _NOTHING_KNOWN, dtype=np.int64)
    days = np.zeros(len(matrix), dtype=np.int64)
    # A date comes once, so the recent days of a row are among the rows just before it.
    for back in range(1, min(limits.spike_window_days, len(matrix) - 1) + 1):
        recent = _is_recent(matrix, back, limits.spike_window_days) & (highest_w[:-back] != _NOTHING_KNOWN)
        recent_w[back:] = np.where(recent, np.maximum(recent_w[back:], highest_w[:-back]), recent_w[back:])
        days[back:] += recent
    enough = days >= limits.spike_days_min
    return np.where(enough, np.maximum(recent_w * limits.spike_factor, limits.spike_floor_w), UNKNOWN_W)


def _is_recent(matrix: MeterDayMatrix, back: int, window_days: int) -> Bools:
    same_meter = matrix.meter_ids[back:] == matrix.meter_ids[:-back]
    age = matrix.day_ons[back:] - matrix.day_ons[:-back]
    recent: Bools = same_meter & (age <= np.timedelta64(window_days, "D"))
    return recent


def _above(power_w: Int64s, limit_w: Int64s) -> Bools:
    above: Bools = (limit_w != UNKNOWN_W)[:, np.newaxis] & (power_w > limit_w[:, np.newaxis])
    return above


def _findings(
    rule: Rule,
    matrix: MeterDayMatrix,
    rows: Indexes,
    slots: NDArray[np.integer],
    figures: Sequence[NDArray[np.integer]],
) -> Findings:
    return Findings.of_rule(
        rule,
        meter_ids=matrix.meter_ids[rows],
        day_ons=matrix.day_ons[rows],
        slots=slots.astype(np.int64),
        figures=[figure.astype(np.int64) for figure in figures],
    )
