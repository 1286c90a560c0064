"""The operator's desk of commands: given on a form, approved after its words were read, followed until it is known."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.orders import OrderState
from kilovatt.office.console.order_forms import FORMS, OrderForm, Told, offered
from kilovatt.office.console.order_list_shown import may_give_lists, shown_lists, shown_rules
from kilovatt.office.console.ordered import ShownOrder, shown_order, shown_orders
from kilovatt.office.documents.figures import instant_text, language_of
from kilovatt.office.operations.clock import now as site_now
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.orders.order_evidence import order_evidence
from kilovatt.office.operations.orders.order_file import (
    counts_of,
    is_for_another,
    is_held,
    order_of,
    order_places,
    orders_listed,
    orders_of_meter,
)
from kilovatt.office.operations.orders.order_lists import lists_of
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.operations.orders.order_values import correction, made_keys
from kilovatt.office.operations.reading.asked_readings import may_ask
from kilovatt.office.operations.standing.board import BoardRow, row_of
from kilovatt.office.pages.frames import shown_evidence
from kilovatt.office.pages.order_figures import power_text, seconds_text
from kilovatt.office.pages.order_words import KINDS, PARTS
from kilovatt.office.pages.parts import htmx_of
from kilovatt.office.records.models import Meter, MeterOrder, MeterStanding, User

OF_A_METER = 10
"""The newest stand on its page."""
ROWS_SHOWN = 100
FRAMES_SHOWN = 60
LISTS_SHOWN = 10
REFRESH_S = 10
"""How often the list asks for itself anew while anything is under way."""


@dataclass(frozen=True, slots=True)
class Control:
    """Something the meter can be told."""

    kind: str
    name: str
    is_grave: bool


@dataclass(frozen=True, slots=True)
class StateChip:
    """Some of the orders, with how many they are."""

    name: str
    title: str
    dot: str
    states: frozenset[OrderState]
    count: int
    is_chosen: bool


# ── A meter's part of its page ──────────────────────────────────────────────────────────────────────────────────────


def orders_context(user: User, row: BoardRow) -> dict[str, Any]:
    """Return what the page of a meter shows of commands: nothing to whoever may not give any."""
    if not may_ask(user, row.meter_id):
        return {"may_command": False}
    told = shown_orders(orders_of_meter(user, row.meter_id, at_most=OF_A_METER), now=site_now())
    return {
        "may_command": True,
        "meter_id": row.meter_id,
        "has_line": bool(row.line.name),
        "model_title": row.model.title,
        "controls": [Control(kind, gettext(KINDS[kind].name), KINDS[kind].is_grave) for kind in offered(row.model)],
        "orders": told,
        "orders_refresh_s": min((one.refresh_s for one in told if one.refresh_s), default=0),
    }


@login_required
@require_safe
def meter_orders(request: HttpRequest, meter_id: int) -> HttpResponse:
    """Return the part of a meter's page that is about commands, which renews itself while one is under way."""
    row = _commanded(request, meter_id)
    return render(request, "console/meter_orders.html", orders_context(_user(request), row))


# ── Giving one ──────────────────────────────────────────────────────────────────────────────────────────────────────


@sensitive_post_parameters("new", "again")
@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_order(request: HttpRequest, meter_id: int, kind: str) -> HttpResponse:
    """Let an operator fill in a command; filled in, it is on record and leads to its page, where it is approved."""
    row = _commanded(request, meter_id)
    chosen = _kind(row, kind)
    told = _told(row)
    form = FORMS[chosen](request.POST if request.method == "POST" else None, told=told)
    refusal = _refusal(chosen, told)
    if request.method == "POST" and form.is_valid():
        try:
            order = _given(form, _user(request))
        except OrderRefusedError as error:
            refusal = gettext(error.sentence) % error.values
        else:
            return redirect("order", order.pk)
    words = KINDS[chosen]
    context = {
        "row": row,
        "form": form,
        "kind": chosen.value,
        "name": gettext(words.name),
        "does": gettext(words.does),
        "undone": gettext(words.undone),
        "known": _known(chosen, row, told),
        "refusal": refusal,
    }
    return render(request, "console/new_order.html", context)


