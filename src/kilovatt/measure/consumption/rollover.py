"""What lies between two values of a register that may have passed its top."""

from dataclasses import dataclass

ROLLOVER_SHARE = 10
"""A register that went down has passed its top if what it then counted is at most a tenth of its capacity; more
than that between two readings is a reset or a misreading, and is named instead of billed. Our own rule."""


@dataclass(frozen=True, slots=True)
class RegisterDifference:
    """What a register counted between two readings [Wh]."""

    energy_wh: int
    rolled_over: bool


def register_difference(*, start_wh: int, end_wh: int, limit_wh: int | None) -> RegisterDifference | None:
    """Return what a register counted from `start_wh` to `end_wh`, or None if it went down and no turn explains it."""
    if end_wh >= start_wh:
        return RegisterDifference(end_wh - start_wh, rolled_over=False)
    if limit_wh is None:
        return None
    over_the_top = end_wh + limit_wh - start_wh
    if not 0 <= over_the_top <= limit_wh // ROLLOVER_SHARE:
        return None
    return RegisterDifference(over_the_top, rolled_over=True)
