"""The same command to many meters: approved as a whole by somebody who has seen how many they are."""

from datetime import timedelta
from uuid import uuid4

import pytest

from kilovatt.measure.metering.commands import CommandKind, OpenRelay, ShiftClock
from kilovatt.measure.metering.orders import LeftOut, OrderState
from kilovatt.office.exchange.listed_meters import meter_list
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.orders.approval_rules import say_rule
from kilovatt.office.operations.orders.order_lists import (
    approve_list,
    lists_of,
    request_list,
    sum_of,
    wants_another,
    withdraw_list,
)
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.operations.registration import register_operator, register_places
from kilovatt.office.records.models import Line, Meter, MeterOrder, OrderList, Organisation, User
from on_record import NOW, place


@pytest.fixture
def anna(association: Organisation) -> User:
    return register_operator(association, username="anna", password="op-33333-x")


@pytest.fixture
def boris(association: Organisation) -> User:
    return register_operator(association, username="boris", password="op-44444-x")


def listed(
    association: Organisation, by: User, text: str, kind: CommandKind = CommandKind.OPEN_RELAY, **more: object
) -> OrderList:
    file = meter_list(text.encode(), name="debtors.csv")
    return request_list(association, kind, file, by=by, because="долги", now=NOW, **more)  # type: ignore[arg-type]


def why(one: OrderList) -> list[tuple[int, str]]:
    return [(row, reason) for row, _name, reason in one.left_out]


def test_a_list_names_meters_by_serial_number_or_account_and_leaves_out_what_cannot_be(
    association: Organisation, anna: User
) -> None:
    register_places(
        association,
        [place(3, model_key="mercury-200-04", line_name="линия 1"), place(4), place(5), place(6, serial="000005")],
    )
    Meter.objects.filter(serial="41000004").update(line=None)
    busy = Meter.objects.get(serial="41000002")
    orders.request(busy, OpenRelay(), by=anna, because="x", now=NOW)
    rows = "serial\n41000001\n000001\n41000002\n41000003\n41000004\n000005\n99999999\n"
    one = listed(association, anna, rows)
    total = sum_of(one)
    assert (total.orders, total.waiting, total.by_model) == (1, 1, (("Меркурий 234 ARTM-01 POB.R", 1),))
    assert why(one) == [
        (3, LeftOut.TWICE),
        (4, LeftOut.UNDER_WAY),
        (5, LeftOut.NOT_TAKEN),
        (6, LeftOut.NO_LINE),
        (7, LeftOut.AMBIGUOUS),
        (8, LeftOut.UNKNOWN),
    ]
    order = one.orders.get()
    assert (order.meter.serial, order.state, order.requested_by, order.because) == (
        "41000001",
        OrderState.REQUESTED,
        anna,
        "долги",
    )


def test_meters_of_another_organisation_are_nobodys_here(association: Organisation, anna: User) -> None:
    elsewhere = Organisation.objects.create(code="vasilek", name="СНТ «Василёк»", kind="association")
    stranger = register_operator(elsewhere, username="stranger", password="op-55555-x")
    one = listed(elsewhere, stranger, "41000001\n")
    assert (one.state, sum_of(one).orders, why(one)) == (OrderState.DECLINED, 0, [(1, LeftOut.UNKNOWN)])
    with pytest.raises(OrderRefusedError, match="Only an operator"):
        listed(association, stranger, "41000001\n")
    mine = listed(association, anna, "41000001\n")
    assert (list(lists_of(anna)), list(lists_of(stranger))) == ([mine], [one])
    with pytest.raises(OrderRefusedError):
        approve_list(mine, by=stranger, orders=1, now=NOW)
    with pytest.raises(OrderRefusedError):
        withdraw_list(mine, by=stranger, now=NOW)


def test_only_what_says_the_same_to_each_goes_to_a_list(association: Organisation, anna: User) -> None:
    with pytest.raises(OrderRefusedError, match="one by one"):
        listed(association, anna, "41000001\n", CommandKind.CHANGE_KEYS)


def test_a_form_that_is_sent_twice_is_one_list(association: Organisation, anna: User) -> None:
    number = uuid4()
    assert listed(association, anna, "41000001\n", list_id=number) == listed(
        association, anna, "41000001\n", list_id=number
    )
    assert MeterOrder.objects.count() == 1


