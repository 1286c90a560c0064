"""What a search for meters found, on the command line: a table and what to try next, or why nothing, or JSON."""

import shlex
from collections.abc import Iterator
from typing import Any

from rich.markup import escape
from rich.table import Table

from kilovatt.config.cli.voice import _, ngettext, out
from kilovatt.measure.metering.models import MeterModel
from kilovatt.office.pages import scan_words as words_of
from kilovatt.wire.drivers.finding.order import Verdict
from kilovatt.wire.drivers.finding.probes import Place, Sighting
from kilovatt.wire.drivers.finding.rows import fitting, reading_arguments
from kilovatt.wire.drivers.finding.scope import Purpose, Scope
from kilovatt.wire.headend.scanning import Progress, ScanReport, url_at
from kilovatt.wire.protocols.framing.connection import LineSpeed

_MODELS_SHOWN = 4


def trying(progress: Progress) -> str:
    """Return what is being tried, how much is left, and how long that may take."""
    place = progress.place
    whom = _(words_of.ANYBODY)
    if place.address is not None:
        whom = _(words_of.AT_ADDRESS).format(address=place.address)
    if progress.purpose is Purpose.CONTROL:
        whom = _(words_of.NOBODY)
    words = _(words_of.TRYING).format(way=_(words_of.WAYS[place.way]), speed=speed_words(place.speed), whom=whom)
    left = ngettext("{n} more", "{n} more", progress.left).format(n=progress.left)
    found = ngettext("{n} meter found", "{n} meters found", progress.found).format(n=progress.found)
    return escape(f"{words} · {left}, {time_words(progress.seconds_left)} · {found}")


def time_words(seconds: float) -> str:
    """Return how long something takes at most."""
    return _(words_of.AT_MOST).format(**words_of.time_values(seconds))


def speed_words(speed: LineSpeed | None) -> str:
    """Return a speed and its format, 9600 8N1; the gateway's own is not known."""
    return _(words_of.OWN_SPEED) if speed is None else f"{speed.baud} {_shape(speed)}"


def _shape(speed: LineSpeed) -> str:
    return f"{speed.data_bits}{speed.parity}{speed.stop_bits}"


def show(report: ScanReport, scope: Scope) -> None:
    """Print what was found and what to try next, or what it means that nothing was."""
    if report.sightings:
        out.print(_table(report))
        out.print()
        for sighting in report.sightings:
            _show_one(report.url, sighting)
    for line in _remarks(report, scope):
        out.print(line, markup=False, soft_wrap=True)


def _table(report: ScanReport) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in (_("Address"), _("Protocol"), _("Speed"), _("Number"), _("May be")):
        table.add_column(title, header_style="bold")
    for one in report.sightings:
        rows = fitting(one)
        names = ", ".join(row.title for row in rows[:_MODELS_SHOWN]) + (" …" if len(rows) > _MODELS_SHOWN else "")
        table.add_row(
            _(words_of.ANYBODYS) if one.address is None else str(one.address),
            " / ".join(language.value for language in one.languages),
            speed_words(one.place.speed),
            escape(one.serial or "—"),
            escape(names) if rows else _(words_of.UNKNOWN_MODEL),
        )
    return table


def _show_one(url: str, one: Sighting) -> None:
    told = {name.value: text for name, text in one.told.items()}
    said = [f"{_(words)}: {told[name]}" for name, words in words_of.TOLD.items() if name in told]
    if one.password in words_of.PASSWORDS:
        said.append(_(words_of.PASSWORDS[one.password]))
    if one.place.parity_bits:
        said.append(_(words_of.PARITY))
    if said:
        out.print("  " + "; ".join(said), markup=False, soft_wrap=True, style="dim")
    rows = fitting(one)
    if rows:
        out.print("  " + command(url, one, rows[0]), markup=False, soft_wrap=True)


def command(url: str, sighting: Sighting, model: MeterModel) -> str:
    """Return the command that reads a meter that was found."""
    line = url_at(url, sighting.place.speed)
    return shlex.join(["kilovatt", "read", line, *reading_arguments(sighting, model)])


def _remarks(report: ScanReport, scope: Scope) -> Iterator[str]:
    for place in report.crowded:
        if place.address is not None:
            yield _(words_of.CROWDED_AT).format(address=place.address, way=_(words_of.WAYS[place.way]))
    if report.line_echoes:
        yield _(words_of.ECHOES)
    if report.line_is_noisy:
        yield _(words_of.NOISY)
    if report.verdict is Verdict.FOUND:
        if report.detail:
            yield _(words_of.LOST).format(detail=report.detail)
    else:
        yield from _advice(report, scope)
    if report.left and report.verdict is not Verdict.NO_ROUTE:
        yield ngettext(
            "Not the whole of it: {n} question was left.", "Not the whole of it: {n} questions were left.", report.left
        ).format(n=report.left)


def _advice(report: ScanReport, scope: Scope) -> Iterator[str]:
    advice = _(words_of.ADVICE[report.verdict])
    yield f"{advice} ({report.detail})" if report.detail else advice
    if report.verdict is not Verdict.NO_ROUTE and not scope.serials:
        yield _(words_of.NUMBERS_HELP)


def as_json(report: ScanReport) -> dict[str, Any]:
    """Return what was found, for a program; the names are stable."""
    return {
        "line": report.url,
        "verdict": report.verdict,
        "found": [_one_as_json(report.url, one) for one in report.sightings],
        "crowded": [_place_as_json(place) for place in report.crowded],
        "line_is_noisy": report.line_is_noisy,
        "line_echoes": report.line_echoes,
        "asked": report.probes,
        "left": report.left,
        "took_s": round(report.took_s, 1),
        "detail": report.detail or None,
    }


def _one_as_json(url: str, one: Sighting) -> dict[str, Any]:
    rows = fitting(one)
    return {
        **_place_as_json(one.place),
        "address": one.address,
        "asked_at": one.place.address,
        "protocols": [language.value for language in one.languages],
        "serial": one.serial,
        "told": {told.value: text for told, text in one.told.items()},
        "password": one.password,
        "models": [row.key for row in rows],
        "command": command(url, one, rows[0]) if rows else None,
    }


def _place_as_json(place: Place) -> dict[str, Any]:
    speed = place.speed
    return {
        "way": place.way,
        "address": place.address,
        "address_bytes": place.form or None,
        "baud": None if speed is None else speed.baud,
        "format": None if speed is None else _shape(speed),
    }
