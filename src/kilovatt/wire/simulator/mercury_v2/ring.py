"""The load profile of a simulated meter: a ring of records, each written when its interval ends by the meter's clock.

Counts are differences of floors of the running sum, so that no part of a count is lost between intervals.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from struct import Struct

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.framing.bcd import bcd_from_int
from kilovatt.wire.protocols.mercury_v2.profile import (
    COUNT_MASKED,
    LARGE_RING_SIZE,
    RECORD_SIZE,
    RING_SIZE,
    RING_STEP,
)
from kilovatt.wire.simulator.mercury_v2.clockwork import Clockwork
from kilovatt.wire.simulator.meter import EnergySource, PastEvent
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EMPTY = bytes(RECORD_SIZE)
_CACHED_MAX = 500
"""Records are asked again when an answer was lost, seldom else; a town has hundreds of rings."""
_RECORD = Struct("<B5sB4H")
"""Status, stamp, length of the interval, four counts. Written here by itself: the reader's description is its judge."""
_BCD = tuple(bcd_from_int(number, 1)[0] for number in range(100))
_INCOMPLETE, _WINTER, _TARIFF_SHIFT = 0x02, 0x08, 5
_ORDER = (Quantity.A_PLUS, Quantity.A_MINUS, Quantity.R_PLUS, Quantity.R_MINUS)


class ProfileRing:
    """Records by their number: the count of intervals since 2000 that had ended when it was written."""

    def __init__(
        self,
        energy: EnergySource,
        switched: SwitchedEnergy,
        clockwork: Clockwork,
        *,
        quantities: frozenset[Quantity],
        uwh_per_count: int,
        step_s: int,
        is_large: bool,
        outages: Sequence[PastEvent] = (),
    ) -> None:
        self._energy = energy
        self._switched = switched
        self._clockwork = clockwork
        self._quantities = quantities
        self._uwh_per_count = uwh_per_count
        self._step = timedelta(seconds=step_s)
        self.period_minutes = step_s // 60
        self.size = LARGE_RING_SIZE if is_large else RING_SIZE
        self._outages = outages
        self._records: dict[int, bytes] = {}
        self._marks: dict[date, tuple[tuple[int, int], ...]] = {}
        self._sums: dict[int, tuple[int | None, ...]] = {}

    @property
    def places(self) -> int:
        """How many records it holds."""
        return self.size // RING_STEP

    def newest(self, now: datetime) -> int:
        """Return the number of the record that was written last."""
        return (self._clockwork.shown_at(now) - _EPOCH) // self._step

    def address_of(self, number: int) -> int:
        """Return where a record stands."""
        return number * RING_STEP % self.size

    def number_at(self, address: int, now: datetime) -> int:
        """Return the number of the record that stands at an address."""
        newest = self.newest(now)
        return newest - (newest - address // RING_STEP) % self.places

    def record(self, number: int) -> bytes:
        """Return a record as bytes: all zeros where none was ever written."""
        found = self._records.get(number)
        if found is None:
            if len(self._records) > _CACHED_MAX:
                self.forget()
            found = self._records[number] = self._written(number)
        return found

    def forget(self) -> None:
        """Make records anew: something was changed that they depend on."""
        self._records.clear()
        self._sums.clear()
        self._marks.clear()

    def _written(self, number: int) -> bytes:
        shown_at = _EPOCH + number * self._step
        ended_at = self._clockwork.true_instant(shown_at)
        began_at = self._clockwork.true_instant(shown_at - self._step)
        if began_at < self._energy.begins_at or ended_at <= began_at:
            return _EMPTY
        before, after = self._sum(number - 1, began_at), self._sum(number, ended_at)
        shown = [
            COUNT_MASKED if b is None or a is None else min(b - a, COUNT_MASKED - 1)
            for a, b in zip(before, after, strict=True)
        ]
        local = shown_at.astimezone(self._clockwork.zone)
        state = _WINTER if not local.dst() else 0
        if self._is_cut_short(began_at, ended_at):
            state |= _INCOMPLETE
        state |= (self._tariff(began_at) - 1) << _TARIFF_SHIFT
        stamp = bytes(_BCD[part] for part in (local.hour, local.minute, local.day, local.month, local.year % 100))
        return _RECORD.pack(state, stamp, self.period_minutes, *shown)

    def _tariff(self, at: datetime) -> int:
        """Return which tariff counted, by the marks of the local day."""
        local = at.astimezone(self._clockwork.zone)
        day_on, minute = local.date(), local.hour * 60 + local.minute
        marks = self._marks.get(day_on)
        if marks is None:
            marks = self._marks[day_on] = self._energy.tariff_table(at)
        return next(tariff for mark, tariff in reversed(marks) if mark <= minute)

    def _sum(self, number: int, at: datetime) -> tuple[int | None, ...]:
        found = self._sums.get(number)
        if found is None:
            found = self._sums[number] = tuple(
                self._switched.register_uwh(quantity, TOTAL_TARIFF, at) // self._uwh_per_count
                if quantity in self._quantities
                else None
                for quantity in _ORDER
            )
        return found

    def _is_cut_short(self, began_at: datetime, ended_at: datetime) -> bool:
        return self._clockwork.was_moved(began_at, ended_at) or any(
            event.began_at < ended_at and (event.ended_at is None or event.ended_at > began_at)
            for event in self._outages
        )
