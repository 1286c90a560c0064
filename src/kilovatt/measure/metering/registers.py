"""Registers: what a meter has counted since it was made, read at an instant."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

TOTAL_TARIFF = 0
"""The tariff number under which a meter keeps the sum of its tariffs."""


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
        if not TOTAL_TARIFF <= self.tariff <= 8:
            raise ValueError(f"a tariff is 0 (total) to 8: got {self.tariff}")
        if self.taken_at.tzinfo is None or self.heard_at.tzinfo is None:
            raise ValueError("the instants of a register need a time zone")
