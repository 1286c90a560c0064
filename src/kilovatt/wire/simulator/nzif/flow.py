"""What a simulated meter measures now: three phases about 230 V, and what follows from the power."""

from datetime import datetime
from math import isqrt

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.nzif.fields import Directed
from kilovatt.wire.protocols.nzif.instants import Measured
from kilovatt.wire.simulator.meter import EnergySource

_NOMINAL_MV = 230_000
_FREQUENCY_MHZ = 50_000
_STEP = 10
_WANDER = 500
_MAGNITUDE_MAX = (1 << 22) - 1
_PHASE_PERMILLE = (390, 340, 270)
_CURRENT_STEP_UA = 100


class Flow:
    """Instant values, the same whenever they are asked for the same minute."""

    def __init__(self, serial: int, phases: int, energy: EnergySource) -> None:
        self._serial = serial
        self._shares = _PHASE_PERMILLE if phases > 1 else (1000, 0, 0)
        self._energy = energy

    def measured(self, what: Measured, now: datetime) -> Directed | None:
        """Return one value in the unit of its name; None where the meter has no such value."""
        inductive, capacitive = (self._energy.power_w(q, now) for q in (Quantity.R_PLUS, Quantity.R_MINUS))
        active = self._parts(self._energy.power_w(Quantity.A_PLUS, now) * 1000)
        reactive = self._parts(abs(inductive - capacitive) * 1000)
        apparent = tuple(isqrt(p * p + q * q) for p, q in zip(active, reactive, strict=True))
        voltages = (0, *(self._voltage_mv(phase, now) if share else 0 for phase, share in enumerate(self._shares, 1)))
        values: dict[str, tuple[int, ...]] = {
            "power_mw": active,
            "power_mvar": reactive,
            "power_mva": apparent,
            "voltage_mv": voltages,
            "line_voltage_mv": tuple(mv * 1732 // 1000 // _STEP * _STEP for mv in voltages),
            "current_ua": tuple(_current_ua(s, u) for s, u in zip(apparent, voltages, strict=True)),
            "factor_permille": tuple(
                p * 100 // s * _STEP if s else 1000 for p, s in zip(active, apparent, strict=True)
            ),
            "frequency_mhz": (_FREQUENCY_MHZ + self._wander(0, now) // 16 * _STEP,),
        }
        told = values[what.name]
        if what.phase >= len(told):
            return None
        return Directed(told[what.phase], reactive_reversed=capacitive > inductive)

    def _parts(self, total: int) -> tuple[int, ...]:
        # Twenty-two bits of mW are 4.2 kW: what a meter of 5 A behind its transformers never sees.
        parts = [min(total, _MAGNITUDE_MAX) * share // 1000 for share in self._shares]
        return (sum(parts), *parts)

    def _voltage_mv(self, phase: int, now: datetime) -> int:
        return _NOMINAL_MV + self._wander(phase, now) * _STEP

    def _wander(self, which: int, now: datetime) -> int:
        minute = int(now.timestamp()) // 60
        mixed = (self._serial * 2_654_435_761 + minute * 40_503 + which * 97_531) & 0xFFFF_FFFF
        return (mixed >> 7) % (2 * _WANDER + 1) - _WANDER


def _current_ua(apparent_mva: int, voltage_mv: int) -> int:
    if not voltage_mv:
        return 0
    return apparent_mva * 1_000_000 // voltage_mv // _CURRENT_STEP_UA * _CURRENT_STEP_UA
