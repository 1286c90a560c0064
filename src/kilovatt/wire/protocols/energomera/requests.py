"""What can be asked of a meter, what it answers, and what the bytes of both mean.

In the dialect of СЕ102 a register is asked for by tariff and depth and comes alone; in that of СЕ102 R5.1 and СЕ307 the
depth comes first, the tariff may be 0 for the total, and a stamp stands before the register. A depth is how many ends
of months (or days) lie back, 0 for now: depth 1 is the register at the end of the last month, which is the beginning of
this one. Registers and power are counts; of what, the configuration tells (hundredths of a kWh as a rule).

Source: the maker's text on command 0130h as two programs quote it; 0101h, 012Fh and 0132h to 0134h as three programs
use them; the dialect of R5.1 by captured frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Self

from kilovatt.wire.protocols.energomera.fields import (
    ArchiveStamp,
    MeterClock,
    clock,
    day_month_year,
    number,
    number_if_any,
    one_of,
    stamp,
    text_backwards,
)
from kilovatt.wire.protocols.framing.connection import AnswerT, Request
from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, Row, Single, asked_by, raw

SERIAL_HALVES = 2
TARIFF_MAX = 8
DEPTH_MAX = 255
INTERVALS_OF_A_DAY = 48
INTERVALS_MAX = 4
"""More half-hours do not fit into an answer."""
UNUSED_COUNT = 0xFFFF_FFFF
"""What erased memory reads as: no register of theirs counts so far."""


class Generation(StrEnum):
    """The dialects of the language."""

    PLAIN = "plain"
    """СЕ102 R5, R8, S6, S7, СЕ301M, СЕ306."""
    STAMPED = "stamped"
    """СЕ102 R5.1 and СЕ307."""


class ByteOrder(StrEnum):
    """Which byte of an instant value comes first: programs disagree, so whoever asks must say."""

    LOW_FIRST = "low_first"
    HIGH_FIRST = "high_first"


class EnergomeraRequest(Request[AnswerT]):
    """A command with its data. `generation` is the only dialect that has it, or None."""

    __slots__ = ()
    code: ClassVar[int]
    generation: ClassVar[Generation | None] = None
    asks: ClassVar[Mapping[str, Field]] = {}

    @property
    def says(self) -> Layout[AnswerT]:
        """How the answer's data lie."""
        raise NotImplementedError

    def payload(self) -> bytes:
        """The data of the request. Raises ValueError for what does not fit."""
        return asked_by(type(self)).encode(self)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The request that a meter hears. Raises ValueError for data that cannot be."""
        layout = asked_by(cls)
        if len(data) != layout.size:
            raise ValueError(f"{cls.__name__} has {layout.size} bytes of data, got {len(data)}")
        return layout.decode(data)


@dataclass(frozen=True, slots=True)
class Ping(EnergomeraRequest[int]):
    """Whether the meter is there: its address."""

    code = 0x0001

    @property
    def says(self) -> Layout[int]:
        return Single({"address": number(2)})


@dataclass(frozen=True, slots=True)
class Version:
    """The firmware. `kernel` 10 is of meters that speak the dialect of R5.1 and СЕ307."""

    kernel: int
    kind: int
    major: int
    released_on: date

    def __str__(self) -> str:
        return f"{self.kernel}.{self.kind}.{self.major}"


@dataclass(frozen=True, slots=True)
class ReadVersion(EnergomeraRequest[Version]):
    """The firmware and its date."""

    code = 0x0100

    @property
    def says(self) -> Layout[Version]:
        fields = {"kernel": number(1), "kind": number(1), "major": number(1), "released_on": day_month_year()}
        return Record(Version, fields)


@dataclass(frozen=True, slots=True)
class Configuration:
    """How the meter is set up; of its five bytes only these bits are known.

    Bits 0-1 of the first byte: how many decimals of a kWh its registers show. Bits 0-1 of the second: whether it
    gathers energy by 60, 30 or 15 minutes.
    """

    word: bytes

    @property
    def decimals(self) -> int:
        """How many decimals of a kWh registers and powers show, 0 to 3."""
        return self.word[0] & 0b11

    @property
    def interval_minutes(self) -> int | None:
        """The length of an interval of its archive; None for a code of no known meaning."""
        return {0: 60, 1: 30, 2: 15}.get(self.word[1] & 0b11)


CONFIGURATION_SIZE = 5


@dataclass(frozen=True, slots=True)
class ReadConfiguration(EnergomeraRequest[Configuration]):
    """How the meter is set up."""

    code = 0x0101
    generation = Generation.PLAIN

    @property
    def says(self) -> Layout[Configuration]:
        return Record(Configuration, {"word": raw(CONFIGURATION_SIZE)})


@dataclass(frozen=True, slots=True)
class ReadSerial(EnergomeraRequest[str]):
    """Half of the serial number: half 0 its last eight characters, half 1 those before them."""

    half: int
    code = 0x011A
    asks: ClassVar[Mapping[str, Field]] = {"half": one_of(0, SERIAL_HALVES - 1)}

    @property
    def says(self) -> Layout[str]:
        return Single({"serial_half": text_backwards(8)})


@dataclass(frozen=True, slots=True)
class ReadClock(EnergomeraRequest[MeterClock]):
    """The meter's clock, in its local time."""

    code = 0x0120

    @property
    def says(self) -> Layout[MeterClock]:
        return Single({"clock": clock()})


_TARIFF_FROM_ONE = one_of(1, TARIFF_MAX, first=1)
_TARIFF_OR_TOTAL = one_of(0, TARIFF_MAX)
_DEPTH = one_of(0, DEPTH_MAX)
_COUNT = number(4)


