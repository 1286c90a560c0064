"""The effective meter-day: of all that was heard of a day, per slot the one that is believed.

Edited > actual > estimated > missing; then the later `heard_at`; then the digest. There are no version numbers and
nothing is overwritten: any order, any batches, the same row twice, and the result is the same (laws, tested).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from math import gcd
from uuid import UUID

import numpy as np

from kilovatt.measure.metering.digests import meter_day_digest, register_digest
from kilovatt.measure.metering.matrices import Indexes, Int16s
from kilovatt.measure.metering.meter_days import RANK_MASK, MeterDay

__all__ = [
    "HeardMeterDay",
    "StoredMeterDay",
    "merge_meter_days",
    "meter_day_digest",
    "register_digest",
    "slot_winners",
]

_QUANTITIES = ("a_plus", "a_minus", "r_plus", "r_minus")
_Order = tuple[datetime, bytes, tuple[int, ...], str]


def slot_winners(ranks: Int16s, group_starts: Indexes) -> Indexes:
    """Return for each group and slot the number of the row that is believed, shape (groups, slots).

    `ranks`, shape (rows, slots): the `SlotRank` of each slot. The rows of one meter's day on one grid stand together
    from each of the `group_starts` on, in ascending order of (heard_at, digest). This is the whole rule of merging.
    """
    rows = len(ranks)
    keys = ranks.astype(np.int64) * rows + np.arange(rows, dtype=np.int64)[:, np.newaxis]
    winners: Indexes = (np.maximum.reduceat(keys, group_starts, axis=0) % max(rows, 1)).astype(np.intp)
    return winners


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardMeterDay:
    """A meter-day as one session, file or person brought it."""

    day: MeterDay
    digest: bytes
    session_id: UUID | None = None

    @property
    def order(self) -> _Order:
        """What decides between two slots of one rank; the tail only makes the order of equal contents certain."""
        return (self.day.heard_at, self.digest, self.day.exchanges, str(self.session_id))

    @property
    def grid(self) -> tuple[datetime, int, int]:
        """Which slots it has: only days on one grid can be compared slot by slot."""
        return (self.day.starts_at, self.day.step_s, len(self.day.qualities))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMeterDay:
    """The effective meter-day with where each slot came from.

    `heard` holds what still wins a slot on its grid (a meter whose profile was set from 60 to 30 minutes has two
    grids on that day; `day` is on the one with the best slot). `origins` has for each slot of `day` a place in `heard`.
    """

    day: MeterDay
    heard: tuple[HeardMeterDay, ...]
    origins: tuple[int, ...]

    @classmethod
    def single(cls, day: MeterDay, *, digest: bytes, session_id: UUID | None = None) -> "StoredMeterDay":
        """Return the effective day of a day heard once."""
        heard = HeardMeterDay(day=day, digest=digest, session_id=session_id)
        return cls(day=day, heard=(heard,), origins=(0,) * len(day.qualities))

    def origin(self, slot: int) -> HeardMeterDay:
        """Return what brought a slot: with `day.exchanges[slot]` it leads to the frame."""
        return self.heard[self.origins[slot]]


def merge_meter_days(days: Sequence[StoredMeterDay]) -> StoredMeterDay:
    """Return the effective day of several stored days of one meter and date.

    Commutative, associative, idempotent. Scales may differ: the result counts in their greatest common divisor. A
    quantity is None where a slot that is known came from a day that does not measure it. Raises ValueError for
    none, or for days of different dates.
    """
    dates = {stored.day.day_on for stored in days}
    if len(dates) != 1:
        raise ValueError(f"one day is merged at a time: got {sorted(dates)}")
    if len(days) == 1:
        return days[0]
    return _effective({heard for stored in days for heard in stored.heard})


def _effective(heard: Iterable[HeardMeterDay]) -> StoredMeterDay:
    in_order = sorted(heard, key=lambda one: (one.grid, one.order))
    merged = [_on_one_grid(tuple(group)) for _, group in groupby(in_order, key=lambda one: one.grid)]
    best = max(merged, key=_best_slot)
    kept = tuple(one for grid in merged for one in grid.heard)
    places = {id(one): place for place, one in enumerate(kept)}
    return replace(best, heard=kept, origins=tuple(places[id(best.heard[origin])] for origin in best.origins))


def _best_slot(stored: StoredMeterDay) -> tuple[int, _Order]:
    # Grids that tie to the last are the same content on two grids, which their digests tell apart.
    slots = zip(stored.day.qualities, stored.origins, strict=True)
    best = max(((quality & RANK_MASK, stored.heard[origin].order) for quality, origin in slots), default=None)
    return best or (-1, stored.heard[-1].order)


def _on_one_grid(heard: tuple[HeardMeterDay, ...]) -> StoredMeterDay:
    qualities = np.array([one.day.qualities for one in heard], dtype=np.int16)
    winners = slot_winners(qualities & np.int16(RANK_MASK), np.array([0], dtype=np.intp))[0]
    # A day without slots still has an origin: the last one heard.
    winning = sorted({int(winner) for winner in winners} or {len(heard) - 1})
    origins = tuple(winning.index(int(winner)) for winner in winners)
    return _composed(tuple(heard[winner] for winner in winning), origins)


def _composed(heard: tuple[HeardMeterDay, ...], origins: tuple[int, ...]) -> StoredMeterDay:
    scale = gcd(*(one.day.uwh_per_count for one in heard))
    slots = tuple(enumerate(origins))
    qualities = tuple(heard[origin].day.qualities[slot] for slot, origin in slots)
    single = StoredMeterDay(day=replace(heard[-1].day, qualities=qualities), heard=heard, origins=origins)
    lists = {name: _counts(heard, origins, name, scale) for name in _QUANTITIES}
    source = _best_slot(single)[1]
    day = replace(
        single.day,
        uwh_per_count=scale,
        exchanges=tuple(heard[origin].day.exchanges[slot] for slot, origin in slots),
        heard_at=max(one.day.heard_at for one in heard),
        source=next(one.day.source for one in heard if one.order == source),
        **lists,  # type: ignore[arg-type]  # a_plus is measured by every day
    )
    return replace(single, day=day)


def _counts(
    heard: tuple[HeardMeterDay, ...], origins: tuple[int, ...], name: str, scale: int
) -> tuple[int, ...] | None:
    measured: list[tuple[int, ...] | None] = [getattr(one.day, name) for one in heard]
    counts = []
    for slot, origin in enumerate(origins):
        own, day = measured[origin], heard[origin].day
        if own is None and day.qualities[slot] & RANK_MASK:
            return None
        counts.append(0 if own is None else own[slot] * (day.uwh_per_count // scale))
    return tuple(counts) if any(own is not None for own in measured) else None
