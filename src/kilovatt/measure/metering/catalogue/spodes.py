"""Meters that speak СПОДЭС (ГОСТ Р 58940-2020), whoever makes them."""

from dataclasses import dataclass, replace

from kilovatt.measure.metering.catalogue.cosem import ConfiguratorProof, CosemDialect
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
from kilovatt.measure.metering.spodes.vocabulary import KINDS

_STANDARD = gettext_noop("text of ГОСТ Р 58940-2020 and its sample frames")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpodesDialect(CosemDialect):
    """What makers of СПОДЭС meters do differently, or what the standard leaves open."""

    security_obis: str = "0.0.43.0.0.255"
    """The security set-up of the configurator's association; its last but one group is not established."""
    limiter_obis: str = "0.0.17.0.0.255"


_PASSWORD = PasswordRule(form=PasswordForm.ASCII, length_min=1, length_max=32, factory=("00000001",))
_RELAY = frozenset({EventKind.RELAY_OPENED, EventKind.RELAY_CLOSED, EventKind.RELAY_PERMITTED})
_JOURNALS = KINDS - _RELAY
_RELAY_COMMANDS = frozenset(
    {CommandKind.OPEN_RELAY, CommandKind.CLOSE_RELAY, CommandKind.PERMIT_RELAY, CommandKind.SET_POWER_LIMIT}
)
_COMMANDS = frozenset(
    {
        CommandKind.SET_TARIFF_TABLE,
        CommandKind.SET_CLOCK,
        CommandKind.SHIFT_CLOCK,
        CommandKind.CHANGE_PASSWORD,
        CommandKind.CHANGE_KEYS,
    }
)
_CLOCK_RULE = ClockRule(max_shift_s=900, once_a_day=False, slewed=False)
"""Method 6 of the clock shifts it by 900 s at most (IEC 62056-6-2, class 8)."""
_ALL = frozenset(Quantity)


def _row(  # a row says many things
    *,
    key: str,
    title: str,
    maker: str,
    phases: int,
    evidence: Evidence,
    evidence_note: str,
    dialect: SpodesDialect | None = None,
    password: PasswordRule = _PASSWORD,
    wiring: Wiring = Wiring.DIRECT,
    channels: tuple[str, ...] = ("rs485", "optical"),
) -> MeterModel:
    """Return a row with what the standard asks of every meter: profiles, depths, journals.

    The interval of the load profile is set in each meter; half-hours are what the trade sets.
    """
    is_direct = wiring is Wiring.DIRECT
    return MeterModel(
        key=key,
        title=title,
        maker=maker,
        language=Language.SPODES,
        phases=phases,
        wiring=wiring,
        register_step_wh=1,
        quantities=_ALL,
        impulses_per_kwh=None,
        uwh_per_count=1_000_000,
        profile_depth_days=180,
        day_register_depth_days=36,
        month_register_depth_months=36,
        relay=is_direct,
        password=password,
        channels=channels,
        journals=_JOURNALS | (_RELAY if is_direct else frozenset()),
        commands=_COMMANDS | (_RELAY_COMMANDS if is_direct else frozenset()),
        clock_rule=_CLOCK_RULE,
        dialect=dialect or SpodesDialect(),
        evidence=evidence,
        evidence_notes=(evidence_note,),
    )


