"""Lists of commands as the operator's pages show them: what each comes to, and whose approval commands want."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext as _

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.orders import LeftOut, OrderState
from kilovatt.office.documents.figures import grouped_text, instant_text, language_of
from kilovatt.office.operations.orders.approval_rules import ApprovalRule, rule_of
from kilovatt.office.operations.orders.order_lists import ListSum, sizes_of, sum_of, wants_another
from kilovatt.office.pages.order_words import KINDS, LEFT_OUT, STATES
from kilovatt.office.records.models import OrderList, Organisation, StaffRole, User

ROWS_SHOWN = 200
"""So many rows that were left out are listed; of the rest their number."""


@dataclass(frozen=True, slots=True)
class CountedWord:
    """How many of something: a model, a state with its dot, or why rows were left out."""

    name: str
    count: str
    dot: str = ""


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """A row of a list that became no order."""

    number: int
    name: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownList:
    """A list as texts."""

    list_id: UUID
    name: str
    organisation: str
    file_name: str
    because: str
    state: str
    dot: str
    given: str
    given_by: str
    settled: str
    settled_by: str
    orders_text: str
    left_out_text: str
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownListFile:
    """A list as its own page shows it. `waiting`: how many wait for approval; who approves types it."""

    head: ShownList
    does: str
    undone: str
    waiting: int
    waiting_text: str
    expires: str
    models: tuple[CountedWord, ...]
    states: tuple[CountedWord, ...]
    whys: tuple[CountedWord, ...]
    rows: tuple[LeftOutRow, ...]
    rows_more: int
    awaits_approval: bool
    is_of_another: bool
    may_withdraw: bool
    refresh_s: int


@dataclass(frozen=True, slots=True)
class ShownRule:
    """Which commands of an organisation want a second person, and who said so."""

    organisation: str
    says: str
    said: str


def shown_lists(lists: Iterable[OrderList]) -> list[ShownList]:
    """Return lists as texts, in their order."""
    listed = list(lists)
    sizes = sizes_of(listed)
    return [_shown_list(one, sizes.get(one.pk, 0)) for one in listed]


def _shown_list(listed: OrderList, orders: int) -> ShownList:
    zone = ZoneInfo(listed.organisation.zone_name)
    state = STATES[OrderState(listed.state)]
    settled_at = listed.approved_at or listed.over_at
    out = len(listed.left_out)
    return ShownList(
        list_id=listed.pk,
        name=gettext(KINDS[CommandKind(listed.kind)].name),
        organisation=listed.organisation.name,
        file_name=listed.file_name or _("typed"),
        because=listed.because,
        state=gettext(state.name),
        dot=state.dot,
        given=_instant(listed.requested_at, zone),
        given_by=_person(listed.requested_by),
        settled="" if settled_at is None else _instant(settled_at, zone),
        settled_by=_person(listed.approved_by),
        orders_text=ngettext("{n} meter", "{n} meters", orders).format(n=_count(orders)),
        left_out_text=_("{n} left out").format(n=_count(out)) if out else "",
        waits=listed.state == OrderState.REQUESTED,
    )


def shown_list_file(listed: OrderList, *, user: User) -> ShownListFile:
    """Return a list as its page shows it to a user."""
    total = sum_of(listed)
    kind = KINDS[CommandKind(listed.kind)]
    moving = any(total.by_state.get(state) for state in (OrderState.APPROVED, OrderState.CLAIMED, OrderState.SENT))
    return ShownListFile(
        head=_shown_list(listed, total.orders),
        does=gettext(kind.does),
        undone=gettext(kind.undone),
        waiting=total.waiting,
        waiting_text=_count(total.waiting),
        expires=_instant(listed.expires_at, ZoneInfo(listed.organisation.zone_name)),
        models=tuple(CountedWord(title, _count(n)) for title, n in total.by_model),
        states=tuple(_states(total)),
        whys=tuple(
            CountedWord(gettext(LEFT_OUT[why]), _count(total.left_out[why]))
            for why in LeftOut
            if total.left_out.get(why)
        ),
        rows=tuple(
            LeftOutRow(number, name, gettext(LEFT_OUT[LeftOut(why)]))
            for number, name, why in listed.left_out[:ROWS_SHOWN]
        ),
        rows_more=max(0, len(listed.left_out) - ROWS_SHOWN),
        awaits_approval=listed.state == OrderState.REQUESTED and total.waiting > 0,
        is_of_another=wants_another(listed, by=user),
        may_withdraw=total.waiting + total.by_state.get(OrderState.APPROVED, 0) > 0,
        refresh_s=5 if moving else 0,
    )


def _states(total: ListSum) -> Iterator[CountedWord]:
    for state, words in STATES.items():
        if total.by_state.get(state):
            yield CountedWord(gettext(words.name), _count(total.by_state[state]), words.dot)


def may_give_lists(user: User) -> bool:
    """Whether a user operates an organisation."""
    return operated(user) != []


def operated(user: User) -> list[Organisation]:
    """Return the organisations a user operates, by name."""
    mine = user.staff_roles.filter(role=StaffRole.Role.OPERATOR).values("organisation")
    return list(Organisation.objects.filter(pk__in=mine).order_by("name"))


def shown_rules(user: User) -> list[ShownRule]:
    """Return whose approval commands want, of each organisation a user operates."""
    return [_shown_rule(organisation) for organisation in operated(user)]


def _shown_rule(organisation: Organisation) -> ShownRule:
    rule = rule_of(organisation)
    said = _("nobody has said otherwise")
    if rule.said_at is not None:
        said = _instant(rule.said_at, ZoneInfo(organisation.zone_name))
        said = f"{said}, {rule.said_by}" if rule.said_by else said
    return ShownRule(organisation.name, rule_text(rule), said)


def rule_text(rule: ApprovalRule) -> str:
    """Return which commands want a second person."""
    names = [gettext(words.name) for kind, words in KINDS.items() if kind in rule.kinds]
    names += [_("every list")] if rule.lists else []
    return ", ".join(names) or _("none")


def _person(user: User | None) -> str:
    return "" if user is None else user.get_full_name() or user.get_username()


def _count(n: int) -> str:
    return grouped_text(n, language_of(get_language()))


def _instant(at: datetime, zone: ZoneInfo) -> str:
    return instant_text(at, zone, language_of(get_language()))
