"""Commands to meters: wanted, approved, and handed to whoever holds the line; `order_settling` has what came of them.

An order is sent at most once. Before anything that changes the meter leaves a head-end, the order is noted as sent, in
a transaction that checks the fence of the line; whatever dies after that, the order is only read back.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext_noop

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import Command, CommandKind, NotSentReason, SetTariffTable
from kilovatt.measure.metering.models import Language
from kilovatt.measure.metering.orders import READ_BACK_LAST, Order, OrderState, VisitResult
from kilovatt.office.operations import vault
from kilovatt.office.operations.lines import leases
from kilovatt.office.operations.lines.leases import Lease
from kilovatt.office.operations.orders.approval_rules import check_person
from kilovatt.office.operations.orders.order_payloads import kept, order_of_row
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.operations.reading import clock_moves
from kilovatt.office.operations.registration import vault_name
from kilovatt.office.records.models import (
    Installation,
    Meter,
    MeteringPoint,
    MeterOrder,
    OrderList,
    StaffRole,
    User,
)

LASTS = timedelta(hours=24)
"""An order that could not be brought for so long is not wanted any more, unless stated."""
IN_HAND_A_LINE = 8
"""So many visits for orders are handed out for a line at once: the others wait their turn, and can be withdrawn."""
SECRET_KINDS = (CommandKind.CHANGE_PASSWORD, CommandKind.CHANGE_KEYS)
"""Those that change what the meter is opened with."""
_WITH_WAITING = {Language.SPODES}
"""Languages whose meters keep a tariff table that holds from a day on."""
_CLAIM_LASTS = timedelta(minutes=10)
"""A visit that has told nothing for so long is made again, though its process seems to live."""
_LOOKED_AT = 500


def request(
    meter: Meter,
    command: Command,
    *,
    by: User,
    because: str,
    now: datetime,
    lasts: timedelta = LASTS,
    order_id: UUID | None = None,
) -> MeterOrder:
    """Put an order on record, to be approved.

    `order_id` is the number of a form: sent twice by the same user for the same meter, it is one order.
    Raises OrderRefusedError where the model takes no such command, another is under way, or the user may not.
    """
    require_operator(meter, by)
    require_reason(because)
    # By itself: whoever held these orders and waited for a meter would stand in the way of who holds that meter.
    expire(now)
    with transaction.atomic():
        # Two forms for one meter wait for each other here.
        Meter.objects.select_for_update().get(pk=meter.pk)
        number = order_id or uuid4()
        given = MeterOrder.objects.filter(pk=number, meter=meter, requested_by=by).first()
        if given is not None:
            return given
        # What only the site wants, and nobody has approved, stands in nobody's way.
        of_the_site = MeterOrder.objects.filter(meter=meter, state=OrderState.REQUESTED, requested_by=None)
        of_the_site.update(state=OrderState.DECLINED, approved_by=by, over_at=now)
        return put_on_record(meter, command, by=by, because=because.strip(), now=now, lasts=lasts, order_id=number)


def request_by_site(meter: Meter, command: Command, *, because: str, now: datetime, is_approved: bool) -> MeterOrder:
    """Put an order on record that the site gives by itself; `is_approved` where its organisation has agreed to such.

    Raises OrderRefusedError where the model takes no such command, or another is under way.
    """
    with transaction.atomic():
        order = put_on_record(meter, command, by=None, because=because, now=now, lasts=LASTS, order_id=uuid4())
        if is_approved:
            order.state, order.approved_at, order.due_at = OrderState.APPROVED, now, now
            order.save(update_fields=["state", "approved_at", "due_at"])
    return order


def put_on_record(
    meter: Meter,
    command: Command,
    *,
    by: User | None,
    because: str,
    now: datetime,
    lasts: timedelta = LASTS,
    order_id: UUID | None = None,
    order_list: OrderList | None = None,
) -> MeterOrder:
    """Within a transaction: put an order on record. Raises OrderRefusedError where the meter cannot be told that."""
    order_id = order_id or uuid4()
    _require_taken(meter, command)
    payload = kept(
        command,
        organisation=vault.organisation_of(meter),
        meter_name=vault_name(meter.model_key, meter.serial),
        order_id=order_id,
    )
    try:
        with transaction.atomic():
            return MeterOrder.objects.create(
                order_id=order_id,
                meter=meter,
                point=_point_of(meter),
                order_list=order_list,
                kind=payload.kind,
                facts=payload.facts,
                secret_sealed=payload.secret_sealed,
                because=because,
                requested_by=by,
                requested_at=now,
                expires_at=now + lasts,
            )
    except IntegrityError as error:
        raise OrderRefusedError(
            gettext_noop("The meter is being told something already: wait until that is over, or withdraw it.")
        ) from error


def _require_taken(meter: Meter, command: Command) -> None:
    model = model_by_key(meter.model_key)
    if command.kind not in model.commands:
        raise OrderRefusedError(gettext_noop("A %(model)s cannot be told that."), model=model.title)
    if meter.line_id is None:
        raise OrderRefusedError(gettext_noop("No line leads to the meter."))
    if isinstance(command, SetTariffTable) and command.activate_at is not None and model.language not in _WITH_WAITING:
        raise OrderRefusedError(
            gettext_noop("A %(model)s keeps no table in waiting: leave the day out, it holds at once."),
            model=model.title,
        )
    if command.kind not in SECRET_KINDS:
        return
    if MeterOrder.objects.filter(meter=meter, kind__in=SECRET_KINDS, state=OrderState.UNKNOWN).exists():
        raise OrderRefusedError(
            gettext_noop(
                "Whether the meter has taken the password or keys it was told before is not known yet: wait until it "
                "has told, or nobody could open it."
            )
        )


def _point_of(meter: Meter) -> MeteringPoint | None:
    standing = meter.installations.filter(removed_at=None).select_related("point").first()
    return None if standing is None else standing.point


def approve(order: MeterOrder, *, by: User, now: datetime) -> bool:
    """Let an order be sent; return whether it was waiting for that.

    Raises OrderRefusedError where the user may not: not his meter, or he asked for it himself and the organisation
    wants a second person, or it belongs to a list, or the meter stands elsewhere now.
    """
    require_operator(order.meter, by)
    if order.order_list_id is not None:
        raise OrderRefusedError(gettext_noop("It is one of a list, and is approved with the list."))
    point = _point_of(order.meter)
    assert point is not None, "an operator commands meters that stand somewhere"
    check_person(point.organisation, CommandKind(order.kind), requested_by=order.requested_by_id, by=by)
    if order.point_id not in {None, point.pk}:
        raise OrderRefusedError(
            gettext_noop("The meter stands elsewhere since it was given: withdraw it, and give it anew if it holds.")
        )
    expire(now)
    waiting = MeterOrder.objects.filter(pk=order.pk, state=OrderState.REQUESTED, expires_at__gt=now)
    return bool(waiting.update(state=OrderState.APPROVED, approved_by=by, approved_at=now, due_at=now))


def withdraw(order: MeterOrder, *, by: User, now: datetime) -> bool:
    """Take an order back; return whether it was in time: what a head-end has in hand may be on its way."""
    require_operator(order.meter, by)
    waiting = MeterOrder.objects.filter(pk=order.pk, state__in=[OrderState.REQUESTED, OrderState.APPROVED])
    return bool(waiting.update(state=OrderState.DECLINED, approved_by=by, over_at=now, secret_sealed=None))


def require_operator(meter: Meter, user: User) -> None:
    """Raise OrderRefusedError for whoever is no operator of the organisation at whose point the meter stands."""
    standing = meter.installations.filter(removed_at=None).select_related("point").first()
    allowed = (
        standing is not None
        and StaffRole.objects.filter(
            user=user, organisation=standing.point.organisation, role=StaffRole.Role.OPERATOR
        ).exists()
    )
    if not allowed:
        raise OrderRefusedError(gettext_noop("Only an operator of the organisation commands its meters."))


def require_reason(because: str) -> None:
    """Raise OrderRefusedError where nobody says why."""
    if not because.strip():
        raise OrderRefusedError(gettext_noop("Say why: it stays on record."))


def expire(now: datetime) -> None:
    """End the orders and lists that nobody has approved or could send in their time."""
    waiting = [OrderState.REQUESTED, OrderState.APPROVED]
    in_vain = MeterOrder.objects.filter(state__in=waiting, expires_at__lte=now)
    in_vain.update(state=OrderState.EXPIRED, over_at=now, secret_sealed=None)
    lists = OrderList.objects.filter(state=OrderState.REQUESTED, expires_at__lte=now)
    lists.update(state=OrderState.EXPIRED, over_at=now)


# ── For the head-end ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class DueOrder:
    """An order whose meter is to be visited, and by which line."""

    meter_id: int
    line_id: int
    order: Order


def claim_due(fences: Mapping[int, int], *, now: datetime) -> list[DueOrder]:
    """Return the orders of meters on these lines that are due, those to be sent claimed for the caller.

    `fences` are those under which the caller holds the lines.
    """
    if not fences:
        return []
    expire(now)
    _take_over_claims(fences, now)
    room = _room(fences)
    due = list(_due([line_id for line_id in fences if room[line_id] > 0], now))
    points = dict(
        Installation.objects.filter(meter_id__in=[row.meter_id for row in due], removed_at=None).values_list(
            "meter_id", "point_id"
        )
    )
    claimed = []
    for row in due:
        assert row.meter.line_id is not None
        if room[row.meter.line_id] <= 0:
            continue
        order = _ready(row, point_id=points.get(row.meter_id), now=now)
        if order is not None and _claimed(row, fences[row.meter.line_id], now):
            room[row.meter.line_id] -= 1
            claimed.append(DueOrder(row.meter_id, row.meter.line_id, order))
    return claimed


def _room(fences: Mapping[int, int]) -> Counter[int]:
    """How many visits more each line takes now."""
    in_hand = MeterOrder.objects.filter(meter__line_id__in=fences, claimed_fence__isnull=False)
    taken = in_hand.values_list("meter__line_id").annotate(n=Count("pk")).values_list("meter__line_id", "n")
    room = Counter(dict.fromkeys(fences, IN_HAND_A_LINE))
    room.subtract(dict(taken))
    return room


def _due(line_ids: Collection[int], now: datetime) -> Collection[MeterOrder]:
    """The orders that are due, those of a list last: one that somebody waits for does not wait for a thousand."""
    states = [OrderState.APPROVED, OrderState.SENT, OrderState.UNKNOWN]
    due = MeterOrder.objects.filter(state__in=states, due_at__lte=now, meter__line_id__in=line_ids)
    # Whose lease runs out is due again by itself, and not in hand twice.
    free = due.filter(Q(claimed_fence=None)).select_related("meter")
    return free.order_by(F("order_list").asc(nulls_first=True), "due_at")[:_LOOKED_AT]


def _ready(row: MeterOrder, *, point_id: int | None, now: datetime) -> Order | None:
    """Return an order that can be handed out now; one that cannot be any more has ended."""
    to_send = row.state == OrderState.APPROVED
    if to_send and row.point_id is not None and row.point_id != point_id:
        fail_unsent(row.pk, f"{NotSentReason.METER_MOVED}: it stood at point {row.point_id}", now=now)
        return None
    wait = clock_moves.wait_for(row, at=now) if to_send else timedelta(0)
    if wait:
        MeterOrder.objects.filter(pk=row.pk, state=OrderState.APPROVED).update(due_at=now + wait)
        return None
    try:
        return order_of_row(row, to_send=to_send)
    except vault.SealBrokenError as error:
        if not fail_unsent(row.pk, str(error), now=now):
            # What was sent is not over because we cannot read what it was.
            MeterOrder.objects.filter(pk=row.pk).update(due_at=now + READ_BACK_LAST, detail=str(error)[:300])
        return None


def _claimed(row: MeterOrder, fence: int, now: datetime) -> bool:
    mine = MeterOrder.objects.filter(pk=row.pk, state=row.state, due_at=row.due_at)
    # A visit that never reports is made again: for that it must become due again by itself.
    return bool(
        mine.update(
            state=OrderState.CLAIMED if row.state == OrderState.APPROVED else row.state,
            claimed_at=now,
            claimed_fence=fence,
            due_at=now + _CLAIM_LASTS,
        )
    )


def fail_unsent(order_id: UUID, because: str, *, now: datetime) -> bool:
    """End an order that was not sent and cannot be: return whether it had not been. `because` begins with a reason."""
    unsent = MeterOrder.objects.filter(pk=order_id, state__in=[OrderState.APPROVED, OrderState.CLAIMED])
    return bool(
        unsent.update(
            state=OrderState.FAILED,
            result=VisitResult.NOT_SENT,
            detail=because[:300],
            over_at=now,
            claimed_fence=None,
            secret_sealed=None,
        )
    )


def _take_over_claims(fences: Mapping[int, int], now: datetime) -> None:
    """Let orders be due at once that a process had in hand which holds their lines no more."""
    in_hand = MeterOrder.objects.filter(
        state__in=[OrderState.CLAIMED, OrderState.SENT, OrderState.UNKNOWN],
        claimed_fence__isnull=False,
        meter__line_id__in=fences,
    )
    for row in in_hand.select_related("meter"):
        assert row.meter.line_id is not None
        assert row.claimed_fence is not None
        if row.claimed_fence < fences[row.meter.line_id] or row.due_at is None or row.due_at <= now:
            was = OrderState(row.state)
            state = OrderState.APPROVED if was is OrderState.CLAIMED else was
            taken_over = MeterOrder.objects.filter(pk=row.pk, state=was, claimed_fence=row.claimed_fence)
            taken_over.update(state=state, due_at=now, claimed_fence=None)


def note_sent(order_id: UUID, *, lease: Lease, now: datetime) -> bool:
    """Note that an order is being sent, before it is; return whether it may be.

    Raises FencedOffError when the line is held by another process now.
    """
    with transaction.atomic():
        leases.check(lease)
        claimed = MeterOrder.objects.filter(
            pk=order_id, state=OrderState.CLAIMED, claimed_fence=lease.fence, expires_at__gt=now
        )
        row = claimed.select_related("meter").first()
        if row is None or clock_moves.wait_for(row, at=now, is_on_its_way=True):
            return False
        return bool(claimed.update(state=OrderState.SENT, sent_at=now))


def secrets_in_doubt(meter_ids: Collection[int]) -> dict[int, Command]:
    """Return the new passwords and keys that meters may have by now or not, by meter; those that open, that is."""
    waiting = MeterOrder.objects.filter(
        kind__in=SECRET_KINDS, state__in=[OrderState.SENT, OrderState.UNKNOWN], meter_id__in=meter_ids
    )
    doubted = {}
    for row in waiting.select_related("meter").order_by("sent_at"):
        try:
            doubted[row.meter_id] = order_of_row(row, to_send=False).command
        except vault.SealBrokenError:
            # The old ones are all there is.
            continue
    return doubted


def under_way(meter_ids: Collection[int]) -> dict[int, MeterOrder]:
    """Return the orders of meters that are not over, by meter."""
    open_orders = MeterOrder.objects.exclude(state__in=[state for state in OrderState if state.is_over])
    return {row.meter_id: row for row in open_orders.filter(meter_id__in=meter_ids).order_by("requested_at")}
