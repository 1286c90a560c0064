"""The journals (section 4.2, requests 04h).

A journal is a ring: records stand in no order of time, and an empty place (all zeros) may come before a full one.
A pair whose second instant is zeros is not over yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, Layout, Record, Row, fixed, nested
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2.fields import (
    bcd,
    bits,
    bits_of_numbers,
    day_month_year,
    low_first,
    numbers_of_bits,
    small,
    wall_time,
    word_swapped,
)
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request

PLACES = 10
QUALITY_PLACES = 100
BLOCK = 20
_NEWEST = 0xFF
_WHOLE = 0xFE
_STATISTICS = 0xF9

_WALL_TIME = wall_time()


class Journal(IntEnum):
    """The journals that are read here, by the number of their parameter."""

    POWER = 0x01
    CLOCK_CORRECTIONS = 0x02
    VOLTAGE_1 = 0x03
    VOLTAGE_2 = 0x04
    VOLTAGE_3 = 0x05
    POWER_LIMIT = 0x06
    TARIFF_SCHEDULE = 0x07
    HOLIDAYS = 0x08
    ENERGY_RESETS = 0x09
    PROFILE_STARTS = 0x0A
    ENERGY_LIMIT_1 = 0x0B
    ENERGY_LIMIT_2 = 0x0C
    ENERGY_LIMIT_3 = 0x0D
    ENERGY_LIMIT_4 = 0x0E
    POWER_LIMIT_SETTINGS = 0x0F
    ENERGY_LIMIT_SETTINGS = 0x10
    LOSSES_SETTINGS = 0x11
    CASE = 0x12
    REPROGRAMMING = 0x13
    ERRORS = 0x14
    PEAK_SCHEDULE = 0x15
    PEAK_RESETS = 0x16
    CURRENT_1 = 0x17
    CURRENT_2 = 0x18
    CURRENT_3 = 0x19
    MAGNETIC_FIELD = 0x1A
    VOLTAGE_1_BELOW_PERMITTED = 0x20
    VOLTAGE_1_BELOW_NORMAL = 0x21
    VOLTAGE_1_ABOVE_NORMAL = 0x22
    VOLTAGE_1_ABOVE_PERMITTED = 0x23
    VOLTAGE_2_BELOW_PERMITTED = 0x24
    VOLTAGE_2_BELOW_NORMAL = 0x25
    VOLTAGE_2_ABOVE_NORMAL = 0x26
    VOLTAGE_2_ABOVE_PERMITTED = 0x27
    VOLTAGE_3_BELOW_PERMITTED = 0x28
    VOLTAGE_3_BELOW_NORMAL = 0x29
    VOLTAGE_3_ABOVE_NORMAL = 0x2A
    VOLTAGE_3_ABOVE_PERMITTED = 0x2B
    FREQUENCY_BELOW_PERMITTED = 0x2C
    FREQUENCY_BELOW_NORMAL = 0x2D
    FREQUENCY_ABOVE_NORMAL = 0x2E
    FREQUENCY_ABOVE_PERMITTED = 0x2F
    SAGS_1 = 0x30
    SAGS_2 = 0x31
    SAGS_3 = 0x32
    REVERSED_CURRENT_1 = 0x80
    REVERSED_CURRENT_2 = 0x81
    REVERSED_CURRENT_3 = 0x82
    CURRENT_WITHOUT_VOLTAGE_1 = 0x83
    CURRENT_WITHOUT_VOLTAGE_2 = 0x84
    CURRENT_WITHOUT_VOLTAGE_3 = 0x85
    PHASE_ORDER = 0x86
    LOAD_CONTROL = 0x87

    @property
    def is_of_quality(self) -> bool:
        """Whether it is one of the long journals of quality, of a hundred places."""
        return Journal.VOLTAGE_1_BELOW_PERMITTED <= self <= Journal.SAGS_3

    @property
    def is_of_sags(self) -> bool:
        """Whether it keeps sags and swells."""
        return Journal.SAGS_1 <= self <= Journal.SAGS_3

    @property
    def places(self) -> int:
        """How many records it keeps."""
        return QUALITY_PLACES if self.is_of_quality else PLACES


@dataclass(frozen=True, slots=True)
class Pair:
    """Two instants: the beginning and the end of an event, or the clock before and after its correction."""

    first: WallTime | None
    second: WallTime | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant; None where the place is empty."""

    at: WallTime | None


