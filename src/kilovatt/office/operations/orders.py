"""Commands to meters: wanted, approved, handed to whoever holds the line, and settled by what the meter shows.

An order is sent at most once. Before anything that changes the meter leaves a head-end, the order is noted as sent, in
a transaction that checks the fence of the line; whatever dies after that, the order is only read back.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import ChangeKeys, ChangePassword, Command, CommandKind
from kilovatt.measure.metering.orders import Order, OrderReport, OrderState, VisitResult, standing_after
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.office.operations import clock_moves, leases, vault
from kilovatt.office.operations.leases import Lease
from kilovatt.office.operations.meter_keys import put_keys, put_password
from kilovatt.office.operations.order_payloads import command_of, kept
from kilovatt.office.operations.order_refusals import OrderRefusedError
from kilovatt.office.operations.registration import vault_name
from kilovatt.office.records.models import Meter, MeterOrder, Session, StaffRole, User

LASTS = timedelta(hours=24)
"""An order that could not be brought for so long is not wanted any more, unless stated."""
_CLAIM_LASTS = timedelta(minutes=10)
"""A visit that has told nothing for so long is made again, though its process seems to live."""


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
    _require_operator(meter, by)
    if not because.strip():
        raise OrderRefusedError(gettext_noop("Say why: it stays on record."))
    with transaction.atomic():
        # Two forms for one meter wait for each other here.
        Meter.objects.select_for_update().get(pk=meter.pk)
        number = order_id or uuid4()
        given = MeterOrder.objects.filter(pk=number, meter=meter, requested_by=by).first()
        if given is not None:
            return given
        _expire(now)
        # What only the site wants, and nobody has approved, stands in nobody's way.
        of_the_site = MeterOrder.objects.filter(meter=meter, state=OrderState.REQUESTED, requested_by=None)
        of_the_site.update(state=OrderState.DECLINED, approved_by=by, over_at=now)
        return _put_on_record(meter, command, by=by, because=because.strip(), now=now, lasts=lasts, order_id=number)


def request_by_site(meter: Meter, command: Command, *, because: str, now: datetime, is_approved: bool) -> MeterOrder:
    """Put an order on record that the site gives by itself; `is_approved` where its organisation has agreed to such.

    Raises OrderRefusedError where the model takes no such command, or another is under way.
    """
    with transaction.atomic():
        order = _put_on_record(meter, command, by=None, because=because, now=now, lasts=LASTS, order_id=uuid4())
        if is_approved:
            order.state, order.approved_at, order.due_at = OrderState.APPROVED, now, now
            order.save(update_fields=["state", "approved_at", "due_at"])
    return order


def _put_on_record(
    meter: Meter,
    command: Command,
    *,
    by: User | None,
    because: str,
    now: datetime,
    lasts: timedelta,
    order_id: UUID,
) -> MeterOrder:
    if command.kind not in model_by_key(meter.model_key).commands:
        raise OrderRefusedError(
            gettext_noop("A %(model)s cannot be told that."), model=model_by_key(meter.model_key).title
        )
    if meter.line_id is None:
        raise OrderRefusedError(gettext_noop("No line leads to the meter."))
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


def approve(order: MeterOrder, *, by: User, now: datetime) -> bool:
    """Let an order be sent; return whether it was waiting for that."""
    _require_operator(order.meter, by)
    waiting = MeterOrder.objects.filter(pk=order.pk, state=OrderState.REQUESTED, expires_at__gt=now)
    return bool(waiting.update(state=OrderState.APPROVED, approved_by=by, approved_at=now, due_at=now))


def withdraw(order: MeterOrder, *, by: User, now: datetime) -> bool:
    """Take an order back; return whether it was in time: what a head-end has in hand may be on its way."""
    _require_operator(order.meter, by)
    waiting = MeterOrder.objects.filter(pk=order.pk, state__in=[OrderState.REQUESTED, OrderState.APPROVED])
    return bool(waiting.update(state=OrderState.DECLINED, approved_by=by, over_at=now, secret_sealed=None))


def _require_operator(meter: Meter, user: User) -> None:
    standing = meter.installations.filter(removed_at=None).select_related("point").first()
    allowed = (
        standing is not None
        and StaffRole.objects.filter(
            user=user, organisation=standing.point.organisation, role=StaffRole.Role.OPERATOR
        ).exists()
    )
    if not allowed:
        raise OrderRefusedError(gettext_noop("Only an operator of the organisation commands its meters."))


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
    _expire(now)
    _take_over_claims(fences, now)
    states = [OrderState.APPROVED, OrderState.SENT, OrderState.UNKNOWN]
    due = MeterOrder.objects.filter(state__in=states, due_at__lte=now, meter__line_id__in=fences)
    claimed = []
    for row in due.select_related("meter").order_by("due_at"):
        assert row.meter.line_id is not None
        to_send = row.state == OrderState.APPROVED
        wait = clock_moves.wait_for(row, at=now) if to_send else timedelta(0)
        if wait:
            MeterOrder.objects.filter(pk=row.pk, state=OrderState.APPROVED).update(due_at=now + wait)
            continue
        try:
            order = _order(row, to_send=to_send)
        except vault.SealBrokenError as error:
            MeterOrder.objects.filter(pk=row.pk).update(state=OrderState.FAILED, over_at=now, detail=str(error)[:300])
            continue
        mine = MeterOrder.objects.filter(pk=row.pk, state=row.state, due_at=row.due_at)
        # A visit that never reports is made again: for that it must become due again by itself.
        if mine.update(
            state=OrderState.CLAIMED if to_send else row.state,
            claimed_at=now,
            claimed_fence=fences[row.meter.line_id],
            due_at=now + _CLAIM_LASTS,
        ):
            claimed.append(DueOrder(row.meter_id, row.meter.line_id, order))
    return claimed


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


def _expire(now: datetime) -> None:
    in_vain = MeterOrder.objects.filter(state__in=[OrderState.REQUESTED, OrderState.APPROVED], expires_at__lte=now)
    in_vain.update(state=OrderState.EXPIRED, over_at=now, secret_sealed=None)


def _order(row: MeterOrder, *, to_send: bool) -> Order:
    command = command_of(
        CommandKind(row.kind),
        row.facts,
        None if row.secret_sealed is None else bytes(row.secret_sealed),
        meter_name=vault_name(row.meter.model_key, row.meter.serial),
        order_id=row.pk,
    )
    return Order(order_id=row.pk, command=command, to_send=to_send)


def note_sent(order_id: UUID, *, lease: Lease, now: datetime) -> bool:
    """Note that an order is being sent, before it is; return whether it may be.

    Raises FencedOffError when the line is held by another process now.
    """
    with transaction.atomic():
        leases.check(lease)
        claimed = MeterOrder.objects.filter(pk=order_id, state=OrderState.CLAIMED, expires_at__gt=now)
        row = claimed.select_related("meter").first()
        if row is None or clock_moves.wait_for(row, at=now, is_on_its_way=True):
            return False
        return bool(claimed.update(state=OrderState.SENT, sent_at=now))


def settle(report: OrderReport, *, session: Session, now: datetime) -> None:
    """Within the transaction that accepts a session: note what its visit brought of an order."""
    row = MeterOrder.objects.select_for_update().get(pk=report.order_id)
    state = OrderState(row.state)
    if state.is_over:
        return
    result = _result(row, report, session)
    row.visits += 1
    row.not_so += result is VisitResult.NOT_SO
    standing = standing_after(state, result, visits=row.visits, not_so=row.not_so)
    row.state = standing.state
    row.result, row.session = result, session
    row.shown = report.shown[:200] or row.shown
    row.detail = report.detail.replace("\0", "")[:300]
    row.due_at = None if standing.read_back_in is None else now + standing.read_back_in
    if standing.state.is_over:
        row.over_at = now
        if standing.state is OrderState.CONFIRMED:
            _take_over_secrets(row)
        row.secret_sealed = None
    row.claimed_fence = None
    row.save()


def _result(row: MeterOrder, report: OrderReport, session: Session) -> VisitResult:
    """A meter that does not open with what it was to take has not taken it."""
    is_new_secret = row.kind in {CommandKind.CHANGE_PASSWORD, CommandKind.CHANGE_KEYS}
    if is_new_secret and OrderState(row.state).awaits_proof and session.outcome == Outcome.WRONG_PASSWORD:
        return VisitResult.NOT_SO
    return report.result


def _take_over_secrets(row: MeterOrder) -> None:
    """What a meter was proved to have taken is what it is opened with from now on."""
    command = _order(row, to_send=False).command
    if isinstance(command, ChangePassword):
        put_password(row.meter, command.new, level=command.level)
    elif isinstance(command, ChangeKeys):
        new = {"encryption": command.encryption, "authentication": command.authentication}
        put_keys(row.meter, {slot: key for slot, key in new.items() if key is not None})


def under_way(meter_ids: Collection[int]) -> dict[int, MeterOrder]:
    """Return the orders of meters that are not over, by meter."""
    open_orders = MeterOrder.objects.exclude(state__in=[state for state in OrderState if state.is_over])
    return {row.meter_id: row for row in open_orders.filter(meter_id__in=meter_ids).order_by("requested_at")}
