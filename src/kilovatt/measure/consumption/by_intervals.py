"""Energy by part of the day and by zone from intervals: counts summed exactly, turned into Wh once."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from kilovatt.measure.consumption.local_slots import Int8s, parts_of_slots, zones_of_slots
from kilovatt.measure.metering.matrices import Bools, Int64s, MeterDayMatrix, instants, matrix_of
from kilovatt.measure.metering.meter_days import RANK_MASK, MeterDay
from kilovatt.measure.zones import DAY_PARTS, Zone, ZoneScheme
from kilovatt.quantities.energy import ExactArray, cumulative_floors
from kilovatt.quantities.periods import Period


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DayPartSums:
    """Energy of the six parts of n days, at the meter's terminals, without the ratio.

    `uwh` [µWh] exact, `known_s` and `missing_s` [s] how much time of the part is known and how much is not: all of
    shape (n, 6). Energy of a part with `missing_s` is only what is known of it.
    """

    uwh: ExactArray
    known_s: Int64s
    missing_s: Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalEnergy:
    """Energy of a zone from intervals, the ratio in it. `known_s` [s] is how much time it is of."""

    zone: Zone
    energy_wh: int
    uwh: int
    known_s: int


def day_part_sums(matrix: MeterDayMatrix, zone: ZoneInfo) -> DayPartSums:
    """Return the sums of the six parts of each day, where the local time is that of `zone`.

    Raises SlotCrossesBorderError.
    """
    return _sums(matrix, parts_of_slots(matrix, zone), places=len(DAY_PARTS), within=matrix.is_slot)


def interval_energies(
    days: Sequence[MeterDay], *, scheme: ZoneScheme, period: Period, zone: ZoneInfo, ratio: int
) -> tuple[IntervalEnergy, ...]:
    """Return the energy of each zone of the scheme that the known intervals of a period hold.

    `days` are one meter's effective days, each date once; slots that are not wholly within the period are left out.
    The zones' whole Wh sum to the floor of their total. Raises NoCalendarError, SlotCrossesBorderError, and
    ValueError for a date that comes twice.
    """
    if len({day.day_on for day in days}) != len(days):
        raise ValueError("a date comes twice: merge what was heard of a day before it is summed")
    matrix = matrix_of([(0, day) for day in days])
    first, end = instants([period.start, period.end])
    within = (matrix.slot_ends <= end) & (matrix.slot_ends - _steps(matrix) >= first)
    sums = _sums(matrix, zones_of_slots(matrix, scheme, zone), places=len(scheme.zones), within=within)
    uwh = [ratio * sum(int(part) for part in sums.uwh[:, place]) for place in range(len(scheme.zones))]
    known_s = sums.known_s.sum(axis=0)
    return tuple(
        IntervalEnergy(zone=name, energy_wh=energy_wh, uwh=exact, known_s=int(seconds))
        for name, energy_wh, exact, seconds in zip(scheme.zones, cumulative_floors(uwh), uwh, known_s, strict=True)
    )


def slot_energies_wh(day: MeterDay, *, ratio: int) -> tuple[int | None, ...]:
    """Return the whole [Wh] of each slot, the ratio in it, so that they add up; None where nothing is known."""
    known = [bool(quality & RANK_MASK) for quality in day.qualities]
    uwh = [
        count * day.uwh_per_count * ratio if is_known else 0 for count, is_known in zip(day.a_plus, known, strict=True)
    ]
    floors = cumulative_floors(uwh)
    return tuple(energy_wh if is_known else None for energy_wh, is_known in zip(floors, known, strict=True))


def _sums(matrix: MeterDayMatrix, place_of: Int8s, *, places: int, within: Bools) -> DayPartSums:
    uwh = matrix.uwh
    known = matrix.is_known & within
    missing = matrix.is_slot & ~matrix.is_known & within
    here = [place_of == place for place in range(places)]
    steps = matrix.step_s
    return DayPartSums(
        uwh=np.stack([np.where(at & known, uwh, 0).sum(axis=1) for at in here], axis=1),
        known_s=np.stack([(at & known).sum(axis=1) * steps for at in here], axis=1),
        missing_s=np.stack([(at & missing).sum(axis=1) * steps for at in here], axis=1),
    )


def _steps(matrix: MeterDayMatrix) -> np.ndarray[tuple[int, ...], np.dtype[np.timedelta64]]:
    return matrix.step_s.astype("timedelta64[s]")[:, np.newaxis]