@dataclass(frozen=True, slots=True)
class Reprogramming:
    """A day, how many requests wrote, and which parameters of request 03h they wrote."""

    day_on: date | None
    requests: int
    parameters: frozenset[int]
    physical_bits: int
    """A byte about writes to physical memory (07h)."""


@dataclass(frozen=True, slots=True)
class ErrorsFound:
    """When the errors of self-diagnosis changed, and which there were then (E-01 is 1)."""

    at: WallTime | None
    errors: frozenset[int]


@dataclass(frozen=True, slots=True)
class LoadSwitched:
    """When the load was switched, and why, by the codes of LoadEvent."""

    at: WallTime | None
    codes: frozenset[int]


class LoadEvent(IntEnum):
    """The codes of the journal of load control (table 4.5)."""

    CONFIGURED = 0x00
    LOCKED = 0x01
    UNLOCKED = 0x02
    OFF_BY_COMMAND = 0x03
    ON_BY_COMMAND = 0x04
    PERMITTED = 0x05
    OFF_BY_HAND = 0x06
    ON_BY_HAND = 0x07
    OFF_BY_POWER_LIMIT = 0x08
    ON_AFTER_POWER_LIMIT = 0x09
    OFF_BY_CURRENT = 0x0A
    ON_AFTER_CURRENT = 0x0B
    OFF_BY_VOLTAGE = 0x0C
    ON_AFTER_VOLTAGE = 0x0D
    OFF_BY_MAGNETIC_FIELD = 0x0E
    OFF_BY_IMBALANCE = 0x0F
    ON_AFTER_IMBALANCE = 0x10
    OFF_BY_TEMPERATURE = 0x11
    ON_AFTER_TEMPERATURE = 0x12
    OFF_BY_SEAL = 0x13
    OFF_BY_ENERGY_LIMIT_1 = 0x14
    OFF_BY_ENERGY_LIMIT_2 = 0x15
    OFF_BY_ENERGY_LIMIT_3 = 0x16
    OFF_BY_ENERGY_LIMIT_4 = 0x17


@dataclass(frozen=True, slots=True)
class Sag:
    """A sag or swell of one phase: when [and hundredths of a second], how long, how deep."""

    hundredths: int
    at: WallTime | None
    duration_cs: int
    is_sag: bool
    depth_permyriad: int


JournalRecord = Pair | Moment | Reprogramming | ErrorsFound | LoadSwitched | Sag

_ERROR_WORD = word_swapped(6)
_ERRORS = Field(
    size=6,
    read=lambda data: frozenset(bit + 1 for bit in numbers_of_bits(_ERROR_WORD.read(data))),
    write=lambda errors: _ERROR_WORD.write(bits_of_numbers(frozenset(error - 1 for error in errors), 6)),
)
_IS_SAG = Field(size=1, read=lambda data: bool(small(0, 1).read(data)), write=lambda value: bytes([value]))
PAIR: Layout[JournalRecord] = Record(Pair, {"first": _WALL_TIME, "second": _WALL_TIME})
MOMENT: Layout[JournalRecord] = Record(Moment, {"at": _WALL_TIME})
REPROGRAMMING: Layout[JournalRecord] = Record(
    Reprogramming,
    {
        "day_on": day_month_year(),
        "requests": low_first(1),
        # Those of request 03h, each by its number (figure 4.3); bits that name none are kept as they are.
        "parameters": bits(7),
        "physical_bits": low_first(1),
    },
)
ERRORS_FOUND: Layout[JournalRecord] = Record(ErrorsFound, {"at": _WALL_TIME, "errors": _ERRORS})
LOAD_SWITCHED: Layout[JournalRecord] = Record(LoadSwitched, {"at": _WALL_TIME, "codes": bits(6)})
SAG: Layout[JournalRecord] = Record(
    Sag,
    {
        "hundredths": bcd(1),
        "at": _WALL_TIME,
        "duration_cs": low_first(2),
        "is_sag": _IS_SAG,
        "depth_permyriad": low_first(2),
    },
)
_MOMENTS = frozenset(
    {
        *range(Journal.TARIFF_SCHEDULE, Journal.LOSSES_SETTINGS + 1),
        Journal.PEAK_SCHEDULE,
        Journal.PEAK_RESETS,
    }
)
_SPECIAL: Mapping[Journal, Layout[JournalRecord]] = {
    Journal.REPROGRAMMING: REPROGRAMMING,
    Journal.ERRORS: ERRORS_FOUND,
    Journal.LOAD_CONTROL: LOAD_SWITCHED,
}


