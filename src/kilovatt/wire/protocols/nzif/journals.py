"""The journals (2.4.1): rings of ten records, of which place 0 is the oldest and place 9 the newest.

Those with numbers below 16 are read by a short request; all of them by the extended one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, TypeAlias

from kilovatt.wire.protocols.framing.layout import Field, Layout, Record
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif.fields import STAMP, one_of, small
from kilovatt.wire.protocols.nzif.request import NzifRequest

PLACES = 10
_SHORT_MAX = 0x0F


class Journal(IntEnum):
    """Which journal."""

    POWER = 0x01
    CLOCK = 0x02
    TARIFFS = 0x04
    TERMINAL_COVER = 0x0A
    CASE = 0x53
    MAGNETIC_FIELD = 0x56


@dataclass(frozen=True, slots=True)
class Pair:
    """Two instants: the supply off and on again, the clock before and after, a cover opened and closed.

    None stands where nothing was written, or not yet.
    """

    first: WallTime | None
    second: WallTime | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant; None where nothing was written."""

    at: WallTime | None


JournalRecord: TypeAlias = Pair | Moment

_PAIR: Layout[JournalRecord] = Record(Pair, {"first": STAMP, "second": STAMP})
_MOMENT: Layout[JournalRecord] = Record(Moment, {"at": STAMP})


def record_layout(journal: Journal) -> Layout[JournalRecord]:
    """Return how a record of a journal lies."""
    return _MOMENT if journal is Journal.TARIFFS else _PAIR


@dataclass(frozen=True, slots=True)
class Place:
    """A journal with a number below 16, and a place in it."""

    journal: Journal
    place: int

    def __post_init__(self) -> None:
        if self.journal > _SHORT_MAX:
            raise ValueError(f"{self.journal.name} is read by the extended request only")
        if not 0 <= self.place < PLACES:
            raise ValueError(f"a place is 0 to {PLACES - 1}: got {self.place}")

    def __str__(self) -> str:
        return f"{self.journal.name.lower()} {self.place}"


_PLACE = Field(
    size=1,
    read=lambda data: Place(Journal(data[0] >> 4), data[0] & 0x0F),
    write=lambda it: bytes([it.journal << 4 | it.place]),
)


@dataclass(frozen=True, slots=True)
class ReadRecord(NzifRequest[JournalRecord]):
    """A record of a journal."""

    place: Place
    prefix = b"\x04"
    asks: ClassVar[Mapping[str, Field]] = {"place": _PLACE}

    @property
    def says(self) -> tuple[Layout[JournalRecord], ...]:
        return (record_layout(self.place.journal),)


@dataclass(frozen=True, slots=True)
class ReadRecordExtended(NzifRequest[JournalRecord]):
    """A record of any journal."""

    journal: Journal
    place: int
    prefix = b"\x09"
    asks: ClassVar[Mapping[str, Field]] = {"journal": one_of(Journal), "place": small(0, PLACES - 1)}

    @property
    def says(self) -> tuple[Layout[JournalRecord], ...]:
        return (record_layout(self.journal),)


def read_record(journal: Journal, place: int) -> ReadRecord | ReadRecordExtended:
    """Return the request for a record: the short one where there is one, as older meters know no other."""
    if journal <= _SHORT_MAX:
        return ReadRecord(Place(journal, place))
    return ReadRecordExtended(journal, place)
