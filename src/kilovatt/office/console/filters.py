"""Which meters the board shows: the chips above it, the figures, and one reason why there is no data."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from kilovatt.office.operations.standing.board import BoardRow
from kilovatt.office.pages.outcomes import reason_of

WHY = "why-"
"""Before the name of a reason: the meters that have no data for it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Some of the meters. One without a title has no chip: something else leads to it."""

    name: str
    title: str
    dot: str
    wants: Callable[[BoardRow], bool]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter with how many meters it shows."""

    name: str
    title: str
    dot: str
    count: int
    is_chosen: bool


UNREAD, INCOMPLETE, MONTHLESS = "unread", "incomplete", "monthless"


def filters() -> tuple[Filter, ...]:
    """Return the filters that have a name of their own, the one that shows all first."""
    return (
        Filter("all", _("all"), "", lambda _row: True),
        Filter("silent", _("silent"), "bad", lambda row: row.is_silent),
        Filter(INCOMPLETE, _("incomplete"), "warn", lambda row: row.success.has_whole_days is False),
        Filter("tampering", _("interference"), "warn", lambda row: bool(row.tampering)),
        Filter("clock", _("wrong clock"), "warn", lambda row: row.is_clock_wrong),
        Filter("held", _("held apart"), "warn", lambda row: bool(row.held_apart)),
        Filter("unbilled", _("not billed"), "bad", lambda row: bool(row.unbilled_reason)),
        Filter(UNREAD, "", "", lambda row: not row.success.is_read),
        Filter(MONTHLESS, "", "", lambda row: row.success.has_month_starts is False),
    )


def filter_called(name: str) -> Filter:
    """Return the filter of a name; the one that shows all for a name of none."""
    known = filters()
    if name.startswith(WHY):
        try:
            reason = reason_of(name.removeprefix(WHY))
        except ValueError:
            return known[0]
        return Filter(name, "", "", lambda row: row.reason is reason)
    return next((one for one in known if one.name == name), known[0])


def chips(rows: Sequence[BoardRow], *, chosen: Filter) -> list[Chip]:
    """Return the chips above the board."""
    return [
        Chip(one.name, one.title, one.dot, sum(map(one.wants, rows)), one.name == chosen.name)
        for one in filters()
        if one.title
    ]


def meant(rows: Iterable[BoardRow], chosen: Filter) -> list[BoardRow]:
    """Return the meters of a filter, the worst first."""
    return sorted(filter(chosen.wants, rows), key=_urgency)


def _urgency(row: BoardRow) -> tuple[bool, bool, int]:
    is_doubtful = row.is_clock_wrong or row.held_apart
    return (not row.is_silent, not (row.tampering or is_doubtful or row.unbilled_reason), row.meter_id)
