"""How a site stands, on the command line: a few figures, why the rest is missing, and the worst lines; or JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kilovatt.config.cli.voice import _, ngettext, out
from kilovatt.config.cli.why import advice_on, name_of
from kilovatt.office.console.sentences import Weight
from kilovatt.office.console.success import counted_text, holder_text, missing_days, percent_text, weight, who_reads
from kilovatt.office.operations.rates import Rate, Success
from kilovatt.office.operations.site_status import LineStatus, Reason, SiteStatus
from kilovatt.office.records.models import UnknownCaller

STRANGERS_SHOWN = 20
_INDENT = (0, 0, 0, 2)
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
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for reason, meters in reasons.items():
        table.add_row(str(meters), Text(name_of(reason)), Text(advice_on(reason)))
    out.print(Padding(table, _INDENT))


def _at_work(status: SiteStatus) -> None:
    _section(_("Who reads"))
    for said in who_reads(status, _instant):
        out.print(Padding(Text(said.text, style="" if said.weight is Weight.GOOD else _STYLES[said.weight]), _INDENT))


def _strangers(strangers: Sequence[UnknownCaller]) -> None:
    if not strangers:
        return
    _section(_("Who calls and is not on record"))
    table = Table.grid(padding=(0, 2))
    for _column in range(4):
        table.add_column(overflow="fold")
    for one in strangers[:STRANGERS_SHOWN]:
        calls = ngettext("{n} time", "{n} times", one.calls).format(n=one.calls)
        when = _("last {at} from {peer}").format(at=_instant(one.last_at), peer=one.peer)
        table.add_row(Text(one.name, style="bold"), Text(unknown_because(one.why)), calls, Text(when))
    out.print(Padding(table, _INDENT))
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


def _worst_lines(all_lines: tuple[LineStatus, ...], *, days: int, lines: int) -> None:
    shown = all_lines[:lines]
    left = len(all_lines) - len(shown)
    _section(_("Lines, the worst first"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(_("line"), overflow="fold")
    table.add_column(_("read"), justify="right", no_wrap=True)
    table.add_column(_("{days} days whole").format(days=days), justify="right", no_wrap=True)
    table.add_column(_("month starts"), justify="right", no_wrap=True)
    table.add_column(_("due now"), justify="right", no_wrap=True)
    table.add_column(_("held by"), overflow="fold")
    table.add_column(_("most of all"), overflow="fold")
    for line in shown:
        reason = line.commonest_reason
        success = line.success
        table.add_row(
            Text(line.name),
            _styled(success.read),
            _styled(success.whole_days),
            _styled(success.month_starts),
            str(line.due),
            Text(holder_text(line), style="" if line.held_until else "red"),
            Text(name_of(reason) if reason else ""),
        )
    out.print(Padding(table, _INDENT))
    if left:
        words = ngettext(
            "{n} more line does as well or better: --lines {all}.",
            "{n} more lines do as well or better: --lines {all}.",
            left,
        )
        out.print(Padding(Text(words.format(n=left, all=len(all_lines)), style="dim"), _INDENT))


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
