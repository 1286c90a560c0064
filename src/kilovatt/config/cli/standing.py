"""How a site stands, on the command line: a few figures, why the rest is missing, and the worst lines; or JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kilovatt.config.cli.voice import _, ngettext, out
from kilovatt.config.cli.why import advice_on, name_of
from kilovatt.office.console.sentences import Weight
from kilovatt.office.console.success import counted_text, holder_text, missing_days, percent_text, weight, who_reads
from kilovatt.office.operations.standing.rates import Rate, Success
from kilovatt.office.operations.standing.site_status import LineStatus, Reason, SiteStatus
from kilovatt.office.records.models import UnknownCaller

STRANGERS_SHOWN = 20
_INDENT, _DEEPER = (0, 0, 0, 2), (0, 0, 0, 4)
_ENDLESS = 10_000
_FIGURES = 4
"""So many of the headings of a line are over numbers."""
_STYLES = {Weight.GOOD: "green", Weight.WARN: "yellow", Weight.BAD: "red"}


def show(status: SiteStatus, *, days: int, lines: int, data: Path, strangers: Sequence[UnknownCaller] = ()) -> None:
    """Print how a site stands."""
    _heading(status, data)
    if not status.meters:
        out.print(_("There are no meters on record yet. Put places, meters and lines on record first."))
        return
    _rates(status.success, days)
    _why(status.reasons)
    _at_work(status)
    _strangers(strangers)
    _missing(status)
    _held_apart(status)
    if lines:
        _worst_lines(status.lines, days=days, lines=lines)


def _heading(status: SiteStatus, data: Path) -> None:
    meters = ngettext("{n} meter", "{n} meters", status.meters).format(n=status.meters)
    lines = ngettext("{n} line", "{n} lines", len(status.lines)).format(n=len(status.lines))
    words = _("{data} at {at}: {meters}, {lines}").format(data=data, at=_instant(status.at), meters=meters, lines=lines)
    out.print(words, style="bold", markup=False, soft_wrap=True)


def _section(title: str) -> None:
    out.print()
    out.print(title, style="bold", markup=False)


def _rates(success: Success, days: int) -> None:
    _section(_("How much is read"))
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    whole = _("whole from midnight to midnight on each of the last {days} days").format(days=days)
    for words, rate in (
        (_("read within a day"), success.read),
        (whole, success.whole_days),
        (_("with the registers of both month starts, as a bill needs them"), success.month_starts),
    ):
        table.add_row(words, counted_text(rate), percent_text(rate), style=_style(rate))
    out.print(Padding(table, _INDENT))


def _why(reasons: Mapping[Reason, int]) -> None:
    _section(_("Why there is no data"))
    if not reasons:
        out.print(Padding(Text(_("Every meter answers."), style="green"), _INDENT))
        return
    for reason, meters in reasons.items():
        out.print(Padding(Text.assemble(f"{meters} ", (name_of(reason), "bold")), _INDENT))
        out.print(Padding(Text(advice_on(reason)), _DEEPER))


def _at_work(status: SiteStatus) -> None:
    _section(_("Who reads"))
    for said in who_reads(status, _instant):
        out.print(Padding(Text(said.text, style="" if said.weight is Weight.GOOD else _STYLES[said.weight]), _INDENT))


def _strangers(strangers: Sequence[UnknownCaller]) -> None:
    if not strangers:
        return
    _section(_("Who calls and is not on record"))
    for one in strangers[:STRANGERS_SHOWN]:
        calls = ngettext("{n} time", "{n} times", one.calls).format(n=one.calls)
        when = _("last {at} from {peer}").format(at=_instant(one.last_at), peer=one.peer)
        out.print(Padding(Text.assemble((one.name, "bold"), f"  {calls}, {when}"), _INDENT))
        out.print(Padding(Text(unknown_because(one.why)), _DEEPER))
    left = len(strangers) - STRANGERS_SHOWN
    if left > 0:
        words = ngettext("{n} more: --json shows them all.", "{n} more: --json shows them all.", left)
        out.print(Padding(Text(words.format(n=left), style="dim"), _INDENT))


def unknown_because(why: str) -> str:
    """Return why a caller is not known, and what to do about it."""
    return {
        UnknownCaller.Why.NO_LINE: _(
            "No line has this name: put one on record whose address is callin:// and this name."
        ),
        UnknownCaller.Why.NO_METER: _("Which meter of its line it is does not show: check addresses and numbers."),
        UnknownCaller.Why.ANOTHER_METER: _("It is another meter than the one on record."),
        UnknownCaller.Why.NO_NAME: _("It does not say who it is."),
    }[UnknownCaller.Why(why)]


def _missing(status: SiteStatus) -> None:
    _section(_("What is missing of the load profiles"))
    said = missing_days(status)
    for text in said:
        out.print(Padding(Text(text), _INDENT))
    if not said:
        out.print(Padding(Text(_("Nothing."), style="green"), _INDENT))


def _held_apart(status: SiteStatus) -> None:
    if not status.held.values:
        return
    _section(_("What is held apart"))
    words = ngettext(
        "{n} value {of_meters} bears the stamp of a wrong clock and is in no bill. Look and decide: kilovatt held.",
        "{n} values {of_meters} bear the stamp of a wrong clock and are in no bill. Look and decide: kilovatt held.",
        status.held.values,
    )
    of_meters = ngettext("of {n} meter", "of {n} meters", status.held.meters).format(n=status.held.meters)
    out.print(Padding(Text(words.format(n=status.held.values, of_meters=of_meters), style="yellow"), _INDENT))


def _worst_lines(all_lines: tuple[LineStatus, ...], *, days: int, lines: int) -> None:
    shown = all_lines[:lines]
    left = len(all_lines) - len(shown)
    _section(_("Lines, the worst first"))
    headings = _headings(days)
    table = Padding(_table_of_lines(shown, headings), _INDENT)
    if Measurement.get(out, out.options.update(max_width=_ENDLESS), table).maximum <= out.width:
        out.print(table)
    else:
        # What does not fit beside one another stands below: a word that is cut in two says nothing.
        for line in shown:
            _line_below_line(line, headings)
    if left:
        words = ngettext(
            "{n} more line does as well or better: --lines {all}.",
            "{n} more lines do as well or better: --lines {all}.",
            left,
        )
        out.print(Padding(Text(words.format(n=left, all=len(all_lines)), style="dim"), _INDENT))


def _headings(days: int) -> tuple[str, ...]:
    return (
        _("read"),
        _("{days} days whole").format(days=days),
        _("month starts"),
        _("due now"),
        _("held by"),
        _("most of all"),
    )


def _figures(line: LineStatus) -> tuple[Text, ...]:
    """What stands under each heading."""
    reason, success = line.commonest_reason, line.success
    return (
        _styled(success.read),
        _styled(success.whole_days),
        _styled(success.month_starts),
        Text(str(line.due)),
        Text(holder_text(line), style="" if line.held_until else "red"),
        Text(name_of(reason) if reason else ""),
    )


def _table_of_lines(shown: Sequence[LineStatus], headings: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(_("line"))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place < _FIGURES else "left", no_wrap=True)
    for line in shown:
        table.add_row(Text(line.name), *_figures(line))
    return table


def _line_below_line(line: LineStatus, headings: Sequence[str]) -> None:
    out.print(Padding(Text(line.name, style="bold"), _INDENT))
    told = [
        Text.assemble((f"{heading}: ", "dim"), says) for heading, says in zip(headings, _figures(line), strict=True)
    ]
    out.print(Padding(Text(", ").join(told[:_FIGURES]), _DEEPER))
    out.print(Padding(Text(", ").join(told[_FIGURES:]), _DEEPER))


def _instant(at: datetime) -> str:
    """An instant in the time of this machine, with its offset."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M %z")


