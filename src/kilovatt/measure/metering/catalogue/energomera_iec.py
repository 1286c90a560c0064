"""Энергомера, Stavropol: the meters that speak IEC 61107 (IEC 62056-21) mode C."""

from dataclasses import dataclass

from kilovatt.measure.metering.models import (
    Dialect,
    Evidence,
    Language,
    MeterModel,
    PasswordForm,
    PasswordRule,
    Wiring,
)
from kilovatt.measure.metering.registers import Quantity

_ACTIVE = frozenset({Quantity.A_PLUS})
_PASSWORD = PasswordRule(form=PasswordForm.ASCII, length_min=1, length_max=12, factory=("777777",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Iec62056Dialect(Dialect):
    """What makers do differently in this language."""

    reads_out: bool = False
    """Whether everything is read at once (Landis+Gyr), or by the names of parameters (Энергомера)."""
    check_is_sum: bool = True
    """Whether a block is checked by the sum of its characters (Энергомера), or by XOR, as the standard has it."""
    address_digits: int = 1
    """To how many digits an address is filled with zeros."""
    sends_parity: bool = False
    """Whether characters are sent with their parity as an eighth bit: for a gateway set to eight bits."""
    year_digits: int = 2
    """How many digits of the year a date of a readout has: two on ZMD, four on ZMG."""


def _row(key: str, title: str, *, phases: int, step_wh: int, evidence: Evidence, note: str) -> MeterModel:
    return MeterModel(
        key=key,
        title=title,
        maker="Энергомера",
        language=Language.IEC62056_21,
        phases=phases,
        wiring=Wiring.DIRECT,
        register_step_wh=step_wh,
        quantities=_ACTIVE,
        impulses_per_kwh=None,
        uwh_per_count=None,
        month_register_depth_months=12,
        password=_PASSWORD,
        channels=("rs485", "optical"),
        dialect=Iec62056Dialect(),
        evidence=evidence,
        evidence_note=note,
    )


ENERGOMERA_IEC: tuple[MeterModel, ...] = (
    _row(
        "energomera-ce102m",
        "Энергомера СЕ102М",
        phases=1,
        step_wh=10,
        evidence=Evidence.CAPTURE,
        note="running registers and voltage captured by others; registers of past months by its sibling СЕ301; how many "
        "months it keeps is assumed, and a meter that keeps fewer refuses",
    ),
    _row(
        "energomera-ce301",
        "Энергомера СЕ301",
        phases=3,
        step_wh=1,
        evidence=Evidence.CAPTURE,
        note="registers now and of past months, voltages, currents and power captured by others; the date's form, and how "
        "many months it keeps, are assumed",
    ),
    _row(
        "energomera-ce303",
        "Энергомера СЕ303",
        phases=3,
        step_wh=1,
        evidence=Evidence.SIBLING,
        note="active energy as its sibling СЕ301, and as programs of others read it; its reactive energy is not read",
    ),
)
