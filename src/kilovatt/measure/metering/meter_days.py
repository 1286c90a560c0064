"""The meter-day: one local day of one meter's load profile, as the meter counted it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum
from functools import lru_cache

NO_EXCHANGE = -1
"""Stands in `exchanges` where a slot came from no exchange (missing, estimated)."""


class SlotRank(IntEnum):
    """How a slot came to be; the low two bits of its quality. A higher rank wins a merge."""

    MISSING = 0
    ESTIMATED = 1
    ACTUAL = 2
    EDITED = 3


class SlotFlag(IntEnum):
    """What the meter said about a slot; bits of its quality above the rank."""

    INCOMPLETE = 1 << 2
    """The supply failed or the clock was set within the slot."""
    OVERFLOW = 1 << 3
    """The count reached the top of its field: the true energy may be larger."""
    CLOCK_DOUBTFUL = 1 << 4


RANK_MASK = 0b11


class Source(StrEnum):
    """Where values came from."""

    METER = "meter"
    FILE = "file"
    PERSON = "person"
    ESTIMATE = "estimate"
    EDITED = "edited"
    """From the meter, but with instants that a person has put right: its clock was wrong."""


@lru_cache(maxsize=1024)
def shared(column: tuple[int, ...]) -> tuple[int, ...]:
    """Return a list of slots like this one: days that are alike (all actual, nothing given) hold one and the same.

    Ten thousand sessions at once hold ten thousand days. Not for what is counted (see `counted`): that is seldom alike.
    """
    return column


_SHARED_COUNTS = tuple(range(1 << 14))
"""Half a megabyte. Python keeps the numbers to 256 once, and makes each larger one anew, of 28 bytes."""
_LARGEST_SHARED = _SHARED_COUNTS[-1]


def counted(counts: Iterable[int]) -> tuple[int, ...]:
    """Return counts of slots, those of usual size as the one number that all days share: a day takes a third less."""
    made = tuple([_SHARED_COUNTS[count] if 0 <= count <= _LARGEST_SHARED else count for count in counts])
    return made if any(made) else shared(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterDay:
    """Energy in the slots of one local day, in the meter's own whole counts.

    Every list has one place per slot of the day: `starts_at` + i × `step_s`. Energy of a slot is
    count × `uwh_per_count` [µWh], at the meter's terminals, without the transformer ratio. A quantity
    the meter does not measure is None; a slot it does not know has count 0 and rank MISSING in
    `qualities`. `exchanges` names the exchange that carried each slot, or NO_EXCHANGE.
    """

    day_on: date
    starts_at: datetime
    step_s: int
    uwh_per_count: int
    a_plus: tuple[int, ...]
    a_minus: tuple[int, ...] | None
    r_plus: tuple[int, ...] | None
    r_minus: tuple[int, ...] | None
    qualities: tuple[int, ...]
    exchanges: tuple[int, ...]
    heard_at: datetime
    source: Source = Source.METER

    def __post_init__(self) -> None:
        slots = len(self.qualities)
        for name in ("a_plus", "a_minus", "r_plus", "r_minus", "exchanges"):
            counts = getattr(self, name)
            if counts is not None and len(counts) != slots:
                raise ValueError(f"{name} has {len(counts)} slots, the day of {self.day_on} has {slots}")

    @property
    def is_whole(self) -> bool:
        """Whether every slot has a value, measured or not."""
        return all(quality & RANK_MASK for quality in self.qualities)