_EIGHT_DIGITS = PasswordRule(form=PasswordForm.ASCII, length_min=1, length_max=32, factory=("12345678",))
_NARTIS = PasswordRule(form=PasswordForm.ASCII, length_min=1, length_max=32, factory=("00000001", "0000000100000001"))
_NARTIS_DIALECT = SpodesDialect(
    text_encoding="cp1251", has_scaler_profiles=False, flag="NRT", configurator_proof=ConfiguratorProof.AES
)
_ENERGOMERA = SpodesDialect(text_encoding="cp1251", flag="EMR")
_ENERGOMERA_NOTE = gettext_noop("a push of a real Энергомера, a СЕ207's password; the rest by the standard")
_RIM = SpodesDialect(
    over_wrapper=True,
    stamps_ahead_of_utc=True,
    text_encoding="iso8859-5",
    relay_obis="0.0.96.3.1.255",
    takes_ranges=False,
    flag="RIM",
)
_RIM_NOTE = gettext_noop("as the РиМ 489; the rest by the standard")
SPODES: tuple[MeterModel, ...] = (
    _row(
        key="spodes-1ph",
        title="СПОДЭС, однофазный",
        maker="ГОСТ Р 58940-2020",
        phases=1,
        evidence=Evidence.MAKERS_TEXT,
        evidence_note=_STANDARD,
    ),
    _row(
        key="spodes-3ph",
        title="СПОДЭС, трёхфазный",
        maker="ГОСТ Р 58940-2020",
        phases=3,
        evidence=Evidence.MAKERS_TEXT,
        evidence_note=_STANDARD,
    ),
    _row(
        key="spodes-3ph-ct",
        title="СПОДЭС, трёхфазный, через трансформаторы тока",
        maker="ГОСТ Р 58940-2020",
        phases=3,
        wiring=Wiring.TRANSFORMER,
        evidence=Evidence.MAKERS_TEXT,
        evidence_note=_STANDARD,
    ),
    _row(
        key="energomera-ce207-spds",
        title="Энергомера СЕ207 (СПОДЭС)",
        maker="Энергомера",
        phases=1,
        dialect=_ENERGOMERA,
        password=_EIGHT_DIGITS,
        evidence=Evidence.SIBLING,
        evidence_note=gettext_noop("users read a СЕ207 SPds with this password; the rest by the standard"),
    ),
    _row(
        key="energomera-ce208-spds",
        title="Энергомера СЕ208 (СПОДЭС)",
        maker="Энергомера",
        phases=1,
        dialect=_ENERGOMERA,
        password=_EIGHT_DIGITS,
        evidence=Evidence.SIBLING,
        evidence_note=_ENERGOMERA_NOTE,
    ),
    _row(
        key="energomera-ce307-spds",
        title="Энергомера СЕ307 (СПОДЭС)",
        maker="Энергомера",
        phases=3,
        dialect=_ENERGOMERA,
        password=_EIGHT_DIGITS,
        evidence=Evidence.ASSUMED,
        evidence_note=_ENERGOMERA_NOTE,
    ),
    _row(
        key="energomera-ce308-spds",
        title="Энергомера СЕ308 (СПОДЭС)",
        maker="Энергомера",
        phases=3,
        dialect=_ENERGOMERA,
        password=_EIGHT_DIGITS,
        evidence=Evidence.ASSUMED,
        evidence_note=_ENERGOMERA_NOTE,
    ),
    _row(
        key="nartis-i100",
        title="Нартис-И100",
        maker="Нартис",
        phases=1,
        dialect=replace(_NARTIS_DIALECT, address_bytes=2),
        password=_NARTIS,
        evidence=Evidence.SIBLING,
        evidence_note=gettext_noop(
            "address, encoding and passwords as users report them, mechanism 2 assumed; the rest by standard"
        ),
    ),
    _row(
        key="milur-107s",
        title="Милур 107S",
        maker="Милур",
        phases=1,
        dialect=SpodesDialect(text_encoding="cp1251", flag="MLR"),
        evidence=Evidence.ASSUMED,
        evidence_note=gettext_noop("users report its address (the last four digits and 16); the rest by the standard"),
    ),
    _row(
        key="mercury-spodes-1ph",
        title="Меркурий (СПОДЭС), однофазный",
        maker="Инкотекс",
        phases=1,
        evidence=Evidence.ASSUMED,
        evidence_note=gettext_noop("by the standard alone"),
    ),
    _row(
        key="mercury-spodes-3ph",
        title="Меркурий (СПОДЭС), трёхфазный",
        maker="Инкотекс",
        phases=3,
        evidence=Evidence.ASSUMED,
        evidence_note=gettext_noop("by the standard alone"),
    ),
    _row(
        key="nartis-i300",
        title="Нартис-И300",
        maker="Нартис",
        phases=3,
        dialect=_NARTIS_DIALECT,
        password=_NARTIS,
        evidence=Evidence.SIBLING,
        evidence_note=gettext_noop(
            "encoding and passwords as users report them, mechanism 2 assumed; the rest by the standard"
        ),
    ),
    _row(
        key="rim-489-spodes",
        title="РиМ 489 (СПОДЭС)",
        maker="РиМ",
        phases=3,
        dialect=_RIM,
        channels=("gsm", "radio"),
        evidence=Evidence.SIBLING,
        evidence_note=gettext_noop("a sample of the standard reads the type of a РиМ 489.38; users read one over TCP"),
    ),
    _row(
        key="rim-189-spodes",
        title="РиМ 189 (СПОДЭС)",
        maker="РиМ",
        phases=1,
        dialect=_RIM,
        channels=("gsm", "radio"),
        evidence=Evidence.ASSUMED,
        evidence_note=_RIM_NOTE,
    ),
    _row(
        key="rim-289-spodes",
        title="РиМ 289 (СПОДЭС)",
        maker="РиМ",
        phases=1,
        dialect=_RIM,
        channels=("gsm", "radio"),
        evidence=Evidence.ASSUMED,
        evidence_note=_RIM_NOTE,
    ),
)
"""The factory's password is what users report of several makers; those who install meters change it."""
