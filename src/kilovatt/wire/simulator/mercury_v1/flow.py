"""What a simulated meter measures now: voltage that wanders about 230 V, and what follows from the power."""

from datetime import datetime
from math import isqrt

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.mercury_v1.answers import ApparentPower, PhaseValues
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

_NOMINAL_MV = 230_000
_VOLTAGE_STEP_MV = 100
_CURRENT_STEP_MA = 10
_WANDER = 41
_FREQUENCY_MHZ = 50_000


class Flow:
    """Instant values, the same whenever they are asked for the same minute."""

    def __init__(self, serial: int, switched: SwitchedEnergy) -> None:
        self._serial = serial
        self._switched = switched

    def phase_values(self, now: datetime) -> PhaseValues:
        """Return voltage, current and active power."""
        voltage_mv = self.voltage_mv(now)
        current_ma = self.apparent_power(now).power_va * 1_000_000 // voltage_mv
        return PhaseValues(
            voltage_mv=voltage_mv,
            current_ma=current_ma // _CURRENT_STEP_MA * _CURRENT_STEP_MA,
            power_w=self.power_w(now),
        )

    def power_w(self, now: datetime) -> int:
        """Return the active power."""
        return self._switched.power_w(Quantity.A_PLUS, now)

    def power_var(self, now: datetime) -> int:
        """Return the reactive power."""
        return self._switched.power_w(Quantity.R_PLUS, now)

    def apparent_power(self, now: datetime) -> ApparentPower:
        """Return the apparent power and the power factor, which is one where nothing flows."""
        power_w, power_var = self.power_w(now), self.power_var(now)
        power_va = isqrt(power_w * power_w + power_var * power_var)
        return ApparentPower(factor_permille=power_w * 1000 // power_va if power_va else 1000, power_va=power_va)

    def voltage_mv(self, now: datetime) -> int:
        """Return the voltage."""
        return _NOMINAL_MV + self._wander(now) * _VOLTAGE_STEP_MV

    def frequency_mhz(self, now: datetime) -> int:
        """Return the frequency."""
        return _FREQUENCY_MHZ + self._wander(now) // 8 * 10

    def _wander(self, now: datetime) -> int:
        minute = int(now.timestamp()) // 60
        mixed = (self._serial * 2_654_435_761 + minute * 40_503) & 0xFFFF_FFFF
        return (mixed >> 7) % (2 * _WANDER + 1) - _WANDER
