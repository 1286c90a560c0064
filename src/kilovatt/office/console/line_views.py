"""The pages of lines: all of them, one, a search over it, and a meter that is put on record behind it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kilovatt.measure.metering.catalogue import UnknownModelError, model_by_key
from kilovatt.measure.metering.scans import ScanForesight, ScanWishes
from kilovatt.office.console.line_forms import LineForm, NewMeterForm, ScanForm
from kilovatt.office.console.lines_shown import line_context
from kilovatt.office.console.scanned import shown_scan, time_text
from kilovatt.office.operations import new_meters
from kilovatt.office.operations.clock import now as site_now
from kilovatt.office.operations.lines.line_leases import is_line_held
from kilovatt.office.operations.new_meters import NotOnRecordError
from kilovatt.office.operations.reading import scans
from kilovatt.office.operations.reading.scans import ScanRefusedError
from kilovatt.office.pages.parts import htmx_of
from kilovatt.office.records.models import Line, LineScan, User

REFRESH_S = 1
LIKELY_MAX = 60
"""So many models are taken from an address of ours: no search finds more that fit."""


@login_required
@require_safe
def line(request: HttpRequest, line_id: int) -> HttpResponse:
    """Return the page of one line."""
    return render(request, "console/line.html", line_context(_line(request, line_id), now=site_now()))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_line(request: HttpRequest) -> HttpResponse:
    """Let an operator put a line on record."""
    organisations = new_meters.organisations_of(_user(request))
    if not organisations:
        raise Http404(_("This page is for those who look after meters."))
    form = LineForm(request.POST if request.method == "POST" else None, organisations=organisations)
    if form.is_valid():
        owner = next(one for one in organisations if one.pk == form.cleaned_data["organisation"])
        try:
            made = new_meters.put_line(form.facts(), owner, by=_user(request))
        except NotOnRecordError as error:
            _add(form, error)
        else:
            return redirect("line", made.pk)
    return render(request, "console/line_form.html", {"form": form, "line": None, "several": len(organisations) > 1})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_line(request: HttpRequest, line_id: int) -> HttpResponse:
    """Let an operator change a line."""
    changed = _line(request, line_id)
    form = LineForm(request.POST if request.method == "POST" else None, organisations=[], line=changed)
    if form.is_valid():
        try:
            new_meters.change_line(changed, form.facts(), by=_user(request))
        except NotOnRecordError as error:
            changed.refresh_from_db()
            _add(form, error)
        else:
            return redirect("line", line_id)
    return render(request, "console/line_form.html", {"form": form, "line": changed, "several": False})


# ── Searches ────────────────────────────────────────────────────────────────────────────────────────────────────────


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_scan(request: HttpRequest, line_id: int) -> HttpResponse:
    """Let an operator say where and how far a line is searched; said, it leads to the page of the search."""
    searched = _line(request, line_id)
    refusal = ""
    try:
        usual = scans.foresee(searched, ScanWishes())
    except ScanRefusedError as error:
        usual, refusal = ScanForesight(questions=0, seconds=0, speeds=()), _told(error)
    form = ScanForm(request.POST if request.method == "POST" else None, foresight=usual)
    if form.is_valid():
        try:
            wishes, number = form.wishes(), form.cleaned_data["scan_id"]
            scan = scans.wish(searched, wishes, by=_user(request), now=site_now(), scan_id=number)
        except ScanRefusedError as error:
            refusal = _told(error)
        else:
            return redirect("scan", scan.pk)
    context = {"line": searched, "form": form, "refusal": refusal, "estimate": _estimate(usual) if not refusal else ""}
    return render(request, "console/new_scan.html", context)


@login_required
@require_POST
def scan_estimate(request: HttpRequest, line_id: int) -> HttpResponse:
    """Return how long a search would take as the form is filled in now; for htmx."""
    searched = _line(request, line_id)
    context: dict[str, Any] = {"estimate": "", "refusal": ""}
    try:
        form = ScanForm(request.POST, foresight=scans.foresee(searched, ScanWishes()))
        if form.is_valid():
            context["estimate"] = _estimate(scans.foresee(searched, form.wishes()))
        else:
            context["refusal"] = " ".join(str(error) for errors in form.errors.values() for error in errors)
    except ScanRefusedError as error:
        context["refusal"] = _told(error)
    return render(request, "console/scan_estimate.html", context)


@login_required
@never_cache
@require_safe
def scan(request: HttpRequest, scan_id: UUID) -> HttpResponse:
    """Return the page of a search; for htmx, which renews it while it goes on, without its frame."""
    return _scan_page(request, _scan(request, scan_id))


@login_required
@require_POST
def stop_scan(request: HttpRequest, scan_id: UUID) -> HttpResponse:
    """End a search; what was found by then is kept."""
    found = _scan(request, scan_id)
    if not scans.stop(found, by=_user(request), now=site_now()):
        messages.warning(request, _("It was over already."), extra_tags="warn")
    return redirect("scan", scan_id)


def _scan_page(request: HttpRequest, found: LineScan) -> HttpResponse:
    shown = shown_scan(found, is_held=is_line_held(found.line_id, now=site_now()))
    context = {"one": shown, "line": found.line, "asked_by": found.asked_by, "refresh_s": REFRESH_S}
    asked = htmx_of(request)
    is_part = bool(asked) and not asked.history_restore_request
    response = render(request, "console/scan_part.html" if is_part else "console/scan.html", context)
    patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
    return response


def _estimate(foresight: ScanForesight) -> str:
    words = _("{questions} questions, {time} if nobody answers. Where several answer at once, addresses follow.")
    return words.format(questions=foresight.questions, time=time_text(foresight.seconds))


# ── A meter that is put on record ───────────────────────────────────────────────────────────────────────────────────


@sensitive_post_parameters("password")
@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_meter(request: HttpRequest, line_id: int) -> HttpResponse:
    """Let an operator put a meter on record that is reached over a line; what a search found is filled in."""
    reached = _line(request, line_id)
    likely = _likely(request)
    given = {name: request.GET.get(name, "") for name in ("serial", "address")}
    initial = given | {"model": likely[0] if likely else "", "ratio": 1}
    posted = request.POST if request.method == "POST" else None
    form = NewMeterForm(posted, likely=likely, initial=initial)
    if form.is_valid():
        try:
            made = new_meters.put_meter(reached, form.meter(), by=_user(request), now=site_now())
        except NotOnRecordError as error:
            _add(form, error)
        else:
            messages.success(request, _("It is on record, and is read next."), extra_tags="good")
            return redirect("meter", made.pk)
    return render(request, "console/new_meter.html", {"line": reached, "form": form, "was_found": bool(likely)})


def _likely(request: HttpRequest) -> list[str]:
    likely = []
    for key in request.GET.getlist("model")[:LIKELY_MAX]:
        try:
            likely.append(model_by_key(key).key)
        except UnknownModelError:
            continue
    return list(dict.fromkeys(likely))


# ── Parts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _add(form: Any, error: NotOnRecordError) -> None:  # noqa: ANN401  # any of the forms
    form.add_error(error.where if error.where in form.fields else None, _(error.sentence).format(**error.values))


def _told(error: ScanRefusedError) -> str:
    return _(error.sentence).format(**error.values)


def _line(request: HttpRequest, line_id: int) -> Line:
    found = scans.lines_of(_user(request)).filter(pk=line_id).first()
    if found is None:
        raise Http404(_("There is no such line among those you look after."))
    return found


def _scan(request: HttpRequest, scan_id: UUID) -> LineScan:
    found = scans.scan_of(_user(request), scan_id)
    if found is None:
        raise Http404(_("There is no such search among those of your lines."))
    return found


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
