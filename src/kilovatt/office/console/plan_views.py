"""The pages of reading plans: what holds for whom, and each to be changed with its consequence beside it."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kilovatt.office.console.plan_forms import PlanForm
from kilovatt.office.console.plan_words import at_text, changed_words, consequences
from kilovatt.office.operations.clock import now as site_now
from kilovatt.office.operations.new_meters import NotOnRecordError, organisations_of
from kilovatt.office.operations.reading.plan_editing import Reach, changes_of, keep_plan, plans_of_user, reach_of
from kilovatt.office.operations.reading.plans_in_force import schedule_by
from kilovatt.office.records.models import Organisation, ReadingPlan, User


@login_required
@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """Return the plans of the operator's organisations, in plain words."""
    organisations = _organisations(request)
    mine = list(plans_of_user(_user(request)))
    every = schedule_by(None).every
    context = {
        "organisations": [
            {
                "organisation": organisation,
                "plans": [_shown(plan, reach) for plan in mine if plan.organisation_id == organisation.pk],
                "without": reach.get(None, Reach()).meters,
                "every_minutes": round(every.total_seconds() / 60),
            }
            for organisation in organisations
            for reach in [reach_of(organisation)]
        ],
        "several": len(organisations) > 1,
    }
    return render(request, "console/plans.html", context)


def _shown(plan: ReadingPlan, reach: dict[int | None, Reach]) -> dict[str, Any]:
    zone = ZoneInfo(plan.organisation.zone_name)
    return {
        "plan": plan,
        "name": plan.name or _("Plan without a name"),
        "said": consequences(plan, reach.get(plan.pk, Reach()), zone=zone),
        "meters": reach.get(plan.pk, Reach()).meters,
    }


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_plan(request: HttpRequest, organisation_id: int) -> HttpResponse:
    """Let an operator put a plan on record."""
    organisation = next((one for one in _organisations(request) if one.pk == organisation_id), None)
    if organisation is None:
        raise Http404(_("There is no such organisation among those you look after."))
    return _plan_page(request, organisation, None)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Let an operator change a plan."""
    found = plans_of_user(_user(request)).filter(pk=plan_id).first()
    if found is None:
        raise Http404(_("There is no such plan among those of your organisations."))
    return _plan_page(request, found.organisation, found)


def _plan_page(request: HttpRequest, organisation: Organisation, found: ReadingPlan | None) -> HttpResponse:
    form = PlanForm(request.POST if request.method == "POST" else None, organisation=organisation, plan=found)
    if form.is_valid():
        try:
            keep_plan(form.facts(), organisation, by=_user(request), now=site_now(), plan=found)
        except NotOnRecordError as error:
            where = error.where if error.where in form.fields else None
            form.add_error(where, _(error.sentence).format(**error.values))
        else:
            return redirect("plans")
    zone = ZoneInfo(organisation.zone_name)
    reach = None if found is None else reach_of(organisation).get(found.pk)
    said = _said_of(form, zone=zone) if form.is_bound else []
    if found is not None and not said:
        found.refresh_from_db()
        said = consequences(found, reach, zone=zone)
    context = {
        "form": form,
        "plan": found,
        "organisation": organisation,
        "said": said,
        "changes": [
            (at_text(one.changed_at, zone), one.changed_by, changed_words(one.before, one.after))
            for one in ([] if found is None else changes_of(found))
        ],
    }
    return render(request, "console/plan_form.html", context)


@login_required
@require_POST
def plan_consequence(request: HttpRequest, organisation_id: int) -> HttpResponse:
    """Return what follows from a plan as it is filled in now; for htmx."""
    organisation = next((one for one in _organisations(request) if one.pk == organisation_id), None)
    if organisation is None:
        raise Http404(_("There is no such organisation among those you look after."))
    form = PlanForm(request.POST, organisation=organisation)
    form.fields["name"].required = False
    said = _said_of(form, zone=ZoneInfo(organisation.zone_name))
    errors = [str(error) for of_field in form.errors.values() for error in of_field]
    return render(request, "console/plan_consequence.html", {"said": said, "errors": errors})


def _said_of(form: PlanForm, *, zone: ZoneInfo) -> list[Any]:
    return consequences(form.facts(), None, zone=zone) if form.is_valid() else []


def _organisations(request: HttpRequest) -> list[Organisation]:
    organisations = organisations_of(_user(request))
    if not organisations:
        raise Http404(_("This page is for those who look after meters."))
    return organisations


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
