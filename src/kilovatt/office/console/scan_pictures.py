"""Where a search over a line has been, to be looked at: languages by speeds, and addresses one by one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kilovatt.office.pages import scan_words

CELLS_MAX = 240
"""More addresses than cells share them."""
_FEW_ADDRESSES = 8
"""Fewer that were asked are no walk: a table of them would show nothing."""
_KINDS = ("found", "noise", "echo", "silence")
"""What a cell of several places shows: the first of these that came of any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayRow:
    """A language: its cells, and what they show in words."""

    name: str
    cells: SafeString
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressStrip:
    """Addresses that were asked one by one in one language at one speed."""

    title: str
    cells: SafeString
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Where a search has been. `speeds` are those of the cells, in order; none for a line that keeps its own."""

    speeds: list[str]
    rows: list[WayRow]
    strips: list[AddressStrip]


def picture(walked: Sequence[Mapping[str, Any]]) -> Picture | None:
    """Return the picture of a search; None before anything is known of it."""
    if not walked:
        return None
    speeds = list(dict.fromkeys(walk["speed"] for walk in walked))
    by_place = {(walk["way"], walk["speed"]): walk for walk in walked}
    ways = [way for way in scan_words.WAYS if any(walk["way"] == way for walk in walked)]
    rows = [_row(way, [by_place.get((way, speed)) for speed in speeds]) for way in ways]
    return Picture(speeds=[speed for speed in speeds if speed], rows=rows, strips=list(_strips(walked)))


def _row(way: str, walks: Sequence[Mapping[str, Any] | None]) -> WayRow:
    there = [walk for walk in walks if walk is not None]
    asked = sum(_asked(walk) for walk in there)
    planned = max(asked, sum(walk["planned"] for walk in there))
    found = sum(walk["signs"].get("found", 0) for walk in there)
    words = _("{asked} of {planned} asked").format(asked=asked, planned=planned)
    if found:
        words = _("{asked} of {planned} asked, {found} answered").format(asked=asked, planned=planned, found=found)
    return WayRow(name=_(scan_words.WAYS[way]), cells=_cells(map(_kind, walks)), words=words)


def _asked(walk: Mapping[str, Any]) -> int:
    return sum(walk["signs"].values())


def _kind(walk: Mapping[str, Any] | None) -> str:
    if walk is None:
        return "not-there"
    signs = walk["signs"]
    shown = next((kind for kind in _KINDS if signs.get(kind)), "ahead")
    return "part" if shown == "silence" and _asked(walk) < walk["planned"] else shown


def _strips(walked: Sequence[Mapping[str, Any]]) -> Iterator[AddressStrip]:
    for walk in walked:
        runs = sorted(walk["runs"])
        count = sum(last - first + 1 for first, last, _sign in runs)
        if count < _FEW_ADDRESSES:
            continue
        name = _(scan_words.WAYS[walk["way"]])
        answered = ", ".join(_span(first, last) for first, last, sign in runs if sign == "found")
        words = _("Addresses {first} to {last}: answered at {answered}.").format(
            first=runs[0][0], last=runs[-1][1], answered=answered or _("none")
        )
        title = f"{name}, {walk['speed']}" if walk["speed"] else name
        yield AddressStrip(title=title, cells=_cells(_shares(runs, count)), words=words)


def _shares(runs: Sequence[Sequence[Any]], count: int) -> Iterator[str]:
    """Return what came of the addresses, in order, shared out over at most `CELLS_MAX` cells."""
    kinds = [sign for first, last, sign in runs for _ in range(last - first + 1)]
    cells = min(count, CELLS_MAX)
    for cell in range(cells):
        share = set(kinds[cell * count // cells : (cell + 1) * count // cells])
        yield next(kind for kind in _KINDS if kind in share)


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"


def _cells(kinds: Iterable[str]) -> SafeString:
    return format_html_join("", '<i class="{}"></i>', ((kind,) for kind in kinds))
