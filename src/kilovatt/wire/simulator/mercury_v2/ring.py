"""The load profile of a simulated meter: a ring of records, each written when its interval ends by the meter's clock.

Counts are differences of floors of the running sum, so that no part of a count is lost between intervals.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.mercury_v2.profile import (
    COUNT_MASKED,
    LARGE_RING_SIZE,
    PROFILE_RECORD,
    RECORD_SIZE,
    RING_SIZE,
    RING_STEP,
    ProfileRecord,
    RecordState,
)
from kilovatt.wire.protocols.mercury_v2.wall_time import WallTime
from kilovatt.wire.simulator.mercury_v1.switched_energy import SwitchedEnergy
from kilovatt.wire.simulator.mercury_v2.clockwork import Clockwork, is_winter
from kilovatt.wire.simulator.meter import EnergySource, PastEvent

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EMPTY = bytes(RECORD_SIZE)
_CACHED_MAX = 10_000
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
        self._sums: dict[int, tuple[int, ...]] = {}

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

    def _written(self, number: int) -> bytes:
        shown_at = _EPOCH + number * self._step
        ended_at = self._clockwork.true_instant(shown_at)
        began_at = self._clockwork.true_instant(shown_at - self._step)
        if began_at < self._energy.begins_at or ended_at <= began_at:
            return _EMPTY
        before, after = self._sum(number - 1, began_at), self._sum(number, ended_at)
        counts = dict(
            zip(_ORDER, (min(b - a, COUNT_MASKED - 1) for a, b in zip(before, after, strict=True)), strict=True)
        )
        shown = [counts[quantity] if quantity in self._quantities else None for quantity in _ORDER]
        zone = self._clockwork.zone
        return PROFILE_RECORD.encode(
            ProfileRecord(
                state=RecordState(
                    is_incomplete=self._is_cut_short(began_at, ended_at),
                    is_winter=is_winter(shown_at, zone),
                    tariff=self._energy.tariff_at(began_at),
                ),
                stamp=WallTime.of(shown_at, zone),
                period_minutes=self.period_minutes,
                a_plus=shown[0],
                a_minus=shown[1],
                r_plus=shown[2],
                r_minus=shown[3],
            )
        )

    def _sum(self, number: int, at: datetime) -> tuple[int, ...]:
        found = self._sums.get(number)
        if found is None:
            found = self._sums[number] = tuple(
                self._switched.register_uwh(quantity, TOTAL_TARIFF, at) // self._uwh_per_count
                if quantity in self._quantities
                else 0
                for quantity in _ORDER
            )
        return found

    def _is_cut_short(self, began_at: datetime, ended_at: datetime) -> bool:
        if self._clockwork.was_moved(began_at, ended_at):
            return True
        return any(
            event.began_at < ended_at and (event.ended_at is None or event.ended_at > began_at)
            for event in self._outages
        )