def _given(form: OrderForm, user: User) -> MeterOrder:
    return orders.request(
        form.told.meter,
        form.command(),
        by=user,
        because=form.cleaned_data["because"],
        now=site_now(),
        order_id=form.cleaned_data["order_id"],
    )


def _kind(row: BoardRow, kind: str) -> CommandKind:
    found = next((one for one in offered(row.model) if one.value == kind), None)
    if found is None:
        raise Http404(_("This meter cannot be told that."))
    return found


def _told(row: BoardRow) -> Told:
    meter = Meter.objects.get(pk=row.meter_id)
    return Told(meter=meter, model=row.model, zone=row.zone, now=site_now(), ahead_s=row.clock_deviation_s)


def _refusal(kind: CommandKind, told: Told) -> str:
    """What is known beforehand to stand in the way of a command."""
    try:
        if kind is CommandKind.SHIFT_CLOCK:
            correction(told.model, told.ahead_s)
        elif kind is CommandKind.CHANGE_KEYS:
            made_keys(told.meter)
    except OrderRefusedError as error:
        return gettext(error.sentence) % error.values
    return ""


def _known(kind: CommandKind, row: BoardRow, told: Told) -> str:
    """What the last reading says that is good to know before a command is given."""
    standing = MeterStanding.objects.filter(meter_id=row.meter_id).first()
    if standing is None:
        return ""
    match kind:
        case CommandKind.SHIFT_CLOCK | CommandKind.SET_CLOCK if told.ahead_s:
            return _("When last read, its clock was {seconds} from ours.").format(seconds=seconds_text(told.ahead_s))
        case CommandKind.OPEN_RELAY | CommandKind.SET_POWER_LIMIT if standing.power_w is not None:
            at = standing.instant_at and instant_text(standing.instant_at, row.zone, language_of(get_language()))
            return _("The place took {power}, {at}.").format(power=power_text(standing.power_w), at=at or "—")
        case _:
            return ""


# ── One order ───────────────────────────────────────────────────────────────────────────────────────────────────────


@login_required
@never_cache
@require_safe
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Return the page of an order; for htmx, which renews it, without its frame."""
    return _order_page(request, _order(request, order_id))


@login_required
@require_POST
def approve_order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Let an order be sent. For a grave one the operator has to say which meter he means."""
    row = _order(request, order_id)
    shown = _shown(row, _user(request))
    if shown.awaits_approval:
        if shown.is_grave and request.POST.get("ends", "").strip() != shown.ends:
            trouble = _("These are not the last digits of this meter's serial number. Nothing was sent.")
            return _order_page(request, row, trouble=trouble)
        try:
            is_done = orders.approve(row, by=_user(request), now=site_now())
        except OrderRefusedError as error:
            return _order_page(request, row, trouble=gettext(error.sentence) % error.values)
        if not is_done:
            messages.warning(request, _("It did not wait for approval any more."), extra_tags="warn")
    return redirect("order", order_id)


@login_required
@require_POST
def withdraw_order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Take an order back, if it is in time."""
    row = _order(request, order_id)
    if not orders.withdraw(row, by=_user(request), now=site_now()):
        words = _("It was too late to withdraw it: what a reading process has in hand may be on its way.")
        messages.warning(request, words, extra_tags="warn")
    return redirect("order", order_id)


def _order_page(request: HttpRequest, row: MeterOrder, *, trouble: str = "") -> HttpResponse:
    context = {"one": _shown(row, _user(request)), "trouble": trouble}
    return page_or_part(request, "console/order", context)


def _shown(row: MeterOrder, user: User) -> ShownOrder:
    now = site_now()
    places = order_places([row.meter_id])
    return shown_order(
        row,
        places[row.meter_id],
        now=now,
        is_held=is_held(row, now=now),
        is_of_another=is_for_another(row, by=user),
        frames=row.frames.count(),
    )


@login_required
@never_cache
@require_safe
def order_frames(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Return the page of the exchanges that brought an order: every byte that was asked, told and read back."""
    row = _order(request, order_id)
    context = {
        "one": _shown(row, _user(request)),
        "exchanges": [
            (gettext(PARTS[found.part]), shown_evidence(found.evidence))
            for found in order_evidence(row, at_most=FRAMES_SHOWN)
        ],
        "limit": FRAMES_SHOWN,
    }
    return render(request, "console/order_frames.html", context)


