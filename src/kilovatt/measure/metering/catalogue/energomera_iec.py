"""Энергомера, Stavropol: the meters that are asked by names of parameters (IEC 62056-21, mode C)."""

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
_PASSWORD = PasswordRule(form=PasswordForm.ASCII, length_min=1, length_max=12, factory=("777777",))


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergomeraIecDialect(Dialect):
    """What these meters do differently from each other, and what nobody has established."""

    type_name: str
    """What the meter calls itself when it is called."""
    check_is_sum: bool = True
    """Whether the check of a frame is a sum of seven bits, as captured; else it is the standard's exclusive or."""
    months_by_depth: bool = False
    """Whether the registers at ends of months are asked for by how far they lie back (ENM01), not by month (ENMPE)."""
    group_reads: bool = False
    """Whether instant values are asked for as a group, in one exchange before the session, as СЕ303 is known to take
    it."""
    names_once: bool = False
    """Whether the simulated meter writes a name before the first of its values only, as СЕ102М was captured."""
    decimals: int = 7
    """How many decimals of a kWh the simulated meter writes."""
    parity_bits: bool = False
    """Whether parity is ours to add, since the gateway carries eight bits and the meter wants seven with parity."""
    address_digits: int = 9
    """How many digits an address is called with; leading zeros mean nothing in the standard."""
    session_life_ms: int = 3000
    """After how much silence the simulated meter forgets its session: 1.5 to 3 s are reported."""


ENERGOMERA_IEC: tuple[MeterModel, ...] = (
    MeterModel(
        key="energomera-ce102m",
        title="Энергомера СЕ102М",
        maker=_MAKER,
        language=Language.IEC62056_21,
        phases=1,
        wiring=Wiring.DIRECT,
        register_step_wh=10,
        quantities=_ACTIVE,
        impulses_per_kwh=None,
        uwh_per_count=None,
        month_register_depth_months=11,
        password=_PASSWORD,
        channels=("rs485", "optical"),
        dialect=EnergomeraIecDialect(type_name="CE102Mv01", months_by_depth=True, names_once=True, decimals=2),
        evidence=Evidence.CAPTURE,
        evidence_notes=(
            gettext_noop(
                "session and running registers captured by others; past months by the names that another "
                "program asks for, whose order of values is assumed to be that of the running ones; no profile is known"
            ),
        ),
    ),
    MeterModel(
        key="energomera-ce301",
        title="Энергомера СЕ301",
        maker=_MAKER,
        language=Language.IEC62056_21,
        phases=3,
        wiring=Wiring.DIRECT,
        register_step_wh=1,
        quantities=_ACTIVE,
        impulses_per_kwh=None,
        uwh_per_count=None,
        month_register_depth_months=11,
        password=_PASSWORD,
        channels=("rs485", "optical"),
        dialect=EnergomeraIecDialect(type_name="CE301v12"),
        evidence=Evidence.CAPTURE,
        evidence_notes=(
            gettext_noop(
                "session, running registers, ends of months and instant values captured by others; how many "
                "months it keeps is assumed; reactive energy and profile have no established names"
            ),
        ),
    ),
    MeterModel(
        key="energomera-ce303",
        title="Энергомера СЕ303",
        maker=_MAKER,
        language=Language.IEC62056_21,
        phases=3,
        wiring=Wiring.DIRECT,
        register_step_wh=1,
        quantities=_ACTIVE,
        impulses_per_kwh=None,
        uwh_per_count=None,
        month_register_depth_months=11,
        password=_PASSWORD,
        channels=("rs485", "optical"),
        dialect=EnergomeraIecDialect(type_name="CE303v11"),
        evidence=Evidence.SIBLING,
        evidence_notes=(
            gettext_noop(
                "names as two programs of others read them from this meter, and a captured group of values; "
                "ends of months as captured from the СЕ301; reactive energy and profile have no established names"
            ),
        ),
    ),
)
