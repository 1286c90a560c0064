"""What a simulated meter of Энергомера has counted and measures, in the steps it shows."""

from datetime import UTC, date, datetime, time, timedelta

from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.energomera.fields import ArchiveStamp
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

TARIFFS = (1, 2, 3, 4)
_DECIMALS = {1000: 0, 100: 1, 10: 2, 1: 3}
"""How many decimals of a kWh a step [Wh] is."""
_COUNTS = 1 << 32
_MONTHS_OF_A_YEAR = 12
_ONE_DAY = timedelta(days=1)
_INTERVALS_OF_A_DAY = 48
_INTERVAL = timedelta(minutes=30)
_TOTAL = 0
_NOMINAL_COUNT = 23_000
_WANDER = 410


class Counting:
    """Registers and instant values of one meter; every instant is the town's, every day the meter's."""

    def __init__(self, plan: SimulatedMeterPlan) -> None:
        self._plan = plan

    @property
    def model(self) -> MeterModel:
        """The row of the catalogue."""
        return self._plan.model

    @property
    def decimals(self) -> int:
        """How many decimals of a kWh its registers show."""
        return _DECIMALS[self.model.register_step_wh]

    def shows(self, now: datetime) -> WallTime:
        """Return what its clock shows."""
        return WallTime.of(now + self._plan.clock_ahead, self._plan.zone)

    def count(self, tariff: int, at: datetime) -> int:
        """Return the register of a tariff (0 the total) at an instant."""
        step_uwh = self.model.register_step_wh * 1_000_000
        return self._plan.energy.register_uwh(Quantity.A_PLUS, tariff, at) // step_uwh % _COUNTS

    def count_at_midnight(self, tariff: int, day_on: date) -> int:
        """Return the register of a tariff when the meter's clock showed a midnight."""
        midnight = datetime.combine(day_on, time.min, self._plan.zone).astimezone(UTC)
        return self.count(tariff, midnight - self._plan.clock_ahead)

    def interval_counts(self, day_on: date, first: int, intervals: int, now: datetime) -> tuple[int | None, ...]:
        """Return the energy of half-hours of a day; None for those before the curve began, or not over yet."""
        return tuple(self._interval_count(day_on, place, now) for place in range(first, first + intervals))

    def _interval_count(self, day_on: date, place: int, now: datetime) -> int | None:
        if place >= _INTERVALS_OF_A_DAY:
            return None
        local = datetime.combine(day_on, time(place // 2, place % 2 * 30), self._plan.zone)
        start = local.astimezone(UTC) - self._plan.clock_ahead
        if start < self._plan.energy.begins_at or start + _INTERVAL > now:
            return None
        # Floors of the running sum, so that no part of a count is lost from one half-hour to the next.
        return self.count(_TOTAL, start + _INTERVAL) - self.count(_TOTAL, start)

    def month_on(self, age: int, now: datetime) -> date:
        """Return the first day of the month so many months back."""
        today = self.shows(now)
        months = today.year * _MONTHS_OF_A_YEAR + today.month - 1 - age
        return date(months // _MONTHS_OF_A_YEAR, months % _MONTHS_OF_A_YEAR + 1, 1)

    def day_on(self, age: int, now: datetime) -> date:
        """Return the day so many days back."""
        return self.shows(now).day_on - age * _ONE_DAY

    def month_stamp(self, month_on: date) -> ArchiveStamp:
        """Return how the archive names the month that ended when this one began."""
        ended_on = month_on - _ONE_DAY
        return ArchiveStamp(ended_on.year, ended_on.month, 0)

    def power_count(self, now: datetime) -> int:
        """Return the power that flows, in the decimals of the registers."""
        return self._plan.energy.power_w(Quantity.A_PLUS, now) // self.model.register_step_wh

    def voltage_counts(self, now: datetime) -> tuple[int, ...]:
        """Return the voltage of each phase, in hundredths of a volt: it wanders about 230 V."""
        minute = int(now.timestamp()) // 60
        mixed = [(self._plan.serial + phase) * 2_654_435_761 + minute * 40_503 for phase in range(self.model.phases)]
        return tuple(_NOMINAL_COUNT + ((it & 0xFFFF_FFFF) >> 7) % (2 * _WANDER + 1) - _WANDER for it in mixed)

    def current_counts(self, now: datetime, step_ma: int) -> tuple[int, ...]:
        """Return the current of each phase, in steps, as if the load were spread evenly."""
        power_w = self._plan.energy.power_w(Quantity.A_PLUS, now)
        volts = self.voltage_counts(now)
        # [W] → [mA] over hundredths of a volt.
        return tuple(power_w * 100_000 // (self.model.phases * count) // step_ma for count in volts)
