"""Command 37h: the archive of half-hours, and the slices of days and months.

The maker's text contradicts itself about the answer with half-hours: it has 24 bytes ("DATA24"), and consists of
"(E30MIN-CRC16)*8", which is 32. It also explains a byte ER ("validity of the data: 0 yes, any other value an
error") that no layout in it uses; 8 × (E30MIN + ER) would be 24. No captured answer is public. So the layout is an
option, of the one who asks and of the one who answers, each for itself. See HalfHourLayout.

The unit is 0.2 Wh, by the maker's text. Not established: the order of the two bytes of an energy (taken as the
highest first, as in every other number of this language), and what stands in a place the meter never wrote; a
place whose checksum or validity byte does not fit is None, whatever stands in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar, TypeAlias

from kilovatt.wire.protocols.framing.crc16 import append_crc, crc_is_right
from kilovatt.wire.protocols.framing.layout import Field, fixed
from kilovatt.wire.protocols.mercury_v1 import answers
from kilovatt.wire.protocols.mercury_v1.answers import ArchiveSlice
from kilovatt.wire.protocols.mercury_v1.fields import binary, day_month_year
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request

UWH_PER_COUNT = 200_000
"""A half-hour is counted in 0.2 Wh."""
GROUPS = 6
GROUP_SIZE = 8
"""A day is six groups of eight half-hours."""
COUNT_MAX = 0xFFFF

_FIRST_GROUP = 0x10
_LIKE_GROUPS = 2
"""The group whose half-hours, 16 to 23, have the numbers by which groups are called, 16 to 21."""
_VALID = 0

HalfHours: TypeAlias = tuple[int | None, ...]
"""The counts of eight half-hours [0.2 Wh]; None where the meter has no valid record."""


class HalfHourLayout(StrEnum):
    """How a half-hour lies in the answer."""

    CRC_BY_GROUP = "crc_by_group"
    """Energy and CRC-16, 32 bytes in all: the structure of the maker's text. The checksum is over N48, day, month,
    year and energy; N48 as in the request, which is the only N48 the text defines."""
    CRC_BY_HALF_HOUR = "crc_by_half_hour"
    """The same, with N48 as the number of the half-hour in the day, 0 to 47, as its name suggests."""
    VALIDITY = "validity"
    """Energy and a byte of validity, 24 bytes in all: the length of the maker's text, and its unused ER."""

    @property
    def slot_size(self) -> int:
        """The bytes of one half-hour."""
        return 3 if self is HalfHourLayout.VALIDITY else 4


ANY_LAYOUT = frozenset(HalfHourLayout)


@dataclass(frozen=True, slots=True)
class ReadHalfHours(MercuryV1Request[HalfHours]):
    """A group (0..5) of eight half-hours of a local day, in any of the layouts that are accepted."""

    group: int
    day_on: date
    layouts: frozenset[HalfHourLayout] = ANY_LAYOUT
    code = 0x37
    selector = tuple(range(_FIRST_GROUP, _FIRST_GROUP + GROUPS))
    asks: ClassVar[Mapping[str, Field]] = {"group": binary(1, first=-_FIRST_GROUP), "day_on": day_month_year()}

    def __post_init__(self) -> None:
        if not 0 <= self.group < GROUPS:
            raise ValueError(f"a group of half-hours is 0 to {GROUPS - 1}: got {self.group}")
        if not self.layouts:
            raise ValueError("at least one layout of half-hours is to be accepted")

    @property
    def answer_sizes(self) -> tuple[int, ...]:
        return tuple(_by_size(self.layouts))

    def decode(self, data: bytes) -> HalfHours:
        size = len(data) // GROUP_SIZE
        slots = [data[start : start + size] for start in range(0, len(data), size)]
        counts: list[int | None] = [None] * GROUP_SIZE
        layouts = _by_size(self.layouts).get(len(data), ())
        for layout in layouts:
            # Nearly always the first has them all. One answer is in one layout.
            if None in counts:
                found = self._counts(slots, layout)
                counts = min(counts, found, key=lambda one: one.count(None))
        if len(layouts) > 1 and self._may_be_anothers(counts):
            return (None,) * GROUP_SIZE
        return tuple(counts)

    def _may_be_anothers(self, counts: list[int | None]) -> bool:
        """Tell whether the only half-hour may be one of another group: groups are called as half-hours 16 to 21 are."""
        known = [place for place, count in enumerate(counts) if count is not None]
        return len(known) == 1 and (known[0] == self.group or (self.group == _LIKE_GROUPS and known[0] < GROUPS))

    def encode(self, value: HalfHours) -> bytes:
        """An answer's data, in the one layout that is accepted; where there are several, in their first."""
        layout = next(layout for layout in HalfHourLayout if layout in self.layouts)
        payload = self.payload()
        return b"".join(self._slot(payload, index, count, layout) for index, count in enumerate(value))

    def _counts(self, slots: list[bytes], layout: HalfHourLayout) -> list[int | None]:
        if layout is HalfHourLayout.VALIDITY:
            return [int.from_bytes(slot[:2], "big") if slot[2] == _VALID else None for slot in slots]
        summed = self._summed(self.payload(), layout)
        return [
            int.from_bytes(slot[:2], "big") if crc_is_right(before + slot) else None
            for before, slot in zip(summed, slots, strict=True)
        ]

    def _summed(self, payload: bytes, layout: HalfHourLayout) -> list[bytes]:
        """Return what the checksum of each half-hour covers before its energy."""
        if layout is HalfHourLayout.CRC_BY_GROUP:
            return [payload] * GROUP_SIZE
        first = self.group * GROUP_SIZE
        return [bytes([number]) + payload[1:] for number in range(first, first + GROUP_SIZE)]

    def _slot(self, payload: bytes, index: int, count: int | None, layout: HalfHourLayout) -> bytes:
        if count is None:
            return b"\xff" * layout.slot_size
        energy = count.to_bytes(2, "big")
        if layout is HalfHourLayout.VALIDITY:
            return energy + bytes([_VALID])
        before = self._summed(payload, layout)[index]
        return append_crc(before + energy)[len(before) :]


@lru_cache(maxsize=8)
def _by_size(layouts: frozenset[HalfHourLayout]) -> Mapping[int, tuple[HalfHourLayout, ...]]:
    """Return the layouts that an answer's data of each size can have, sizes ascending."""
    sizes = sorted({GROUP_SIZE * layout.slot_size for layout in layouts})
    return {
        size: tuple(it for it in HalfHourLayout if it in layouts and GROUP_SIZE * it.slot_size == size)
        for size in sizes
    }


@dataclass(frozen=True, slots=True)
class ReadDaySlice(MercuryV1Request[ArchiveSlice]):
    """The slice of a local day."""

    day_on: date
    code = 0x37
    selector = (0x00,)
    asks: ClassVar[Mapping[str, Field]] = {"slice": fixed(b"\x00"), "day_on": day_month_year()}
    says = answers.ARCHIVE_SLICE


@dataclass(frozen=True, slots=True)
class ReadMonthSlice(MercuryV1Request[ArchiveSlice]):
    """The slice of the month a local day is in."""

    day_on: date
    code = 0x37
    selector = (0x01,)
    asks: ClassVar[Mapping[str, Field]] = {"slice": fixed(b"\x01"), "day_on": day_month_year()}
    says = answers.ARCHIVE_SLICE
