"""What the mains bring to a simulated meter: three phases about 230 V, and what follows from the power drawn."""

from dataclasses import dataclass
from datetime import datetime
from math import isqrt

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy

_NOMINAL_MV = 230_000
_FREQUENCY_MHZ = 50_000
_STEP = 10
_WANDER = 500
_PHASE_PERMILLE = (390, 340, 270)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mains:
    """Values of one minute: tuples by phase, powers with their sum first."""

    voltages_mv: tuple[int, ...]
    currents_ma: tuple[int, ...]
    active_mw: tuple[int, ...]
    reactive_mvar: tuple[int, ...]
    """Below zero where it is capacitive."""
    apparent_mva: tuple[int, ...]
    frequency_mhz: int
    temperature_c: int = 24

    def factor_permille(self, place: int) -> int:
        """Return the power factor of a phase (1..), or of all (0)."""
        apparent_mva = self.apparent_mva[place]
        return self.active_mw[place] * 1000 // apparent_mva if apparent_mva else 1000


def mains_at(now: datetime, *, serial: int, phases: int, power: SwitchedEnergy) -> Mains:
    """Return what a meter measures, the same whenever it is asked for the same minute."""
    shares = _PHASE_PERMILLE if phases > 1 else (1000,)
    voltages = tuple(_NOMINAL_MV + _wander(serial, phase, now) * _STEP for phase in range(len(shares)))
    inductive, capacitive = (power.power_w(quantity, now) for quantity in (Quantity.R_PLUS, Quantity.R_MINUS))
    active = _parts(power.power_w(Quantity.A_PLUS, now) * 1000, shares)
    reactive = _parts(inductive * 1000 - capacitive * 1000, shares)
    apparent = tuple(isqrt(p * p + q * q) // _STEP * _STEP for p, q in zip(active, reactive, strict=True))
    return Mains(
        voltages_mv=voltages,
        currents_ma=tuple(s * 1000 // u for s, u in zip(apparent[1:], voltages, strict=True)),
        active_mw=active,
        reactive_mvar=reactive,
        apparent_mva=apparent,
        frequency_mhz=_FREQUENCY_MHZ + _wander(serial, len(shares), now) // 16 * _STEP,
    )


def _parts(total: int, shares: tuple[int, ...]) -> tuple[int, ...]:
    parts = [total * share // 1000 for share in shares]
    return (sum(parts), *parts)


def _wander(serial: int, which: int, now: datetime) -> int:
    minute = int(now.timestamp()) // 60
    mixed = (serial * 2_654_435_761 + minute * 40_503 + which * 97_531) & 0xFFFF_FFFF
    return (mixed >> 7) % (2 * _WANDER + 1) - _WANDER
