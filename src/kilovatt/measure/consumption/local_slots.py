"""Where on the local clock each slot of a matrix lies: its minute, its part of the day, its zone."""

from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kilovatt.measure.metering.matrices import DAY, Int16s, MeterDayMatrix
from kilovatt.measure.zones import DAY_PARTS, MINUTES_PER_DAY, ZoneScheme, zone_marks

Int8s = NDArray[np.int8]

NO_PLACE = -1
"""Stands where a place of the matrix is padding."""

_LAST_MINUTE = MINUTES_PER_DAY - 1
_PART_STARTS = np.array([part.from_minute for part in DAY_PARTS])


class SlotCrossesBorderError(ValueError):
    """A slot lies in two parts of the day or in two zones: its energy cannot be split."""


def minutes_of_slots(matrix: MeterDayMatrix, zone: ZoneInfo) -> Int16s:
    """Return the minute of the local day at which each slot begins, NO_PLACE in the padding, shape (n, s)."""
    begins = np.stack([matrix.starts_at.astype(np.int64), matrix.step_s], axis=1)
    # Most rows of a partition are the same few days: the wall clock is asked once for each.
    grids, row_of = np.unique(begins, axis=0, return_inverse=True)
    minutes = np.array([_minutes(int(us), int(step_s), matrix.width, zone) for us, step_s in grids], dtype=np.int16)
    spread = minutes.reshape(len(grids), matrix.width)[row_of.reshape(-1)]
    return np.where(matrix.is_slot, spread, np.int16(NO_PLACE))


def parts_of_slots(matrix: MeterDayMatrix, zone: ZoneInfo) -> Int8s:
    """Return the number (0..5) of the day part of each slot, NO_PLACE in the padding, shape (n, s).

    Raises SlotCrossesBorderError.
    """
    minutes = minutes_of_slots(matrix, zone)
    return _places(matrix, minutes, _PART_STARTS)


def zones_of_slots(matrix: MeterDayMatrix, scheme: ZoneScheme, zone: ZoneInfo) -> Int8s:
    """Return the place in `scheme.zones` of the zone of each slot, NO_PLACE in the padding, shape (n, s).

    Takes any calendar, day by day. Raises NoCalendarError, SlotCrossesBorderError.
    """
    minutes = minutes_of_slots(matrix, zone)
    places = np.full(minutes.shape, NO_PLACE, dtype=np.int8)
    for day in np.unique(matrix.day_ons):
        rows = np.flatnonzero(matrix.day_ons == day)
        marks = zone_marks(scheme, cast("date", day.astype(DAY).item()))
        numbers = np.array([scheme.zones.index(mark.zone) for mark in marks], dtype=np.int8)
        starts = np.array([mark.minute for mark in marks])
        within = _places(matrix.take(rows), minutes[rows], starts)
        places[rows] = np.where(within == NO_PLACE, np.int8(NO_PLACE), numbers[within])
    return places


def _places(matrix: MeterDayMatrix, minutes: Int16s, starts: NDArray[np.int_]) -> Int8s:
    lengths = matrix.step_s[:, np.newaxis] // 60
    last_minutes = np.minimum(minutes + np.maximum(lengths, 1) - 1, _LAST_MINUTE)
    places = np.searchsorted(starts, minutes, side="right") - 1
    crosses = matrix.is_slot & (places != np.searchsorted(starts, last_minutes, side="right") - 1)
    if crosses.any():
        row, slot = np.argwhere(crosses)[0]
        raise SlotCrossesBorderError(
            f"slot {slot} of {matrix.step_s[row]} s on {matrix.day_ons[row]} crosses a border of zones: "
            f"it begins at minute {minutes[row, slot]} of the local day"
        )
    return np.where(matrix.is_slot, places, NO_PLACE).astype(np.int8)


def _minutes(start_us: int, step_s: int, width: int, zone: ZoneInfo) -> list[int]:
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start_us)
    local = [(start + timedelta(seconds=step_s * number)).astimezone(zone) for number in range(width)]
    return [at.hour * 60 + at.minute for at in local]
