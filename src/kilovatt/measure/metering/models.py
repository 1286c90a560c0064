"""The catalogue of meter models: what each can do, and how sure we are of it.

Adding a model is one row here and, for a new family, one driver. Commands, faults, readings and bills
use only what the row (and the variant word the meter itself shows) says the meter has.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.registers import Quantity


class Language(StrEnum):
    """The languages of meters, named as on the command line."""

    MERCURY_V1 = "mercury-v1"
    MERCURY_V2 = "mercury-v2"


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
    """How six password characters become bytes (Mercury V2): as digit values or as ASCII."""

    NONE = "none"
    DIGITS = "digits"
    ASCII = "ascii"


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
    quantities: frozenset[Quantity]
    impulses_per_kwh: int | None
    """The meter constant, where the scale of its load profile depends on it."""
    uwh_per_count: int | None
    """The scale of the load profile [µWh per count]; None without a profile."""
    profile_step_s: int = 1800
    profile_depth_days: int = 0
    day_register_depth_days: int = 0
    month_register_depth_months: int = 0
    relay: bool = False
    password_form: PasswordForm = PasswordForm.NONE
    channels: tuple[str, ...] = ("rs485",)
    journals: frozenset[EventKind] = field(default_factory=frozenset)
    evidence: Evidence
    evidence_note: str

    @property
    def has_profile(self) -> bool:
        """Whether the meter keeps a load profile."""
        return self.uwh_per_count is not None


_V1_JOURNALS = frozenset(
    {
        EventKind.POWER_OFF,
        EventKind.CASE_OPENED,
        EventKind.REPROGRAMMED,
        EventKind.RELAY_OPENED,
        EventKind.RELAY_CLOSED,
    }
)
_V2_JOURNALS = frozenset(
    {
        EventKind.POWER_OFF,
        EventKind.CLOCK_SET,
        EventKind.CASE_OPENED,
        EventKind.TERMINAL_COVER_OPENED,
        EventKind.MAGNETIC_FIELD,
        EventKind.REPROGRAMMED,
        EventKind.POWER_LIMIT_EXCEEDED,
        EventKind.PHASE_LOST,
    }
)
_RELAY_JOURNALS = frozenset({EventKind.RELAY_OPENED, EventKind.RELAY_CLOSED, EventKind.RELAY_PERMITTED})
_ACTIVE = frozenset({Quantity.A_PLUS})
_ACTIVE_REACTIVE = frozenset({Quantity.A_PLUS, Quantity.R_PLUS})
_ALL_QUANTITIES = frozenset(Quantity)
_INCOTEX = "Incotex"

MODELS: tuple[MeterModel, ...] = (
    MeterModel(
        key="mercury-200-04",
        title="Меркурий 200.04",
        maker=_INCOTEX,
        language=Language.MERCURY_V1,
        phases=1,
        wiring=Wiring.DIRECT,
        register_step_wh=10,
        quantities=_ACTIVE,
        impulses_per_kwh=None,
        uwh_per_count=None,
        month_register_depth_months=11,
        channels=("can", "plc"),
        journals=_V1_JOURNALS - _RELAY_JOURNALS,
        evidence=Evidence.MAKERS_TEXT,
        evidence_note="command system of M206 (28.03.2017), which lists the 200; no load profile assumed",
    ),
    MeterModel(
        key="mercury-203-2t-gbo",
        title="Меркурий 203.2T GBO",
        maker=_INCOTEX,
        language=Language.MERCURY_V1,
        phases=1,
        wiring=Wiring.DIRECT,
        register_step_wh=10,
        quantities=_ACTIVE_REACTIVE,
        impulses_per_kwh=None,
        uwh_per_count=200_000,
        profile_depth_days=180,
        month_register_depth_months=11,
        relay=True,
        channels=("gsm", "optical"),
        journals=_V1_JOURNALS,
        evidence=Evidence.MAKERS_TEXT,
        evidence_note="command system of M206 (28.03.2017), which lists the 203 but for the 203.2TD",
    ),
    MeterModel(
        key="mercury-206-prlsno",
        title="Меркурий 206 PRLSNO",
        maker=_INCOTEX,
        language=Language.MERCURY_V1,
        phases=1,
        wiring=Wiring.DIRECT,
        register_step_wh=10,
        quantities=_ACTIVE_REACTIVE,
        impulses_per_kwh=None,
        uwh_per_count=200_000,
        profile_depth_days=180,
        month_register_depth_months=11,
        relay=True,
        channels=("rs485", "plc", "optical"),
        journals=_V1_JOURNALS,
        evidence=Evidence.CAPTURE,
        evidence_note="registers and instant values captured by others; the rest by the maker's text",
    ),
    MeterModel(
        key="mercury-230-art-01-cln",
        title="Меркурий 230 ART-01 CLN",
        maker=_INCOTEX,
        language=Language.MERCURY_V2,
        phases=3,
        wiring=Wiring.DIRECT,
        register_step_wh=1,
        quantities=_ACTIVE_REACTIVE,
        impulses_per_kwh=1000,
        uwh_per_count=500_000,
        profile_depth_days=85,
        month_register_depth_months=11,
        password_form=PasswordForm.DIGITS,
        channels=("can", "plc"),
        journals=_V2_JOURNALS - {EventKind.MAGNETIC_FIELD},
        evidence=Evidence.MAKERS_TEXT,
        evidence_note="command system of 203.2TD…238, edition 05.2023",
    ),
    MeterModel(
        key="mercury-230-art-03-cln",
        title="Меркурий 230 ART-03 CLN",
        maker=_INCOTEX,
        language=Language.MERCURY_V2,
        phases=3,
        wiring=Wiring.TRANSFORMER,
        register_step_wh=1,
        quantities=_ACTIVE_REACTIVE,
        impulses_per_kwh=1000,
        uwh_per_count=500_000,
        profile_depth_days=85,
        month_register_depth_months=11,
        password_form=PasswordForm.DIGITS,
        channels=("can", "plc"),
        journals=_V2_JOURNALS - {EventKind.MAGNETIC_FIELD},
        evidence=Evidence.MAKERS_TEXT,
        evidence_note="command system of 203.2TD…238, edition 05.2023",
    ),
    MeterModel(
        key="mercury-234-art-03",
        title="Меркурий 234 ART-03",
        maker=_INCOTEX,
        language=Language.MERCURY_V2,
        phases=3,
        wiring=Wiring.TRANSFORMER,
        register_step_wh=1,
        quantities=_ALL_QUANTITIES,
        impulses_per_kwh=5000,
        uwh_per_count=100_000,
        profile_depth_days=170,
        day_register_depth_days=123,
        month_register_depth_months=36,
        password_form=PasswordForm.DIGITS,
        channels=("rs485", "optical"),
        journals=_V2_JOURNALS,
        evidence=Evidence.CAPTURE,
        evidence_note="opening and journals captured from a 234; the rest by the maker's text",
    ),
    MeterModel(
        key="mercury-234-artm-01-pob-r",
        title="Меркурий 234 ARTM-01 POB.R",
        maker=_INCOTEX,
        language=Language.MERCURY_V2,
        phases=3,
        wiring=Wiring.DIRECT,
        register_step_wh=1,
        quantities=_ACTIVE_REACTIVE,
        impulses_per_kwh=1000,
        uwh_per_count=500_000,
        profile_depth_days=170,
        day_register_depth_days=123,
        month_register_depth_months=36,
        relay=True,
        password_form=PasswordForm.ASCII,
        channels=("rs485", "optical"),
        journals=_V2_JOURNALS | _RELAY_JOURNALS,
        evidence=Evidence.SIBLING,
        evidence_note="the 234 of the maker's text, with its built-in relay",
    ),
    MeterModel(
        key="mercury-234-artm-03-pb-r",
        title="Меркурий 234 ARTM-03 PB.R",
        maker=_INCOTEX,
        language=Language.MERCURY_V2,
        phases=3,
        wiring=Wiring.TRANSFORMER,
        register_step_wh=1,
        quantities=_ALL_QUANTITIES,
        impulses_per_kwh=5000,
        uwh_per_count=100_000,
        profile_depth_days=170,
        day_register_depth_days=123,
        month_register_depth_months=36,
        password_form=PasswordForm.ASCII,
        channels=("rs485", "optical"),
        journals=_V2_JOURNALS,
        evidence=Evidence.CAPTURE,
        evidence_note="opening and journals captured from a 234; the rest by the maker's text",
    ),
    MeterModel(
        key="mercury-234-artm-00-pb-g",
        title="Меркурий 234 ARTM-00 PB.G",
        maker=_INCOTEX,
        language=Language.MERCURY_V2,
        phases=3,
        wiring=Wiring.TRANSFORMER,
        register_step_wh=1,
        quantities=_ALL_QUANTITIES,
        impulses_per_kwh=5000,
        uwh_per_count=100_000,
        profile_depth_days=170,
        day_register_depth_days=123,
        month_register_depth_months=36,
        password_form=PasswordForm.ASCII,
        channels=("gsm", "optical"),
        journals=_V2_JOURNALS,
        evidence=Evidence.CAPTURE,
        evidence_note="serial, firmware and ratio captured through a modem; the rest by the maker's text",
    ),
)
_BY_KEY = {model.key: model for model in MODELS}


class UnknownModelError(LookupError):
    """No such model in the catalogue."""


def model_by_key(key: str) -> MeterModel:
    """Return the row of a model. Raises UnknownModelError."""
    try:
        return _BY_KEY[key]
    except KeyError as error:
        raise UnknownModelError(key) from error
