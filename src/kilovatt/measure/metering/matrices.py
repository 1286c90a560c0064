"""Many meter-days as aligned matrices: the form every rule and sum takes, for one row and for millions.

A day of 46 or 50 half-hours, or of another step, stands in the same matrix as one of 48: what is beyond the end of
a row is padded with count 0 and rank MISSING.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from kilovatt.measure.metering.meter_days import RANK_MASK, MeterDay, SlotRank
from kilovatt.measure.metering.registers import Quantity
from kilovatt.quantities.energy import ExactArray, scaled

Bools = NDArray[np.bool_]
Int16s = NDArray[np.int16]
Int64s = NDArray[np.int64]
Indexes = NDArray[np.intp]
Days = NDArray[np.datetime64]
Instants = NDArray[np.datetime64]

INSTANT = "datetime64[us]"
DAY = "datetime64[D]"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeterDayMatrix:
    """One quantity of n meter-days of at most s slots.

    `meter_ids`, `step_s` [s], `uwh_per_count` [µWh], `slots` (how many the row has): int64, shape (n);
    `day_ons`: datetime64[D], `starts_at` and `heard_at`: datetime64[us], UTC, shape (n);
    `counts`: int64 and `qualities`: int16, shape (n, s). Raises ValueError when a row has more slots than s.
    """

    meter_ids: Int64s
    day_ons: Days
    starts_at: Instants
    step_s: Int64s
    uwh_per_count: Int64s
    slots: Int64s
    counts: Int64s
    qualities: Int16s
    heard_at: Instants

    def __post_init__(self) -> None:
        if self.counts.shape != self.qualities.shape:
            raise ValueError(f"counts are {self.counts.shape}, their qualities {self.qualities.shape}")
        if len(self) and int(self.slots.max()) > self.width:
            raise ValueError(f"a row has {int(self.slots.max())} slots, the matrix is {self.width} wide")

    def __len__(self) -> int:
        return len(self.meter_ids)

    @property
    def width(self) -> int:
        """How many slots the longest row may have."""
        return int(self.counts.shape[1])

    @property
    def ranks(self) -> Int16s:
        """The `SlotRank` of each slot, MISSING in the padding."""
        return self.qualities & np.int16(RANK_MASK)

    @property
    def is_known(self) -> Bools:
        """Whether a slot has a value: of any rank but MISSING."""
        known: Bools = self.ranks != np.int16(SlotRank.MISSING)
        return known

    @property
    def is_slot(self) -> Bools:
        """Whether a place of the matrix is a slot of its day, not padding."""
        numbers = np.arange(self.width, dtype=np.int64)
        places: Bools = np.less(numbers[np.newaxis, :], self.slots[:, np.newaxis])
        return places

    @property
    def uwh(self) -> ExactArray:
        """The energy of each slot [µWh], exact, 0 where nothing is known."""
        return scaled(np.where(self.is_known, self.counts, 0), self.uwh_per_count[:, np.newaxis])

    @property
    def slot_ends(self) -> Instants:
        """The instant each slot ends, shape (n, s)."""
        numbers = np.arange(1, self.width + 1)[np.newaxis, :]
        passed = (numbers * self.step_s[:, np.newaxis]).astype("timedelta64[s]")
        ends: Instants = self.starts_at[:, np.newaxis] + passed
        return ends

    def take(self, rows: Indexes) -> "MeterDayMatrix":
        """Return the matrix of some rows, in that order."""
        names = ("meter_ids", "day_ons", "starts_at", "step_s", "uwh_per_count", "slots", "counts", "qualities")
        return replace(self, heard_at=self.heard_at[rows], **{name: getattr(self, name)[rows] for name in names})


def matrix_of(
    days: Sequence[tuple[int, MeterDay]], *, quantity: Quantity = Quantity.A_PLUS, width: int = 0
) -> MeterDayMatrix:
    """Return the matrix of (meter, meter-day) pairs, as wide as the longest day and at least `width`.

    A day that does not measure the quantity has every slot MISSING.
    """
    slots = np.array([len(day.qualities) for _, day in days], dtype=np.int64)
    wide = max(width, int(slots.max(initial=0)))
    counts = np.zeros((len(days), wide), dtype=np.int64)
    qualities = np.zeros((len(days), wide), dtype=np.int16)
    for row, (_, day) in enumerate(days):
        measured = getattr(day, quantity.value)
        if measured is not None:
            counts[row, : len(measured)] = measured
            qualities[row, : len(measured)] = day.qualities
    return MeterDayMatrix(
        meter_ids=np.array([meter_id for meter_id, _ in days], dtype=np.int64),
        day_ons=np.array([day.day_on for _, day in days], dtype=DAY),
        starts_at=instants([day.starts_at for _, day in days]),
        step_s=np.array([day.step_s for _, day in days], dtype=np.int64),
        uwh_per_count=np.array([day.uwh_per_count for _, day in days], dtype=np.int64),
        slots=slots,
        counts=counts,
        qualities=qualities,
        heard_at=instants([day.heard_at for _, day in days]),
    )


def instants(ats: Sequence[datetime]) -> Instants:
    """Return aware instants as datetime64[us] in UTC, which numpy keeps without saying so."""
    return np.array([at.astimezone(UTC).replace(tzinfo=None) for at in ats], dtype=INSTANT)
