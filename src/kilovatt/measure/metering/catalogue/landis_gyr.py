"""Landis+Gyr: meters that read everything out at once (IEC 62056-21, mode C)."""

from dataclasses import dataclass

from kilovatt.measure.metering.models import Dialect, Evidence, Language, MeterModel, Wiring
from kilovatt.measure.metering.registers import Quantity

_MAKER = "Landis+Gyr"


@dataclass(frozen=True, slots=True, kw_only=True)
class LandisGyrDialect(Dialect):
    """What these meters do differently from each other, and what is a matter of their parameters."""

    type_name: str
    """What the meter calls itself when it is called."""
    long_years: bool = False
    """Whether the simulated meter writes years in four digits, as a mock of a ZMG405 does; a real ZMD writes two."""
    baud_letter: str | None = None
    """The speed that is chosen; None for the one the meter offers."""
    parity_bits: bool = False
    """Whether parity is ours to add, since the gateway carries eight bits and the meter wants seven with parity."""
    address_digits: int = 8
    """How many digits an address is called with; leading zeros mean nothing in the standard."""
    patience_ms: int = 3000
    """How long the simulated meter waits for the choice after it was called."""


LANDIS_GYR: tuple[MeterModel, ...] = (
    MeterModel(
        key="landis-gyr-zmg405",
        title="Landis+Gyr ZMG405CR",
        maker=_MAKER,
        language=Language.IEC62056_21,
        phases=3,
        wiring=Wiring.TRANSFORMER,
        register_step_wh=10,
        quantities=frozenset(Quantity),
        instant_values=False,
        impulses_per_kwh=None,
        uwh_per_count=None,
        month_register_depth_months=11,
        channels=("rs485", "optical"),
        dialect=LandisGyrDialect(type_name="ZMG405000b.P07"),
        evidence=Evidence.SIBLING,
        evidence_note="identification and lines as two mocks of this meter and readouts of a ZMD405 show them; what is "
        "read out, in which step, and when registers are frozen is a matter of its parameters; its profile takes DLMS",
    ),
)
