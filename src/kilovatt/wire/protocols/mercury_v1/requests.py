"""What can be asked of meters of this language: one class per command.

The attributes of a request are its parameter: `asks` lays them into the frame, `says` lays out what comes
back. A meter of this language never says no: it answers or is silent.
Source: Incotex, "Система команд счетчиков М206", 28.03.2017, tables 2 and 4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self

from kilovatt.wire.protocols.framing.connection import AnswerT, Request
from kilovatt.wire.protocols.framing.layout import NOTHING, Field, Layout, Single, asked_by
from kilovatt.wire.protocols.mercury_v1 import answers
from kilovatt.wire.protocols.mercury_v1.fields import bcd, binary

RING_PLACES = 64
RUNNING = 16
"""Stands for a month where the running registers are meant (0Fh on the wire, one less as for every month)."""


class MercuryV1Request(Request[AnswerT]):
    """A command with its parameter."""

    __slots__ = ()
    code: ClassVar[int]
    selector: ClassVar[tuple[int, ...] | None] = None
    """The first bytes of the parameter that make it this request, where a command has several meanings."""
    asks: ClassVar[Mapping[str, Field]] = {}
    says: ClassVar[Layout[Any]] = NOTHING

    @property
    def answer_sizes(self) -> tuple[int, ...]:
        """The sizes that an answer's data can have, ascending."""
        return (self.says.size,)

    def payload(self) -> bytes:
        """The parameter as bytes. Raises ValueError for what does not fit."""
        return asked_by(type(self)).encode(self)

    def decode(self, data: bytes) -> AnswerT:
        """What an answer's data say. Raises ValueError for what no meter can mean."""
        value: AnswerT = self.says.decode(data)
        return value

    def encode(self, value: AnswerT) -> bytes:
        """An answer's data: the meter's side."""
        return self.says.encode(value)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """The request that a meter hears. Raises ValueError for a parameter that cannot be."""
        layout = asked_by(cls)
        if len(payload) != layout.size:
            raise ValueError(f"{cls.__name__} has {layout.size} bytes of parameter, got {len(payload)}")
        return layout.decode(payload)


@dataclass(frozen=True, slots=True)
class ReadGroupAddress(MercuryV1Request[int]):
    """The address that several meters obey together, without answering; 0 is none."""

    code = 0x20
    says = Single({"group_address": binary(4)})


@dataclass(frozen=True, slots=True)
class ReadClock(MercuryV1Request[answers.MeterClock]):
    """The meter's clock, in its local time."""

    code = 0x21
    says = answers.CLOCK


@dataclass(frozen=True, slots=True)
class ReadPowerLimit(MercuryV1Request[int]):
    """The power limit [W]."""

    code = 0x22
    says = Single({"power_w": bcd(2, step=10)})


@dataclass(frozen=True, slots=True)
class ReadMonthEnergyLimit(MercuryV1Request[int]):
    """The energy limit of a month [Wh]."""

    code = 0x23
    says = Single({"month_energy_wh": bcd(2, step=1000)})


@dataclass(frozen=True, slots=True)
class ReadPower(MercuryV1Request[int]):
    """The power that flows now [W], in steps of 10 W."""

    code = 0x26
    says = Single({"power_w": bcd(2, step=10)})


@dataclass(frozen=True, slots=True)
class ReadRegisters(MercuryV1Request[answers.ByTariff]):
    """The registers of active energy, T1..T4 [Wh]."""

    code = 0x27
    says = answers.ACTIVE_REGISTERS


@dataclass(frozen=True, slots=True)
class ReadFirmware(MercuryV1Request[answers.Firmware]):
    """The version of the firmware and its date."""

    code = 0x28
    says = answers.FIRMWARE


@dataclass(frozen=True, slots=True)
class ReadBattery(MercuryV1Request[int]):
    """The voltage of the clock's battery [mV]."""

    code = 0x29
    says = Single({"voltage_mv": bcd(2, step=10)})


@dataclass(frozen=True, slots=True)
class ReadDisplayMask(MercuryV1Request[int]):
    """What the display shows in turn: bits 0-3 T1..T4, 4 sum, 5 power, 6 time, 7 date; 0 the current tariff."""

    code = 0x2A
    says = Single({"display_mask": binary(1)})


@dataclass(frozen=True, slots=True)
class ReadLatestPowerOff(MercuryV1Request[answers.MeterClock]):
    """When the voltage failed last."""

    code = 0x2B
    says = answers.CLOCK


@dataclass(frozen=True, slots=True)
class ReadLatestPowerOn(MercuryV1Request[answers.MeterClock]):
    """When the voltage came back last."""

    code = 0x2C
    says = answers.CLOCK


@dataclass(frozen=True, slots=True)
class ReadPulseOutput(MercuryV1Request[int]):
    """What the pulse output does: 0 and 1 pulses (5000 or 10000 per kWh), 2 the clock's quartz, 3 load control."""

    code = 0x2D
    says = Single({"pulse_output": binary(1)})


@dataclass(frozen=True, slots=True)
class ReadTariffCount(MercuryV1Request[int]):
    """How many tariffs are in use, 1..4."""

    code = 0x2E
    says = Single({"tariff_count": binary(1)})


@dataclass(frozen=True, slots=True)
class ReadSerial(MercuryV1Request[int]):
    """The serial number."""

    code = 0x2F
    says = Single({"serial": binary(4)})