@dataclass(frozen=True, slots=True)
class ReadTariffRegister(EnergomeraRequest[int]):
    """The register of a tariff (1..8) now, or at the end of the month `depth` months back."""

    tariff: int
    depth: int
    code = 0x0130
    generation = Generation.PLAIN
    asks: ClassVar[Mapping[str, Field]] = {"tariff": _TARIFF_FROM_ONE, "depth": _DEPTH}

    @property
    def says(self) -> Layout[int]:
        return Single({"count": _COUNT})


@dataclass(frozen=True, slots=True)
class ReadTotalRegister(EnergomeraRequest[int]):
    """The register of all tariffs now, or at the end of the month `depth` months back."""

    depth: int
    code = 0x0131
    generation = Generation.PLAIN
    asks: ClassVar[Mapping[str, Field]] = {"depth": _DEPTH}

    @property
    def says(self) -> Layout[int]:
        return Single({"count": _COUNT})


@dataclass(frozen=True, slots=True)
class ReadTariffDayRegister(EnergomeraRequest[int]):
    """The register of a tariff (1..8) at the end of the day `depth` days back: 1 is the end of yesterday."""

    tariff: int
    depth: int
    code = 0x0133
    generation = Generation.PLAIN
    asks: ClassVar[Mapping[str, Field]] = {"tariff": _TARIFF_FROM_ONE, "depth": _DEPTH}

    @property
    def says(self) -> Layout[int]:
        return Single({"count": _COUNT})


@dataclass(frozen=True, slots=True)
class ReadTotalDayRegister(EnergomeraRequest[int]):
    """The register of all tariffs at the end of the day `depth` days back."""

    depth: int
    code = 0x012F
    generation = Generation.PLAIN
    asks: ClassVar[Mapping[str, Field]] = {"depth": _DEPTH}

    @property
    def says(self) -> Layout[int]:
        return Single({"count": _COUNT})


@dataclass(frozen=True, slots=True)
class StampedCount:
    """A register, and which month or day its archive says it is of."""

    stamp: ArchiveStamp
    count: int


_STAMPED_COUNT = Record(StampedCount, {"stamp": stamp(), "count": _COUNT})


@dataclass(frozen=True, slots=True)
class ReadStampedRegister(EnergomeraRequest[StampedCount]):
    """The register of a tariff (0 the total, 1..8) now, or of the month `depth` months back."""

    depth: int
    tariff: int
    code = 0x0130
    generation = Generation.STAMPED
    asks: ClassVar[Mapping[str, Field]] = {"depth": _DEPTH, "tariff": _TARIFF_OR_TOTAL}

    @property
    def says(self) -> Layout[StampedCount]:
        return _STAMPED_COUNT


@dataclass(frozen=True, slots=True)
class ReadIntervals(EnergomeraRequest[tuple[int | None, ...]]):
    """The energy of one to four half-hours of a day, from the half-hour `first` (0..47); None for one it has not.

    Two programs send `first` as a binary number and one in packed digits: as most do.
    """

    day_on: date
    first: int
    intervals: int
    code = 0x0134
    generation = Generation.PLAIN
    asks: ClassVar[Mapping[str, Field]] = {
        "day_on": day_month_year(),
        "first": one_of(0, INTERVALS_OF_A_DAY - 1),
        "intervals": one_of(1, INTERVALS_MAX),
    }

    @property
    def says(self) -> Layout[tuple[int | None, ...]]:
        return Row("interval_count", number_if_any(3), self.intervals)


@dataclass(frozen=True, slots=True)
class ReadPower(EnergomeraRequest[int]):
    """The power of the last minute, in the decimals of the registers [kW]."""

    code = 0x0132
    generation = Generation.PLAIN

    @property
    def says(self) -> Layout[int]:
        return Single({"power_count": number(3)})


@dataclass(frozen=True, slots=True)
class _OfPhases(EnergomeraRequest[tuple[int, ...]]):
    """Values of one phase or three, in an order of bytes that whoever asks must say."""

    phases: int = 1
    byte_order: ByteOrder = ByteOrder.LOW_FIRST
    generation = Generation.STAMPED

    def _row(self, name: str, size: int) -> Layout[tuple[int, ...]]:
        return Row(name, number(size, low_first=self.byte_order is ByteOrder.LOW_FIRST), self.phases)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The request that a meter hears, which must know for itself how it answers."""
        if data:
            raise ValueError(f"{cls.__name__} has no data, got {data.hex(' ')}")
        return cls()


@dataclass(frozen=True, slots=True)
class ReadVoltages(_OfPhases):
    """The voltages, in hundredths of a volt."""

    code = 0x0180

    @property
    def says(self) -> Layout[tuple[int, ...]]:
        return self._row("voltage_count", 2)


@dataclass(frozen=True, slots=True)
class ReadCurrents(_OfPhases):
    """The currents; in thousandths or hundredths of an ampere, programs disagree."""

    code = 0x0181

    @property
    def says(self) -> Layout[tuple[int, ...]]:
        # Four bytes of a meter with one phase, six of one with three.
        return self._row("current_count", 4 if self.phases == 1 else 2)


REQUESTS: tuple[type[EnergomeraRequest[Any]], ...] = (
    Ping,
    ReadVersion,
    ReadConfiguration,
    ReadSerial,
    ReadClock,
    ReadTariffRegister,
    ReadTotalRegister,
    ReadTariffDayRegister,
    ReadTotalDayRegister,
    ReadStampedRegister,
    ReadIntervals,
    ReadPower,
    ReadVoltages,
    ReadCurrents,
)
"""Every request of the language that is spoken here."""


def requests_of(generation: Generation) -> Mapping[int, type[EnergomeraRequest[Any]]]:
    """Return the requests of a dialect by their commands."""
    return {request.code: request for request in REQUESTS if request.generation in (None, generation)}
