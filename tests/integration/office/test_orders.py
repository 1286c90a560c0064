"""A command on record: asked for by an operator, approved, sent once at most, and settled by what the meter shows."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kilovatt.measure.metering.commands import (
    ChangeKeys,
    ChangePassword,
    CloseRelay,
    Command,
    CommandKind,
    OpenRelay,
    PermitRelay,
    SetClock,
    SetPowerLimit,
    SetTariffTable,
    ShiftClock,
    TariffMark,
)
from kilovatt.measure.metering.orders import NOT_SO_MAX, OrderReport, OrderState, VisitResult
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import InstantValues, Learnt, SessionReport
from kilovatt.office.exchange.listed_meters import meter_list
from kilovatt.office.operations import vault
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.lines import leases, line_leases
from kilovatt.office.operations.lines.leases import FencedOffError, Lease
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.orders.order_lists import request_list
from kilovatt.office.operations.orders.order_payloads import command_of, kept
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.operations.secrets.meter_keys import put_keys, put_password, sealed_keys
from kilovatt.office.records.models import Event, Line, Meter, MeterOrder, MeterStanding, Organisation, User
from on_record import NOW, report_of

COMMANDS: list[Command] = [
    OpenRelay(),
    CloseRelay(),
    PermitRelay(),
    SetPowerLimit(15_000),
    SetTariffTable((TariffMark(0, 2), TariffMark(420, 1)), NOW),
    SetTariffTable((TariffMark(0, 1),)),
    SetClock(NOW + timedelta(seconds=7), NOW),
    ShiftClock(-30, 30),
    ChangePassword(1, "222222"),
    ChangeKeys(encryption=bytes(range(16)), master=bytes(16)),
]


@pytest.fixture
def operator(association: Organisation) -> User:
    return register_operator(association, username="operator", password="op-33333-x")


@pytest.fixture
def lease(meter: Meter) -> Lease:
    (held,) = line_leases.take_lines(now=NOW, at_most=1)
    return held.lease


def fences(fence: int = 1) -> dict[int, int]:
    """The one line there is, held under a fence."""
    return {Line.objects.get().pk: fence}


def ordered(meter: Meter, operator: User, command: Command | None = None) -> MeterOrder:
    return orders.request(meter, command or OpenRelay(), by=operator, because="не платит", now=NOW)


def claimed(order: MeterOrder, operator: User, *, seconds: int = 0) -> list[orders.DueOrder]:
    orders.approve(order, by=operator, now=NOW)
    return orders.claim_due(fences(), now=NOW + timedelta(seconds=seconds))


def visited(
    order: MeterOrder,
    result: VisitResult,
    *,
    name: str = "first",
    outcome: Outcome = Outcome.OK,
    **report: Any,  # noqa: ANN401  # what is shown and why
) -> OrderState:
    told = report_of(order.meter, Learnt(), name=name, outcome=outcome)
    values = {field: getattr(told, field) for field in SessionReport.__slots__}
    brought = OrderReport(order_id=order.pk, result=result, **report)
    accept(SessionReport(**(values | {"order": brought})), now=NOW)
    order.refresh_from_db()
    return OrderState(order.state)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.kind)
def test_a_command_is_kept_and_found_again_and_its_secrets_are_sealed(command: Command, meter: Meter) -> None:
    order_id = MeterOrder().pk
    stored = kept(command, organisation=vault.organisation_of(meter), meter_name="m/1", order_id=order_id)
    assert "222222" not in str(stored.facts)
    assert bytes(range(16)).hex() not in str(stored.facts)
    again = command_of(stored.kind, stored.facts, stored.secret_sealed, meter_name="m/1", order_id=order_id)
    assert again == command
    if stored.secret_sealed is not None:
        with pytest.raises(vault.SealBrokenError):
            command_of(stored.kind, stored.facts, stored.secret_sealed, meter_name="m/2", order_id=order_id)


def test_every_kind_of_command_can_be_kept() -> None:
    assert {command.kind for command in COMMANDS} == set(CommandKind)


def test_only_an_operator_of_the_organisation_commands_its_meters(meter: Meter, operator: User) -> None:
    stranger = User.objects.create(username="stranger")
    with pytest.raises(OrderRefusedError, match="Only an operator"):
        ordered(meter, stranger)
    order = ordered(meter, operator)
    with pytest.raises(OrderRefusedError):
        orders.approve(order, by=stranger, now=NOW)


def test_what_cannot_be_ordered_is_refused_with_a_sentence(meter: Meter, operator: User) -> None:
    with pytest.raises(OrderRefusedError, match="cannot be told that"):
        ordered(meter, operator, ChangeKeys(encryption=bytes(16), master=bytes(16)))
    with pytest.raises(OrderRefusedError, match="Say why"):
        orders.request(meter, OpenRelay(), by=operator, because=" ", now=NOW)
    ordered(meter, operator)
    with pytest.raises(OrderRefusedError, match="being told something already"):
        ordered(meter, operator, CloseRelay())
    Meter.objects.filter(pk=meter.pk).update(line=None)
    meter.refresh_from_db()
    with pytest.raises(OrderRefusedError, match="No line"):
        ordered(meter, operator)


def test_a_form_that_is_sent_twice_is_one_order_and_its_number_opens_no_other(meter: Meter, operator: User) -> None:
    number = uuid4()
    first, again = (
        orders.request(meter, OpenRelay(), by=operator, because="не платит", now=NOW, order_id=number) for _ in range(2)
    )
    assert first == again
    assert MeterOrder.objects.count() == 1
    other = Meter.objects.exclude(pk=meter.pk).get()
    with pytest.raises(OrderRefusedError):
        orders.request(other, OpenRelay(), by=operator, because="не платит", now=NOW, order_id=number)


def test_one_that_nobody_approved_in_its_time_stands_in_nobodys_way(meter: Meter, operator: User) -> None:
    order = ordered(meter, operator)
    later = NOW + timedelta(hours=25)
    orders.request(meter, CloseRelay(), by=operator, because="оплатил", now=later)
    order.refresh_from_db()
    assert (order.state, order.over_at) == (OrderState.EXPIRED, later)


def test_orders_that_are_too_old_end_before_a_meter_is_held_and_not_while_it_is(
    association: Organisation, meter: Meter, operator: User
) -> None:
    # Else two who want something at once may wait for each other.
    file = meter_list(f"{meter.serial}\n".encode(), name="")
    for give in (
        lambda: ordered(meter, operator),
        lambda: request_list(association, CommandKind.OPEN_RELAY, file, by=operator, because="x", now=NOW),
    ):
        with CaptureQueriesContext(connection) as asked:
            give()
        words = [one["sql"] for one in asked]
        ended = next(at for at, sql in enumerate(words) if sql.startswith('UPDATE "records_meterorder"'))
        assert ended < next(at for at, sql in enumerate(words) if sql.startswith("SAVEPOINT"))


def test_nothing_is_handed_out_that_was_not_approved(meter: Meter, operator: User) -> None:
    order = ordered(meter, operator)
    assert orders.claim_due(fences(), now=NOW) == []
    (due,) = claimed(order, operator)
    assert (due.meter_id, due.order.command, due.order.to_send) == (meter.pk, OpenRelay(), True)
    assert orders.claim_due(fences(), now=NOW) == []
    assert orders.claim_due({}, now=NOW) == []


def test_an_order_is_withdrawn_before_it_is_claimed_and_not_after(meter: Meter, operator: User) -> None:
    order = ordered(meter, operator)
    assert orders.withdraw(order, by=operator, now=NOW)
    assert not orders.approve(order, by=operator, now=NOW)
    another = ordered(meter, operator)
    claimed(another, operator)
    assert not orders.withdraw(another, by=operator, now=NOW)


def test_an_order_is_noted_as_sent_once_and_under_the_fence_of_its_line(
    meter: Meter, operator: User, lease: Lease
) -> None:
    order = ordered(meter, operator)
    assert not orders.note_sent(order.pk, lease=lease, now=NOW)
    claimed(order, operator)
    stale = Lease(lease.kind, lease.key, lease.fence - 1)
    with pytest.raises(FencedOffError):
        orders.note_sent(order.pk, lease=stale, now=NOW)
    assert orders.note_sent(order.pk, lease=lease, now=NOW)
    assert not orders.note_sent(order.pk, lease=lease, now=NOW)


def test_a_process_that_dies_before_it_sent_anything_leaves_the_order_to_the_next(
    meter: Meter, operator: User, lease: Lease
) -> None:
    order = ordered(meter, operator)
    claimed(order, operator)
    later = NOW + timedelta(minutes=11)
    (due,) = orders.claim_due(fences(), now=later)
    assert due.order.to_send


def test_an_order_in_the_hand_of_a_process_that_lost_its_line_is_taken_over_at_once(
    meter: Meter, operator: User, lease: Lease
) -> None:
    order = ordered(meter, operator)
    claimed(order, operator)
    assert orders.claim_due(fences(1), now=NOW) == []
    (due,) = orders.claim_due(fences(2), now=NOW)
    assert due.order.to_send
    # It is another's now, whoever still holds the line.
    assert not orders.note_sent(order.pk, lease=lease, now=NOW)
    taken_over = leases.take_over(lease.kind, lease.key, now=NOW, length=timedelta(minutes=1))
    assert orders.note_sent(order.pk, lease=taken_over, now=NOW)
    assert orders.claim_due(fences(2), now=NOW) == []
    (due,) = orders.claim_due(fences(3), now=NOW)
    assert not due.order.to_send


def test_one_that_dies_after_it_noted_the_sending_leaves_it_to_be_read_back_only(
    meter: Meter, operator: User, lease: Lease
) -> None:
    order = ordered(meter, operator)
    claimed(order, operator)
    orders.note_sent(order.pk, lease=lease, now=NOW)
    later = NOW + timedelta(minutes=11)
    (due,) = orders.claim_due(fences(), now=later)
    assert not due.order.to_send


def test_an_order_nobody_could_bring_expires_and_forgets_its_secret(meter: Meter, operator: User) -> None:
    order = ordered(meter, operator, SetPowerLimit(5_000))
    orders.approve(order, by=operator, now=NOW)
    assert orders.claim_due(fences(), now=NOW + timedelta(hours=25)) == []
    order.refresh_from_db()
    assert (order.state, order.secret_sealed) == (OrderState.EXPIRED, None)


def test_what_the_meter_shows_settles_an_order(meter: Meter, operator: User, lease: Lease) -> None:
    order = ordered(meter, operator)
    claimed(order, operator)
    orders.note_sent(order.pk, lease=lease, now=NOW)
    assert visited(order, VisitResult.CONFIRMED, shown="off=true") is OrderState.CONFIRMED
    assert (order.shown, order.over_at, order.result) == ("off=true", NOW, "confirmed")
    assert ordered(meter, operator, CloseRelay()).state == OrderState.REQUESTED


def test_an_order_without_proof_stays_unknown_and_is_read_back(meter: Meter, operator: User, lease: Lease) -> None:
    order = ordered(meter, operator)
    claimed(order, operator)
    orders.note_sent(order.pk, lease=lease, now=NOW)
    assert visited(order, VisitResult.NO_PROOF, detail="silence") is OrderState.UNKNOWN
    assert orders.claim_due(fences(), now=NOW + timedelta(seconds=29)) == []
    (due,) = orders.claim_due(fences(), now=NOW + timedelta(seconds=31))
    assert not due.order.to_send
    assert visited(order, VisitResult.CONFIRMED, name="again") is OrderState.CONFIRMED
    assert visited(order, VisitResult.NOT_SO, name="late") is OrderState.CONFIRMED


def test_a_meter_found_as_it_had_been_three_times_fails_its_order(meter: Meter, operator: User, lease: Lease) -> None:
    order = ordered(meter, operator)
    claimed(order, operator)
    orders.note_sent(order.pk, lease=lease, now=NOW)
    states = [visited(order, VisitResult.NOT_SO, name=str(number)) for number in range(NOT_SO_MAX)]
    assert states == [OrderState.UNKNOWN, OrderState.UNKNOWN, OrderState.FAILED]


def test_a_meter_that_could_not_be_visited_is_visited_later(meter: Meter, operator: User) -> None:
    order = ordered(meter, operator)
    claimed(order, operator)
    assert visited(order, VisitResult.NOT_REACHED, outcome=Outcome.SILENCE) is OrderState.APPROVED
    (due,) = orders.claim_due(fences(), now=NOW + timedelta(seconds=31))
    assert due.order.to_send


def test_a_visit_for_an_order_is_no_turn_of_the_meters(meter: Meter, operator: User) -> None:
    order = ordered(meter, operator)
    claimed(order, operator)
    visited(order, VisitResult.NOT_REACHED, outcome=Outcome.SILENCE)
    standing = MeterStanding.objects.get(meter=meter)
    assert (standing.failures, standing.next_due_at) == (0, None)


def test_a_new_password_holds_when_a_session_was_opened_with_it(meter: Meter, operator: User, lease: Lease) -> None:
    put_password(meter, "333333", level=2)
    order = MeterOrder.objects.create(
        meter=meter,
        kind=CommandKind.CHANGE_PASSWORD,
        because="заводской",
        requested_by=operator,
        requested_at=NOW,
        expires_at=NOW + timedelta(days=1),
        state=OrderState.SENT,
        sent_at=NOW,
    )
    name = f"{meter.model_key}/{meter.serial}"
    whose = vault.organisation_of(meter)
    stored = kept(ChangePassword(2, "444444"), organisation=whose, meter_name=name, order_id=order.pk)
    MeterOrder.objects.filter(pk=order.pk).update(facts=stored.facts, secret_sealed=stored.secret_sealed)
    # Neither the new nor the old one opens it: nothing is known, and nothing is forgotten.
    assert visited(order, VisitResult.NOT_REACHED, outcome=Outcome.WRONG_PASSWORD) is OrderState.UNKNOWN
    assert (order.not_so, order.secret_sealed is None) == (0, False)
    assert visited(order, VisitResult.CONFIRMED, name="second") is OrderState.CONFIRMED
    assert order.secret_sealed is None
    (key,) = sealed_keys([meter.pk])[meter.pk]
    opened = vault.unseal_key(key.sealed, meter_name=name, slot=key.slot, generation=key.generation)
    assert (key.slot, key.generation, opened) == ("commanding", 2, b"444444")


def test_load_behind_an_open_relay_is_an_event_with_an_end(meter: Meter) -> None:
    def seen(name: str, at_s: int, *, power_w: int, closed: bool) -> None:
        at = NOW + timedelta(seconds=at_s)
        instant = InstantValues(taken_at=at, power_w=power_w, relay_closed=closed, exchange=3)
        accept(report_of(meter, Learnt(instant=instant), name=name, at=at), now=at)

    seen("off", 0, power_w=0, closed=False)
    assert not Event.objects.exists()
    seen("load", 60, power_w=2_000, closed=False)
    seen("still", 120, power_w=2_100, closed=False)
    event = Event.objects.get()
    assert (event.kind, event.ended_at, event.detail) == ("load_with_relay_open", None, "power_w=2000")
    seen("on", 180, power_w=2_000, closed=True)
    event.refresh_from_db()
    assert event.ended_at == NOW + timedelta(seconds=180)


def test_where_a_configurator_proves_himself_with_a_secret_his_new_password_is_that(
    meter: Meter, operator: User, lease: Lease
) -> None:
    put_keys(meter, {"secret": b"0000000100000001"})
    order = MeterOrder.objects.create(
        meter=meter,
        kind=CommandKind.CHANGE_PASSWORD,
        because="заводской",
        requested_by=operator,
        requested_at=NOW,
        expires_at=NOW + timedelta(days=1),
        state=OrderState.SENT,
        sent_at=NOW,
    )
    name, whose = f"{meter.model_key}/{meter.serial}", vault.organisation_of(meter)
    stored = kept(ChangePassword(2, "8765432187654321"), organisation=whose, meter_name=name, order_id=order.pk)
    MeterOrder.objects.filter(pk=order.pk).update(facts=stored.facts, secret_sealed=stored.secret_sealed)
    assert visited(order, VisitResult.CONFIRMED) is OrderState.CONFIRMED
    opened = {
        key.slot: vault.unseal_key(key.sealed, meter_name=name, slot=key.slot, generation=key.generation)
        for key in sealed_keys([meter.pk])[meter.pk]
    }
    assert opened == {"secret": b"8765432187654321", "commanding": b"8765432187654321"}
