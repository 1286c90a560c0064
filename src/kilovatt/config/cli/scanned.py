"""What a search for meters found, on the command line: a table and what to try next, or why nothing, or JSON."""

import shlex
from collections.abc import Iterator
from typing import Any

from rich.markup import escape
from rich.table import Table

from kilovatt.config.cli.voice import _, ngettext, out
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.drivers.finding.order import Verdict
from kilovatt.wire.drivers.finding.probes import PasswordState, Place, Sighting, Told, Way
from kilovatt.wire.drivers.finding.rows import fitting, reading_arguments
from kilovatt.wire.drivers.finding.scope import Purpose, Scope
from kilovatt.wire.headend.scanning import Progress, ScanReport, url_at
from kilovatt.wire.protocols.framing.connection import LineSpeed

WAY_WORDS = {
    Way.SHORT: _("Mercury 203.2TD–238 and NZiF"),
    Way.MERCURY_V1: _("Mercury 200–206"),
    Way.IEC62056_21: "IEC 62056-21",
    Way.ENERGOMERA: _("Energomera"),
    Way.HDLC: _("DLMS over HDLC"),
    Way.WRAPPER: _("DLMS over TCP"),
    Way.MODBUS: "Modbus TCP",
}
_PASSWORD_WORDS = {
    PasswordState.FACTORY: _("still has the password of its maker"),
    PasswordState.OTHER: _("did not take its maker's password, and was asked no second time"),
    PasswordState.BARRED: _(
        "did not let us in for another reason than the password: no other meter was sent one after that"
    ),
}
_TOLD_WORDS = {
    Told.TYPE: _("type"),
    Told.MAKER: _("maker"),
    Told.FIRMWARE: _("firmware"),
    Told.MADE_ON: _("made on"),
    Told.VARIANT: _("variant"),
    Told.DEVICE_NAME: _("name"),
    Told.DEVICES: _("behind it"),
}
_ADVICE = {
    Verdict.CROWDED: _(
        "Several meters answered at once, and none alone. Give their numbers with --serial, "
        "or ask them one by one with --addresses."
    ),
    Verdict.NOISE: _(
        "Something comes back, and it is no answer. Check speed and format, the cable, its termination and the common "
        "wire; somebody else may be reading on this line now."
    ),
    Verdict.ECHO: _(
        "Only our own requests came back. The adapter repeats what it sends, and no meter is heard: switch its echo "
        "off, and check that the meters are connected, A to A and B to B."
    ),
    Verdict.SILENCE: _(
        "Nothing answered at all. Check that A and B are not swapped, that the meters and their interfaces have power, "
        "and that the gateway goes at the speed of the meters. A slow network wants a longer --timeout."
    ),
    Verdict.NO_ROUTE: _("The line cannot be reached. Check the address, the gateway's power and the network."),
}
_NUMBERS_HELP = _(
    "Mercury 200, 201, 203 and 206 answer only to their own numbers, and СПОДЭС meters often do: "
    "add --serial with the number on the face of the meter."
)
_MODELS_SHOWN = 4


def trying(progress: Progress) -> str:
    """Return what is being tried, how much is left, and how long that may take."""
    place = progress.place
    whom = _("anybody") if place.address is None else _("address {address}").format(address=place.address)
    if progress.purpose is Purpose.CONTROL:
        whom = _("nobody, to hear the line itself")
    words = _("{way}, {speed}: {whom}").format(way=WAY_WORDS[place.way], speed=speed_words(place.speed), whom=whom)
    left = ngettext("{n} more", "{n} more", progress.left).format(n=progress.left)
    found = ngettext("{n} meter found", "{n} meters found", progress.found).format(n=progress.found)
    return escape(f"{words} · {left}, {time_words(progress.seconds_left)} · {found}")


def time_words(seconds: float) -> str:
    """Return how long something takes at most."""
    minutes, rest = divmod(round(seconds), 60)
    return _("at most {minutes} min {seconds:02} s").format(minutes=minutes, seconds=rest)


def speed_words(speed: LineSpeed | None) -> str:
    """Return a speed and its format, 9600 8N1; the gateway's own is not known."""
    return _("the gateway's speed") if speed is None else f"{speed.baud} {_shape(speed)}"


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
            _("anybody's") if one.address is None else str(one.address),
            " / ".join(language.value for language in one.languages),
            speed_words(one.place.speed),
            escape(one.serial or "—"),
            escape(names) if rows else _("none of the models that are known here"),
        )
    return table


def _show_one(url: str, one: Sighting) -> None:
    said = [f"{words}: {one.told[told]}" for told, words in _TOLD_WORDS.items() if told in one.told]
    if one.password in _PASSWORD_WORDS:
        said.append(_PASSWORD_WORDS[one.password])
    if one.place.parity_bits:
        said.append(_("speaks with seven bits and parity, and the gateway carries eight: set it to 7E1"))
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
            yield _(
                "Two meters answer at once at address {address} ({way}): "
                "give one of them another address while it is alone on a line."
            ).format(address=place.address, way=WAY_WORDS[place.way])
    if report.line_echoes:
        yield _("The line repeats what is sent: the echoes were taken away.")
    if report.line_is_noisy:
        yield _("The line is noisy by itself: addresses were not walked one by one.")
    if report.verdict is Verdict.FOUND:
        if report.detail:
            yield _("The line was lost before the end: {detail}").format(detail=report.detail)
    else:
        yield from _advice(report, scope)
    if report.left and report.verdict is not Verdict.NO_ROUTE:
        yield ngettext(
            "Not the whole of it: {n} question was left.", "Not the whole of it: {n} questions were left.", report.left
        ).format(n=report.left)


def _advice(report: ScanReport, scope: Scope) -> Iterator[str]:
    advice = _ADVICE[report.verdict]
    yield f"{advice} ({report.detail})" if report.detail else advice
    if report.verdict is not Verdict.NO_ROUTE and not scope.serials:
        yield _NUMBERS_HELP


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
