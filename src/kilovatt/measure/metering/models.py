"""What a row of the catalogue of meter models says: what the meter can, and how sure we are of it.

Commands, faults, readings and bills use only what the row (and the variant word the meter itself shows) says
the meter has. The rows stand in `metering.catalogue`, a file for each maker.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.registers import Quantity

_UWH_PER_WH = 1_000_000


class Language(StrEnum):
    """The languages of meters, named as on the command line."""

    MERCURY_V1 = "mercury-v1"
    MERCURY_V2 = "mercury-v2"
    NZIF = "nzif"
    ENERGOMERA = "energomera"
    IEC62056_21 = "iec62056-21"
    MODBUS = "modbus"
    SPODES = "dlms"
    FILE = "file"
    """None that we speak: its readings come in files of the software of its concentrator."""


class Evidence(StrEnum):
    """What our support of a model rests on, the best first. `assumed` is not called supported."""

    REAL_METER = "real meter"
    MAKERS_TEXT = "maker's text"
    CAPTURE = "capture"
    SIBLING = "sibling"
    ASSUMED = "assumed"


class Wiring(StrEnum):
    """How the meter is connected: in the circuit itself, or through current transformers."""

    DIRECT = "direct"
    TRANSFORMER = "transformer"


class PasswordForm(StrEnum):
    """How the characters of a password become bytes."""

    DIGITS = "digits"
    """Each is a digit, and travels as its value."""
    ASCII = "ascii"
    """Each travels as its ASCII code."""
    NUMBER = "number"
    """All together are one decimal number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRule:
    """What the password of a model may be, and which one its maker sets: that is printed in its manual.

    `factory` holds a password for each access level, 1 (reading) first.
    """

    form: PasswordForm
    length_min: int
    length_max: int
    factory: tuple[str, ...] = field(repr=False)

    def allows(self, password: str) -> bool:
        """Whether a meter of this model could have the password."""
        fits = self.length_min <= len(password) <= self.length_max and password.isascii()
        return fits and (self.form is PasswordForm.ASCII or password.isdigit())

    @property
    def by_level(self) -> dict[int, str]:
        """The factory's passwords by access level."""
        return dict(enumerate(self.factory, start=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRule:
    """What a maker allows of the correction of a clock.

    `slewed`: it runs faster or stands until it is right; else it jumps. `once_a_day`: the meter refuses a second one.
    """

    max_shift_s: int
    once_a_day: bool
    slewed: bool


class Dialect:
    """Options of a language, for what makers and firmware do differently or what nobody has established.

    Each language has its own subclass, a frozen dataclass with a default for every option: a guess stands in
    the row, where driver and simulated meter both find it and a user can change it.
    """

    __slots__ = ()


def gettext_noop(text: str) -> str:
    """Return the text; its name marks an English string for the catalogue of translations."""
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterModel:
    """One row of the catalogue."""

    key: str
    title: str
    maker: str
    language: Language
    phases: int
    wiring: Wiring
    register_step_wh: int
    """The step of the registers as they are read [Wh]."""
    register_step_uwh: int | None = None
    """The step in which the meter itself counts [µWh], where that is no whole number of Wh: a reading is then floored
    to it first, and to Wh after that."""
    quantities: frozenset[Quantity]
    register_limit_wh: int | None = None
    """Where the registers begin again at zero [Wh]; None where that is not established: one that went down is then
    never taken for one that turned over."""
    total_register: bool = True
    """Whether there is a register of all tariffs together besides those of each."""
    instant_values: bool = True
    """Whether voltages, currents and power can be asked for; without, it shows power at most."""
    impulses_per_kwh: int | None
    """The meter constant, where the scale of its load profile depends on it."""
    uwh_per_count: int | None
    """The scale of the load profile [µWh per count]; None without a profile."""
    profile_step_s: int = 1800
    profile_depth_days: int = 0
    day_register_depth_days: int = 0
    month_register_depth_months: int = 0
    relay: bool = False
    password: PasswordRule | None = None
    """None: the language knows no passwords for reading."""
    channels: tuple[str, ...] = ("rs485",)
    journals: frozenset[EventKind] = field(default_factory=frozenset)
    commands: frozenset[CommandKind] = frozenset()
    """What it can be told to do; its driver has conversations for these."""
    clock_rule: ClockRule | None = None
    """How its clock may be corrected; None where it cannot be told to."""
    dialect: Dialect | None = None
    evidence: Evidence
    evidence_notes: tuple[str, ...]
    """What the evidence is, in English sources of gettext."""

    @property
    def evidence_note(self) -> str:
        """What the evidence is, in English."""
        return "; ".join(self.evidence_notes)

    @property
    def has_profile(self) -> bool:
        """Whether the meter keeps a load profile."""
        return self.uwh_per_count is not None

    def reading_wh(self, counted_uwh: int) -> int:
        """Return what a reading says of a register that has counted so much [Wh from µWh]."""
        if self.register_step_uwh is not None:
            counted_uwh -= counted_uwh % self.register_step_uwh
        counted_wh = counted_uwh // _UWH_PER_WH
        return counted_wh - counted_wh % self.register_step_wh

    @property
    def reading_lacks_wh(self) -> int:
        """What a reading lacks of what was counted is always less than this [Wh]."""
        return self.register_step_wh + (self.register_step_uwh is not None)

    @property
    def factory_passwords(self) -> dict[int, str]:
        """The passwords a meter leaves the factory with, by access level; none for a model without passwords."""
        return {} if self.password is None else self.password.by_level
