"""The page of an account, its chart as data and as a table, and the list of accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kilovatt.measure.zones import ZoneScheme
from kilovatt.money.tariffs import TariffPlan
from kilovatt.office.documents.figures import date_text, roubles_text
from kilovatt.office.operations.access import Place, places, seen_account, works_for_someone
from kilovatt.office.operations.billing.balances import owed_by_account
from kilovatt.office.operations.billing.running_month import plan_of, plans, running_month, zone_now
from kilovatt.office.operations.clock import now as site_now
from kilovatt.office.operations.standing import profile as profiles
from kilovatt.office.operations.standing.account_page import AccountPage, account_page
from kilovatt.office.pages.words import event_sentence, unbilled_sentence
from kilovatt.office.portal.charts import Chart, day_chart, days_chart, months_chart
from kilovatt.office.portal.choice import VIEWS, Choice, choice_of
from kilovatt.office.portal.shown import shown_bill, shown_month, shown_now, shown_reading, silence, speech
from kilovatt.office.portal.supply import shown_supply
from kilovatt.office.records.models import Account, User
from kilovatt.quantities.periods import local_date

PLACES_SHOWN = 100
PLACES_AT_HAND = 8
"""As many places are offered at the head of an account's page; more have the list."""


@dataclass(frozen=True, slots=True)
class _Offer:
    name: str
    query: str
    is_chosen: bool


@login_required
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """The accounts a user may see, with what each owes."""
    user = _user(request)
    asked = request.GET.get("q", "").strip()
    found = [place for place in places(user) if _is_meant(place, asked)]
    shown = found[:PLACES_SHOWN]
    owed = owed_by_account([place.account_id for place in shown])
    context = {
        "asked": asked,
        "found": len(found),
        "lines": [(place, roubles_text(owed.get(place.account_id, 0), speech())) for place in shown],
        "left_out": len(found) - len(shown),
        "is_operator": works_for_someone(user),
    }
    return render(request, "portal/accounts.html", context)


@login_required
@require_safe
def account(request: HttpRequest, key: str) -> HttpResponse:
    """The account: what is owed and until when; below it, what is behind it."""
    found = _account(request, key)
    now = site_now()
    page = account_page(found)
    today_on = local_date(now, page.zone)
    known = plans()
    plan = plan_of(found, today_on, known)
    month = None if plan is None or page.closed_on is not None else running_month(found, plan, now=now)
    choice = choice_of(request.GET, page, today_on=today_on)
    chart = _chart(found, page, choice, known, now=now)
    language = speech()
    context = {
        **_chart_context(key, page, choice, chart),
        "page": page,
        "owed": roubles_text(abs(page.owed_kopecks), language),
        "is_ahead": page.owed_kopecks < 0,
        "due_on": date_text(page.due_on, language) if page.due_on is not None else "",
        "is_overdue": page.due_on is not None and page.due_on < today_on,
        "newest": shown_bill(page.bills[0]) if page.bills else None,
        "bills": [shown_bill(bill) for bill in page.bills],
        "unbilled": unbilled_sentence(page.unbilled_reason) if page.unbilled_reason else "",
        "readings": [shown_reading(reading, page) for reading in page.readings],
        "month": None if month is None else shown_month(month, page),
        "now": shown_now(None if plan is None else zone_now(plan, now=now, zone=page.zone), page),
        "silence": silence(page),
        "supply": shown_supply(page, now=now),
        "events": [(event_sentence(event.noticed, page.zone), event) for event in page.events],
        "others": _others(request),
    }
    return render(request, "portal/account.html", context)


@login_required
@require_safe
def profile(request: HttpRequest, key: str) -> JsonResponse:
    """The chart as data, when another stretch of time is chosen."""
    found = _account(request, key)
    now = site_now()
    page = account_page(found)
    choice = choice_of(request.GET, page, today_on=local_date(now, page.zone))
    context = _chart_context(key, page, choice, _chart(found, page, choice, plans(), now=now))
    response = JsonResponse(context["data"])
    # It tells when nobody is home: not for caches.
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_safe
def profile_table(request: HttpRequest, key: str) -> HttpResponse:
    """The chart as a table, each interval with the way to its frame."""
    found = _account(request, key)
    now = site_now()
    page = account_page(found)
    choice = choice_of(request.GET, page, today_on=local_date(now, page.zone))
    chart = _chart(found, page, choice, plans(), now=now)
    return render(request, "portal/profile_table.html", {**_chart_context(key, page, choice, chart), "page": page})


def _chart(
    found: Account, page: AccountPage, choice: Choice, known: Mapping[str, TariffPlan], *, now: datetime
) -> Chart:
    if choice.view == "months":
        schemes = {on: _scheme(found, on, known) for on in profiles.months_of(found, now=now)}
        zones = tuple(dict.fromkeys(zone for scheme in schemes.values() for zone in scheme.zones))
        return months_chart(choice.on, profiles.months_profile(found, schemes, now=now), zones)
    scheme = _scheme(found, choice.on, known)
    if choice.view == "day":
        return day_chart(profiles.day_profile(found, scheme, choice.on), scheme.zones, page.zone)
    first_on, until_on = choice.month
    return days_chart(first_on, profiles.days_profile(found, scheme, first_on, until_on), scheme.zones)


def _scheme(found: Account, on: date, known: Mapping[str, TariffPlan]) -> ZoneScheme:
    plan = plan_of(found, max(on, found.opened_on), known)
    return ZoneScheme.ONE if plan is None else plan.scheme


def _chart_context(key: str, page: AccountPage, choice: Choice, chart: Chart) -> dict[str, Any]:
    here, table = reverse("account", args=[key]), reverse("profile_table", args=[key])
    data = {
        **chart.for_browser(),
        "here": f"{here}?{choice.query}",
        "earlierUrl": f"?{choice.earlier}" if choice.earlier else "",
        "laterUrl": f"?{choice.later}" if choice.later else "",
        "table": f"{table}?{choice.query}",
        "views": {view: f"?{choice.to(view)}" for view in VIEWS},
    }
    names = {"day": _("Day"), "days": _("Month"), "months": _("Months")}
    has_profile = page.meter is None or page.meter.model.has_profile
    offers = [_Offer(names[view], choice.to(view), view == choice.view) for view in VIEWS if has_profile]
    return {"chart": chart, "choice": choice, "data": data, "offers": offers, "key": key, "has_profile": has_profile}


def _others(request: HttpRequest) -> tuple[Place, ...]:
    user = _user(request)
    if works_for_someone(user):
        return ()
    mine = places(user)
    return mine if 1 < len(mine) <= PLACES_AT_HAND else ()


def _account(request: HttpRequest, key: str) -> Account:
    found = seen_account(_user(request), key)
    if found is None:
        raise Http404(_("There is no such account among those you see."))
    return found


def _is_meant(place: Place, asked: str) -> bool:
    words = f"{place.account_number} {place.name} {place.owner}".casefold()
    return all(word in words for word in asked.casefold().split())


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