def _styled(rate: Rate) -> Text:
    return Text(counted_text(rate), style=_style(rate))


def _style(rate: Rate) -> str:
    return _STYLES[weight(rate)] if rate.of else ""


# ── For a program ───────────────────────────────────────────────────────────────────────────────────────────────────


def as_json(status: SiteStatus, *, days: int, strangers: Sequence[UnknownCaller] = ()) -> dict[str, Any]:
    """Return how a site stands for a program; names of reasons are the stable ones."""
    return {
        "at": status.at.isoformat(),
        "meters": status.meters,
        **_success_json(status.success),
        "whole_days_looked_at": days,
        "why": [
            {"reason": reason.value, "meters": meters, "name": name_of(reason), "advice": advice_on(reason)}
            for reason, meters in status.reasons.items()
        ],
        "lines_held": status.lines_held,
        "holders": dict(status.holders),
        "due": status.due,
        "overdue": status.overdue,
        "longest_due_at": status.longest_due_at and status.longest_due_at.isoformat(),
        "waited_for": status.waited_for,
        "gaps": {
            "open_days": status.gaps.open_days,
            "open_meters": status.gaps.open_meters,
            "lost_days": dict(status.gaps.lost_days),
        },
        "held_apart": {"values": status.held.values, "meters": status.held.meters},
        "lines": [_line_json(line) for line in status.lines],
        "unknown_callers": [_stranger_json(one) for one in strangers],
    }


def _stranger_json(one: UnknownCaller) -> dict[str, Any]:
    return {
        "name": one.name,
        "why": one.why,
        "serial": one.serial,
        "peer": one.peer,
        "calls": one.calls,
        "first_at": one.first_at.isoformat(),
        "last_at": one.last_at.isoformat(),
        "pushed": None if one.pushed is None else bytes(one.pushed).hex(),
    }


def _line_json(line: LineStatus) -> dict[str, Any]:
    return {
        "line": line.line_id,
        "name": line.name,
        **_success_json(line.success),
        "due": line.due,
        "overdue": line.overdue,
        "held_until": line.held_until and line.held_until.isoformat(),
        "holder": line.holder,
        "why": {reason.value: meters for reason, meters in line.reasons.items()},
    }


def _success_json(success: Success) -> dict[str, Any]:
    return {
        "read": _rate_json(success.read),
        "whole_days": _rate_json(success.whole_days),
        "month_starts": _rate_json(success.month_starts),
    }


def _rate_json(rate: Rate) -> dict[str, Any]:
    return {"done": rate.done, "of": rate.of, "percent": None if not rate.of else (rate.tenths_of_percent or 0) / 10}
