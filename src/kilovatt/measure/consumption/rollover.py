"""What lies between two values of a register that may have passed its top."""

from dataclasses import dataclass

from kilovatt.measure.metering.models import Language

ROLLOVER_SHARE = 10
"""A register that went down has passed its top if what it then counted is at most a tenth of its capacity; more
than that between two readings is a reset or a misreading, and is named instead of billed. Our own rule."""


@dataclass(frozen=True, slots=True)
class RegisterDifference:
    """What a register counted between two readings [Wh]."""

    energy_wh: int
    rolled_over: bool


def register_limit_wh(language: Language) -> int | None:
    """Return where a meter's registers begin again at zero [Wh], or None where that is not established.

    Mercury V1 sends eight BCD digits of 0.01 kWh, so that 999,999.99 kWh is followed by 0 (the command system of
    M206, 28.03.2017). Mercury V2 sends 32 bits of Wh whose top value means "not measured"; where its registers
    turn is not documented, so a V2 register that went down is never taken for a turn.
    """
    return 1_000_000_000 if language is Language.MERCURY_V1 else None


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
