"""The same command to many meters: given as a list, approved as a whole after its sum was read, followed."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.office.console.order_list_forms import ListForm
from kilovatt.office.console.order_list_shown import may_give_lists, shown_list_file
from kilovatt.office.console.order_views import page_or_part
from kilovatt.office.operations.clock import now as site_now
from kilovatt.office.operations.orders.order_lists import approve_list, lists_of, request_list, withdraw_list
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.records.models import OrderList, User


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_list(request: HttpRequest) -> HttpResponse:
    """Let an operator say whom to tell what; it is on record then, and leads to its page, where it is approved."""
    user = _user(request)
    if not may_give_lists(user):
        raise PermissionDenied
    form = ListForm(request.POST, request.FILES, user=user) if request.method == "POST" else ListForm(user=user)
    refusal = ""
    if form.is_bound and form.is_valid():
        try:
            listed = request_list(
                form.cleaned_data["organisation"],
                CommandKind(form.cleaned_data["kind"]),
                form.cleaned_data["listed"],
                by=user,
                because=form.cleaned_data["because"],
                now=site_now(),
                list_id=form.cleaned_data["list_id"],
            )
        except OrderRefusedError as error:
            refusal = gettext(error.sentence) % error.values
        else:
            return redirect("order-list", listed.pk)
    return render(request, "console/new_order_list.html", {"form": form, "refusal": refusal})


@login_required
@never_cache
@require_safe
def listed(request: HttpRequest, list_id: UUID) -> HttpResponse:
    """Return the page of a list; for htmx, which renews it, without its frame."""
    return _page(request, _list(request, list_id))


@login_required
@require_POST
def approve(request: HttpRequest, list_id: UUID) -> HttpResponse:
    """Let the commands of a list be sent, once whoever approves has said how many they are."""
    row = _list(request, list_id)
    said = request.POST.get("orders", "").strip()
    if not (said.isascii() and said.isdigit() and len(said) < 10):
        return _page(request, row, trouble=_("Say how many meters it is: a number. Nothing was sent."))
    try:
        sent = approve_list(row, by=_user(request), orders=int(said), now=site_now())
    except OrderRefusedError as error:
        return _page(request, row, trouble=gettext(error.sentence) % error.values)
    if not sent:
        messages.warning(request, _("It did not wait for approval any more."), extra_tags="warn")
    return redirect("order-list", list_id)


@login_required
@require_POST
def withdraw(request: HttpRequest, list_id: UUID) -> HttpResponse:
    """Take back what of a list no process has in hand yet."""
    taken_back = withdraw_list(_list(request, list_id), by=_user(request), now=site_now())
    words = ngettext("{n} command was taken back.", "{n} commands were taken back.", taken_back)
    messages.success(request, words.format(n=taken_back))
    return redirect("order-list", list_id)


def _page(request: HttpRequest, row: OrderList, *, trouble: str = "") -> HttpResponse:
    context = {"one": shown_list_file(row, user=_user(request)), "trouble": trouble}
    return page_or_part(request, "console/order_list", context)


def _list(request: HttpRequest, list_id: UUID) -> OrderList:
    found = lists_of(_user(request)).filter(pk=list_id).first()
    if found is None:
        raise Http404(_("There is no such list among those of your organisations."))
    return found


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
