"""`kilovatt models`: which meters there are, what each can do, and how sure we are."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.table import Table

from kilovatt.config.cli.readout import EVENT_WORDS, QUANTITY_WORDS
from kilovatt.config.cli.voice import _, ngettext, out, print_json
from kilovatt.measure.metering.catalogue import ROWS, model_by_key
from kilovatt.measure.metering.catalogue.spodus import is_concentrator
from kilovatt.measure.metering.models import Evidence, MeterModel, Wiring

_EVIDENCE_WORDS = {
    Evidence.REAL_METER: _("real meter"),
    Evidence.MAKERS_TEXT: _("maker's text"),
    Evidence.CAPTURE: _("capture"),
    Evidence.SIBLING: _("sibling"),
    Evidence.ASSUMED: _("assumed"),
}
_EVIDENCE_STYLES = {Evidence.SIBLING: "dim", Evidence.ASSUMED: "yellow"}


def models(
    name: Annotated[str | None, typer.Argument(help=_("One model, to see all that is known of it."))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
) -> None:
    """Print the catalogue of models."""
    rows = ROWS if name is None else (model_by_key(name),)
    if as_json:
        print_json([_facts(model) for model in rows])
    elif name is None:
        _show_all()
    else:
        _show_one(rows[0])


def _show_all() -> None:
    for maker, rows in groupby(sorted(ROWS, key=lambda model: model.maker), key=lambda model: model.maker):
        # A name that is cut short cannot be given to a command.
        table = Table(
            title=maker, title_justify="left", title_style="bold", box=None, pad_edge=False, show_header=False
        )
        table.add_column(no_wrap=True, min_width=27)
        table.add_column(min_width=36)
        table.add_column(no_wrap=True)
        for model in rows:
            evidence = _EVIDENCE_WORDS[model.evidence]
            style = _EVIDENCE_STYLES.get(model.evidence, "")
            words = f"{model.title}\n[dim]{_in_short(model)}[/]"
            table.add_row(model.key, words, f"[{style}]{evidence}[/]" if style else evidence)
        out.print(table)
        out.print()
    out.print(
        _("All of one: kilovatt models NAME. An assumed model is not called supported: nobody has read a real one.")
    )


def _in_short(model: MeterModel) -> str:
    if is_concentrator(model):
        return _("reads meters for us")
    abilities = [ngettext("{n} phase", "{n} phases", model.phases).format(n=model.phases)]
    if model.has_profile:
        depth = model.profile_depth_days
        abilities.append(ngettext("half-hours of {n} day", "half-hours of {n} days", depth).format(n=depth))
    if model.relay:
        abilities.append(_("relay"))
    return ", ".join(abilities)


def _show_one(model: MeterModel) -> None:
    out.print(f"[bold]{model.title}[/]  {model.maker}", highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for what, words in _card(model):
        table.add_row(what, words)
    out.print(table)


def _card(model: MeterModel) -> Iterator[tuple[str, str]]:
    yield _("evidence"), f"{_EVIDENCE_WORDS[model.evidence]}: {'; '.join(map(_, model.evidence_notes))}"
    yield _("language"), str(model.language)
    yield _("reached by"), ", ".join(model.channels)
    if not is_concentrator(model):
        yield from _counting(model)
    if model.has_profile:
        depth = model.profile_depth_days
        yield _("load profile"), ngettext("half-hours of {n} day", "half-hours of {n} days", depth).format(n=depth)
    if model.journals:
        yield _("events"), ", ".join(words for kind, words in EVENT_WORDS.items() if kind in model.journals)
    if model.relay:
        yield _("switch"), _("relay")
    if model.dialect is not None:
        yield _("options"), "\n".join(f"{option} = {value}" for option, value in _options(model).items())


def _counting(model: MeterModel) -> Iterator[tuple[str, str]]:
    wiring = _("through current transformers") if model.wiring is Wiring.TRANSFORMER else _("direct")
    phases = ngettext("{n} phase", "{n} phases", model.phases).format(n=model.phases)
    yield _("connection"), f"{phases}, {wiring}"
    quantities = ", ".join(words for quantity, words in QUANTITY_WORDS.items() if quantity in model.quantities)
    step = _("step {step} Wh").format(step=model.register_step_wh)
    yield _("registers"), f"{quantities}; {step}"
    if model.month_register_depth_months:
        months = model.month_register_depth_months
        yield _("at midnights"), ngettext("registers of {n} month", "registers of {n} months", months).format(n=months)


def _options(model: MeterModel) -> dict[str, Any]:
    return {} if model.dialect is None else asdict(model.dialect)  # type: ignore[call-overload]  # each is a dataclass


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
        "options": {option: str(value) for option, value in _options(model).items()},
        "evidence": model.evidence,
        "evidence_note": model.evidence_note,
    }