def _order(request: HttpRequest, order_id: UUID) -> MeterOrder:
    found = order_of(_user(request), order_id)
    if found is None:
        raise Http404(_("There is no such command among those of your meters."))
    return found


# ── All of them ─────────────────────────────────────────────────────────────────────────────────────────────────────


@login_required
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """Return the commands of the operator's organisations: unknown ones first, those under way, the last 30 days."""
    user, now = _user(request), site_now()
    if not user.staff_roles.exists():
        raise Http404(_("This page is for those who look after meters."))
    listed = orders_listed(user, now=now)
    wanted = _uuid(request.GET.get("list", ""))
    of_list = None if wanted is None else lists_of(user).filter(pk=wanted).first()
    if of_list is not None:
        listed = listed.filter(order_list=of_list)
    chips = _chips(counts_of(listed), chosen=request.GET.get("show", ""))
    chosen = next(chip for chip in chips if chip.is_chosen)
    pages = Paginator(listed.filter(state__in=chosen.states), ROWS_SHOWN).get_page(request.GET.get("page"))
    is_moving = any(chip.count for chip in chips if chip.name in {"under-way", "unknown"})
    context = {
        "chips": chips,
        "chosen": chosen.name,
        "pages": pages,
        "shown": shown_orders(pages.object_list, now=now),
        "refresh_s": REFRESH_S if is_moving else 0,
        "list_id": "" if of_list is None else of_list.pk,
        "lists": shown_lists(lists_of(user)[:LISTS_SHOWN]),
        "may_list": may_give_lists(user),
        "rules": shown_rules(user),
    }
    return page_or_part(request, "console/orders", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _chips(counts: dict[OrderState, int], *, chosen: str) -> list[StateChip]:
    known = (
        ("all", _("all"), "", frozenset(OrderState)),
        ("unknown", _("outcome unknown"), "warn", frozenset({OrderState.UNKNOWN})),
        ("under-way", _("under way"), "", frozenset(state for state in OrderState if _is_under_way(state))),
        ("confirmed", _("confirmed"), "good", frozenset({OrderState.CONFIRMED})),
        ("failed", _("failed"), "bad", frozenset({OrderState.FAILED})),
        ("not-sent", _("withdrawn or expired"), "", frozenset({OrderState.EXPIRED, OrderState.DECLINED})),
    )
    name = chosen if chosen in {one[0] for one in known} else "all"
    return [
        StateChip(one, title, dot, states, sum(counts.get(state, 0) for state in states), one == name)
        for one, title, dot, states in known
    ]


def _is_under_way(state: OrderState) -> bool:
    return not state.is_over and state is not OrderState.UNKNOWN


def page_or_part(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """Return a page, or for htmx, which renews it, the part of it without its frame."""
    asked = htmx_of(request)
    is_part = bool(asked) and not asked.history_restore_request
    response = render(request, f"{name}_part.html" if is_part else f"{name}.html", context)
    # A browser that goes back must not take the part for the page.
    patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
    return response


def _commanded(request: HttpRequest, meter_id: int) -> BoardRow:
    """Return the row of a meter that the user may command. Raises Http404, or PermissionDenied without the role."""
    user = _user(request)
    row = row_of(user, meter_id, now=site_now())
    if row is None:
        raise Http404(_("There is no such meter among those you look after."))
    if not may_ask(user, meter_id):
        raise PermissionDenied
    return row


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
