"""What a visit brought of an order: its frames are kept, and an open relay with load behind it is not believed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from kilovatt.measure.metering.commands import CloseRelay, Command, OpenRelay, SetClock
from kilovatt.measure.metering.orders import (
    NOT_SO_MAX,
    OrderExchange,
    OrderPart,
    OrderReport,
    OrderState,
    VisitResult,
)
from kilovatt.measure.metering.sessions import Exchange, InstantValues, Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.lines.leases import Lease
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.records.models import Event, IntakeFrame, Line, Meter, MeterOrder, OrderFrame, Organisation, User
from on_record import NOW, report_of

CARRIED = (
    OrderExchange(OrderPart.ASKED, 2),
    OrderExchange(OrderPart.TOLD, 3),
    OrderExchange(OrderPart.READ_BACK, 4),
)
SHOWN = "off=true,by_command=true"


@pytest.fixture
def operator(association: Organisation) -> User:
    return register_operator(association, username="operator", password="op-33333-x")


@pytest.fixture
def lease(meter: Meter) -> Lease:
    (held,) = line_leases.take_lines(now=NOW, at_most=1)
    return held.lease


def sent(meter: Meter, operator: User, lease: Lease, command: Command | None = None) -> MeterOrder:
    order = claimed(meter, operator, command)
    assert orders.note_sent(order.pk, lease=lease, now=NOW)
    return order


def claimed(meter: Meter, operator: User, command: Command | None = None) -> MeterOrder:
    order = orders.request(meter, command or OpenRelay(), by=operator, because="не платит", now=NOW)
    orders.approve(order, by=operator, now=NOW)
    assert orders.claim_due({Line.objects.get().pk: 1}, now=NOW)
    return order


def visited(
    order: MeterOrder,
    result: VisitResult,
    *,
    name: str = "first",
    power_w: int | None = None,
    carried: Sequence[OrderExchange] = (),
    shown: str = "",
) -> OrderState:
    instant = None
    if power_w is not None:
        instant = InstantValues(taken_at=NOW, power_w=power_w, relay_closed=False, exchange=9)
    told = report_of(order.meter, Learnt(instant=instant), name=name)
    frames = tuple(
        Exchange(number=one.number, request=bytes([1, one.number]), answer=b"", sent_at=NOW, took_ms=0, tries=1)
        for one in carried
    )
    brought = OrderReport(order_id=order.pk, result=result, shown=shown, carried=tuple(carried))
    accept(replace(told, order=brought, exchanges=told.exchanges + frames), now=NOW)
    order.refresh_from_db()
    return OrderState(order.state)


def test_the_frames_of_an_order_are_kept_with_what_they_were_for(meter: Meter, operator: User, lease: Lease) -> None:
    order = sent(meter, operator, lease)
    not_kept = OrderExchange(OrderPart.READ_BACK, 99)
    told = report_of(meter, Learnt())
    frames = tuple(
        Exchange(number=one.number, request=b"\x01", answer=b"", sent_at=NOW, took_ms=0, tries=1) for one in CARRIED
    )
    brought = OrderReport(order_id=order.pk, result=VisitResult.NO_PROOF, carried=(*CARRIED, not_kept))
    accept(replace(told, order=brought, exchanges=frames), now=NOW)
    kept = OrderFrame.objects.filter(order=order).values_list("exchange", "part")
    assert list(kept) == [(2, "asked"), (3, "told"), (4, "read_back")]
    assert list(IntakeFrame.objects.order_by("exchange").values_list("exchange", flat=True)) == [2, 3, 4]


def test_a_second_visit_adds_its_frames_to_those_of_the_first(meter: Meter, operator: User, lease: Lease) -> None:
    order = sent(meter, operator, lease)
    visited(order, VisitResult.NO_PROOF, carried=CARRIED)
    visited(order, VisitResult.CONFIRMED, name="second", carried=CARRIED[2:])
    late = visited(order, VisitResult.NOT_SO, name="third", carried=CARRIED[2:])
    assert (late, order.frames.count()) == (OrderState.CONFIRMED, 5)


def test_a_relay_that_says_it_is_open_while_load_flows_has_disconnected_nobody(
    meter: Meter, operator: User, lease: Lease
) -> None:
    order = sent(meter, operator, lease)
    states = [
        visited(order, VisitResult.CONFIRMED, name=str(number), power_w=2_300, shown=SHOWN)
        for number in range(NOT_SO_MAX)
    ]
    assert states == [OrderState.UNKNOWN, OrderState.UNKNOWN, OrderState.FAILED]
    assert order.shown == f"{SHOWN},load_w=2300"
    assert Event.objects.get(meter=meter).kind == "load_with_relay_open"


@pytest.mark.parametrize("power_w", [0, 10, -10, None])
def test_without_load_the_state_of_the_relay_is_its_proof(
    power_w: int | None, meter: Meter, operator: User, lease: Lease
) -> None:
    order = sent(meter, operator, lease)
    assert visited(order, VisitResult.CONFIRMED, power_w=power_w, shown=SHOWN) is OrderState.CONFIRMED
    assert order.shown == SHOWN


def test_power_that_is_given_to_the_grid_is_load_too(meter: Meter, operator: User, lease: Lease) -> None:
    order = sent(meter, operator, lease)
    assert visited(order, VisitResult.CONFIRMED, power_w=-900) is OrderState.UNKNOWN
    assert order.shown == "load_w=-900"


def test_load_is_what_a_relay_that_was_closed_is_for(meter: Meter, operator: User, lease: Lease) -> None:
    order = sent(meter, operator, lease, CloseRelay())
    assert visited(order, VisitResult.CONFIRMED, power_w=2_300) is OrderState.CONFIRMED


def test_what_may_not_be_sent_at_that_moment_is_brought_later(meter: Meter, operator: User) -> None:
    order = claimed(meter, operator, SetClock(NOW))
    assert visited(order, VisitResult.HELD_BACK) is OrderState.APPROVED
    assert (order.claimed_fence, order.over_at, order.visits) == (None, None, 0)
    (due,) = orders.claim_due({Line.objects.get().pk: 1}, now=NOW + timedelta(seconds=31))
    assert due.order.to_send


def test_a_second_visit_that_comes_too_late_does_not_end_what_the_first_has_sent(
    meter: Meter, operator: User, lease: Lease
) -> None:
    order = sent(meter, operator, lease)
    assert visited(order, VisitResult.HELD_BACK, name="too-late") is OrderState.SENT
    assert visited(order, VisitResult.NO_PROOF) is OrderState.UNKNOWN
    assert visited(order, VisitResult.HELD_BACK, name="later-still") is OrderState.UNKNOWN
    assert order.due_at == NOW + timedelta(seconds=30)
