"""Incotex, Moscow: Меркурий in both its languages."""

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import (
    ClockRule,
    Evidence,
    Language,
    MeterModel,
    PasswordForm,
    PasswordRule,
    Wiring,
    gettext_noop,
)
from kilovatt.measure.metering.registers import Quantity

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
        EventKind.VOLTAGE_OUT_OF_LIMITS,
    }
)
_RELAY_JOURNALS = frozenset({EventKind.RELAY_OPENED, EventKind.RELAY_CLOSED, EventKind.RELAY_PERMITTED})
_V1_COMMANDS = frozenset({CommandKind.SET_CLOCK})
"""Some firmware takes them under a jumper only (command system of M206, 28.03.2017)."""
_V1_RELAY_COMMANDS = frozenset({CommandKind.OPEN_RELAY, CommandKind.CLOSE_RELAY})
_V2_COMMANDS = frozenset({CommandKind.SET_CLOCK, CommandKind.SHIFT_CLOCK, CommandKind.SET_TARIFF_TABLE})
_V2_CLOCK_RULE = ClockRule(max_shift_s=240, once_a_day=True, slewed=True)
"""Request 03h 0Dh: four minutes, once a calendar day of the meter."""
_V2_RELAY_COMMANDS = frozenset({CommandKind.OPEN_RELAY, CommandKind.CLOSE_RELAY, CommandKind.SET_POWER_LIMIT})
_ACTIVE = frozenset({Quantity.A_PLUS})
_ACTIVE_REACTIVE = frozenset({Quantity.A_PLUS, Quantity.R_PLUS})
_ALL_QUANTITIES = frozenset(Quantity)
_MAKER = "Инкотекс"
_V1_LIMIT_WH = 1_000_000_000
"""Eight BCD digits of 0.01 kWh: 999,999.99 kWh is followed by 0 (command system of M206, 28.03.2017). Where the
32 bits of Wh of V2 turn, whose top value means "not measured", is not documented."""
_FACTORY_PASSWORDS = ("111111", "222222")
_SIX_DIGITS = PasswordRule(form=PasswordForm.DIGITS, length_min=6, length_max=6, factory=_FACTORY_PASSWORDS)
_SIX_CHARACTERS = PasswordRule(form=PasswordForm.ASCII, length_min=6, length_max=6, factory=_FACTORY_PASSWORDS)

_V1_NOTE = gettext_noop("command system of M206 (28.03.2017), which lists the 203 but for the 203.2TD")
_V2_NOTE = gettext_noop("command system of 203.2TD…238, edition 05.2023")
_234_NOTE = gettext_noop("opening and journals captured from a 234; the rest by the maker's text")
_UWH_PER_KWH = 1_000_000_000
"""A kilowatt-hour is so many µWh."""


def _v1(
    *,
    key: str,
    title: str,
    channels: tuple[str, ...],
    evidence: Evidence,
    evidence_note: str,
    is_newer: bool = True,
) -> MeterModel:
    """Return a row of the first language: one phase, no password, four registers.

    `is_newer`: with reactive energy, a load profile and a relay.
    """
    return MeterModel(
        key=key,
        title=title,
        maker=_MAKER,
        language=Language.MERCURY_V1,
        phases=1,
        wiring=Wiring.DIRECT,
        register_step_wh=10,
        register_limit_wh=_V1_LIMIT_WH,
        total_register=False,
        quantities=_ACTIVE_REACTIVE if is_newer else _ACTIVE,
        impulses_per_kwh=None,
        uwh_per_count=200_000 if is_newer else None,
        profile_depth_days=180 if is_newer else 0,
        month_register_depth_months=11,
        relay=is_newer,
        channels=channels,
        journals=_V1_JOURNALS if is_newer else _V1_JOURNALS - _RELAY_JOURNALS,
        commands=_V1_COMMANDS | _V1_RELAY_COMMANDS if is_newer else _V1_COMMANDS,
        evidence=evidence,
        evidence_notes=(evidence_note,),
    )


