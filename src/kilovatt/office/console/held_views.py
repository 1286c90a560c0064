"""What is held apart of a meter: looked at, and accepted or discarded by an operator, who says why and confirms it."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from kilovatt.office.console.held import counted, shown_decision, shown_group, shown_settlement
from kilovatt.office.operations.clock import now as site_now
from kilovatt.office.operations.clocks import held_apart
from kilovatt.office.operations.clocks.held_apart import HeldApartError
from kilovatt.office.operations.clocks.held_file import Decision, HeldGroup, held_groups, settlements
from kilovatt.office.operations.reading.asked_readings import may_ask
from kilovatt.office.operations.standing.board import BoardRow, row_of
from kilovatt.office.records.models import Meter, User

BECAUSE_MAX = 300


@dataclass(frozen=True, slots=True)
class Choice:
    """What an operator has filled in."""

    group: HeldGroup
    held_ids: tuple[int, ...]
    decision: Decision
    because: str


@login_required
@never_cache
@require_safe
def held(request: HttpRequest, meter_id: int) -> HttpResponse:
    """Return what is held apart of a meter, why, and what was decided before."""
    return _page(request, _row(request, meter_id))


def _page(request: HttpRequest, row: BoardRow, *, refusal: str = "") -> HttpResponse:
    context = {
        "row": row,
        "groups": [shown_group(group, row) for group in held_groups(row.meter_id)],
        "settled": [shown_settlement(one, row) for one in settlements(row.meter_id)],
        "may_decide": may_ask(_user(request), row.meter_id),
        "because_max": BECAUSE_MAX,
        "refusal": refusal,
        "chosen": request.POST.get("group", ""),
        "because": request.POST.get("because", ""),
    }
    return render(request, "console/held.html", context, status=400 if refusal else 200)


@login_required
@never_cache
@require_POST
def decide(request: HttpRequest, meter_id: int) -> HttpResponse:
    """Say what a decision will do; confirmed, it is done, once."""
    row = _row(request, meter_id)
    if not may_ask(_user(request), meter_id):
        raise PermissionDenied
    choice = _choice(request, held_groups(meter_id))
    if isinstance(choice, str):
        return _page(request, row, refusal=choice)
    if request.POST.get("confirmed") != "yes":
        context = {
            "row": row,
            "choice": choice,
            "shown": shown_decision(choice.decision, choice.group.clock_ahead_s),
            "counted": counted(len(choice.held_ids)),
        }
        return render(request, "console/held_decision.html", context)
    try:
        settled = _settle(request, meter_id, choice)
    except HeldApartError as error:
        return _page(request, row, refusal=gettext(error.sentence) % error.values)
    if settled:
        words = _("Discarded: {values}.") if choice.decision is Decision.DISCARD else _("Accepted: {values}.")
        messages.success(request, words.format(values=counted(settled)))
    else:
        messages.warning(request, _already_decided())
    return redirect("held", meter_id)


def _settle(request: HttpRequest, meter_id: int, choice: Choice) -> int:
    meter, by, now = Meter.objects.get(pk=meter_id), _user(request), site_now()
    if choice.decision is Decision.DISCARD:
        return held_apart.discard(meter, choice.held_ids, because=choice.because, by=by, now=now)
    move_by_s = 0 if choice.decision is Decision.AS_STAMPED else None
    return held_apart.release(meter, choice.held_ids, move_by_s=move_by_s, because=choice.because, by=by, now=now)


def _choice(request: HttpRequest, groups: tuple[HeldGroup, ...]) -> Choice | str:
    """Return what was filled in, or what is to be said of it."""
    group = next((one for one in groups if one.key == request.POST.get("group")), None)
    if group is None:
        return _already_decided()
    ticked = set(request.POST.getlist("held"))
    held_ids = tuple(value.held_id for value in group.values if str(value.held_id) in ticked)
    if not held_ids:
        return _("Nothing was chosen: tick what you decide on.")
    decision = next((one for one in group.decisions if one.value == request.POST.get("decision")), None)
    if decision is None:
        return _("Say what is to become of it: accept it or discard it.")
    because = request.POST.get("because", "").strip()
    if not because or len(because) > BECAUSE_MAX:
        return _("Say why, in {n} letters at most: it stays on record with your name.").format(n=BECAUSE_MAX)
    return Choice(group, held_ids, decision, because)


def _already_decided() -> str:
    return _("Somebody has decided on it already: nothing was changed.")


def _row(request: HttpRequest, meter_id: int) -> BoardRow:
    row = row_of(_user(request), meter_id, now=site_now())
    if row is None:
        raise Http404(_("There is no such meter among those you look after."))
    return row


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
