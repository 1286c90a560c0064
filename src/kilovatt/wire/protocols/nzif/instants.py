"""What flows now (2.4.3.23 and the floating values of 08 1B): secondary values, without transformer ratios.

In three bytes: voltages in steps of 10 mV, frequency of 10 mHz, power factors of 10 ‰; currents in steps of 100 µA
and powers of 1 mW, each times a number of the type (1 for the ПСЧ-4ТМ.05МК and the СЭТ-4ТМ.03М). The unit of the
floating values is told nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, Layout, Row, Single
from kilovatt.wire.protocols.nzif.fields import REAL, Directed, directed
from kilovatt.wire.protocols.nzif.request import NzifRequest

_THREE = 3
_POWERS = {0x00: "power_mw", 0x04: "power_mvar", 0x08: "power_mva"}
_FAMILIES = {
    **_POWERS,
    0x10: "voltage_mv",
    0x14: "line_voltage_mv",
    0x20: "current_ua",
    0x30: "factor_permille",
    0x40: "frequency_mhz",
}
_STEPS = {
    "power_mw": 1,
    "power_mvar": 1,
    "power_mva": 1,
    "voltage_mv": 10,
    "line_voltage_mv": 10,
    "current_ua": 100,
    "factor_permille": 10,
    "frequency_mhz": 10,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured: the byte of a quantity (its two lowest bits the phase, 0 the sum or the only one)."""

    code: int

    def __post_init__(self) -> None:
        if self.code & ~0b11 not in _FAMILIES:
            raise ValueError(f"nothing that is known is measured under {self.code:02X}h")

    @property
    def name(self) -> str:
        """The name of its field, with its unit."""
        return _FAMILIES[self.code & ~0b11]

    @property
    def phase(self) -> int:
        """The phase: 1 to 3, 0 the sum or the only one."""
        return self.code & 0b11

    def __str__(self) -> str:
        return f"{self.name.rpartition('_')[0]} phase={self.phase}"


ACTIVE_POWER = Measured(0x00)
FREQUENCY = Measured(0x40)


def voltage(phase: int) -> Measured:
    """Return the voltage of a phase, 1 to 3."""
    return Measured(0x10 + phase)


def current(phase: int) -> Measured:
    """Return the current of a phase, 1 to 3."""
    return Measured(0x20 + phase)


MEASURED = Field(size=1, read=lambda data: Measured(data[0]), write=lambda measured: bytes([measured.code]))


def _of(measured: Measured) -> Field:
    return directed(step=_STEPS[measured.name])


@dataclass(frozen=True, slots=True)
class ReadInstant(NzifRequest[Directed]):
    """One value, in three bytes."""

    measured: Measured
    prefix = b"\x08\x11"
    asks: ClassVar[Mapping[str, Field]] = {"measured": MEASURED}

    @property
    def says(self) -> tuple[Layout[Directed], ...]:
        return (Single({self.measured.name: _of(self.measured)}),)


@dataclass(frozen=True, slots=True)
class ReadInstants(NzifRequest[tuple[Directed, ...]]):
    """A quantity of the sum and the three phases, in three bytes each."""

    measured: Measured
    prefix = b"\x08\x16"
    asks: ClassVar[Mapping[str, Field]] = {"measured": MEASURED}

    @property
    def says(self) -> tuple[Layout[tuple[Directed, ...]], ...]:
        return (Row(f"each_{self.measured.name}", _of(self.measured), 1 + _THREE),)


@dataclass(frozen=True, slots=True)
class ReadReal(NzifRequest[float]):
    """One value, floating."""

    measured: Measured
    prefix = b"\x08\x1b\x00"
    asks: ClassVar[Mapping[str, Field]] = {"measured": MEASURED}

    @property
    def says(self) -> tuple[Layout[float], ...]:
        return (Single({"real": REAL}),)


@dataclass(frozen=True, slots=True)
class ReadReals(NzifRequest[tuple[float, ...]]):
    """A quantity of the sum and the three phases, floating."""

    measured: Measured
    prefix = b"\x08\x1b\x02"
    asks: ClassVar[Mapping[str, Field]] = {"measured": MEASURED}

    @property
    def says(self) -> tuple[Layout[tuple[float, ...]], ...]:
        return (Row("each_real", REAL, 1 + _THREE),)
