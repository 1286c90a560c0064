"""The operator's pages: the board of meters, one meter, and the events of all."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kilovatt.office.console.sentences import doubt_sentences
from kilovatt.office.console.shown import flow, shown_register, shown_row, shown_session, told_registers
from kilovatt.office.documents.figures import instant_text, language_of
from kilovatt.office.operations.board import BoardRow, board_of, meter_places, row_of
from kilovatt.office.operations.clock import now as site_now
from kilovatt.office.operations.meter_file import meter_file, newest_events
from kilovatt.office.pages.parts import htmx_of
from kilovatt.office.pages.words import event_sentence
from kilovatt.office.records.models import User

EVENTS_SHOWN = 200
REFRESH_S = 60
"""How often an open board asks for itself anew."""
ROWS_SHOWN = 100
"""The worst come first: who looks for one meter uses the filters."""


@dataclass(frozen=True, slots=True)
class _Filter:
    name: str
    title: str
    dot: str
    wants: Callable[[BoardRow], bool]


@dataclass(frozen=True, slots=True)
class _Chip:
    name: str
    title: str
    dot: str
    count: int
    is_chosen: bool


@login_required
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The board: who is silent, and what to do. For htmx, which renews and filters it in place, without its frame."""
    now = site_now()
    rows = board_of(_operator(request), now=now)
    filters = _filters()
    chosen = next((one for one in filters if one.name == request.GET.get("show")), filters[0])
    meant = sorted(filter(chosen.wants, rows), key=_urgency)
    pages = Paginator(meant, ROWS_SHOWN).get_page(request.GET.get("page"))
    context = {
        "chips": [_Chip(f.name, f.title, f.dot, sum(map(f.wants, rows)), f is chosen) for f in filters],
        "shown": [shown_row(row, now=now) for row in pages],
        "pages": pages,
        "chosen": chosen.name,
        "meters": len(rows),
        "silent": sum(row.is_silent for row in rows),
        "as_of": instant_text(now, rows[0].zone, language_of(get_language())) if rows else "",
        "refresh_s": REFRESH_S,
    }
    asked = htmx_of(request)
    is_part = bool(asked) and not asked.history_restore_request
    response = render(request, "console/board_part.html" if is_part else "console/board.html", context)
    # A browser that goes back must not take the part for the page.
    patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
    return response


@login_required
@require_safe
def meter(request: HttpRequest, meter_id: int) -> HttpResponse:
    """One meter: its sessions, registers, events and doubts."""
    now = site_now()
    row = row_of(_operator(request), meter_id, now=now)
    if row is None:
        raise Http404(_("There is no such meter among those you look after."))
    file = meter_file(meter_id)
    context = {
        "shown": shown_row(row, now=now),
        "file": file,
        "flow": flow(file),
        "registers": [shown_register(value, row) for value in told_registers(file.registers)],
        "events": [(event_sentence(event.noticed, row.zone), event) for event in file.events],
        "doubts": doubt_sentences(file.doubts),
        "sessions": [shown_session(session, row) for session in file.sessions],
    }
    return render(request, "console/meter.html", context)


@login_required
@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """What all meters noticed, the newest first."""
    stand = meter_places(_operator(request), now=site_now())
    told = newest_events(list(stand), limit=EVENTS_SHOWN)
    placed = [(stand[event.meter_id], event) for event in told]
    lines = [(place, event_sentence(event.noticed, place.zone), event) for place, event in placed]
    return render(request, "console/events.html", {"lines": lines, "limit": EVENTS_SHOWN})


def _operator(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    if not request.user.staff_roles.exists():
        raise Http404(_("This page is for those who look after meters."))
    return request.user


def _filters() -> tuple[_Filter, ...]:
    return (
        _Filter("all", _("all"), "", lambda _row: True),
        _Filter("silent", _("silent"), "bad", lambda row: row.is_silent),
        _Filter("incomplete", _("incomplete"), "warn", lambda row: row.is_incomplete),
        _Filter("tampering", _("interference"), "warn", lambda row: bool(row.tampering)),
        _Filter("clock", _("wrong clock"), "warn", lambda row: row.is_clock_wrong),
        _Filter("unbilled", _("not billed"), "bad", lambda row: bool(row.unbilled_reason)),
    )


def _urgency(row: BoardRow) -> tuple[bool, bool, int]:
    return (not row.is_silent, not (row.tampering or row.is_clock_wrong or row.unbilled_reason), row.meter_id)
