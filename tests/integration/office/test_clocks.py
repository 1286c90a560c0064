"""Clocks that are off are corrected by orders: as far as the maker and the organisation allow, once a day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kilovatt.measure.metering.clock_policy import Advice
from kilovatt.measure.metering.commands import CloseRelay, CommandKind, OpenRelay, ShiftClock
from kilovatt.measure.metering.orders import OrderReport, OrderState, VisitResult
from kilovatt.measure.metering.sessions import Learnt, SessionReport
from kilovatt.office.operations.clocks import clocks
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.lines.leases import Lease
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.records.models import ClockDeviation, Line, Meter, MeterOrder, Organisation, ReadingPlan, User
from on_record import NOW, clock, report_of

AT = NOW + timedelta(minutes=10)
"""Far from the ends of a half-hour."""


@pytest.fixture
def operator(association: Organisation) -> User:
    return register_operator(association, username="operator", password="op-33333-x")


@pytest.fixture
def agreed(association: Organisation) -> ReadingPlan:
    return ReadingPlan.objects.create(organisation=association, corrects_clocks=True)


@pytest.fixture
def lease(meter: Meter) -> Lease:
    (held,) = line_leases.take_lines(now=NOW, at_most=1)
    return held.lease


def seen(meter: Meter, ahead_s: int, *, at: datetime = NOW) -> None:
    learnt = Learnt(clock=clock(ahead=timedelta(seconds=ahead_s), at=at))
    accept(report_of(meter, learnt, name=f"{at}", at=at), now=at)


def handed_out(at: datetime = AT) -> list[orders.DueOrder]:
    return orders.claim_due({Line.objects.get().pk: 1}, now=at)


def settled(order: MeterOrder, result: VisitResult, *, at: datetime) -> None:
    told = report_of(order.meter, Learnt(), name=f"order {at}", at=at)
    fields = {name: getattr(told, name) for name in SessionReport.__slots__}
    brought = OrderReport(order_id=order.pk, result=result)
    accept(SessionReport(**(fields | {"order": brought})), now=at)


def test_a_clock_that_is_off_is_told_to_move_where_its_organisation_has_agreed(
    meter: Meter, agreed: ReadingPlan
) -> None:
    seen(meter, 40)
    done = clocks.correct_clocks(now=AT)
    assert (done.ordered, done.by_advice) == (1, {Advice.CORRECT: 1})
    order = MeterOrder.objects.get()
    assert (order.kind, order.because, order.state, order.requested_by, order.approved_by) == (
        CommandKind.SHIFT_CLOCK,
        "drift of 40 s",
        OrderState.APPROVED,
        None,
        None,
    )
    (due,) = handed_out()
    assert due.order.command == ShiftClock(-40, 40)


def test_without_an_agreement_it_waits_for_an_operator(meter: Meter, operator: User) -> None:
    seen(meter, -40)
    assert clocks.correct_clocks(now=AT).ordered == 1
    assert handed_out() == []
    order = MeterOrder.objects.get()
    assert orders.approve(order, by=operator, now=AT)
    (due,) = handed_out()
    assert due.order.command == ShiftClock(40, -40)


def test_what_only_the_site_wants_stands_in_nobodys_way(meter: Meter, operator: User) -> None:
    seen(meter, 40)
    clocks.correct_clocks(now=AT)
    wanted = orders.request(meter, OpenRelay(), by=operator, because="не платит", now=AT)
    assert MeterOrder.objects.exclude(pk=wanted.pk).get().state == OrderState.DECLINED
    with pytest.raises(OrderRefusedError, match="being told something already"):
        orders.request(meter, CloseRelay(), by=operator, because="платит", now=AT)
    with pytest.raises(OrderRefusedError, match="being told something already"):
        orders.request_by_site(meter, ShiftClock(-40, 40), because="drift of 40 s", now=AT, is_approved=True)
    assert clocks.correct_clocks(now=AT + timedelta(hours=2)).ordered == 0


def test_a_clock_that_is_right_or_too_far_off_is_not_told_anything(meter: Meter, agreed: ReadingPlan) -> None:
    seen(meter, 5)
    assert clocks.correct_clocks(now=AT).by_advice == {}
    seen(meter, 690, at=NOW + timedelta(seconds=1))
    assert clocks.correct_clocks(now=AT).by_advice == {Advice.TOO_FAR: 1}
    assert not MeterOrder.objects.exists()
    assert meter.events.get().kind == "clock_wrong"


def test_a_clock_is_told_to_move_once_a_day_whatever_came_of_it(
    meter: Meter, agreed: ReadingPlan, lease: Lease
) -> None:
    seen(meter, 40)
    clocks.correct_clocks(now=AT)
    (due,) = handed_out()
    assert orders.note_sent(due.order.order_id, lease=lease, now=AT)
    settled(MeterOrder.objects.get(), VisitResult.REFUSED, at=AT)
    for hours in (2, 23):
        at = AT + timedelta(hours=hours)
        seen(meter, 40, at=at)
        assert clocks.correct_clocks(now=at).by_advice == {Advice.WAIT_A_DAY: 1}
    at = AT + timedelta(hours=24)
    seen(meter, 41, at=at)
    assert clocks.correct_clocks(now=at).ordered == 1


def test_an_order_that_was_not_sent_is_given_again_after_a_while(meter: Meter, agreed: ReadingPlan) -> None:
    seen(meter, 40)
    clocks.correct_clocks(now=AT)
    handed_out()
    settled(MeterOrder.objects.get(), VisitResult.NOT_SENT, at=AT)
    assert clocks.correct_clocks(now=AT + timedelta(minutes=59)).ordered == 0
    assert clocks.correct_clocks(now=AT + timedelta(minutes=61)).ordered == 1


def test_no_clock_is_moved_over_the_end_of_an_interval(meter: Meter, agreed: ReadingPlan, lease: Lease) -> None:
    seen(meter, 40)
    clocks.correct_clocks(now=AT)
    at_the_end = NOW + timedelta(minutes=28)
    assert handed_out(at_the_end) == []
    order = MeterOrder.objects.get()
    assert order.state == OrderState.APPROVED
    assert order.due_at == NOW + timedelta(minutes=30, seconds=60)
    assert handed_out(order.due_at - timedelta(seconds=1)) == []
    (due,) = handed_out(order.due_at)
    # It waited for its turn on the line until the next half-hour was near.
    late = NOW + timedelta(minutes=58, seconds=30)
    assert not orders.note_sent(due.order.order_id, lease=lease, now=late)
    assert orders.note_sent(due.order.order_id, lease=lease, now=NOW + timedelta(minutes=57))


def test_meters_of_many_are_corrected_in_chunks(
    association: Organisation, agreed: ReadingPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "METERS_AT_ONCE", 1)
    for meter in Meter.objects.all():
        seen(meter, 40)
    assert clocks.correct_clocks(now=AT).ordered == 2
    assert clocks.correct_clocks(now=AT).ordered == 0


def test_how_fast_a_clock_runs_is_known_from_its_days(meter: Meter) -> None:
    for day in range(1, 6):
        ClockDeviation.objects.create(
            meter=meter, day_on=date(2026, 11, day), deviation_s=2 * day, heard_at=datetime(2026, 11, day, tzinfo=UTC)
        )
    assert clocks.drift_of(meter.pk, today_on=date(2026, 11, 6)) == 2000
    assert clocks.drift_of(meter.pk, today_on=date(2027, 11, 6)) is None
