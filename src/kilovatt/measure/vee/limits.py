"""From where on the judgement doubts: dated parameters with their source, never constants inside a rule."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The parameters of the rules from a day on."""

    valid_from_on: date
    source: str
    connection_permille: int
    """What a connection can carry over a slot, in thousandths of its agreed power."""
    spike_factor: int
    """How many times the highest slot of the meter's own recent days."""
    spike_window_days: int
    """How many days before the day are recent."""
    spike_days_min: int
    """Of how many of them something must be known."""
    spike_floor_w: int
    """Below this mean power nothing is a spike, however quiet the days before."""
    clock_limit_s: int
    """How far the meter's clock may be off."""


LIMITS: tuple[Limits, ...] = (
    Limits(
        valid_from_on=date(2000, 1, 1),
        # A breaker trips within the hour at 1.45 of its current: ГОСТ IEC 60898-1, table 7. The rest is our own
        # setting: of 300 real homes over 92 days, 1.3 million half-hours, it doubts none.
        source="ГОСТ IEC 60898-1-2020, таблица 7; the rest: setting of the project",
        connection_permille=1450,
        spike_factor=4,
        spike_window_days=14,
        spike_days_min=7,
        spike_floor_w=4000,
        clock_limit_s=120,
    ),
)
"""In ascending order; a change is one more row."""


class NoLimitsError(LookupError):
    """No parameters of the judgement are known for a day."""


def limits_on(on: date) -> Limits:
    """Return the parameters in force on a day. Raises NoLimitsError before the first."""
    for limits in reversed(LIMITS):
        if limits.valid_from_on <= on:
            return limits
    raise NoLimitsError(f"no limits are known for {on}: the first are of {LIMITS[0].valid_from_on}")
