"""Orders on the command line: a line each, or JSON."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext
from rich.table import Table
from rich.text import Text

from kilovatt.config.cli.voice import _, out
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.orders import OrderState, VisitResult
from kilovatt.office.operations.reading.visits import zone_of
from kilovatt.office.pages.order_figures import exactly, shown_text
from kilovatt.office.pages.order_words import KINDS, NOT_SENT, RESULTS, STATES, not_sent_reason
from kilovatt.office.records.models import MeterOrder, OrderList

_STYLES = {"good": "green", "warn": "yellow", "bad": "red"}


def line_of(order: MeterOrder) -> str:
    """Return an order in a line: what, where it stands, what that means, and why it is not confirmed."""
    said = [gettext(STATES[OrderState(order.state)].means), *_why(order)]
    words = _("{what}, order {number}: {state}. {said}")
    return words.format(
        what=_what(order, zone_of(order.meter_id)), number=order.pk, state=state_of(order), said=" ".join(said)
    )


def state_of(order: MeterOrder) -> str:
    """Return the name of the state an order is in."""
    return state_called(order.state)


def state_called(state: str) -> str:
    """Return the name of a state of an order or a list."""
    return gettext(STATES[OrderState(state)].name)


def show_lists() -> None:
    """Print the lists that wait for approval, a line each."""
    for one in OrderList.objects.filter(state=OrderState.REQUESTED).select_related("requested_by"):
        words = _("List {number}, {what}: {n} meters wait for approval; asked for by {login}, {because}")
        said = words.format(
            number=one.pk,
            what=gettext(KINDS[CommandKind(one.kind)].name),
            n=one.orders.filter(state=OrderState.REQUESTED).count(),
            login=one.requested_by.get_username(),
            because=one.because,
        )
        out.print(said, markup=False, soft_wrap=True)


def show(orders: Sequence[MeterOrder]) -> None:
    """Print orders in a table."""
    if not orders:
        out.print(_("No meter was told anything within the last 30 days."))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in (_("given"), _("meter"), _("command"), _("state"), _("by"), _("because"), _("the meter showed")):
        table.add_column(title, overflow="fold")
    for order in orders:
        state = OrderState(order.state)
        table.add_row(
            order.requested_at.astimezone().strftime("%Y-%m-%d %H:%M"),
            Text(f"{model_by_key(order.meter.model_key).title} № {order.meter.serial}"),
            Text(_what(order, zone_of(order.meter_id))),
            Text(state_of(order), style=_STYLES.get(STATES[state].dot, "")),
            Text(_by(order)),
            Text(order.because),
            Text(shown_text(order.shown)),
        )
    out.print(table)


def as_json(order: MeterOrder) -> dict[str, Any]:
    """Return an order for a program; names of kinds, states and results are the stable ones."""
    instants = ("requested_at", "approved_at", "expires_at", "sent_at", "over_at", "due_at")
    times = {name: getattr(order, name) and getattr(order, name).isoformat() for name in instants}
    return {
        "order": str(order.pk),
        "model": order.meter.model_key,
        "serial": order.meter.serial,
        "list": order.order_list_id and str(order.order_list_id),
        "kind": order.kind,
        "facts": order.facts,
        "state": order.state,
        "result": order.result,
        "requested_by": order.requested_by and order.requested_by.get_username(),
        "approved_by": order.approved_by and order.approved_by.get_username(),
        "because": order.because,
        **times,
        "shown": order.shown,
        "detail": order.detail,
    }


def _why(order: MeterOrder) -> list[str]:
    said = []
    if order.result and order.state != OrderState.CONFIRMED:
        said.append(gettext(RESULTS[VisitResult(order.result)]))
    reason = not_sent_reason(order.detail)
    if order.result == VisitResult.NOT_SENT and reason is not None:
        said.append(gettext(NOT_SENT[reason]))
    if order.shown:
        said.append(_("It showed: {shown}.").format(shown=shown_text(order.shown)))
    elif order.detail:
        said.append(f"({order.detail})")
    return said


def _what(order: MeterOrder, zone: ZoneInfo) -> str:
    kind = CommandKind(order.kind)
    name, more = gettext(KINDS[kind].name), exactly(kind, order.facts, zone)
    return f"{name}: {more}" if more else name


def _by(order: MeterOrder) -> str:
    return _("the site itself") if order.requested_by is None else order.requested_by.get_username()
