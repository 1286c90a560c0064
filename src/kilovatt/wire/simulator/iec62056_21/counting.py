"""What a simulated meter of IEC 62056-21 has counted and measures, as texts."""

from datetime import UTC, date, datetime, time, timedelta

from kilovatt.measure.metering.catalogue.energomera_iec import EnergomeraIecDialect
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.iec62056_21.names import month_argument
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

_TARIFFS = range(5)
_MONTHS_OF_A_YEAR = 12
_ONE_DAY = timedelta(days=1)
_UWH_PER_KWH = 1_000_000_000
_DECIMALS_OF_UWH = 9
_NOMINAL_MV = 230_000
_WANDER_MV = 4_100


class Counting:
    """Registers and instant values of one meter; every instant is the town's, every day the meter's."""

    def __init__(self, plan: SimulatedMeterPlan) -> None:
        self._plan = plan
        dialect = plan.model.dialect
        # What a step of so many Wh needs, unless more is written.
        self._decimals = 3 if plan.model.register_step_wh == 1 else 2
        if isinstance(dialect, EnergomeraIecDialect):
            self._decimals = dialect.decimals

    def shows(self, now: datetime) -> WallTime:
        """Return what its clock shows."""
        return WallTime.of(now + self._plan.clock_ahead, self._plan.zone)

    def registers(self, quantity: Quantity, at: datetime) -> tuple[str, ...]:
        """Return the total and T1..T4 at an instant [kWh]."""
        return tuple(self._shown(self._plan.energy.register_uwh(quantity, tariff, at)) for tariff in _TARIFFS)

    def _shown(self, counted_uwh: int) -> str:
        whole, rest = divmod(counted_uwh, _UWH_PER_KWH)
        return f"{whole}.{rest:09}"[: self._decimals - _DECIMALS_OF_UWH]

    def midnight(self, day_on: date) -> datetime:
        """Return when the meter's clock showed a midnight."""
        local = datetime.combine(day_on, time.min, self._plan.zone)
        return local.astimezone(UTC) - self._plan.clock_ahead

    def month_on(self, age: int, now: datetime) -> date:
        """Return the first day of the month so many months back."""
        today = self.shows(now)
        months = today.year * _MONTHS_OF_A_YEAR + today.month - 1 - age
        return date(months // _MONTHS_OF_A_YEAR, months % _MONTHS_OF_A_YEAR + 1, 1)

    def months(self, now: datetime) -> tuple[date, ...]:
        """Return the first days of the months from whose beginnings it keeps registers, the newest first."""
        return tuple(self.month_on(age, now) for age in range(self._plan.model.month_register_depth_months + 1))

    def ends_of_months(self, now: datetime) -> dict[str, datetime]:
        """Return when the months ended whose registers it keeps, by their names as `mm.yy`."""
        return {month_argument(month - _ONE_DAY): self.midnight(month) for month in self.months(now)}

    def power_w(self, now: datetime) -> int:
        """Return the power that flows."""
        return self._plan.energy.power_w(Quantity.A_PLUS, now)

    def powers_of_phases_w(self, now: datetime) -> tuple[int, ...]:
        """Return the power of each of three phases, as if the load were spread evenly."""
        each_w = self.power_w(now) // 3
        return (each_w, each_w, self.power_w(now) - 2 * each_w)

    def voltages_mv(self, now: datetime) -> tuple[int, ...]:
        """Return the voltage of each phase: it wanders about 230 V."""
        minute = int(now.timestamp()) // 60
        phases = range(self._plan.model.phases)
        mixed = [(self._plan.serial + phase) * 2_654_435_761 + minute * 40_503 for phase in phases]
        return tuple(_NOMINAL_MV + ((it & 0xFFFF_FFFF) >> 7) % (2 * _WANDER_MV + 1) - _WANDER_MV for it in mixed)

    def currents_ma(self, now: datetime) -> tuple[int, ...]:
        """Return the current of each phase, as if the load were spread evenly."""
        volts = self.voltages_mv(now)
        return tuple(self.power_w(now) * 1_000_000 // (len(volts) * millivolts) for millivolts in volts)