def test_a_list_is_approved_as_a_whole_by_another_who_has_seen_how_many_they_are(
    association: Organisation, anna: User, boris: User
) -> None:
    one = listed(association, anna, "41000001\n41000002\n")
    assert wants_another(one, by=anna)
    with pytest.raises(OrderRefusedError, match="another operator"):
        approve_list(one, by=anna, orders=2, now=NOW)
    with pytest.raises(OrderRefusedError, match="2 commands that wait now, and not 3"):
        approve_list(one, by=boris, orders=3, now=NOW)
    with pytest.raises(OrderRefusedError, match="approved with the list"):
        orders.approve(one.orders.first() or MeterOrder(), by=boris, now=NOW)
    assert orders.claim_due({Line.objects.get().pk: 1}, now=NOW) == []
    assert [approve_list(one, by=boris, orders=2, now=NOW) for _ in range(2)] == [2, 0]
    one.refresh_from_db()
    assert (one.state, one.approved_by) == (OrderState.APPROVED, boris)
    assert len(orders.claim_due({Line.objects.get().pk: 1}, now=NOW)) == 2


def test_a_single_operator_approves_his_list_himself(association: Organisation, anna: User) -> None:
    one = listed(association, anna, "41000001\n")
    assert approve_list(one, by=anna, orders=1, now=NOW) == 1


def test_a_rule_for_a_kind_holds_for_lists_of_it_too(association: Organisation, anna: User) -> None:
    say_rule(association, kinds=[CommandKind.CLOSE_RELAY], lists=False, by=None, now=NOW)
    assert wants_another(listed(association, anna, "41000001\n", CommandKind.CLOSE_RELAY), by=anna)
    assert not wants_another(listed(association, anna, "41000002\n"), by=anna)


def test_a_meter_taken_off_a_list_changes_what_is_approved(association: Organisation, anna: User, boris: User) -> None:
    one = listed(association, anna, "41000001\n41000002\n")
    first = one.orders.order_by("pk").first()
    assert first is not None
    assert orders.withdraw(first, by=anna, now=NOW)
    with pytest.raises(OrderRefusedError, match="look at it again"):
        approve_list(one, by=boris, orders=2, now=NOW)
    assert approve_list(one, by=boris, orders=1, now=NOW) == 1


def test_a_list_that_nobody_approved_in_its_time_has_expired_with_its_orders(
    association: Organisation, anna: User, boris: User
) -> None:
    one = listed(association, anna, "41000001\n")
    assert approve_list(one, by=boris, orders=1, now=NOW + timedelta(hours=25)) == 0
    one.refresh_from_db()
    assert (one.state, one.orders.get().state) == (OrderState.EXPIRED, OrderState.EXPIRED)


def test_what_no_process_has_in_hand_is_taken_back(association: Organisation, anna: User, boris: User) -> None:
    one = listed(association, anna, "41000001\n41000002\n")
    approve_list(one, by=boris, orders=2, now=NOW)
    in_hand = one.orders.order_by("pk").first()
    assert in_hand is not None
    MeterOrder.objects.filter(pk=in_hand.pk).update(state=OrderState.CLAIMED)
    assert withdraw_list(one, by=anna, now=NOW) == 1
    one.refresh_from_db()
    assert one.state == OrderState.APPROVED
    other = listed(association, anna, "41000002\n")
    withdraw_list(other, by=anna, now=NOW)
    other.refresh_from_db()
    assert (other.state, other.over_at) == (OrderState.DECLINED, NOW)


def test_what_only_the_site_wants_stands_in_no_lists_way(association: Organisation, anna: User) -> None:
    meter = Meter.objects.get(serial="41000001")
    waiting = orders.request_by_site(meter, ShiftClock(-30, 30), because="clock", now=NOW, is_approved=False)
    assert sum_of(listed(association, anna, "41000001\n")).orders == 1
    waiting.refresh_from_db()
    assert waiting.state == OrderState.DECLINED


def test_one_that_somebody_waits_for_goes_before_those_of_a_list(
    association: Organisation, anna: User, boris: User
) -> None:
    register_places(association, [place(number) for number in range(3, 3 + orders.IN_HAND_A_LINE)])
    serials = [meter.serial for meter in Meter.objects.exclude(serial="41000001")]
    one = listed(association, anna, "\n".join(serials))
    approve_list(one, by=boris, orders=len(serials), now=NOW)
    single = orders.request(Meter.objects.get(serial="41000001"), OpenRelay(), by=anna, because="x", now=NOW)
    orders.approve(single, by=boris, now=NOW)
    first, *_rest = orders.claim_due({Line.objects.get().pk: 1}, now=NOW)
    assert first.order.order_id == single.pk
