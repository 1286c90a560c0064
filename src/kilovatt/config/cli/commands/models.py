"""`kilovatt models`: which meters there are, what each can do, and how sure we are."""

from typing import Annotated, Any

import typer
from rich.table import Table

from kilovatt.config.cli.voice import _, ngettext, out, print_json
from kilovatt.measure.metering.catalogue import ROWS
from kilovatt.measure.metering.models import Evidence, MeterModel

_EVIDENCE_WORDS = {
    Evidence.REAL_METER: _("real meter"),
    Evidence.MAKERS_TEXT: _("maker's text"),
    Evidence.CAPTURE: _("capture"),
    Evidence.SIBLING: _("sibling"),
    Evidence.ASSUMED: _("assumed"),
}


def models(as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False) -> None:
    """Print the catalogue of models."""
    if as_json:
        print_json([_facts(model) for model in ROWS])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (_("Model"), _("Name for commands"), _("Language"), _("Can do"), _("Evidence")):
        # A name that is cut short cannot be given to a command.
        table.add_column(heading, no_wrap=heading == _("Name for commands"))
    for model in ROWS:
        table.add_row(
            model.title, model.key, str(model.language), ", ".join(_abilities(model)), _EVIDENCE_WORDS[model.evidence]
        )
    out.print(table)


def _abilities(model: MeterModel) -> list[str]:
    abilities = [
        ngettext("{n} phase", "{n} phases", model.phases).format(n=model.phases),
        _("step {step} Wh").format(step=model.register_step_wh),
    ]
    if model.has_profile:
        depth = model.profile_depth_days
        abilities.append(ngettext("half-hours of {n} day", "half-hours of {n} days", depth).format(n=depth))
    if model.month_register_depth_months:
        months = model.month_register_depth_months
        abilities.append(ngettext("registers of {n} month", "registers of {n} months", months).format(n=months))
    if model.relay:
        abilities.append(_("relay"))
    return abilities


def _facts(model: MeterModel) -> dict[str, Any]:
    return {
        "model": model.key,
        "title": model.title,
        "maker": model.maker,
        "language": model.language,
        "phases": model.phases,
        "wiring": model.wiring,
        "register_step_wh": model.register_step_wh,
        "quantities": sorted(model.quantities),
        "profile": {
            "step_s": model.profile_step_s,
            "depth_days": model.profile_depth_days,
            "uwh_per_count": model.uwh_per_count,
        }
        if model.has_profile
        else None,
        "day_register_depth_days": model.day_register_depth_days,
        "month_register_depth_months": model.month_register_depth_months,
        "relay": model.relay,
        "channels": list(model.channels),
        "journals": sorted(model.journals),
        "evidence": model.evidence,
        "evidence_note": model.evidence_note,
    }
