"""What flows now: one value, a quantity of all phases, or everything at once (section 4.4.15, BWRI bytes).

Powers [mW, mvar, mVA], voltages [mV], currents [mA], power factors [‰], frequency [mHz], angles [millidegrees],
distortions [hundredths of a percent], temperature [°C]. What is masked is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, Row, Single, nested
from kilovatt.wire.protocols.mercury_v2.energy import TOTALS, EnergyTotals
from kilovatt.wire.protocols.mercury_v2.fields import (
    Directed,
    directed,
    flow,
    low_first,
    maskable,
    signed_high_first,
)
from kilovatt.wire.protocols.mercury_v2.meter_clock import CLOCK, MeterClock
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request


class Quantity(IntEnum):
    """What is measured: the high half of a BWRI byte."""

    POWER = 0x0
    VOLTAGE = 0x1
    CURRENT = 0x2
    POWER_FACTOR = 0x3
    FREQUENCY = 0x4
    ANGLE = 0x5
    DISTORTION = 0x6
    TEMPERATURE = 0x7
    LINE_VOLTAGE = 0x8


class PowerKind(IntEnum):
    """Which power."""

    ACTIVE = 0
    REACTIVE = 1
    APPARENT = 2


_POWER_NAMES = {PowerKind.ACTIVE: "power_mw", PowerKind.REACTIVE: "power_mvar", PowerKind.APPARENT: "power_mva"}
_NAMES = {
    Quantity.VOLTAGE: "voltage_mv",
    Quantity.CURRENT: "current_ma",
    Quantity.POWER_FACTOR: "factor_permille",
    Quantity.FREQUENCY: "frequency_mhz",
    Quantity.ANGLE: "angle_mdeg",
    Quantity.DISTORTION: "distortion_permyriad",
    Quantity.TEMPERATURE: "temperature_c",
    Quantity.LINE_VOLTAGE: "line_voltage_mv",
}
_POWER = directed(3, step=10)
_FROZEN_POWER = directed(4, step=10)
_HUNDREDTHS = flow(step=10)
_THOUSANDTHS = flow()
_FIELDS: Mapping[Quantity, Field] = {
    Quantity.POWER: _POWER,
    Quantity.VOLTAGE: _HUNDREDTHS,
    Quantity.CURRENT: _THOUSANDTHS,
    Quantity.POWER_FACTOR: directed(3),
    Quantity.FREQUENCY: _HUNDREDTHS,
    Quantity.ANGLE: _HUNDREDTHS,
    Quantity.DISTORTION: maskable(low_first(2)),
    Quantity.TEMPERATURE: signed_high_first(2),
    Quantity.LINE_VOLTAGE: _HUNDREDTHS,
}
_COUNTS = {Quantity.POWER: 4, Quantity.POWER_FACTOR: 4, Quantity.FREQUENCY: 1, Quantity.TEMPERATURE: 1}
_THREE = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity, the kind of power where it is one, and the phase: 0 the sum (or the only one), 1..3."""

    quantity: Quantity
    phase: int = 0
    power: PowerKind = PowerKind.ACTIVE

    def __post_init__(self) -> None:
        if not 0 <= self.phase <= _THREE:
            raise ValueError(f"a phase is 0 to 3: got {self.phase}")
        if self.quantity is not Quantity.POWER and self.power is not PowerKind.ACTIVE:
            raise ValueError(f"{self.quantity.name} is no power")

    @property
    def name(self) -> str:
        """The name of its field, with its unit."""
        return _POWER_NAMES[self.power] if self.quantity is Quantity.POWER else _NAMES[self.quantity]


def _measured_from(data: bytes) -> Measured:
    quantity = Quantity(data[0] >> 4)
    # Bits that mean nothing are ignored by meters.
    power = PowerKind(data[0] >> 2 & 0b11) if quantity is Quantity.POWER else PowerKind.ACTIVE
    return Measured(quantity, data[0] & 0b11, power)


MEASURED = Field(
    size=1,
    read=_measured_from,
    write=lambda it: bytes([it.quantity << 4 | it.power << 2 | it.phase]),
)

Value = Directed | int | None


@dataclass(frozen=True, slots=True)
class ReadInstant(MercuryV2Request[Value]):
    """One value."""

    measured: Measured
    prefix = b"\x08\x11"
    asks: ClassVar[Mapping[str, Field]] = {"measured": MEASURED}

    @property
    def says(self) -> tuple[Layout[Value], ...]:
        return (Single({self.measured.name: _FIELDS[self.measured.quantity]}),)


