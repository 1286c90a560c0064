"""Orders as the operator's pages show them: what, to whom, where it stands, and what to do when nobody knows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.orders import READ_BACKS_MAX, OrderState, VisitResult
from kilovatt.office.documents.figures import instant_text, language_of
from kilovatt.office.operations.orders.order_file import OrderPlace, order_places
from kilovatt.office.operations.orders.orders import SECRET_KINDS
from kilovatt.office.pages.order_figures import exactly, shown_text
from kilovatt.office.pages.order_words import KINDS, NOT_SENT, RESULTS, STATES, not_sent_reason
from kilovatt.office.records.models import MeterOrder, User

_SOON = timedelta(minutes=3)
_REFRESH_S, _REFRESH_LATER_S = 1, 30
_NOWHERE = OrderPlace(name="", account="", zone=ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True)
class Step:
    """What has happened to an order, when, and by whom."""

    title: str
    at: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOrder:
    """An order as texts. `refresh_s`: how soon it may have changed by itself; 0 where it will not."""

    order_id: UUID
    meter_id: int
    place: str
    account: str
    meter: str
    serial: str
    name: str
    exactly: str
    dot: str
    state: str
    said: tuple[str, ...]
    shown: str
    detail: str
    because: str
    given_at: str
    given_by: str
    steps: tuple[Step, ...]
    does: str
    undone: str
    is_grave: bool
    awaits_approval: bool
    is_of_another: bool
    """Whether somebody else has to approve it."""
    list_id: UUID | None
    """The list it is approved with."""
    frames: int
    """How many exchanges it was brought with."""
    may_withdraw: bool
    refresh_s: int

    @property
    def title(self) -> str:
        """The command and what exactly it says."""
        return f"{self.name}: {self.exactly}" if self.exactly else self.name

    @property
    def ends(self) -> str:
        """The last digits of the serial number."""
        return self.serial[-4:]


def shown_orders(orders: Iterable[MeterOrder], *, now: datetime) -> list[ShownOrder]:
    """Return orders as texts, in their order."""
    listed = list(orders)
    places = order_places({order.meter_id for order in listed})
    return [shown_order(order, places.get(order.meter_id, _NOWHERE), now=now) for order in listed]


def shown_order(
    order: MeterOrder,
    place: OrderPlace,
    *,
    now: datetime,
    is_held: bool = True,
    is_of_another: bool = False,
    frames: int = 0,
) -> ShownOrder:
    """Return an order as texts.

    `is_held`: whether some process holds the line of its meter. `is_of_another`: whether who looks at it may not
    approve it.
    """
    kind, state = CommandKind(order.kind), OrderState(order.state)
    words = KINDS[kind]
    model = model_by_key(order.meter.model_key)
    return ShownOrder(
        order_id=order.pk,
        meter_id=order.meter_id,
        place=place.name,
        account=place.account,
        meter=model.title,
        serial=order.meter.serial,
        name=gettext(words.name),
        exactly=exactly(kind, order.facts, place.zone),
        dot=STATES[state].dot,
        state=gettext(STATES[state].name),
        said=tuple(_said(order, state, place.zone, now=now, is_held=is_held)),
        shown=shown_text(order.shown),
        detail=order.detail,
        because=order.because,
        given_at=_instant(order.requested_at, place.zone),
        given_by=_name(order.requested_by),
        steps=tuple(_steps(order, state, place.zone)),
        does=gettext(words.does),
        undone=gettext(words.undone),
        is_grave=words.is_grave,
        awaits_approval=state is OrderState.REQUESTED,
        is_of_another=is_of_another,
        list_id=order.order_list_id,
        frames=frames,
        may_withdraw=state in {OrderState.REQUESTED, OrderState.APPROVED},
        refresh_s=_refresh_s(order, state, now),
    )


def _said(order: MeterOrder, state: OrderState, zone: ZoneInfo, *, now: datetime, is_held: bool) -> Iterator[str]:
    """What its state means, why, and what to do: a sentence each."""
    yield gettext(STATES[state].means)
    if order.result and state not in {OrderState.CONFIRMED, OrderState.DECLINED}:
        yield gettext(RESULTS[VisitResult(order.result)])
    reason = not_sent_reason(order.detail)
    if order.result == VisitResult.NOT_SENT and reason is not None:
        yield gettext(NOT_SENT[reason])
    if "load_w=" in order.shown and order.result == VisitResult.NOT_SO:
        yield _(
            "The relay says that it is open, and power flows all the same: it sticks, or the place is supplied past "
            "the meter. Somebody has to look."
        )
    match state:
        case OrderState.REQUESTED | OrderState.APPROVED:
            yield _("After {at} it is not sent any more.").format(at=_instant(order.expires_at, zone))
        case OrderState.UNKNOWN:
            yield from _of_unknown(order, zone)
        case _:
            pass
    if state is OrderState.APPROVED and order.due_at is not None and order.due_at > now:
        yield _("Its turn comes {at}.").format(at=_instant(order.due_at, zone))
    if state is OrderState.APPROVED and not is_held:
        yield _("No process holds the meter's line now: see whether the reading runs.")


def _of_unknown(order: MeterOrder, zone: ZoneInfo) -> Iterator[str]:
    asked = ngettext("It was read back {n} time", "It was read back {n} times", order.visits).format(n=order.visits)
    if order.due_at is None:
        yield _(
            "{asked} and is asked no more. Look at the meter itself. If it was not done, give a new command: this one "
            "is never repeated."
        ).format(asked=asked)
        return
    if order.kind in SECRET_KINDS:
        yield _("{asked} and is again {at}, until it tells: both the new and the old secrets are tried.").format(
            asked=asked, at=_instant(order.due_at, zone)
        )
        return
    yield _("{asked} and is again {at}, {most} times at most.").format(
        asked=asked, at=_instant(order.due_at, zone), most=READ_BACKS_MAX
    )
    yield _(
        "Until then take it for done: do not work there, and do not give the same command again. A correction given "
        "twice moves twice."
    )


def _steps(order: MeterOrder, state: OrderState, zone: ZoneInfo) -> Iterator[Step]:
    yield Step(_("Given"), _instant(order.requested_at, zone), _name(order.requested_by))
    if order.approved_at is not None:
        who = "" if state is OrderState.DECLINED else _name(order.approved_by)
        yield Step(_("Approved"), _instant(order.approved_at, zone), who)
    if order.sent_at is not None:
        yield Step(_("Sent"), _instant(order.sent_at, zone), "")
    if order.over_at is not None:
        who = _name(order.approved_by) if state is OrderState.DECLINED else ""
        yield Step(gettext(STATES[state].name).capitalize(), _instant(order.over_at, zone), who)


def _refresh_s(order: MeterOrder, state: OrderState, now: datetime) -> int:
    if state.is_over or state is OrderState.REQUESTED or order.due_at is None:
        return 0
    return _REFRESH_S if state is OrderState.CLAIMED or order.due_at <= now + _SOON else _REFRESH_LATER_S


def _name(user: User | None) -> str:
    return _("the site itself") if user is None else user.get_full_name() or user.get_username()


def _instant(at: datetime, zone: ZoneInfo) -> str:
    return instant_text(at, zone, language_of(get_language()))
