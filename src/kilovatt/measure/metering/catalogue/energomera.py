"""Энергомера, Stavropol: the meters that speak its own binary language."""

from dataclasses import dataclass

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

_MAKER = "Энергомера"
_ACTIVE = frozenset({Quantity.A_PLUS})
_NUMBER = PasswordRule(form=PasswordForm.NUMBER, length_min=1, length_max=9, factory=("777777",))


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergomeraDialect(Dialect):
    """What meters of this language do differently, and where programs that read them disagree."""

    stamped_registers: bool = False
    """Whether a register is asked for by depth and tariff and comes with a stamp: СЕ102 R5.1 and СЕ307."""
    month_start_depth: int = 1
    """The depth at which the registers of this month's beginning stand. By the maker's text on СЕ102 it is 1, the end
    of the last month; that R5.1 and СЕ307 do the same is assumed, and checked by the stamp."""
    instants_low_first: bool = True
    """Whether voltages and currents have their low byte first, as everything else has: one program has it so, and
    another the other way round."""
    current_step_ma: int = 1
    """How many mA a step of current is: 1 by one program, 10 by another."""


ENERGOMERA: tuple[MeterModel, ...] = (
    MeterModel(
        key="energomera-ce102-r5",
        title="Энергомера СЕ102 R5 145-A",
        maker=_MAKER,
        language=Language.ENERGOMERA,
        phases=1,
        wiring=Wiring.DIRECT,
        register_step_wh=10,
        quantities=_ACTIVE,
        instant_values=False,
        impulses_per_kwh=None,
        uwh_per_count=None,
        day_register_depth_days=30,
        month_register_depth_months=12,
        password=_NUMBER,
        channels=("rs485", "optical"),
        dialect=EnergomeraDialect(),
        evidence=Evidence.SIBLING,
        evidence_notes=(
            gettext_noop(
                "registers as three programs of others read them, two of which quote the maker's text; the day "
                "depth is assumed, and a meter that keeps less refuses; whether this type keeps half-hours is not "
                "established"
            ),
        ),
    ),
    MeterModel(
        key="energomera-ce102-profile",
        title="Энергомера СЕ102 с профилем",
        maker=_MAKER,
        language=Language.ENERGOMERA,
        phases=1,
        wiring=Wiring.DIRECT,
        register_step_wh=10,
        quantities=_ACTIVE,
        instant_values=False,
        impulses_per_kwh=None,
        uwh_per_count=10_000_000,
        profile_depth_days=60,
        day_register_depth_days=30,
        month_register_depth_months=12,
        password=_NUMBER,
        channels=("rs485", "optical"),
        dialect=EnergomeraDialect(),
        evidence=Evidence.SIBLING,
        evidence_notes=(
            gettext_noop(
                "half-hours as three programs of others read them from a СЕ102; which types keep them, and how "
                "long, is not established: a meter that does not refuses, and is then one of the row without"
            ),
        ),
    ),
    MeterModel(
        key="energomera-ce102-r5-1",
        title="Энергомера СЕ102 R5.1",
        maker=_MAKER,
        language=Language.ENERGOMERA,
        phases=1,
        wiring=Wiring.DIRECT,
        register_step_wh=10,
        quantities=_ACTIVE,
        impulses_per_kwh=None,
        uwh_per_count=None,
        month_register_depth_months=11,
        password=_NUMBER,
        channels=("rs485", "optical"),
        dialect=EnergomeraDialect(stamped_registers=True),
        evidence=Evidence.CAPTURE,
        evidence_notes=(
            gettext_noop(
                "clock and running register captured by others; past months by its sibling; order of bytes and "
                "scale of voltage and current are options, since programs disagree"
            ),
        ),
    ),
    MeterModel(
        key="energomera-ce307-r33",
        title="Энергомера СЕ307 R33",
        maker=_MAKER,
        language=Language.ENERGOMERA,
        phases=3,
        wiring=Wiring.DIRECT,
        register_step_wh=10,
        quantities=_ACTIVE,
        impulses_per_kwh=None,
        uwh_per_count=None,
        month_register_depth_months=11,
        password=_NUMBER,
        channels=("rs485", "optical"),
        dialect=EnergomeraDialect(stamped_registers=True),
        evidence=Evidence.SIBLING,
        evidence_notes=(
            gettext_noop(
                "the dialect of the captured СЕ102 R5.1, as two programs of others read it; order of bytes and "
                "scale of voltage and current are options, since programs disagree"
            ),
        ),
    ),
)