@dataclass(frozen=True, slots=True)
class ReadInstants(MercuryV2Request[tuple[Value, ...]]):
    """A quantity of all phases: the sum first where it has one."""

    measured: Measured
    prefix = b"\x08\x16"
    asks: ClassVar[Mapping[str, Field]] = {"measured": MEASURED}

    @property
    def says(self) -> tuple[Layout[tuple[Value, ...]], ...]:
        quantity = self.measured.quantity
        return (Row(self.measured.name, _FIELDS[quantity], _COUNTS.get(quantity, _THREE)),)


@dataclass(frozen=True, slots=True)
class Everything:
    """All that is measured. Four values are the sum and the phases; three are the phases.

    Angles are between phases 1-2, 1-3, 2-3; line voltages, which newer meters add, between 1-2, 2-3, 1-3.
    """

    active_mw: tuple[Directed | None, ...]
    reactive_mvar: tuple[Directed | None, ...]
    apparent_mva: tuple[Directed | None, ...]
    voltages_mv: tuple[int | None, ...]
    angles_mdeg: tuple[int | None, ...]
    currents_ma: tuple[int | None, ...]
    factors_permille: tuple[Directed | None, ...]
    frequency_mhz: int | None
    distortions_permyriad: tuple[int | None, ...]
    temperature_c: int
    line_voltages_mv: tuple[int | None, ...] | None = None


def _of(quantity: Quantity, name: str) -> Field:
    return nested(Row(name, _FIELDS[quantity], _COUNTS.get(quantity, _THREE)))


_EVERYTHING: Mapping[str, Field] = {
    "active_mw": _of(Quantity.POWER, "power_mw"),
    "reactive_mvar": _of(Quantity.POWER, "power_mvar"),
    "apparent_mva": _of(Quantity.POWER, "power_mva"),
    "voltages_mv": _of(Quantity.VOLTAGE, "voltage_mv"),
    "angles_mdeg": _of(Quantity.ANGLE, "angle_mdeg"),
    "currents_ma": _of(Quantity.CURRENT, "current_ma"),
    "factors_permille": _of(Quantity.POWER_FACTOR, "factor_permille"),
    "frequency_mhz": _FIELDS[Quantity.FREQUENCY],
    "distortions_permyriad": _of(Quantity.DISTORTION, "distortion_permyriad"),
    "temperature_c": _FIELDS[Quantity.TEMPERATURE],
}
_WITH_LINES: Mapping[str, Field] = {
    **_EVERYTHING,
    "line_voltages_mv": _of(Quantity.LINE_VOLTAGE, "line_voltage_mv"),
}


@dataclass(frozen=True, slots=True)
class ReadEverything(MercuryV2Request[Everything]):
    """All values in one answer, of 86 bytes or, from newer meters, 95."""

    prefix = b"\x08\x16\xa0"
    grows = True

    @property
    def says(self) -> tuple[Layout[Everything], ...]:
        return (Record(Everything, _EVERYTHING), Record(Everything, _WITH_LINES))


@dataclass(frozen=True, slots=True)
class ReadFrozen(MercuryV2Request[tuple[Value, ...]]):
    """A quantity of all phases, as it was when `Freeze` was heard; powers have four bytes here."""

    measured: Measured
    prefix = b"\x08\x14"
    asks: ClassVar[Mapping[str, Field]] = {"measured": MEASURED}

    @property
    def says(self) -> tuple[Layout[tuple[Value, ...]], ...]:
        quantity = self.measured.quantity
        field = _FROZEN_POWER if quantity is Quantity.POWER else _FIELDS[quantity]
        return (Row(self.measured.name, field, _COUNTS.get(quantity, _THREE)),)


@dataclass(frozen=True, slots=True)
class ReadFrozenClock(MercuryV2Request[MeterClock]):
    """When the values were frozen."""

    prefix = b"\x08\x14\xe0"

    @property
    def says(self) -> tuple[Layout[MeterClock], ...]:
        return (CLOCK,)


def _frozen_tariff_from(data: bytes) -> int:
    if data[0] & 0xF0 != 0xF0 or data[0] & 0x0F > 4:
        raise ValueError(f"frozen energy is F0h to F4h: got {data[0]:02X}h")
    return data[0] & 0x0F


@dataclass(frozen=True, slots=True)
class ReadFrozenEnergy(MercuryV2Request[EnergyTotals]):
    """The registers of a tariff (0 the sum) as they were frozen."""

    tariff: int
    prefix = b"\x08\x14"
    asks: ClassVar[Mapping[str, Field]] = {
        "tariff": Field(size=1, read=_frozen_tariff_from, write=lambda tariff: bytes([0xF0 | tariff]))
    }

    @property
    def says(self) -> tuple[Layout[EnergyTotals], ...]:
        return (TOTALS,)
