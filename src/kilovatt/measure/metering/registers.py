"""Registers: what a meter has counted since it was made, read at an instant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias, overload

TOTAL_TARIFF = 0
"""The tariff number under which a meter keeps the sum of its tariffs."""
TARIFF_MAX = 8


class Quantity(StrEnum):
    """What is counted: active or reactive energy, taken from the grid (plus) or given to it (minus)."""

    A_PLUS = "a_plus"
    A_MINUS = "a_minus"
    R_PLUS = "r_plus"
    R_MINUS = "r_minus"


class RegisterMoment(StrEnum):
    """Which of its registers the meter showed: the running one, or one it had frozen at a midnight."""

    NOW = "now"
    DAY_START = "day_start"
    MONTH_START = "month_start"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReading:
    """One register of one meter at one instant.

    `value` is whole [Wh] or [varh], floored to the meter's own step, at the meter's terminals: the
    transformer ratio belongs to the installation and is applied in `measure.consumption`.
    `taken_at` is the instant the value belongs to by the meter's clock, in UTC; for frozen registers
    it is the local midnight. `exchange` is the exchange of the session that carried it.
    """

    quantity: Quantity
    tariff: int
    value: int
    moment: RegisterMoment
    taken_at: datetime
    heard_at: datetime
    exchange: int

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError(f"a register cannot be negative: got {self.value} Wh")
        _check_tariff(self.tariff)
        if self.taken_at.tzinfo is None or self.heard_at.tzinfo is None:
            raise ValueError("the instants of a register need a time zone")


RegisterNames: TypeAlias = tuple[tuple[Quantity, int], ...]
"""Which registers, in order: of each what it counts, and its tariff."""


@dataclass(slots=True, kw_only=True)
class AnsweredRegisters:
    """The registers of one moment that one answer carried: values stand in the order of their names.

    What is said of each is said of `RegisterReading`. Raises ValueError for what that would not take.
    Not frozen: one is made of every answer with registers, and those that are take twice as long to make.
    """

    names: RegisterNames
    values: tuple[int, ...]
    moment: RegisterMoment
    taken_at: datetime
    heard_at: datetime
    exchange: int

    def __post_init__(self) -> None:
        self.names = _checked(self.names)
        if len(self.values) != len(self.names):
            raise ValueError(f"{len(self.names)} registers have as many values: got {len(self.values)}")
        if self.values and min(self.values) < 0:
            raise ValueError(f"a register cannot be negative: got {min(self.values)} Wh")
        if self.taken_at.tzinfo is None or self.heard_at.tzinfo is None:
            raise ValueError("the instants of a register need a time zone")

    def readings(self) -> Iterator[RegisterReading]:
        """Return them one by one."""
        for (quantity, tariff), value in zip(self.names, self.values, strict=True):
            yield RegisterReading(
                quantity=quantity,
                tariff=tariff,
                value=value,
                moment=self.moment,
                taken_at=self.taken_at,
                heard_at=self.heard_at,
                exchange=self.exchange,
            )


class Registers(Sequence[RegisterReading]):
    """Register readings as answers carried them: a reading is made when it is asked for.

    A session learns sixty, ten thousand sessions wait to be handed over; each by itself would take twice the room.
    """

    __slots__ = ("answers",)

    def __init__(self, answers: Iterable[AnsweredRegisters] = ()) -> None:
        self.answers = tuple([answer for answer in answers if answer.values])

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.answers)

    def __len__(self) -> int:
        return sum(len(answer.values) for answer in self.answers)

    def __iter__(self) -> Iterator[RegisterReading]:
        for answer in self.answers:
            yield from answer.readings()

    @overload
    def __getitem__(self, place: int) -> RegisterReading: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[RegisterReading, ...]: ...
    def __getitem__(self, place: int | slice) -> RegisterReading | tuple[RegisterReading, ...]:
        return tuple(self)[place]

    def __eq__(self, other: object) -> bool:
        """Whether it has the same readings, in whatever sequence they are."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Registers({self.answers!r})"


def both(some: Sequence[RegisterReading], more: Sequence[RegisterReading]) -> Sequence[RegisterReading]:
    """Return the readings of two sequences in one."""
    if not some or not more:
        return some or more
    if isinstance(some, Registers) and isinstance(more, Registers):
        return Registers(some.answers + more.answers)
    return (*some, *more)


def exchanges_of(registers: Sequence[RegisterReading]) -> set[int]:
    """Return the exchanges that carried some registers."""
    return {one.exchange for one in (registers.answers if isinstance(registers, Registers) else registers)}


def _check_tariff(tariff: int) -> None:
    if not TOTAL_TARIFF <= tariff <= TARIFF_MAX:
        raise ValueError(f"a tariff is {TOTAL_TARIFF} (total) to {TARIFF_MAX}: got {tariff}")


@lru_cache(maxsize=1024)
def _checked(names: RegisterNames) -> RegisterNames:
    """Return these names if there can be such: checked once, and there once, for all the answers that have them."""
    for _, tariff in names:
        _check_tariff(tariff)
    return names
