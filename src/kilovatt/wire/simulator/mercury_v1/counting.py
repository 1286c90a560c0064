"""What a simulated meter has counted, in the steps of this family."""

from datetime import UTC, date, datetime, time, timedelta

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.mercury_v1.answers import REGISTER_PLACES, REGISTER_STEP_WH, ByTariff
from kilovatt.wire.protocols.mercury_v1.archive import COUNT_MAX, GROUP_SIZE, UWH_PER_COUNT, HalfHours
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.meter import EnergySource
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

TARIFFS = (1, 2, 3, 4)
_STEP = timedelta(minutes=30)
_UWH_PER_STEP = REGISTER_STEP_WH * 1_000_000


class Counting:
    """Registers and archive of one meter; every instant is the town's, every day the meter's."""

    def __init__(self, energy: EnergySource, switched: SwitchedEnergy, clockwork: Clockwork) -> None:
        self._energy = energy
        self._switched = switched
        self._clockwork = clockwork

    def registers(self, quantity: Quantity, at: datetime) -> ByTariff:
        """Return T1..T4 at an instant."""
        return tuple(self._register(quantity, tariff, at) for tariff in TARIFFS)

    def registers_at_midnight(self, quantity: Quantity, day_on: date) -> ByTariff:
        """Return T1..T4 when the meter's clock showed a midnight; a tariff that is not in use is None."""
        at = self._clockwork.true_midnight(day_on)
        used = {tariff for _, tariff in self._energy.tariff_table(at)}
        registers = self.registers(quantity, at)
        return tuple(
            value if value or tariff in used else None for tariff, value in zip(TARIFFS, registers, strict=True)
        )

    def registers_at_month(self, quantity: Quantity, month: int, now: datetime) -> ByTariff:
        """Return T1..T4 at the latest beginning of a month (1..12) that the meter's clock has passed."""
        today = self._clockwork.shows(now)
        year = today.year if month <= today.month else today.year - 1
        return self.registers_at_midnight(quantity, date(year, month, 1))

    def half_hours(self, day_on: date, group: int, now: datetime) -> HalfHours:
        """Return the counts of eight half-hours; None for those before the curve began or not over yet."""
        starts = [self._half_hour_start(day_on, group * GROUP_SIZE + index) for index in range(GROUP_SIZE)]
        kept = [start for start in starts if start >= self._energy.begins_at and start + _STEP <= now]
        # Floors of the running sum, so that no part of a count is lost from one half-hour to the next.
        running = {at: self._counts_until(at) for at in {*kept, *(start + _STEP for start in kept)}}
        counts = {start: min(running[start + _STEP] - running[start], COUNT_MAX) for start in kept}
        return tuple(counts.get(start) for start in starts)

    def _register(self, quantity: Quantity, tariff: int, at: datetime) -> int:
        steps = self._switched.register_uwh(quantity, tariff, at) // _UWH_PER_STEP
        return steps % REGISTER_PLACES * REGISTER_STEP_WH

    def _counts_until(self, at: datetime) -> int:
        return self._switched.flowed_uwh(Quantity.A_PLUS, at) // UWH_PER_COUNT

    def _half_hour_start(self, day_on: date, place: int) -> datetime:
        local = datetime.combine(day_on, time(place // 2, place % 2 * 30), self._clockwork.zone)
        return self._clockwork.true_instant(local.astimezone(UTC))