def _v2(
    *,
    key: str,
    title: str,
    wiring: Wiring,
    quantities: frozenset[Quantity],
    impulses_per_kwh: int,
    channels: tuple[str, ...],
    evidence: Evidence,
    evidence_note: str,
    password: PasswordRule = _SIX_DIGITS,
    is_newer: bool = True,
    relay: bool = False,
) -> MeterModel:
    """Return a row of the second language: three phases, a password, energy of half-hours by the meter constant.

    `is_newer`: keeps registers of days and of three years, and watches for magnets.
    """
    journals = _V2_JOURNALS if is_newer else _V2_JOURNALS - {EventKind.MAGNETIC_FIELD}
    return MeterModel(
        key=key,
        title=title,
        maker=_MAKER,
        language=Language.MERCURY_V2,
        phases=3,
        wiring=wiring,
        register_step_wh=1,
        quantities=quantities,
        impulses_per_kwh=impulses_per_kwh,
        uwh_per_count=_UWH_PER_KWH // (2 * impulses_per_kwh),
        profile_depth_days=170 if is_newer else 85,
        day_register_depth_days=123 if is_newer else 0,
        month_register_depth_months=36 if is_newer else 11,
        relay=relay,
        password=password,
        channels=channels,
        journals=journals | (_RELAY_JOURNALS if relay else frozenset()),
        commands=_V2_COMMANDS | (_V2_RELAY_COMMANDS if relay else frozenset()),
        clock_rule=_V2_CLOCK_RULE,
        evidence=evidence,
        evidence_notes=(evidence_note,),
    )


INCOTEX: tuple[MeterModel, ...] = (
    _v1(
        key="mercury-200-04",
        title="Меркурий 200.04",
        channels=("can", "plc"),
        is_newer=False,
        evidence=Evidence.MAKERS_TEXT,
        evidence_note=gettext_noop("command system of M206 (28.03.2017), which lists the 200; no load profile assumed"),
    ),
    _v1(
        key="mercury-203-2t-gbo",
        title="Меркурий 203.2T GBO",
        channels=("gsm", "optical"),
        evidence=Evidence.MAKERS_TEXT,
        evidence_note=_V1_NOTE,
    ),
    _v1(
        key="mercury-206-prlsno",
        title="Меркурий 206 PRLSNO",
        channels=("rs485", "plc", "optical"),
        evidence=Evidence.CAPTURE,
        evidence_note=gettext_noop("registers and instant values captured by others; the rest by the maker's text"),
    ),
    _v2(
        key="mercury-230-art-01-cln",
        title="Меркурий 230 ART-01 CLN",
        wiring=Wiring.DIRECT,
        quantities=_ACTIVE_REACTIVE,
        impulses_per_kwh=1000,
        channels=("can", "plc"),
        is_newer=False,
        evidence=Evidence.MAKERS_TEXT,
        evidence_note=_V2_NOTE,
    ),
    _v2(
        key="mercury-230-art-03-cln",
        title="Меркурий 230 ART-03 CLN",
        wiring=Wiring.TRANSFORMER,
        quantities=_ACTIVE_REACTIVE,
        impulses_per_kwh=1000,
        channels=("can", "plc"),
        is_newer=False,
        evidence=Evidence.MAKERS_TEXT,
        evidence_note=_V2_NOTE,
    ),
    _v2(
        key="mercury-234-art-03",
        title="Меркурий 234 ART-03",
        wiring=Wiring.TRANSFORMER,
        quantities=_ALL_QUANTITIES,
        impulses_per_kwh=5000,
        channels=("rs485", "optical"),
        evidence=Evidence.CAPTURE,
        evidence_note=_234_NOTE,
    ),
    _v2(
        key="mercury-234-artm-01-pob-r",
        title="Меркурий 234 ARTM-01 POB.R",
        wiring=Wiring.DIRECT,
        quantities=_ACTIVE_REACTIVE,
        impulses_per_kwh=1000,
        password=_SIX_CHARACTERS,
        channels=("rs485", "optical"),
        relay=True,
        evidence=Evidence.SIBLING,
        evidence_note=gettext_noop("the 234 of the maker's text, with its built-in relay"),
    ),
    _v2(
        key="mercury-234-artm-03-pb-r",
        title="Меркурий 234 ARTM-03 PB.R",
        wiring=Wiring.TRANSFORMER,
        quantities=_ALL_QUANTITIES,
        impulses_per_kwh=5000,
        password=_SIX_CHARACTERS,
        channels=("rs485", "optical"),
        evidence=Evidence.CAPTURE,
        evidence_note=_234_NOTE,
    ),
    _v2(
        key="mercury-234-artm-00-pb-g",
        title="Меркурий 234 ARTM-00 PB.G",
        wiring=Wiring.TRANSFORMER,
        quantities=_ALL_QUANTITIES,
        impulses_per_kwh=5000,
        password=_SIX_CHARACTERS,
        channels=("gsm", "optical"),
        evidence=Evidence.CAPTURE,
        evidence_note=gettext_noop("serial, firmware and ratio captured through a modem; the rest by the maker's text"),
    ),
)
