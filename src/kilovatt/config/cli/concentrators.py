"""What a concentrator told of the meters behind it, on the screen and as JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table

from kilovatt.config.cli.voice import _, ngettext, out
from kilovatt.measure.metering.concentrators import ConcentratorState, ExchangeStatus, Hearing
from kilovatt.measure.metering.events import EventKind

_HEARING_WORDS = {
    Hearing.HEARD: _("heard"),
    Hearing.NOT_NOW: _("silent since"),
    Hearing.NEVER: _("never heard"),
    Hearing.NOT_TOLD: _("not told"),
}
_EXCHANGE_WORDS = {
    ExchangeStatus.DONE: _("done"),
    ExchangeStatus.WAITING: _("waiting"),
    ExchangeStatus.ACCESS_DENIED: _("access denied"),
    ExchangeStatus.NOT_SUPPORTED: _("not supported"),
    ExchangeStatus.PARTIAL: _("done in part"),
    ExchangeStatus.NOT_FOUND: _("meter not found"),
    ExchangeStatus.NO_RESPONSE: _("no answer"),
    ExchangeStatus.BAD_LINK: _("bad link"),
    ExchangeStatus.OTHER: _("another result"),
}


def as_json(state: ConcentratorState, zone: ZoneInfo) -> dict[str, Any]:
    """Return what a concentrator told, for a program: instants in ISO with the zone of its clock."""
    return {
        "time_delta_s": state.time_delta_s,
        "devices": [{"address": address, "name": name} for address, name in state.devices],
        "meters": [
            {
                "name": one.name,
                "model": one.model,
                "addresses": list(one.addresses),
                "channels": list(one.channels),
                "hearing": one.hearing,
                "last_heard_at": _iso(one.last_heard_at, zone),
                "last_tried_at": _iso(one.last_tried_at, zone),
                "clock_at": _iso(one.clock_at, zone),
                "last_exchange": one.last_exchange,
                "attempts": one.attempts,
            }
            for one in state.meters
        ],
        "events": [
            {
                "meter": event.meter,
                "kind": event.kind,
                "code": event.code,
                "at": _iso(event.at, zone),
                "told_at": _iso(event.told_at, zone),
            }
            for event in state.events
        ],
    }


def show(state: ConcentratorState, zone: ZoneInfo, event_words: Mapping[EventKind, str]) -> None:
    """Print what a concentrator told, for a person."""
    unheard = sum(one.hearing in {Hearing.NOT_NOW, Hearing.NEVER} for one in state.meters)
    words = ngettext("{n} meter behind it", "{n} meters behind it", len(state.meters)).format(n=len(state.meters))
    if unheard:
        words += ", " + ngettext("{n} of them silent", "{n} of them silent", unheard).format(n=unheard)
    out.print(words)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in (_("Address"), _("Meter"), _("Model"), _("Does it hear it?"), _("Last heard"), _("Last task")):
        table.add_column(title)
    for one in state.meters:
        table.add_row(
            ", ".join(map(str, one.addresses)),
            one.name,
            one.model,
            _HEARING_WORDS[one.hearing],
            "" if one.last_heard_at is None else _local(one.last_heard_at, zone),
            "" if one.last_exchange is None else _EXCHANGE_WORDS[one.last_exchange],
            style=None if one.hearing in {Hearing.HEARD, Hearing.NOT_TOLD} else "yellow",
        )
    out.print(table)
    for event in state.events:
        out.print(f"{_local(event.at, zone)}  {event.meter}  {event_words[event.kind]}  [dim]{event.code}[/]")


def _iso(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat()


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%d.%m.%Y %H:%M:%S")
