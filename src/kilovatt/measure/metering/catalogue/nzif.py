"""НЗиФ (Frunze works), Nizhny Novgorod: ПСЧ-4ТМ and СЭТ-4ТМ."""

from dataclasses import dataclass

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

_RECORD_BYTES = 24
_MAKER = "НЗиФ"
_PASSWORD = PasswordRule(form=PasswordForm.ASCII, length_min=6, length_max=6, factory=("000000", "111111"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NzifDialect(Dialect):
    """What types of these meters do differently, or what is told by programs and not by the maker."""

    type_code: int = 11
    """The number of the type in the variant word: 11 of ПСЧ-4ТМ.05МК, 8 of СЭТ-4ТМ.02М and .03М."""
    read_bytes_max: int = 133
    """How many bytes of memory one answer brings: 133 of ПСЧ-4ТМ.05М and after, 93 of СЭТ-4ТМ.03 and ПСЧ-4ТМ.05."""
    profile_lines: int = 8192
    """How many lines of eight bytes the ring of the load profile has; 4096 of ПСЧ-4ТМ.05 and ПСЧ-3ТМ.05."""
    power_multiplier: int = 1
    """How many mW a step of power is. By the maker's concentrator; 20 of ПСЧ-3ТМ, 10 of СЭБ-1ТМ."""
    current_multiplier: int = 1
    """How many tenths of a mA a step of current is. By the same; 10 of СЭБ-1ТМ."""
    channel_life_s: int = 30
    """After how long a silence a meter closes its channel. Nobody tells: only the simulated meter goes by it."""

    def __post_init__(self) -> None:
        if self.read_bytes_max < _RECORD_BYTES:
            raise ValueError(f"an hour of the profile is {_RECORD_BYTES} bytes, read in one: got {self.read_bytes_max}")


_JOURNALS = frozenset({EventKind.POWER_OFF, EventKind.CLOCK_SET, EventKind.TARIFF_TABLE_CHANGED})
_COVERS = frozenset({EventKind.TERMINAL_COVER_OPENED, EventKind.CASE_OPENED})

NZIF: tuple[MeterModel, ...] = (
    MeterModel(
        key="psch-4tm-05mk-16-02",
        title="ПСЧ-4ТМ.05МК.16.02",
        maker=_MAKER,
        language=Language.NZIF,
        phases=3,
        wiring=Wiring.TRANSFORMER,
        register_step_wh=1,
        register_step_uwh=400_000,
        quantities=frozenset(Quantity),
        impulses_per_kwh=1250,
        uwh_per_count=400_000,
        profile_depth_days=113,
        day_register_depth_days=30,
        month_register_depth_months=11,
        password=_PASSWORD,
        channels=("rs485", "optical"),
        journals=_JOURNALS | _COVERS | {EventKind.MAGNETIC_FIELD},
        dialect=NzifDialect(),
        evidence=Evidence.SIBLING,
        evidence_notes=(
            gettext_noop(
                "frames captured from a СЭТ-4ТМ.03М; the rest as the maker's concentrator and programs of "
                "others read this very type; constant of a transformer-connected 230 V meter"
            ),
        ),
    ),
    MeterModel(
        key="set-4tm-03m",
        title="СЭТ-4ТМ.03М",
        maker=_MAKER,
        language=Language.NZIF,
        phases=3,
        wiring=Wiring.TRANSFORMER,
        register_step_wh=1,
        register_step_uwh=400_000,
        quantities=frozenset(Quantity),
        impulses_per_kwh=1250,
        uwh_per_count=400_000,
        profile_depth_days=113,
        day_register_depth_days=30,
        month_register_depth_months=11,
        password=_PASSWORD,
        channels=("rs485", "optical"),
        journals=_JOURNALS | {EventKind.TERMINAL_COVER_OPENED},
        dialect=NzifDialect(type_code=8, read_bytes_max=93),
        evidence=Evidence.CAPTURE,
        evidence_notes=(
            gettext_noop(
                "opening, serial number, ratios and variant captured; the rest as the maker's concentrator and "
                "programs of others read it; constant of a 230 V meter of 5 A"
            ),
        ),
    ),
)
