"""From midnight registers and effective days to spans that can be compared: register difference, interval sum."""

from dataclasses import dataclass

import numpy as np

from kilovatt.measure.metering.matrices import DAY, Bools, Days, Indexes, Int64s, MeterDayMatrix
from kilovatt.measure.metering.registers import TOTAL_TARIFF
from kilovatt.measure.vee.register_rules import RegisterColumns, RegisterSpanColumns
from kilovatt.quantities.energy import ExactArray

_TOTAL_ONLY = 1 << TOTAL_TARIFF


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Midnights:
    """What each meter had counted at each local midnight it told of, ordered by meter and day."""

    meter_ids: Int64s
    day_ons: Days
    values_wh: Int64s
    steps_wh: Int64s
    tariffs: Int64s
    """One bit per register that is in the value: only like is compared with like."""


def spans_between_midnights(registers: RegisterColumns, matrix: MeterDayMatrix) -> RegisterSpanColumns:
    """Return each span between two neighbouring midnights at which a meter's registers are known.

    Frozen registers stand at local midnights; the total is taken where there is one, else the sum of the tariffs.
    `matrix` holds effective days, each meter's date once. A day that is not in it counts as one missing interval.
    """
    known = _midnights(registers)
    later = np.arange(1, len(known.meter_ids))
    same = known.meter_ids[later] == known.meter_ids[later - 1]
    same &= known.tariffs[later] == known.tariffs[later - 1]
    ends = later[same]
    starts = ends - 1
    days = matrix.take(np.lexsort((matrix.day_ons, matrix.meter_ids)))
    first, last = _rows_at(days, known, starts), _rows_at(days, known, ends)
    length = (known.day_ons[ends] - known.day_ons[starts]) // np.timedelta64(1, "D")
    is_missing = days.is_slot & ~days.is_known
    return RegisterSpanColumns(
        meter_ids=known.meter_ids[starts],
        day_ons=known.day_ons[starts],
        counted_wh=known.values_wh[ends] - known.values_wh[starts],
        steps_wh=known.steps_wh[starts],
        intervals_uwh=_between(days.uwh.sum(axis=1), first, last),
        intervals=_between(days.is_known.sum(axis=1), first, last),
        missing=_between(is_missing.sum(axis=1), first, last) + (length - (last - first)),
        uwh_per_count=_resolution(days, first, last),
    )


def _midnights(registers: RegisterColumns) -> _Midnights:
    frozen = np.flatnonzero(~registers.is_running)
    stamps = np.stack(
        [registers.meter_ids[frozen], registers.day_ons[frozen].astype(np.int64), registers.tariffs[frozen]], axis=1
    )
    # The day's and the month's register of one midnight are the same value: one of them is enough.
    once, places = np.unique(stamps, axis=0, return_index=True)
    rows = frozen[places]
    days, day_of = np.unique(once[:, :2], axis=0, return_inverse=True)
    day_of = day_of.reshape(-1)
    has_total = np.zeros(len(days), dtype=np.bool_)
    has_total[day_of[registers.tariffs[rows] == TOTAL_TARIFF]] = True
    counts: Bools = (registers.tariffs[rows] == TOTAL_TARIFF) | ~has_total[day_of]
    values, steps, tariffs = (np.zeros(len(days), dtype=np.int64) for _ in range(3))
    np.add.at(values, day_of[counts], registers.values_wh[rows][counts])
    np.add.at(steps, day_of[counts], registers.steps_wh[rows][counts])
    np.add.at(tariffs, day_of[counts], np.left_shift(_TOTAL_ONLY, registers.tariffs[rows][counts]))
    return _Midnights(
        meter_ids=days[:, 0],
        day_ons=days[:, 1].astype(DAY),
        values_wh=values,
        steps_wh=steps,
        tariffs=tariffs,
    )


def _rows_at(days: MeterDayMatrix, known: _Midnights, places: Indexes) -> Int64s:
    meters = np.unique(known.meter_ids)
    of_days = _ordinals(meters, days.meter_ids, days.day_ons)
    return np.searchsorted(of_days, _ordinals(meters, known.meter_ids[places], known.day_ons[places])).astype(np.int64)


def _ordinals(meters: Int64s, meter_ids: Int64s, day_ons: Days) -> Int64s:
    # One number that orders by meter, then by day: twenty bits of days are 2,800 years.
    ordinals: Int64s = (np.searchsorted(meters, meter_ids).astype(np.int64) << 20) + day_ons.astype(np.int64)
    return ordinals


def _between(figures: ExactArray, first: Int64s, last: Int64s) -> Int64s:
    running = np.concatenate([np.zeros(1, dtype=figures.dtype), np.cumsum(figures)])
    between: Int64s = running[last] - running[first]
    return between


def _resolution(days: MeterDayMatrix, first: Int64s, last: Int64s) -> Int64s:
    # reduceat wants each end inside the array, hence the one place more; an empty span has no resolution.
    padded = np.append(days.uwh_per_count, np.int64(0))
    coarsest = np.maximum.reduceat(padded, np.stack([first, last], axis=1).reshape(-1))[::2]
    return np.where(last > first, coarsest, 0)
