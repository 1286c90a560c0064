"""An order that was sent is never sent again; a meter that does not tell is asked ever later, and then no more."""

from datetime import timedelta
from uuid import UUID

import pytest

from kilovatt.measure.metering.orders import (
    NOT_SO_MAX,
    READ_BACK_FIRST,
    READ_BACK_LAST,
    READ_BACKS_MAX,
    OrderExchange,
    OrderPart,
    OrderReport,
    OrderState,
    Standing,
    VisitResult,
    standing_after,
    standing_held_back,
)


def after(state: OrderState, result: VisitResult, *, visits: int = 1, not_so: int = 0) -> Standing:
    return standing_after(state, result, visits=visits, not_so=not_so)


@pytest.mark.parametrize(
    ("result", "state"),
    [
        (VisitResult.CONFIRMED, OrderState.CONFIRMED),
        (VisitResult.REFUSED, OrderState.FAILED),
        (VisitResult.NOT_SENT, OrderState.FAILED),
    ],
)
def test_what_a_meter_proves_or_refuses_ends_an_order(result: VisitResult, state: OrderState) -> None:
    assert after(OrderState.SENT, result) == Standing(state)
    assert state.is_over


def test_an_order_that_could_not_be_brought_is_brought_later() -> None:
    assert after(OrderState.CLAIMED, VisitResult.NOT_REACHED) == Standing(OrderState.APPROVED, READ_BACK_FIRST)


@pytest.mark.parametrize("result", [VisitResult.NO_PROOF, VisitResult.CANNOT_TELL, VisitResult.NOT_REACHED])
def test_an_order_that_was_sent_without_proof_is_unknown_and_read_back(result: VisitResult) -> None:
    standing = after(OrderState.SENT, result)
    assert standing == Standing(OrderState.UNKNOWN, READ_BACK_FIRST)
    assert standing.state.awaits_proof


def test_a_meter_found_as_it_had_been_three_times_has_not_obeyed() -> None:
    assert after(OrderState.SENT, VisitResult.NOT_SO, not_so=1).state is OrderState.UNKNOWN
    assert after(OrderState.UNKNOWN, VisitResult.NOT_SO, not_so=NOT_SO_MAX) == Standing(OrderState.FAILED)


def test_a_meter_that_does_not_tell_is_asked_ever_later_and_then_no_more() -> None:
    waits = [
        after(OrderState.UNKNOWN, VisitResult.NO_PROOF, visits=visits).read_back_in
        for visits in range(1, READ_BACKS_MAX + 1)
    ]
    assert waits[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert waits[-2] == READ_BACK_LAST
    assert waits[-1] is None


@pytest.mark.parametrize("result", VisitResult)
@pytest.mark.parametrize("state", [OrderState.SENT, OrderState.UNKNOWN])
def test_nothing_makes_an_order_that_was_sent_one_to_be_sent(state: OrderState, result: VisitResult) -> None:
    for visits in range(20):
        standing = after(state, result, visits=visits, not_so=visits)
        assert standing.state not in {OrderState.REQUESTED, OrderState.APPROVED, OrderState.CLAIMED}


@pytest.mark.parametrize("state", OrderState)
def test_what_is_held_back_waits_for_its_turn_and_ends_nothing_that_another_visit_sent(state: OrderState) -> None:
    standing = standing_held_back(state)
    if state is OrderState.CLAIMED:
        assert standing == Standing(OrderState.APPROVED, READ_BACK_FIRST)
    else:
        assert standing is None


def test_a_meter_that_may_have_another_key_is_read_back_until_it_tells() -> None:
    for visits in range(READ_BACKS_MAX, 3 * READ_BACKS_MAX):
        standing = standing_after(
            OrderState.UNKNOWN, VisitResult.NOT_REACHED, visits=visits, not_so=0, opens_the_meter=True
        )
        assert standing == Standing(OrderState.UNKNOWN, READ_BACK_LAST)


def test_a_report_knows_the_exchanges_it_took() -> None:
    carried = (OrderExchange(OrderPart.TOLD, 3), OrderExchange(OrderPart.READ_BACK, 4))
    report = OrderReport(order_id=UUID(int=1), result=VisitResult.CONFIRMED, carried=carried)
    assert report.exchanges == {3, 4}
