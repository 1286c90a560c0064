"""Orders in the wrong hands or at the wrong time: twice, too late, by whoever asked for them, to a meter that moved."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from kilovatt.measure.metering.commands import (
    CloseRelay,
    CommandKind,
    OpenRelay,
    SetPowerLimit,
    SetTariffTable,
    ShiftClock,
    TariffMark,
)
from kilovatt.measure.metering.orders import OrderState, VisitResult
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.orders.approval_rules import UNTIL_SAID, rule_of, say_rule
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.operations.registration import register_operator, register_places
from kilovatt.office.records.models import (
    Installation,
    Line,
    Meter,
    MeteringPoint,
    MeterOrder,
    Organisation,
    SecondPersonRule,
    StaffRole,
    User,
)
from on_record import NOW, place


@pytest.fixture
def anna(association: Organisation) -> User:
    return register_operator(association, username="anna", password="op-33333-x")


@pytest.fixture
def boris(association: Organisation) -> User:
    return register_operator(association, username="boris", password="op-44444-x")


def ordered(meter: Meter, by: User, **more: object) -> MeterOrder:
    return orders.request(meter, OpenRelay(), by=by, because="не платит", now=NOW, **more)  # type: ignore[arg-type]


def fences(fence: int = 1) -> dict[int, int]:
    return {Line.objects.get().pk: fence}


def state_of(order: MeterOrder) -> OrderState:
    order.refresh_from_db()
    return OrderState(order.state)


# ── A second person ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_where_there_are_two_operators_whoever_asked_for_a_disconnection_does_not_approve_it(
    meter: Meter, anna: User, boris: User
) -> None:
    order = ordered(meter, anna)
    with pytest.raises(OrderRefusedError, match="another operator"):
        orders.approve(order, by=anna, now=NOW)
    assert state_of(order) is OrderState.REQUESTED
    assert orders.approve(order, by=boris, now=NOW)
    order.refresh_from_db()
    assert (order.requested_by, order.approved_by) == (anna, boris)


def test_a_limit_of_a_watt_is_no_way_round_it(meter: Meter, anna: User, boris: User) -> None:
    order = orders.request(meter, SetPowerLimit(1), by=anna, because="x", now=NOW)
    with pytest.raises(OrderRefusedError):
        orders.approve(order, by=anna, now=NOW)


def test_a_single_operator_approves_what_he_asked_for(meter: Meter, association: Organisation, anna: User) -> None:
    assert rule_of(association).kinds == frozenset()
    assert orders.approve(ordered(meter, anna), by=anna, now=NOW)


def test_one_who_may_not_log_in_any_more_is_no_second_person(
    meter: Meter, association: Organisation, anna: User, boris: User
) -> None:
    assert rule_of(association).kinds == UNTIL_SAID
    User.objects.filter(pk=boris.pk).update(is_active=False)
    assert rule_of(association).kinds == frozenset()


def test_what_an_organisation_has_said_holds_until_it_says_otherwise(
    meter: Meter, association: Organisation, anna: User
) -> None:
    say_rule(association, kinds=[CommandKind.CLOSE_RELAY, CommandKind.OPEN_RELAY], lists=False, by=anna, now=NOW)
    rule = rule_of(association)
    assert rule.kinds == {CommandKind.CLOSE_RELAY, CommandKind.OPEN_RELAY}
    assert not rule.lists
    assert (rule.said_by, rule.said_at) == ("anna", NOW)
    order = ordered(meter, anna)
    with pytest.raises(OrderRefusedError):
        orders.approve(order, by=anna, now=NOW)
    said = say_rule(association, kinds=[], lists=False, by=None, now=NOW + timedelta(minutes=1))
    assert (said.kinds, said.said_by) == (frozenset(), "")
    assert SecondPersonRule.objects.count() == 2
    assert orders.approve(order, by=anna, now=NOW)


def test_what_the_site_asks_for_any_operator_approves(meter: Meter, association: Organisation, anna: User) -> None:
    say_rule(association, kinds=list(CommandKind), lists=True, by=anna, now=NOW)
    order = orders.request_by_site(meter, ShiftClock(-30, 30), because="clock", now=NOW, is_approved=False)
    assert orders.approve(order, by=anna, now=NOW)


# ── Twice, and too late ─────────────────────────────────────────────────────────────────────────────────────────────


def test_an_order_is_approved_once(meter: Meter, anna: User, boris: User) -> None:
    order = ordered(meter, anna)
    assert [orders.approve(order, by=boris, now=NOW) for _ in range(2)] == [True, False]


def test_an_order_that_has_expired_cannot_be_approved_and_says_that_it_has(meter: Meter, anna: User) -> None:
    order = ordered(meter, anna, lasts=timedelta(minutes=5))
    assert not orders.approve(order, by=anna, now=NOW + timedelta(minutes=5))
    assert state_of(order) is OrderState.EXPIRED


def test_an_order_that_expires_in_the_hand_of_a_process_is_not_sent(meter: Meter, anna: User) -> None:
    (held,) = line_leases.take_lines(now=NOW, at_most=1)
    order = ordered(meter, anna, lasts=timedelta(minutes=5))
    orders.approve(order, by=anna, now=NOW)
    orders.claim_due(fences(), now=NOW)
    assert not orders.note_sent(order.pk, lease=held.lease, now=NOW + timedelta(minutes=5))


def test_whoever_lost_his_role_approves_nothing(meter: Meter, anna: User, boris: User) -> None:
    order = ordered(meter, anna)
    StaffRole.objects.filter(user=boris).delete()
    with pytest.raises(OrderRefusedError, match="Only an operator"):
        orders.approve(order, by=boris, now=NOW)


# ── A meter that moved ──────────────────────────────────────────────────────────────────────────────────────────────


def moved(meter: Meter, association: Organisation) -> None:
    """Take a meter from its place and put it where another stood."""
    register_places(association, [place(3)])
    other = MeteringPoint.objects.get(name="участок 3")
    Installation.objects.filter(point=other).update(removed_at=NOW)
    Installation.objects.filter(meter=meter).update(removed_at=NOW)
    Installation.objects.create(point=other, meter=meter, installed_at=NOW)


def test_a_meter_that_was_moved_since_is_not_told_what_was_meant_for_its_old_place(
    meter: Meter, association: Organisation, anna: User
) -> None:
    order = ordered(meter, anna)
    moved(meter, association)
    with pytest.raises(OrderRefusedError, match="stands elsewhere"):
        orders.approve(order, by=anna, now=NOW)


@pytest.mark.parametrize("is_taken_away", [True, False])
def test_a_meter_that_was_moved_after_the_approval_is_told_nothing(
    is_taken_away: bool, meter: Meter, association: Organisation, anna: User
) -> None:
    order = ordered(meter, anna)
    orders.approve(order, by=anna, now=NOW)
    if is_taken_away:
        Installation.objects.filter(meter=meter).update(removed_at=NOW)
    else:
        moved(meter, association)
    assert orders.claim_due(fences(), now=NOW) == []
    assert state_of(order) is OrderState.FAILED
    assert (order.result, order.detail.partition(":")[0]) == (VisitResult.NOT_SENT, "meter_moved")


def test_one_that_was_sent_is_read_back_wherever_its_meter_stands(
    meter: Meter, association: Organisation, anna: User
) -> None:
    (held,) = line_leases.take_lines(now=NOW, at_most=1)
    order = ordered(meter, anna)
    orders.approve(order, by=anna, now=NOW)
    orders.claim_due(fences(), now=NOW)
    orders.note_sent(order.pk, lease=held.lease, now=NOW)
    moved(meter, association)
    (due,) = orders.claim_due(fences(2), now=NOW)
    assert not due.order.to_send


def test_an_order_whose_secret_does_not_open_ends_unsent_and_one_that_was_sent_does_not_end(
    meter: Meter, anna: User
) -> None:
    order = ordered(meter, anna)
    orders.approve(order, by=anna, now=NOW)
    MeterOrder.objects.filter(pk=order.pk).update(kind="change_password", facts={"level": 1}, secret_sealed=bytes(40))
    assert orders.claim_due(fences(), now=NOW) == []
    assert state_of(order) is OrderState.FAILED
    sent = ordered(meter, anna)
    MeterOrder.objects.filter(pk=sent.pk).update(
        kind="change_password",
        facts={"level": 1},
        secret_sealed=bytes(40),
        state=OrderState.UNKNOWN,
        sent_at=NOW,
        due_at=NOW,
    )
    assert orders.claim_due(fences(), now=NOW) == []
    assert state_of(sent) is OrderState.UNKNOWN
    assert sent.due_at == NOW + timedelta(hours=6)


# ── Many at once ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_line_is_handed_so_many_at_once_and_single_ones_come_first(association: Organisation, anna: User) -> None:
    register_places(association, [place(number) for number in range(3, 23)])
    given = [ordered(meter, anna) for meter in Meter.objects.order_by("pk")]
    for order in given:
        orders.approve(order, by=anna, now=NOW)
    first = orders.claim_due(fences(), now=NOW)
    assert len(first) == orders.IN_HAND_A_LINE
    assert orders.claim_due(fences(), now=NOW) == []
    done = MeterOrder.objects.get(pk=first[0].order.order_id)
    MeterOrder.objects.filter(pk=done.pk).update(state=OrderState.FAILED, claimed_fence=None)
    assert len(orders.claim_due(fences(), now=NOW)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_claim_at_once_get_an_order_once(meter: Meter, anna: User) -> None:
    order = ordered(meter, anna)
    orders.approve(order, by=anna, now=NOW)
    held = fences()

    def claim(_number: int) -> int:
        try:
            return len(orders.claim_due(held, now=NOW))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as processes:
        assert sum(processes.map(claim, range(4))) == 1
    assert connection.is_usable()


def test_while_one_is_under_way_no_other_is_given(meter: Meter, anna: User) -> None:
    ordered(meter, anna)
    with pytest.raises(OrderRefusedError, match="being told something already"):
        orders.request(meter, CloseRelay(), by=anna, because="оплатил", now=NOW)


def test_a_day_from_which_a_table_is_to_hold_is_refused_where_the_meter_keeps_none_in_waiting(
    meter: Meter, anna: User
) -> None:
    waiting = SetTariffTable((TariffMark(0, 1),), NOW + timedelta(days=1))
    with pytest.raises(OrderRefusedError, match="no table in waiting"):
        orders.request(meter, waiting, by=anna, because="x", now=NOW)