def record_layout(journal: Journal) -> Layout[JournalRecord]:
    """Return how a record of a journal lies."""
    if journal.is_of_sags:
        return SAG
    if journal in _MOMENTS:
        return MOMENT
    return _SPECIAL.get(journal, PAIR)


_JOURNAL = Field(size=1, read=lambda data: Journal(data[0]), write=lambda journal: bytes([journal]))


@dataclass(frozen=True, slots=True)
class ReadJournal(MercuryV2Request[JournalRecord]):
    """One record of a journal by its place, 0 to 9 (0 to 99 for quality)."""

    journal: Journal
    place: int
    prefix = b"\x04"
    asks: ClassVar[Mapping[str, Field]] = {"journal": _JOURNAL, "place": small(0, QUALITY_PLACES - 1)}

    def __post_init__(self) -> None:
        if not 0 <= self.place < self.journal.places:
            raise ValueError(f"{self.journal.name} has {self.journal.places} places: got {self.place}")

    @property
    def says(self) -> tuple[Layout[JournalRecord], ...]:
        return (record_layout(self.journal),)


@dataclass(frozen=True, slots=True)
class NewestRecord:
    """The newest record of a journal, and its place."""

    record: JournalRecord
    place: int


@dataclass(frozen=True, slots=True)
class ReadNewestRecord(MercuryV2Request[NewestRecord]):
    """The newest record of a journal. The journal of the case, which may be two in one, has no such short cut."""

    journal: Journal
    prefix = b"\x04"
    asks: ClassVar[Mapping[str, Field]] = {"journal": _JOURNAL, "which": fixed(bytes([_NEWEST]))}

    def __post_init__(self) -> None:
        if self.journal is Journal.CASE:
            raise ValueError("the journal of the case tells no newest record")

    @property
    def says(self) -> tuple[Layout[NewestRecord], ...]:
        fields = {"record": nested(record_layout(self.journal)), "place": low_first(1)}
        return (Record(NewestRecord, fields),)


@dataclass(frozen=True, slots=True)
class ReadWholeJournal(MercuryV2Request[tuple[JournalRecord, ...]]):
    """All ten records of a journal, by their places."""

    journal: Journal
    prefix = b"\x04"
    asks: ClassVar[Mapping[str, Field]] = {"journal": _JOURNAL, "which": fixed(bytes([_WHOLE]))}

    def __post_init__(self) -> None:
        if self.journal.is_of_quality:
            raise ValueError(f"{self.journal.name} is read in blocks")

    @property
    def says(self) -> tuple[Layout[tuple[JournalRecord, ...]], ...]:
        return (Row("record", nested(record_layout(self.journal)), PLACES),)


@dataclass(frozen=True, slots=True)
class ReadJournalBlock(MercuryV2Request[tuple[JournalRecord, ...]]):
    """Twenty records of a journal of quality: block 0 has places 0 to 19, block 4 has 80 to 99."""

    journal: Journal
    block: int
    prefix = b"\x04"
    asks: ClassVar[Mapping[str, Field]] = {
        "journal": _JOURNAL,
        "block": Field(
            size=1,
            read=lambda data: _WHOLE - data[0],
            write=lambda block: bytes([_WHOLE - block]),
        ),
    }

    def __post_init__(self) -> None:
        if not self.journal.is_of_quality:
            raise ValueError(f"{self.journal.name} has no blocks")
        if not 0 <= self.block < QUALITY_PLACES // BLOCK:
            raise ValueError(f"a block is 0 to 4: got {self.block}")

    @property
    def says(self) -> tuple[Layout[tuple[JournalRecord, ...]], ...]:
        return (Row("record", nested(record_layout(self.journal)), BLOCK),)


@dataclass(frozen=True, slots=True)
class ReadSagStatistics(MercuryV2Request[tuple[int, ...]]):
    """How many sags or swells of one range of depth (0 above 140 % … 7 below 5 %) there were, by duration."""

    journal: Journal
    voltage_range: int
    prefix = b"\x04"
    asks: ClassVar[Mapping[str, Field]] = {
        "journal": _JOURNAL,
        "which": fixed(bytes([_STATISTICS])),
        "voltage_range": small(0, 7),
    }

    def __post_init__(self) -> None:
        if not self.journal.is_of_sags:
            raise ValueError(f"{self.journal.name} has no statistics")

    @property
    def says(self) -> tuple[Layout[tuple[int, ...]], ...]:
        return (Row("event_count", low_first(2), 8),)