@dataclass(frozen=True, slots=True)
class ReadHolidays(MercuryV1Request[tuple[answers.YearDay | None, ...]]):
    """Half of the table of holidays, 0 or 1."""

    half: int
    code = 0x30
    asks: ClassVar[Mapping[str, Field]] = {"half": binary(1)}
    says = answers.HOLIDAYS


@dataclass(frozen=True, slots=True)
class TariffDay:
    """The kind of day a tariff table is for: a month 1..12 and a weekday (0 Sunday … 6 Saturday, 7 holiday)."""

    month: int
    weekday: int

    def __post_init__(self) -> None:
        if not 1 <= self.month <= 12 or not 0 <= self.weekday <= answers.HOLIDAY:
            raise ValueError(f"a month is 1 to 12, a weekday 0 to 7: got {self.month} and {self.weekday}")


def tariff_day_byte() -> Field:
    """Return the byte that holds a month less one in its upper half and a weekday in its lower one."""
    return Field(
        size=1,
        read=lambda data: TariffDay(month=(data[0] >> 4) + 1, weekday=data[0] & 0x0F),
        write=lambda day: bytes([(day.month - 1) << 4 | day.weekday]),
    )


@dataclass(frozen=True, slots=True)
class ReadTariffTable(MercuryV1Request[tuple[answers.TariffMark, ...]]):
    """The switching marks of a kind of day: sixteen, the unused ones at or after minute 1440."""

    tariff_day: TariffDay
    code = 0x31
    asks: ClassVar[Mapping[str, Field]] = {"tariff_day": tariff_day_byte()}
    says = answers.TARIFF_MARKS


@dataclass(frozen=True, slots=True)
class _OfMonth(MercuryV1Request[answers.ByTariff]):
    month: int
    asks: ClassVar[Mapping[str, Field]] = {"month": binary(1, first=1)}

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 or self.month == RUNNING):
            raise ValueError(f"a month is 1 to 12, or {RUNNING} for the running registers: got {self.month}")


@dataclass(frozen=True, slots=True)
class ReadMonthRegisters(_OfMonth):
    """The registers of active energy as they stood when a month (1..12) began, T1..T4 [Wh].

    The maker's text calls them slices of the months. That they are those of the beginning is how clients in use
    read them; that RUNNING gives the running registers is captured.
    """

    code = 0x32
    says = answers.ACTIVE_REGISTERS


@dataclass(frozen=True, slots=True)
class ReadReactiveMonthRegisters(_OfMonth):
    """The registers of reactive energy as they stood when a month (1..12) began, T1..T4 [varh]."""

    code = 0x38
    says = answers.REACTIVE_REGISTERS


@dataclass(frozen=True, slots=True)
class ReadMaximum(MercuryV1Request[answers.Maximum]):
    """The greatest value of 0 voltage, 1 current, 2 power."""

    quantity: int
    code = 0x33
    asks: ClassVar[Mapping[str, Field]] = {"quantity": binary(1)}
    says = answers.MAXIMUM

    def __post_init__(self) -> None:
        if not 0 <= self.quantity <= 2:
            raise ValueError(f"a maximum is of 0 voltage, 1 current or 2 power: got {self.quantity}")


@dataclass(frozen=True, slots=True)
class ReadTariff(MercuryV1Request[int]):
    """The tariff that counts now, 1..4."""

    code = 0x60
    says = Single({"tariff": binary(1)})


@dataclass(frozen=True, slots=True)
class ReadLatestCaseOpened(MercuryV1Request[answers.MeterClock]):
    """When the case was opened last."""

    code = 0x61
    says = answers.CLOCK


@dataclass(frozen=True, slots=True)
class ReadLatestCaseClosed(MercuryV1Request[answers.MeterClock]):
    """When the case was closed last."""

    code = 0x62
    says = answers.CLOCK


@dataclass(frozen=True, slots=True)
class ReadPhaseValues(MercuryV1Request[answers.PhaseValues]):
    """Voltage, current and power now."""

    code = 0x63
    says = answers.PHASE_VALUES


@dataclass(frozen=True, slots=True)
class ReadVariant(MercuryV1Request[bytes]):
    """The variant word: 55h in the low byte for two current sensors, 55h in the high byte for a relay.

    Which of the two bytes comes first is not established.
    """

    code = 0x65
    says = answers.VARIANT


@dataclass(frozen=True, slots=True)
class ReadMadeOn(MercuryV1Request[date | None]):
    """The day it was made."""

    code = 0x66
    says = answers.MADE_ON


@dataclass(frozen=True, slots=True)
class ReadRunningTime(MercuryV1Request[answers.RunningTime]):
    """Hours under voltage and without."""

    code = 0x69
    says = answers.RUNNING_TIME


@dataclass(frozen=True, slots=True)
class ReadRelayMode(MercuryV1Request[int]):
    """How the relay is controlled: see RelayMode."""

    code = 0x6D
    says = Single({"relay_mode": binary(1)})


@dataclass(frozen=True, slots=True)
class ReadEnergyLimits(MercuryV1Request[tuple[answers.EnergyLimit, ...]]):
    """The energy limits of the tariffs."""

    code = 0x6E
    says = answers.ENERGY_LIMITS


@dataclass(frozen=True, slots=True)
class ReadNetworkValues(MercuryV1Request[answers.NetworkValues]):
    """Frequency, tariff and flags."""

    code = 0x81
    says = answers.NETWORK_VALUES


@dataclass(frozen=True, slots=True)
class ReadReactiveRegisters(MercuryV1Request[answers.ByTariff]):
    """The registers of reactive energy, T1..T4 [varh]."""

    code = 0x85
    says = answers.REACTIVE_REGISTERS
