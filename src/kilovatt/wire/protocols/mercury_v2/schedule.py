"""The tariff schedule: sixteen marks a day, in two halves, by month and kind of day (section 3.20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, Layout, Row, Single
from kilovatt.wire.protocols.mercury_v2.fields import bits_of_numbers, numbers_of_bits, small
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request

MARKS_OF_HALF = 8
HOLIDAY = 8
"""Stands for a holiday where a kind of day is meant (1 Monday … 7 Sunday)."""
END_OF_DAY = 24 * 60
_SECOND_HALF = 12


@dataclass(frozen=True, slots=True)
class ScheduleSelection:
    """Months (1..12), kinds of day (1 Monday … 7 Sunday, 8 holiday), and which half of the marks, 0 or 1."""

    months: frozenset[int]
    days: frozenset[int]
    half: int

    def __post_init__(self) -> None:
        if not self.months or not self.months <= frozenset(range(1, 13)):
            raise ValueError(f"months are 1 to 12: got {sorted(self.months)}")
        if not self.days or not self.days <= frozenset(range(1, HOLIDAY + 1)):
            raise ValueError(f"kinds of day are 1 to {HOLIDAY}: got {sorted(self.days)}")
        if self.half not in (0, 1):
            raise ValueError(f"a half is 0 or 1: got {self.half}")


@dataclass(frozen=True, slots=True)
class TariffMark:
    """From this minute of the day a tariff counts; the unused marks and the last are at 1440."""

    minute: int
    tariff: int

    def __post_init__(self) -> None:
        if not 0 <= self.minute <= END_OF_DAY or not 0 <= self.tariff <= 7:
            raise ValueError(f"a mark is a minute to {END_OF_DAY} and a tariff: got {self.minute} and {self.tariff}")


def _selection_from(data: bytes) -> ScheduleSelection:
    mask = int.from_bytes(data[:2], "big")
    months = numbers_of_bits(mask & 0x0FFF)
    return ScheduleSelection(
        months=frozenset(bit + 1 for bit in months),
        days=frozenset(bit + 1 for bit in numbers_of_bits(data[2])),
        half=mask >> _SECOND_HALF & 1,
    )


def _selection_to(selection: ScheduleSelection) -> bytes:
    mask = bits_of_numbers(frozenset(month - 1 for month in selection.months), 2) | selection.half << _SECOND_HALF
    days = bits_of_numbers(frozenset(day - 1 for day in selection.days), 1)
    return mask.to_bytes(2, "big") + bytes([days])


def _mark_from(data: bytes) -> TariffMark:
    if data[0] > 59:
        raise ValueError(f"a minute of the hour is 0 to 59: got {data[0]}")
    return TariffMark(minute=(data[1] & 0x1F) * 60 + data[0], tariff=data[1] >> 5)


def _mark_to(mark: TariffMark) -> bytes:
    hour, minute = divmod(mark.minute, 60)
    return bytes([minute, mark.tariff << 5 | hour])


SELECTION = Field(size=3, read=_selection_from, write=_selection_to)
MARK = Field(size=2, read=_mark_from, write=_mark_to)
MARKS: Row[TariffMark] = Row("mark", MARK, MARKS_OF_HALF)


@dataclass(frozen=True, slots=True)
class ReadTariffSchedule(MercuryV2Request[tuple[TariffMark, ...]]):
    """The marks of half a day's tariff schedule, of one kind of day in one month."""

    selection: ScheduleSelection
    prefix = b"\x08\x22"
    asks: ClassVar[Mapping[str, Field]] = {"selection": SELECTION}

    def __post_init__(self) -> None:
        if len(self.selection.months) != 1 or len(self.selection.days) != 1:
            raise ValueError("a schedule is read for one month and one kind of day")

    @property
    def says(self) -> tuple[Layout[tuple[TariffMark, ...]], ...]:
        return (MARKS,)


DAYS_OF_MONTH = Field(
    size=4,
    read=lambda data: frozenset(bit + 1 for bit in numbers_of_bits(int.from_bytes(data, "little"))),
    write=lambda days: bits_of_numbers(frozenset(day - 1 for day in days), 4).to_bytes(4, "little"),
)


@dataclass(frozen=True, slots=True)
class ReadHolidays(MercuryV2Request[frozenset[int]]):
    """The days of a month that count as holidays."""

    month: int
    prefix = b"\x08\x23"
    asks: ClassVar[Mapping[str, Field]] = {"month": small(1, 12)}

    @property
    def says(self) -> tuple[Layout[frozenset[int]], ...]:
        return (Single({"holidays": DAYS_OF_MONTH}),)
