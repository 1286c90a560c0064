"""What is held apart, on the command line: why, what, and with which stamps; or JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.padding import Padding
from rich.text import Text

from kilovatt.config.cli.voice import _, out
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.office.console.clock_shown import ahead
from kilovatt.office.console.held import fault_words, shown_decision, stamps_words, value_words
from kilovatt.office.operations.clocks.held_apart import HeldValue
from kilovatt.office.operations.clocks.held_file import HeldGroup
from kilovatt.office.operations.intake.held_facts import facts_of, kind_of
from kilovatt.office.records.models import Meter

_INDENT, _DEEPER = (0, 0, 0, 2), (0, 0, 0, 4)


def show(groups: Sequence[tuple[Meter, HeldGroup]]) -> None:
    """Print what is held apart, and how it is decided on."""
    if not groups:
        out.print(_("Nothing is held apart."))
        return
    for meter, group in groups:
        out.print(f"{model_by_key(meter.model_key).title} № {meter.serial}", style="bold", markup=False)
        words = _("Read {heard}; its clock then showed {showed}: {off}.")
        told = words.format(
            heard=_instant(group.heard_at), showed=_instant(group.showed_at), off=ahead(group.clock_ahead_s)
        )
        for text in (told, fault_words(group.fault), stamps_words(group)):
            out.print(Padding(Text(text), _INDENT))
        for value in group.values:
            out.print(Padding(Text(_value(value)), _DEEPER))
        decisions = "; ".join(shown_decision(one, group.clock_ahead_s).title for one in group.decisions)
        out.print(Padding(Text(_("It can be decided: {decisions}.").format(decisions=decisions)), _INDENT))
        out.print()
    out.print(
        _("Decide: kilovatt held MODEL SERIAL --accept by-its-clock or --discard, --because TEXT --by LOGIN."),
        markup=False,
        soft_wrap=True,
    )


def _value(value: HeldValue) -> str:
    words = _("{number}. {what}, stamped {stamped}")
    return words.format(number=value.held_id, what=value_words(value), stamped=_instant(value.stamped_at))


def _instant(at: datetime) -> str:
    """An instant in the time of this machine, with its offset."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M %z")


def as_json(meter: Meter, group: HeldGroup) -> dict[str, Any]:
    """Return a group for a program; names of faults and decisions are the stable ones."""
    return {
        "model": meter.model_key,
        "serial": meter.serial,
        "heard_at": group.heard_at.isoformat(),
        "clock_ahead_s": group.clock_ahead_s,
        "fault": group.fault.value,
        "may_be_right": group.may_be_right,
        "decisions": [decision.value for decision in group.decisions],
        "values": [
            {
                "number": value.held_id,
                "kind": kind_of(value.value).value,
                "stamped_at": value.stamped_at.isoformat(),
                "moved_at": value.moved_at and value.moved_at.isoformat(),
                "facts": facts_of(value.value),
            }
            for value in group.values
        ],
    }
