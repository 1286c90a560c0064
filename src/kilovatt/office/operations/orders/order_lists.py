"""The same command to many meters: put on record from a list, approved as a whole by somebody who has seen its sum.

Each becomes an order of its own, which goes its way like any other; what the list cannot have is left out with why.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_noop

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import CloseRelay, Command, CommandKind, OpenRelay, PermitRelay
from kilovatt.measure.metering.orders import LeftOut, OrderState
from kilovatt.office.exchange.listed_meters import ListedRow, MeterListFile
from kilovatt.office.operations.orders.approval_rules import rule_of
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.operations.orders.orders import LASTS, expire, require_reason
from kilovatt.office.records.models import (
    Account,
    Installation,
    Meter,
    MeterOrder,
    OrderList,
    Organisation,
    StaffRole,
    User,
)

COMMANDS: Mapping[CommandKind, Command] = {
    CommandKind.OPEN_RELAY: OpenRelay(),
    CommandKind.PERMIT_RELAY: PermitRelay(),
    CommandKind.CLOSE_RELAY: CloseRelay(),
}
"""What can be told to many: commands that say the same to each."""
_NAMES_AT_ONCE = 500
_UNDER_WAY = (OrderState.REQUESTED, OrderState.APPROVED, OrderState.CLAIMED, OrderState.SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSum:
    """What a list comes to: its orders by model and by state, and its rows that are none by why."""

    by_model: tuple[tuple[str, int], ...]
    """Titles of models with how many of them, the most first."""
    by_state: Mapping[OrderState, int]
    left_out: Mapping[LeftOut, int]

    @property
    def orders(self) -> int:
        """How many orders it has."""
        return sum(self.by_state.values())

    @property
    def waiting(self) -> int:
        """How many wait for approval."""
        return self.by_state.get(OrderState.REQUESTED, 0)


def request_list(
    organisation: Organisation,
    kind: CommandKind,
    file: MeterListFile,
    *,
    by: User,
    because: str,
    now: datetime,
    list_id: UUID | None = None,
) -> OrderList:
    """Put a list on record, to be approved. `list_id` is the number of a form: sent twice, it is one list.

    Raises OrderRefusedError for whoever may not, and for what is told to meters one by one only.
    """
    _require_operator(organisation, by)
    require_reason(because)
    if kind not in COMMANDS:
        raise OrderRefusedError(gettext_noop("That is told to meters one by one."))
    # By itself: whoever held these orders and waited for a meter would stand in the way of who holds that meter.
    expire(now)
    with transaction.atomic():
        number = list_id or uuid4()
        given = OrderList.objects.filter(pk=number, requested_by=by).first()
        if given is not None:
            return given
        found = _found(organisation, file.rows)
        meters, left_out = _sorted_out(found, kind, now)
        listed = OrderList.objects.create(
            list_id=number,
            organisation=organisation,
            kind=kind,
            because=because.strip(),
            file_name=file.name[:200],
            digest=file.digest,
            left_out=[[row.number, row.name, why.value] for row, why in left_out],
            # Of nothing there is nothing to approve.
            state=OrderState.REQUESTED if meters else OrderState.DECLINED,
            over_at=None if meters else now,
            requested_by=by,
            requested_at=now,
            expires_at=now + LASTS,
        )
        _put_on_record(listed, meters, now)
    return listed


def _put_on_record(listed: OrderList, meters: Sequence[Installation], now: datetime) -> None:
    rows = [
        MeterOrder(
            meter=installation.meter,
            point_id=installation.point_id,
            order_list=listed,
            kind=listed.kind,
            because=listed.because,
            requested_by=listed.requested_by,
            requested_at=now,
            expires_at=listed.expires_at,
        )
        for installation in meters
    ]
    try:
        with transaction.atomic():
            MeterOrder.objects.bulk_create(rows, batch_size=500)
    except IntegrityError as error:
        raise OrderRefusedError(
            gettext_noop("One of the meters was told something at this very moment: give the list once more.")
        ) from error


_Found: TypeAlias = tuple[ListedRow, Collection[Installation]]
"""A row and the meters it may mean."""


def _found(organisation: Organisation, rows: Sequence[ListedRow]) -> list[_Found]:
    """Find the meters that rows mean, of those that stand at points of the organisation."""
    standing = Installation.objects.filter(removed_at=None, point__organisation=organisation).select_related("meter")
    by_name: dict[str, dict[int, Installation]] = defaultdict(dict)
    names = sorted({row.name for row in rows})
    for start in range(0, len(names), _NAMES_AT_ONCE):
        asked = names[start : start + _NAMES_AT_ONCE]
        for installation in standing.filter(meter__serial__in=asked):
            by_name[installation.meter.serial][installation.meter_id] = installation
        accounts = Account.objects.filter(organisation=organisation, closed_on=None, number__in=asked)
        numbers = dict(accounts.values_list("point_id", "number"))
        for installation in standing.filter(point__in=numbers):
            by_name[numbers[installation.point_id]][installation.meter_id] = installation
    return [(row, by_name[row.name].values() if row.name in by_name else ()) for row in rows]


def _sorted_out(
    found: Sequence[_Found], kind: CommandKind, now: datetime
) -> tuple[list[Installation], list[tuple[ListedRow, LeftOut]]]:
    named = sorted({installation.meter_id for _row, meant in found for installation in meant})
    busy: set[int] = set()
    for start in range(0, len(named), _NAMES_AT_ONCE):
        asked = named[start : start + _NAMES_AT_ONCE]
        # Two lists and forms for one meter wait for each other here.
        list(Meter.objects.select_for_update().filter(pk__in=asked).order_by("pk").values_list("pk"))
        of_the_site = MeterOrder.objects.filter(meter_id__in=asked, state=OrderState.REQUESTED, requested_by=None)
        of_the_site.update(state=OrderState.DECLINED, over_at=now)
        under_way = MeterOrder.objects.filter(meter_id__in=asked, state__in=_UNDER_WAY)
        busy |= set(under_way.values_list("meter_id", flat=True))
    taken: dict[int, Installation] = {}
    left_out = []
    for row, meant in found:
        why = _why_not(meant, kind, busy=busy, taken=taken)
        if why is None:
            (installation,) = meant
            taken[installation.meter_id] = installation
        else:
            left_out.append((row, why))
    return list(taken.values()), left_out


def _why_not(
    meant: Collection[Installation], kind: CommandKind, *, busy: Collection[int], taken: Collection[int]
) -> LeftOut | None:
    if len(meant) != 1:
        return LeftOut.AMBIGUOUS if meant else LeftOut.UNKNOWN
    (installation,) = meant
    meter = installation.meter
    checks = (
        (meter.pk in taken, LeftOut.TWICE),
        (kind not in model_by_key(meter.model_key).commands, LeftOut.NOT_TAKEN),
        (meter.line_id is None, LeftOut.NO_LINE),
        (meter.pk in busy, LeftOut.UNDER_WAY),
    )
    return next((why for is_so, why in checks if is_so), None)


def wants_another(listed: OrderList, *, by: User) -> bool:
    """Whether a list is for somebody else to approve."""
    rule = rule_of(listed.organisation)
    return listed.requested_by_id == by.pk and (rule.lists or listed.kind in rule.kinds)


def approve_list(listed: OrderList, *, by: User, orders: int, now: datetime) -> int:
    """Let the orders of a list be sent; return how many there were, 0 if it was not waiting for that.

    `orders`: how many the one who approves has seen. Raises OrderRefusedError where there are more or fewer now, and
    for whoever may not: no operator of the organisation, or the one who asked where a second person is wanted.
    """
    _require_operator(listed.organisation, by)
    if wants_another(listed, by=by):
        raise OrderRefusedError(
            gettext_noop("Whoever asked for it does not approve it here: another operator of the organisation does.")
        )
    expire(now)
    with transaction.atomic():
        row = OrderList.objects.select_for_update().get(pk=listed.pk)
        if row.state != OrderState.REQUESTED:
            return 0
        waiting = row.orders.filter(state=OrderState.REQUESTED)
        if waiting.count() != orders:
            raise OrderRefusedError(
                gettext_noop("The list has %(n)d commands that wait now, and not %(seen)d: look at it again."),
                n=waiting.count(),
                seen=orders,
            )
        waiting.update(state=OrderState.APPROVED, approved_by=by, approved_at=now, due_at=now)
        row.state, row.approved_by, row.approved_at = OrderState.APPROVED, by, now
        row.save(update_fields=["state", "approved_by", "approved_at"])
    return orders


def withdraw_list(listed: OrderList, *, by: User, now: datetime) -> int:
    """Take back every order of a list that no process has in hand; return how many there were."""
    _require_operator(listed.organisation, by)
    with transaction.atomic():
        row = OrderList.objects.select_for_update().get(pk=listed.pk)
        in_time = row.orders.filter(state__in=[OrderState.REQUESTED, OrderState.APPROVED])
        taken_back = in_time.update(state=OrderState.DECLINED, approved_by=by, over_at=now)
        if row.state == OrderState.REQUESTED:
            row.state, row.approved_by, row.over_at = OrderState.DECLINED, by, now
            row.save(update_fields=["state", "approved_by", "over_at"])
    return taken_back


def sum_of(listed: OrderList) -> ListSum:
    """Return what a list comes to."""
    models = listed.orders.order_by().values_list("meter__model_key").annotate(n=Count("pk")).order_by("-n")
    states = listed.orders.order_by().values_list("state").annotate(n=Count("pk"))
    return ListSum(
        by_model=tuple((model_by_key(key).title, n) for key, n in models),
        by_state={OrderState(state): n for state, n in states},
        left_out=Counter(LeftOut(why) for _row, _name, why in listed.left_out),
    )


def sizes_of(lists: Iterable[OrderList]) -> dict[UUID, int]:
    """Return how many orders each of some lists has."""
    of_them = MeterOrder.objects.filter(order_list__in=list(lists)).order_by()
    return dict(of_them.values_list("order_list").annotate(n=Count("pk")))


def lists_of(user: User) -> QuerySet[OrderList]:
    """Return the lists of the organisations a user operates, the newest first."""
    mine = user.staff_roles.filter(role=StaffRole.Role.OPERATOR).values("organisation")
    return OrderList.objects.filter(organisation__in=mine).select_related("organisation", "requested_by", "approved_by")


def _require_operator(organisation: Organisation, user: User) -> None:
    if not StaffRole.objects.filter(user=user, organisation=organisation, role=StaffRole.Role.OPERATOR).exists():
        raise OrderRefusedError(gettext_noop("Only an operator of the organisation commands its meters."))
