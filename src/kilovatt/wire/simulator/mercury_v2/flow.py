"""What a simulated meter measures now: three phases about 230 V, and what follows from the power."""

from datetime import datetime
from math import isqrt

from kilovatt.measure.metering.registers import Quantity as Measurand
from kilovatt.wire.protocols.mercury_v2.fields import Directed
from kilovatt.wire.protocols.mercury_v2.instants import Everything, Measured, PowerKind, Quantity, Value
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

_NOMINAL_MV = 230_000
_STEP = 10
_WANDER = 500
_FREQUENCY_MHZ = 50_000
_TEMPERATURE_C = 24
_ANGLES_MDEG = (120_000, 240_000, 120_000)
_PHASE_PERMILLE = (390, 340, 270)


class Flow:
    """Instant values, the same whenever they are asked for the same minute."""

    def __init__(self, serial: int, phases: int, switched: SwitchedEnergy) -> None:
        self._serial = serial
        self._shares = _PHASE_PERMILLE if phases > 1 else (1000, 0, 0)
        self._switched = switched

    def everything(self, now: datetime) -> Everything:
        """Return all values, without the line voltages that only newer firmware adds."""
        voltages = tuple(self._voltage_mv(phase, now) if share else 0 for phase, share in enumerate(self._shares))
        active = self._split(self._switched.power_w(Measurand.A_PLUS, now) * 1000)
        inductive = self._switched.power_w(Measurand.R_PLUS, now)
        capacitive = self._switched.power_w(Measurand.R_MINUS, now)
        reactive = self._split(abs(inductive - capacitive) * 1000)
        apparent = [isqrt(p * p + q * q) // _STEP * _STEP for p, q in zip(active, reactive, strict=True)]
        is_given = capacitive > inductive
        return Everything(
            active_mw=tuple(Directed(value, reactive_reversed=is_given) for value in active),
            reactive_mvar=tuple(Directed(value, reactive_reversed=is_given) for value in reactive),
            apparent_mva=tuple(Directed(value, reactive_reversed=is_given) for value in apparent),
            voltages_mv=voltages,
            angles_mdeg=_ANGLES_MDEG,
            currents_ma=tuple(s * 1000 // u if u else 0 for s, u in zip(apparent[1:], voltages, strict=True)),
            factors_permille=tuple(
                Directed(p * 1000 // s if s else 1000, reactive_reversed=is_given)
                for p, s in zip(active, apparent, strict=True)
            ),
            frequency_mhz=_FREQUENCY_MHZ + self._wander(0, now) // 16 * _STEP,
            distortions_permyriad=tuple(150 + self._wander(phase, now) // 5 for phase in (1, 2, 3)),
            temperature_c=_TEMPERATURE_C,
        )

    def measured(self, what: Measured, now: datetime) -> tuple[Value, ...]:
        """Return one quantity of all phases."""
        it = self.everything(now)
        powers = {
            PowerKind.ACTIVE: it.active_mw,
            PowerKind.REACTIVE: it.reactive_mvar,
            PowerKind.APPARENT: it.apparent_mva,
        }
        shown: dict[Quantity, tuple[Value, ...]] = {
            Quantity.POWER: powers[what.power],
            Quantity.VOLTAGE: it.voltages_mv,
            Quantity.CURRENT: it.currents_ma,
            Quantity.POWER_FACTOR: it.factors_permille,
            Quantity.FREQUENCY: (it.frequency_mhz,),
            Quantity.ANGLE: it.angles_mdeg,
            Quantity.DISTORTION: it.distortions_permyriad,
            Quantity.TEMPERATURE: (it.temperature_c,),
            Quantity.LINE_VOLTAGE: tuple((mv or 0) * 1732 // 1000 // _STEP * _STEP for mv in it.voltages_mv),
        }
        return shown[what.quantity]

    def one(self, what: Measured, now: datetime) -> Value:
        """Return one value; a phase of 0 where there is no sum means the first."""
        values = self.measured(what, now)
        has_sum = what.quantity in (Quantity.POWER, Quantity.POWER_FACTOR)
        place = what.phase if has_sum else max(0, what.phase - 1)
        return values[min(place, len(values) - 1)]

    def _split(self, total: int) -> tuple[int, ...]:
        parts = [total * share // 1000 // _STEP * _STEP for share in self._shares]
        return (sum(parts), *parts)

    def _voltage_mv(self, phase: int, now: datetime) -> int:
        return _NOMINAL_MV + self._wander(phase, now) * _STEP

    def _wander(self, which: int, now: datetime) -> int:
        minute = int(now.timestamp()) // 60
        mixed = (self._serial * 2_654_435_761 + minute * 40_503 + which * 97_531) & 0xFFFF_FFFF
        return (mixed >> 7) % (2 * _WANDER + 1) - _WANDER
