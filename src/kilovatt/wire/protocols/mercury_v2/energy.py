"""Energy as the meter has counted it: registers, month by month, and at midnights (section 4.3).

Whole Wh and varh, the meter constant applied, transformer ratios not; what a type does not measure is None.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from struct import Struct
from typing import ClassVar, TypeVar

from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, Row, nested
from kilovatt.wire.protocols.mercury_v2.fields import day_month_year, maskable, small, word_swapped
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request

T = TypeVar("T")
LOSSES_TARIFF = 5
ALL_TARIFFS = 6
_PHASES_ARRAY = 6


class EnergyArray(IntEnum):
    """Which of its arrays a meter shows: energies of periods, and registers as they stood when a period began."""

    SINCE_RESET = 0x0
    THIS_YEAR = 0x1
    LAST_YEAR = 0x2
    MONTH = 0x3
    TODAY = 0x4
    YESTERDAY = 0x5
    AT_START_OF_YEAR = 0x9
    AT_START_OF_LAST_YEAR = 0xA
    AT_START_OF_MONTH = 0xB
    AT_START_OF_DAY = 0xC
    AT_START_OF_YESTERDAY = 0xD


_OF_A_MONTH = frozenset({EnergyArray.MONTH, EnergyArray.AT_START_OF_MONTH})


@dataclass(frozen=True, slots=True)
class EnergyPeriod:
    """An array, and the month (1..12) where it is one of months."""

    array: EnergyArray
    month: int | None = None

    def __post_init__(self) -> None:
        if self.array in _OF_A_MONTH:
            if self.month is None or not 1 <= self.month <= 12:
                raise ValueError(f"a month is 1 to 12: got {self.month}")
        elif self.month is not None:
            raise ValueError(f"{self.array.name} has no month: got {self.month}")

    def __str__(self) -> str:
        name = self.array.name.lower()
        return name if self.month is None else f"{name} {self.month}"


def _period_from(data: bytes) -> EnergyPeriod:
    array = EnergyArray(data[0] >> 4)
    # The low half says nothing where no month is meant.
    return EnergyPeriod(array, data[0] & 0x0F if array in _OF_A_MONTH else None)


PERIOD = Field(size=1, read=_period_from, write=lambda period: bytes([period.array << 4 | (period.month or 0)]))
_ENERGY = maskable(word_swapped())


_FOUR = Struct("<4I")
_MASKED = 0xFFFF_FFFF


class _Energies(Record[T]):
    """Four energies, read at once: a session reads them more than anything else.

    With its lowest byte first, what comes out of four bytes has its two words exchanged.
    """

    __slots__ = ()

    def decode(self, data: bytes) -> T:
        if len(data) != self.size:
            return super().decode(data)
        return self._make(*[None if it == _MASKED else (it & 0xFFFF) << 16 | it >> 16 for it in _FOUR.unpack(data)])


@dataclass(frozen=True, slots=True)
class EnergyTotals:
    """Active and reactive energy, taken (plus) and given (minus)."""

    a_plus_wh: int | None
    a_minus_wh: int | None
    r_plus_varh: int | None
    r_minus_varh: int | None


TOTALS: Layout[EnergyTotals] = _Energies(
    EnergyTotals, {"a_plus_wh": _ENERGY, "a_minus_wh": _ENERGY, "r_plus_varh": _ENERGY, "r_minus_varh": _ENERGY}
)


@dataclass(frozen=True, slots=True)
class Quadrants:
    """Reactive energy of the four quadrants."""

    r1_varh: int | None
    r2_varh: int | None
    r3_varh: int | None
    r4_varh: int | None


QUADRANTS: Layout[Quadrants] = _Energies(
    Quadrants, {"r1_varh": _ENERGY, "r2_varh": _ENERGY, "r3_varh": _ENERGY, "r4_varh": _ENERGY}
)


@dataclass(frozen=True, slots=True)
class PeakPower:
    """A mean power in counts of the load profile, and when in the month its interval ended."""

    day: int
    hour: int
    minute: int
    count: int


def _peak_moment_from(data: bytes) -> tuple[int, int, int]:
    moment = int.from_bytes(data, "little")
    return moment >> 11, moment >> 6 & 0x1F, moment & 0x3F


def _peak_from(data: bytes) -> PeakPower:
    day, hour, minute = _peak_moment_from(data[:2])
    return PeakPower(day, hour, minute, int.from_bytes(data[2:], "little"))


def _peak_to(peak: PeakPower) -> bytes:
    moment = peak.day << 11 | peak.hour << 6 | peak.minute
    return moment.to_bytes(2, "little") + peak.count.to_bytes(2, "little")


_PEAK = Field(size=4, read=_peak_from, write=_peak_to)


@dataclass(frozen=True, slots=True)
class PeakPowers:
    """The greatest mean powers of a period."""

    a_plus: PeakPower
    a_minus: PeakPower
    r_plus: PeakPower
    r_minus: PeakPower


PEAKS: Layout[PeakPowers] = Record(PeakPowers, {"a_plus": _PEAK, "a_minus": _PEAK, "r_plus": _PEAK, "r_minus": _PEAK})
_PERIOD_AND_TARIFF: Mapping[str, Field] = {"period": PERIOD, "tariff": small(0, LOSSES_TARIFF)}
_THE_SUM = small(0, 0)


@dataclass(frozen=True, slots=True)
class ReadEnergy(MercuryV2Request[EnergyTotals]):
    """Energy of one tariff: 0 their sum, 1..4, 5 technical losses."""

    period: EnergyPeriod
    tariff: int
    prefix = b"\x05"
    asks = _PERIOD_AND_TARIFF

    @property
    def says(self) -> tuple[Layout[EnergyTotals], ...]:
        return (TOTALS,)


@dataclass(frozen=True, slots=True)
class ReadEnergyOfTariffs(MercuryV2Request[tuple[EnergyTotals, ...]]):
    """Energy of T1, T2, T3, T4, their sum and, where they are counted, losses, in one answer."""

    period: EnergyPeriod
    prefix = b"\x05"
    asks: ClassVar[Mapping[str, Field]] = {
        "period": PERIOD,
        "tariff": Field(size=1, read=bytes, write=bytes, fixed=bytes([ALL_TARIFFS]), checked=True),
    }

    @property
    def says(self) -> tuple[Layout[tuple[EnergyTotals, ...]], ...]:
        return (Row("totals", nested(TOTALS), 5), Row("totals", nested(TOTALS), 6))


@dataclass(frozen=True, slots=True)
class ReadEnergyOfPhases(MercuryV2Request[tuple[int | None, ...]]):
    """Active energy taken by each of the three phases [Wh], of one tariff, since the reset."""

    tariff: int
    prefix = bytes([0x05, _PHASES_ARRAY << 4])
    asks: ClassVar[Mapping[str, Field]] = {"tariff": small(0, 4)}

    @property
    def says(self) -> tuple[Layout[tuple[int | None, ...]], ...]:
        return (Row("phase_wh", _ENERGY, 3),)


@dataclass(frozen=True, slots=True)
class ReadQuadrants(MercuryV2Request[Quadrants]):
    """Reactive energy of the quadrants; tariff 0 where the variant does not count them by tariff."""

    period: EnergyPeriod
    tariff: int
    prefix = b"\x15"
    asks = _PERIOD_AND_TARIFF

    @property
    def says(self) -> tuple[Layout[Quadrants], ...]:
        return (QUADRANTS,)


@dataclass(frozen=True, slots=True)
class ReadPeakPowers(MercuryV2Request[PeakPowers]):
    """The greatest mean powers of a month by tariff."""

    period: EnergyPeriod
    tariff: int
    prefix = b"\x17"
    level = 2
    asks = _PERIOD_AND_TARIFF

    @property
    def says(self) -> tuple[Layout[PeakPowers], ...]:
        return (PEAKS,)


class StoredMoment(IntEnum):
    """What the extended arrays keep registers of: 123 days and 36 months (section 4.3.2)."""

    DAY = 0
    MONTH = 1


_STORED_ON = day_month_year()
_STORED_TARIFF = small(0, 4)


def _stored(base: int) -> Field:
    return Field(
        size=1,
        read=lambda data: StoredMoment(data[0] - base),
        write=lambda moment: bytes([moment + base]),
    )


@dataclass(frozen=True, slots=True)
class ReadStoredEnergy(MercuryV2Request[EnergyTotals]):
    """The registers as they stood at 00:00 of a day, or of the first day of its month."""

    moment: StoredMoment
    day_on: date
    tariff: int
    prefix = b"\x18"
    asks: ClassVar[Mapping[str, Field]] = {"moment": _stored(0), "day_on": _STORED_ON, "tariff": _STORED_TARIFF}

    @property
    def says(self) -> tuple[Layout[EnergyTotals], ...]:
        return (TOTALS,)


@dataclass(frozen=True, slots=True)
class ReadStoredQuadrants(MercuryV2Request[Quadrants]):
    """The registers of the quadrants as they stood at 00:00 of a day, or of the first day of its month."""

    moment: StoredMoment
    day_on: date
    tariff: int
    prefix = b"\x18"
    asks: ClassVar[Mapping[str, Field]] = {"moment": _stored(2), "day_on": _STORED_ON, "tariff": _STORED_TARIFF}

    @property
    def says(self) -> tuple[Layout[Quadrants], ...]:
        return (QUADRANTS,)
