"""Pulse counters: what counts the impulses of a meter that cannot speak, and is itself read over Modbus TCP."""

from dataclasses import dataclass

from kilovatt.measure.metering.models import Dialect, Evidence, Language, MeterModel, Wiring, gettext_noop
from kilovatt.measure.metering.registers import Quantity

_COUNTS = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseCounterDialect(Dialect):
    """Where a counter keeps its counts, and what they began with: a matter of the device and of the installation.

    The counts of input n (an address, from 1) are two registers from `first_register` + 2 (n - 1).
    """

    unit: int = 1
    """The Modbus unit of the device."""
    holding: bool = True
    """Whether the counts are holding registers (function 3), or input registers (function 4)."""
    first_register: int = 0
    low_word_first: bool = False
    """Whether the low half of a count is in the first of its two registers."""
    starting_wh: int = 0
    """What the register of the meter showed when the counter stood at `starting_count` [Wh]."""
    starting_count: int = 0


COUNTERS: tuple[MeterModel, ...] = (
    MeterModel(
        key="pulse-counter-modbus",
        title="Modbus TCP pulse counter",
        maker="any",
        language=Language.MODBUS,
        phases=1,
        wiring=Wiring.DIRECT,
        register_step_wh=1,
        register_limit_wh=_COUNTS,
        quantities=frozenset({Quantity.A_PLUS}),
        instant_values=False,
        impulses_per_kwh=1000,
        uwh_per_count=None,
        channels=("ethernet",),
        dialect=PulseCounterDialect(),
        evidence=Evidence.ASSUMED,
        evidence_notes=(
            gettext_noop(
                "the Modbus specification; the map of registers and the constant are those of the device and of "
                "the meter, and are options: no device was read; no clock, no tariffs, no past: registers are of the "
                "instant they are read"
            ),
        ),
    ),
)
"""They count for a meter, and keep nothing of the past: no town is wired with them, and no bill rests on one alone."""
