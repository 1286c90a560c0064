"""What the meter is: serial number, variant, ratios, temperature (section 2.4.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, Single, reserved
from kilovatt.wire.protocols.nzif.fields import DATE, number
from kilovatt.wire.protocols.nzif.request import NzifRequest

VARIANT_SIZE = 3
IMPULSES_PER_KWH = {0: 5000, 1: 25000, 2: 1250, 3: 6250, 4: 500, 5: 250, 6: 6400}
"""The meter constant by its code, as three independent programs have it, the maker's among them."""
TYPES = {
    0: "СЭТ-4ТМ.02",
    1: "СЭТ-4ТМ.03",
    2: "СЭБ-1ТМ",
    3: "ПСЧ-4ТМ.05",
    4: "СЭО-1.16",
    5: "ПСЧ-3ТМ.05",
    6: "ПСЧ-4ТМ.05М",
    7: "ПСЧ-3ТМ.05М",
    8: "СЭТ-4ТМ.02М/03М",
    9: "СЭБ-1ТМ.02Д",
    10: "ПСЧ-3/4ТМ.05Д",
    11: "ПСЧ-3/4ТМ.05МК",
    12: "СЭБ-1ТМ.02М",
    13: "ПСЧ-4ТМ.05МД",
    15: "ПСЧ-4ТМ.05МН",
}
_CURRENTS_A = {0: 5, 1: 1, 2: 10}


@dataclass(frozen=True, slots=True)
class SerialNumber:
    """The serial number and the day of making."""

    serial: int
    made_on: date


_SERIAL: Layout[SerialNumber] = Record(SerialNumber, {"serial": number(4), "made_on": DATE})


@dataclass(frozen=True, slots=True)
class ReadSerial(NzifRequest[SerialNumber]):
    """The serial number and the day of making."""

    prefix = b"\x08\x00"

    @property
    def says(self) -> tuple[Layout[SerialNumber], ...]:
        return (_SERIAL,)


_TEMPERATURE: Layout[int] = Single(
    {
        "reserved": reserved(1),
        "temperature_c": Field(
            size=1,
            read=lambda data: int.from_bytes(data, "big", signed=True),
            write=lambda value: value.to_bytes(1, "big", signed=True),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class ReadTemperature(NzifRequest[int]):
    """The temperature within the meter [°C]; the first byte of the answer is not explained anywhere."""

    prefix = b"\x08\x01"

    @property
    def says(self) -> tuple[Layout[int], ...]:
        return (_TEMPERATURE,)


@dataclass(frozen=True, slots=True)
class Ratios:
    """The transformer ratios written into the meter; it does not apply them to what it counts."""

    voltage_ratio: int
    current_ratio: int


_RATIOS: Layout[Ratios] = Record(
    Ratios, {"voltage_ratio": number(2), "current_ratio": number(2), "reserved": reserved(6)}
)


@dataclass(frozen=True, slots=True)
class ReadRatios(NzifRequest[Ratios]):
    """The transformer ratios."""

    prefix = b"\x08\x02"

    @property
    def says(self) -> tuple[Layout[Ratios], ...]:
        return (_RATIOS,)


@dataclass(frozen=True, slots=True)
class Variant:
    """The variant word: what the works made of the meter."""

    word: bytes

    def __post_init__(self) -> None:
        if len(self.word) != VARIANT_SIZE:
            raise ValueError(f"a variant has {VARIANT_SIZE} bytes: got {len(self.word)}")

    @property
    def impulses_per_kwh(self) -> int | None:
        """The meter constant [impulses per kWh]; None for a code that nobody has explained."""
        return IMPULSES_PER_KWH.get(self.word[1] & 0x0F)

    @property
    def phases(self) -> int | None:
        """How many phases; None for a code that nobody has explained."""
        return {0: 3, 1: 1}.get(self.word[1] >> 4 & 0b11)

    @property
    def is_one_way(self) -> bool:
        """Whether it counts one direction only."""
        return bool(self.word[1] & 0x80)

    @property
    def type_code(self) -> int:
        """The number of the type, as in TYPES."""
        return self.word[2] >> 4

    @property
    def nominal_current_a(self) -> int | None:
        """The nominal current [A]; None for a code that nobody has explained."""
        return _CURRENTS_A.get(self.word[0] & 0b11)


_VARIANT: Layout[Variant] = Single(
    {"variant": Field(size=VARIANT_SIZE, read=lambda data: Variant(bytes(data)), write=lambda it: it.word)}
)


@dataclass(frozen=True, slots=True)
class ReadVariant(NzifRequest[Variant]):
    """The variant word."""

    prefix = b"\x08\x12"
    asks: ClassVar[Mapping[str, Field]] = {}

    @property
    def says(self) -> tuple[Layout[Variant], ...]:
        return (_VARIANT,)
