"""Orders as an operator looks at them: those of a meter, those of his organisations, one of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.orders import OrderState
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.orders import approval_rules
from kilovatt.office.records.models import Account, Installation, MeterOrder, StaffRole, User, Work

SHOWN_FOR = timedelta(days=30)
"""So long an order that is over is listed."""
UNDER_WAY = (OrderState.REQUESTED, OrderState.APPROVED, OrderState.CLAIMED, OrderState.SENT)
_OPEN = (*UNDER_WAY, OrderState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlace:
    """Where the meter of an order stands, and whose place it is."""

    name: str
    account: str
    zone: ZoneInfo


def commanded_by(user: User) -> QuerySet[Installation]:
    """Return where the meters stand that a user may command: an operator, those of his organisations."""
    mine = user.staff_roles.filter(role=StaffRole.Role.OPERATOR).values("organisation")
    return Installation.objects.filter(removed_at=None, point__organisation__in=mine)


def order_of(user: User, order_id: UUID) -> MeterOrder | None:
    """Return an order; None where the user may not command its meter."""
    return _told(_seen_by(user).filter(pk=order_id)).first()


def orders_of_meter(user: User, meter_id: int, *, at_most: int) -> list[MeterOrder]:
    """Return the newest orders of a meter that the user may command, those that are not over first."""
    return list(_in_order(_seen_by(user).filter(meter_id=meter_id))[:at_most])


def orders_listed(user: User, *, now: datetime) -> QuerySet[MeterOrder]:
    """Return the orders of the meters a user may command: unknown ones first, then those under way, then the last."""
    listed = Q(state__in=_OPEN) | Q(requested_at__gte=now - SHOWN_FOR)
    return _in_order(_seen_by(user).filter(listed))


def orders_of_site(*, now: datetime) -> QuerySet[MeterOrder]:
    """Return the orders of every meter of the site, in the same order: for whoever sits at its machine."""
    return _in_order(MeterOrder.objects.filter(Q(state__in=_OPEN) | Q(requested_at__gte=now - SHOWN_FOR)))


def counts_of(orders: QuerySet[MeterOrder]) -> dict[OrderState, int]:
    """Return how many orders are in each state."""
    counted = orders.order_by().values("state").annotate(n=Count("pk")).values_list("state", "n")
    return {OrderState(state): n for state, n in counted}


def order_places(meter_ids: Collection[int]) -> dict[int, OrderPlace]:
    """Return where meters stand, by meter, with the open account of the place where it has one."""
    installed = Installation.objects.filter(meter_id__in=meter_ids, removed_at=None)
    places = installed.values_list("meter_id", "point_id", "point__name", "point__zone_name")
    points = [point_id for _, point_id, _, _ in places]
    open_accounts = Account.objects.filter(point_id__in=points, closed_on=None).order_by("pk")
    numbers = dict(open_accounts.values_list("point_id", "number"))
    return {
        meter_id: OrderPlace(name=name, account=numbers.get(point_id, ""), zone=ZoneInfo(zone))
        for meter_id, point_id, name, zone in places
    }


def is_for_another(order: MeterOrder, *, by: User) -> bool:
    """Whether an order is for somebody else to approve: he asked for it, and its organisation wants a second person."""
    standing = Installation.objects.filter(meter=order.meter_id, removed_at=None).select_related("point__organisation")
    found = standing.first()
    return found is not None and approval_rules.wants_another(
        found.point.organisation, CommandKind(order.kind), requested_by=order.requested_by_id, by=by
    )


def is_held(order: MeterOrder, *, now: datetime) -> bool:
    """Whether some process holds the line of an order's meter, to carry it out."""
    line = Work.objects.filter(kind=line_leases.KIND, key=str(order.meter.line_id), lease_until__gte=now)
    return line.exists()


def _seen_by(user: User) -> QuerySet[MeterOrder]:
    """Orders of the meters a user may command. What another organisation has told one of them before is its own."""
    mine = user.staff_roles.filter(role=StaffRole.Role.OPERATOR).values("organisation")
    # What is not over stands in the way of any other, and may be withdrawn.
    theirs = Q(point=None) | Q(point__organisation__in=mine) | Q(state__in=_OPEN)
    return MeterOrder.objects.filter(theirs, meter__in=commanded_by(user).values("meter"))


def _in_order(orders: QuerySet[MeterOrder]) -> QuerySet[MeterOrder]:
    urgency = Case(
        When(state=OrderState.UNKNOWN, then=Value(0)),
        When(state__in=UNDER_WAY, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return _told(orders).annotate(urgency=urgency).order_by("urgency", "-requested_at")


def _told(orders: QuerySet[MeterOrder]) -> QuerySet[MeterOrder]:
    return orders.select_related("meter", "requested_by", "approved_by")
