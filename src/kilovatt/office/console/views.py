"""The operator's pages: the board of meters, one meter, its lines, and the events of all."""

import json
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kilovatt.office.console.asked import shown_asked
from kilovatt.office.console.behind import shown_listed
from kilovatt.office.console.filters import chips, filter_called, meant
from kilovatt.office.console.order_views import orders_context
from kilovatt.office.console.over_time import shown_history
from kilovatt.office.console.sentences import doubt_sentences
from kilovatt.office.console.shown import facts, shown_register, shown_row, shown_sessions, told_registers
from kilovatt.office.console.success import missing_days, shown_figures, shown_line, shown_reasons, who_reads
from kilovatt.office.console.voltage import shown_voltage
from kilovatt.office.documents.figures import instant_text, language_of
from kilovatt.office.operations.clock import now as site_now
from kilovatt.office.operations.intake.concentrators import listed_meters
from kilovatt.office.operations.new_meters import organisations_of
from kilovatt.office.operations.reading.asked_readings import ask_once, asked_reading, may_ask
from kilovatt.office.operations.reading.scans import lines_of
from kilovatt.office.operations.standing.board import BoardRow, board_of, meter_places, row_of
from kilovatt.office.operations.standing.meter_file import meter_file, newest_events
from kilovatt.office.operations.standing.meter_history import meter_history
from kilovatt.office.operations.standing.rates import success_of
from kilovatt.office.operations.standing.site_status import site_status
from kilovatt.office.pages.parts import htmx_of
from kilovatt.office.pages.words import event_sentence
from kilovatt.office.records.models import User

EVENTS_SHOWN = 200
REFRESH_S = 60
"""How often an open board asks for itself anew."""
ROWS_SHOWN = 100
"""The worst come first: who looks for one meter uses the filters."""

LINES_SHOWN = 200
"""The worst come first."""
LINES_LISTED = 1_000


@login_required
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The board: who is silent, and what to do. For htmx, which renews and filters it in place, without its frame."""
    now = site_now()
    rows = board_of(_operator(request), now=now)
    chosen = filter_called(request.GET.get("show", ""))
    pages = Paginator(meant(rows, chosen), ROWS_SHOWN).get_page(request.GET.get("page"))
    context = {
        "figures": shown_figures(success_of(row.success for row in rows), chosen=chosen.name),
        "chips": chips(rows, chosen=chosen),
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
    """Return the page of one meter."""
    row = _row(request, meter_id)
    return render(
        request,
        "console/meter.html",
        _meter(row) | _asked(request, row) | _voltage(request, row) | orders_context(_operator(request), row),
    )


@login_required
@require_safe
def voltage_part(request: HttpRequest, meter_id: int) -> HttpResponse:
    """Return the voltage of a meter on other days, for its page."""
    row = _row(request, meter_id)
    return render(request, "console/voltage.html", _voltage(request, row))


@login_required
@require_POST
def read_now(request: HttpRequest, meter_id: int) -> HttpResponse:
    """Have a meter read at once; only for operators of the organisation at whose point it stands."""
    row = _row(request, meter_id)
    if not may_ask(_operator(request), meter_id):
        raise PermissionDenied
    key = ask_once(meter_id, now=site_now())
    if not htmx_of(request):
        return redirect("meter", meter_id)
    return render(request, "console/asked_part.html", _asked(request, row, key=key))


@login_required
@require_safe
def asked_reading_part(request: HttpRequest, meter_id: int, key: str) -> HttpResponse:
    """Return how a reading that was asked for stands; once it is over, with what is known of the meter now."""
    row = _row(request, meter_id)
    context = _asked(request, row, key=key)
    if context["asked"] is None:
        raise Http404(_("Nobody has asked for that."))
    if context["asked"].is_waiting:
        return render(request, "console/asked_part.html", context)
    context |= _meter(row) | orders_context(_operator(request), row)
    return render(request, "console/asked_and_meter.html", context | {"is_aside": True})


def _row(request: HttpRequest, meter_id: int) -> BoardRow:
    row = row_of(_operator(request), meter_id, now=site_now())
    if row is None:
        raise Http404(_("There is no such meter among those you look after."))
    return row


def _meter(row: BoardRow) -> dict[str, Any]:
    now, file = site_now(), meter_file(row.meter_id)
    shown = shown_row(row, now=now)
    history = shown_history(meter_history(row.meter_id, zone=row.zone, now=now), row, now=now)
    return {
        "shown": shown,
        "facts": facts(row, file, read_at=shown.read_at, next_visit=history.next_visit, failures=history.failures),
        "history": history,
        "registers": [shown_register(value, row) for value in told_registers(file.registers)],
        "events": [(event_sentence(event.noticed, row.zone), event) for event in file.events],
        "doubts": doubt_sentences(file.doubts),
        "sessions": shown_sessions(file, row),
        "listed": [shown_listed(one, row) for one in listed_meters(row.meter_id)],
    }


def _voltage(request: HttpRequest, row: BoardRow) -> dict[str, Any]:
    voltage = shown_voltage(row, request.GET, now=site_now())
    drawn = "" if voltage is None else json.dumps(voltage.drawn, ensure_ascii=False, separators=(",", ":"))
    return {"meter_id": row.meter_id, "voltage": voltage, "drawn": drawn}


def _asked(request: HttpRequest, row: BoardRow, *, key: str | None = None) -> dict[str, Any]:
    asked = asked_reading(row.meter_id, now=site_now(), key=key)
    return {
        "meter_id": row.meter_id,
        "has_line": bool(row.line.name),
        "may_ask": may_ask(_operator(request), row.meter_id),
        "asked": None if asked is None else shown_asked(asked, row),
    }


@login_required
@require_safe
def lines(request: HttpRequest) -> HttpResponse:
    """The lines, the worst first, and why meters have no data."""
    mine = dict(_operator(request).staff_roles.values_list("organisation", "organisation__zone_name"))
    status = site_status(now=site_now(), organisations=set(mine))
    troubled = [line for line in status.lines if not line.lacks_nothing]
    instant = partial(instant_text, zone=ZoneInfo(min(mine.values())), language=language_of(get_language()))
    context = {
        "figures": shown_figures(status.success, chosen=""),
        "reasons": shown_reasons(status.reasons),
        "reading": list(who_reads(status, instant)),
        "missing": missing_days(status),
        "has_lines": bool(status.lines),
        "lines": [shown_line(line) for line in troubled[:LINES_SHOWN]],
        "left_out": max(0, len(troubled) - LINES_SHOWN),
        "calm": len(status.lines) - len(troubled),
        "may_operate": bool(organisations_of(_operator(request))),
        "every_line": list(lines_of(_operator(request)).order_by("name")[:LINES_LISTED]),
    }
    return render(request, "console/lines.html", context)


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
