"""Landis+Gyr: meters that read everything out at once (IEC 62056-21, mode C), or are asked by DLMS."""

from dataclasses import dataclass, replace
from enum import StrEnum

from kilovatt.measure.metering.catalogue.cosem import CosemDialect, Entry
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import (
    Dialect,
    Evidence,
    Language,
    MeterModel,
    PasswordForm,
    PasswordRule,
    Wiring,
    gettext_noop,
)
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


class ProfileForm(StrEnum):
    """What the columns of a load profile hold; the meter itself tells, and the simulated one does as its row says."""

    INCREMENTS = "increments"
    """The energy of each interval (1.0.x.29.0)."""
    REGISTERS = "registers"
    """The register at the end of each interval (1.0.x.8.0)."""
    MEAN_POWER = "mean_power"
    """The mean power of each interval (1.0.x.5.0)."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """What a number of the event log means; `ended_by` is the number of what ends it, None for what is of a moment."""

    number: int
    kind: EventKind
    ended_by: int | None = None


_EVENTS = (
    LoggedEvent(2, EventKind.ENERGY_RESET),
    LoggedEvent(3, EventKind.PROFILE_RESTARTED),
    LoggedEvent(4, EventKind.JOURNAL_CLEARED),
    LoggedEvent(5, EventKind.METER_FAULT, ended_by=7),
    LoggedEvent(11, EventKind.CLOCK_SET),
    LoggedEvent(23, EventKind.POWER_OFF, ended_by=24),
)
"""2, 3, 4, 5 and 7 as the list of a ZMD's manual (E650) begins; the others are assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LandisGyrCosemDialect(CosemDialect):
    """What these meters do when they are asked by DLMS, as far as anything shows it."""

    uses_short_names: bool = True
    """Whether objects are referred to by short names, as captured; else by logical names."""
    association_base: int = 0xFA00
    """The base name of the association: behind it stands the list of all objects, and their base names."""
    has_scaler_profiles: bool = False
    flag: str = "LGZ"
    type_name: str = "ZMG405000b.P07"
    serial_obis: str = "0.0.96.1.0.255"
    firmware_obis: str = "1.0.0.2.0.255"
    event_log_obis: str = "1.0.99.98.0.255"
    event_number_obis: str = "0.0.96.240.12.255"
    """Which column of the event log holds the numbers."""
    events: tuple[LoggedEvent, ...] = _EVENTS
    receive_info_bytes: int = 62
    """How many bytes of information the simulated meter takes in a frame: half of what it sends, as captured."""
    message_bytes_max: int = 2400
    """The longest message the simulated meter takes, as captured."""
    profile_form: ProfileForm = ProfileForm.INCREMENTS


_PASSWORD = PasswordRule(form=PasswordForm.ASCII, length_min=1, length_max=32, factory=("00000000",))
_ASSUMED = gettext_noop("serial number, event log and its numbers, columns and depths are assumed")
_SHORT_NAMES = MeterModel(
    key="landis-gyr-zmg405-sn",
    title="Landis+Gyr ZMG405CR (DLMS)",
    maker=_MAKER,
    language=Language.SPODES,
    phases=3,
    wiring=Wiring.TRANSFORMER,
    register_step_wh=1,
    quantities=frozenset(Quantity),
    impulses_per_kwh=None,
    uwh_per_count=1_000_000,
    profile_depth_days=60,
    month_register_depth_months=12,
    password=_PASSWORD,
    channels=("rs485",),
    journals=frozenset(event.kind for event in _EVENTS),
    dialect=LandisGyrCosemDialect(),
    evidence=Evidence.SIBLING,
    evidence_notes=(
        gettext_noop(
            "association by short names as captured from an unnamed Landis+Gyr; object list and addresses are assumed"
        ),
        _ASSUMED,
    ),
)
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
        evidence_notes=(
            gettext_noop(
                "identification and lines as two mocks of this meter and readouts of a ZMD405 show them; what is "
                "read out, in which step, and when registers are frozen is a matter of its parameters; its profile "
                "takes DLMS"
            ),
        ),
    ),
    _SHORT_NAMES,
    replace(
        _SHORT_NAMES,
        key="landis-gyr-zmg405-sn-optical",
        title="Landis+Gyr ZMG405CR (DLMS, optical)",
        channels=("optical",),
        dialect=LandisGyrCosemDialect(entry=Entry.MODE_E, address_bytes=1),
        evidence_notes=(
            gettext_noop(
                "identification as two mocks show it, address and association by short names as captured from an "
                "unnamed Landis+Gyr; the object list is assumed"
            ),
            _ASSUMED,
        ),
    ),
    replace(
        _SHORT_NAMES,
        key="landis-gyr-zmg405-ln",
        title="Landis+Gyr ZMG405CR (DLMS, logical names)",
        dialect=LandisGyrCosemDialect(uses_short_names=False),
        evidence=Evidence.ASSUMED,
        evidence_notes=(gettext_noop("an E550 is said to know logical names too"), _ASSUMED),
    ),
)
