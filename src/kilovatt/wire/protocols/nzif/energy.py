"""Energy as the meter has counted it: registers, energies of periods, and registers at midnights (2.4.2).

Whole counts, two for each impulse of the meter constant: energy is count ÷ (2 × constant) kWh or kvarh. Transformer
ratios are not in it. Tariff 0 is the sum.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, fixed
from kilovatt.wire.protocols.nzif.fields import maskable, number, one_of, small
from kilovatt.wire.protocols.nzif.request import NzifRequest

TARIFF_MAX = 8
_MONTHS = 12
_DAYS = 31


class EnergyArray(IntEnum):
    """Which of its arrays a meter shows: the register, or the energy of a period."""

    SINCE_RESET = 0
    MONTH = 3
    TODAY = 4
    YESTERDAY = 5


@dataclass(frozen=True, slots=True)
class EnergyPeriod:
    """An array, and the month (1..12) where it is one of months."""

    array: EnergyArray
    month: int | None = None

    def __post_init__(self) -> None:
        if self.array is EnergyArray.MONTH:
            if self.month is None or not 1 <= self.month <= _MONTHS:
                raise ValueError(f"a month is 1 to {_MONTHS}: got {self.month}")
        elif self.month is not None:
            raise ValueError(f"{self.array.name} has no month: got {self.month}")

    def __str__(self) -> str:
        name = self.array.name.lower()
        return name if self.month is None else f"{name} {self.month}"


def _period_from(data: bytes) -> EnergyPeriod:
    array = EnergyArray(data[0] >> 4)
    # A program of the maker's asks for today with a zero there, another with the month: it says nothing.
    return EnergyPeriod(array, data[0] & 0x0F if array is EnergyArray.MONTH else None)


PERIOD = Field(size=1, read=_period_from, write=lambda period: bytes([period.array << 4 | (period.month or 0)]))
_COUNT = maskable(number(4))
_TARIFF = small(0, TARIFF_MAX)


@dataclass(frozen=True, slots=True)
class EnergyCounts:
    """Active and reactive energy, taken (plus) and given (minus), in counts; None where masked."""

    a_plus: int | None
    a_minus: int | None
    r_plus: int | None
    r_minus: int | None


COUNTS: Layout[EnergyCounts] = Record(
    EnergyCounts, {"a_plus": _COUNT, "a_minus": _COUNT, "r_plus": _COUNT, "r_minus": _COUNT}
)


@dataclass(frozen=True, slots=True)
class ReadEnergy(NzifRequest[EnergyCounts]):
    """The register, or the energy of a period, of a tariff."""

    period: EnergyPeriod
    tariff: int
    prefix = b"\x05"
    asks: ClassVar[Mapping[str, Field]] = {"period": PERIOD, "tariff": _TARIFF}

    @property
    def says(self) -> tuple[Layout[EnergyCounts], ...]:
        return (COUNTS,)


class StoredArray(IntEnum):
    """Registers as they stood at a beginning. The archive of days is told by the day of the month alone."""

    NOW = 0x00
    MONTH_START = 0x83
    TODAY_START = 0x84
    YESTERDAY_START = 0x85
    DAY_START = 0x86


_NUMBERS = {StoredArray.MONTH_START: _MONTHS, StoredArray.DAY_START: _DAYS}


@dataclass(frozen=True, slots=True)
class Beginning:
    """An array, and the month (1..12) or day of the month (1..31) where it is one of those, else 0."""

    array: StoredArray
    which: int = 0

    def __post_init__(self) -> None:
        highest = _NUMBERS.get(self.array, 0)
        if not min(1, highest) <= self.which <= highest:
            raise ValueError(f"{self.array.name} has numbers up to {highest}: got {self.which}")

    def __str__(self) -> str:
        return f"{self.array.name.lower()} {self.which}" if self.which else self.array.name.lower()


_ARRAY = one_of(StoredArray)
BEGINNING = Field(
    size=2,
    read=lambda data: Beginning(_ARRAY.read(data[:1]), data[1]),
    write=lambda beginning: bytes([beginning.array, beginning.which]),
)


@dataclass(frozen=True, slots=True)
class ReadStored(NzifRequest[EnergyCounts]):
    """The four registers of a tariff as they stood at a beginning (extended request, 2.4.2.2)."""

    beginning: Beginning
    tariff: int
    prefix = b"\x0a"
    asks: ClassVar[Mapping[str, Field]] = {
        "beginning": BEGINNING,
        "tariff": _TARIFF,
        "energies": fixed(b"\x0f"),
        "zero": fixed(b"\x00"),
    }

    @property
    def says(self) -> tuple[Layout[EnergyCounts], ...]:
        return (COUNTS,)
