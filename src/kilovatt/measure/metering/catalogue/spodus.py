"""Concentrators (УСПД) that speak СПОДУС (СТО 34.01-5.1-013-2023), and СПОДЭС meters that are read through one.

A concentrator is itself a server of DLMS, and a meter behind it one of its addresses: its "direct channel". The text of
the standard was not at hand: objects and columns are as a public program has them, what that leaves open is an option.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import (
    Evidence,
    Language,
    MeterModel,
    PasswordForm,
    PasswordRule,
    Wiring,
    gettext_noop,
)

THROUGH_CONCENTRATOR = "concentrator"
"""The channel of a meter that is read through a concentrator."""
BEHIND = "@uspd"
"""Behind the key of a СПОДЭС model: that meter, read through a concentrator."""


class Unreached(StrEnum):
    """What a concentrator says for a meter that does not answer it."""

    SILENCE = "silence"
    EXCEPTION = "exception"
    """An exception-response of DLMS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpodusDialect(SpodesDialect):
    """What makers of concentrators do differently, or what is not established of their standard."""

    over_wrapper: bool = True
    unreached: Unreached = Unreached.SILENCE
    lists_meters_as_devices: bool = True
    """Whether the list of its logical devices (class 17) names the direct channels too, or only its own device."""
    stamps_are_octets: bool = True
    """Whether stamps in its tables are octet strings, as in СПОДЭС meters; a public program has them as date-time."""
    journals_named_as_codes: bool = True
    """Whether its own journals stand under 0.0.96.11.x.255, as that program has it; else 0.0.99.98.x.255."""


_THROUGH = gettext_noop("read through a concentrator")
SPODUS_USPD = MeterModel(
    key="spodus-uspd",
    title="УСПД (СПОДУС)",
    maker="СТО 34.01-5.1-013-2023",
    language=Language.SPODES,
    phases=1,
    wiring=Wiring.DIRECT,
    register_step_wh=1,
    quantities=frozenset(),
    total_register=False,
    instant_values=False,
    impulses_per_kwh=None,
    uwh_per_count=None,
    password=PasswordRule(form=PasswordForm.ASCII, length_min=1, length_max=32, factory=("00000001",)),
    channels=("ethernet", "gsm"),
    journals=frozenset(
        {
            EventKind.CLOCK_SET,
            EventKind.REPROGRAMMED,
            EventKind.ACCESS_REFUSED,
            EventKind.METER_FAULT,
            EventKind.FIRMWARE_UPDATED,
            EventKind.OTHER,
        }
    ),
    dialect=SpodusDialect(),
    evidence=Evidence.ASSUMED,
    evidence_notes=(
        gettext_noop(
            "objects and columns as a public program has them; the text of the standard was not at hand, "
            "and nobody has read a real one"
        ),
    ),
)
CONCENTRATORS: tuple[MeterModel, ...] = (SPODUS_USPD,)
"""They count nothing themselves: no bill rests on one."""


def can_be_behind(model: MeterModel) -> bool:
    """Whether meters of a model can stand behind a concentrator: СПОДЭС meters can."""
    return type(model.dialect) is SpodesDialect


def behind(model: MeterModel) -> MeterModel:
    """Return a model as it is read through a concentrator: in the wrapper, its address that of its direct channel.

    Raises ValueError for a model that cannot stand behind one.
    """
    dialect = model.dialect
    if type(dialect) is not SpodesDialect:
        raise ValueError(f"a {model.key} is no meter of СПОДЭС: no concentrator of СПОДУС reads it")
    return replace(
        model,
        key=model.key + BEHIND,
        channels=(THROUGH_CONCENTRATOR,),
        dialect=replace(dialect, over_wrapper=True),
        evidence=Evidence.ASSUMED,
        evidence_notes=(*model.evidence_notes, _THROUGH, *SPODUS_USPD.evidence_notes),
    )


def is_behind(model: MeterModel) -> bool:
    """Whether a model is read through a concentrator."""
    return THROUGH_CONCENTRATOR in model.channels


def is_concentrator(model: MeterModel) -> bool:
    """Whether a row is that of a concentrator itself."""
    return isinstance(model.dialect, SpodusDialect)
