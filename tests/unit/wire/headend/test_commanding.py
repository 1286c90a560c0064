"""An order is told once and read back, and nothing is told to a meter that has not said who it is."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import pytest

from kilovatt.measure.metering.commands import Command, NotSentReason, OpenRelay, Proof, ReadBack
from kilovatt.measure.metering.orders import Order, OrderExchange, OrderPart, OrderReport, VisitResult
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import (
    CommandNotSentError,
    Conversation,
    MeterAddress,
    MeterRefusedError,
    ask,
    tell,
)
from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.commanding import WithdrawnError
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.session import Errand, read_meter, unreached
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from unit.wire.headend.bench import (
    TASK,
    Bench,
    Delivery,
    Read,
    Script,
    TreacherousConnection,
    TreacherousDriver,
    answers,
    asks,
    honest,
    meter_address,
    refuses,
    run,
    value_of,
)

ORDER_ID = UUID(int=7)
MODE, TELL, TELL_MORE, STATE = 0x40, 0x50, 0x51, 0x60
ALLOWS, IS_SO, IS_NOT = value_of(MODE), value_of(STATE), 0x0BAD


@dataclass
class ObeyingDriver(TreacherousDriver):
    """The small family, had its meters a relay."""

    def command(self, meter: MeterAddress, command: Command, *, now: datetime) -> Conversation[None]:
        mode = yield from ask(Read(MODE))
        if mode.value != ALLOWS:
            raise CommandNotSentError(NotSentReason.RELAY_MODE, "its mode forbids it")
        yield from tell(Read(TELL))

    def read_back(self, meter: MeterAddress, command: Command) -> Conversation[ReadBack]:
        state = yield from ask(Read(STATE))
        proof = {IS_SO: Proof.CONFIRMED, IS_NOT: Proof.NOT_SO}.get(state.value, Proof.CANNOT_TELL)
        return ReadBack(proof=proof, shown=f"state={state.value:x}", exchange=state.exchange)


class TwiceTellingDriver(ObeyingDriver):
    """Its meters are told in two halves."""

    def command(self, meter: MeterAddress, command: Command, *, now: datetime) -> Conversation[None]:
        yield from tell(Read(TELL))
        yield from tell(Read(TELL_MORE))


class KeylessDriver(ObeyingDriver):
    """Its meters are opened with keys, and there are none."""

    def connection(self, meter: MeterAddress) -> TreacherousConnection:
        raise LocalProtocolError("its keys are wanted")


@dataclass
class Brought:
    """A session that brought an order: its report, what was sent, and when it was announced."""

    report: SessionReport
    sent: list[int] = field(default_factory=list)
    announced_after: list[int] = field(default_factory=list)

    @property
    def order(self) -> OrderReport:
        assert self.report.order is not None
        return self.report.order


def bring(
    script: Script,
    *,
    to_send: bool = True,
    driver: TreacherousDriver | None = None,
    withdrawn: bool = False,
    **settings: float,
) -> Brought:
    async def job() -> Brought:
        desk = Bench(script, **{"answer_timeout_s": 1.0, "late_window_s": 0.5, **settings})
        announced_after: list[int] = []

        async def announce() -> None:
            await asyncio.sleep(0)
            announced_after.append(len(desk.channel.requests))
            if withdrawn:
                raise WithdrawnError("withdrawn")

        order = Order(order_id=ORDER_ID, command=OpenRelay(), to_send=to_send)
        errand = Errand(77, meter_address(), TASK, order, announce)
        report = await read_meter(errand, desk.carrier, desk.clock, driver or ObeyingDriver())
        return Brought(report, [request[1] for request in desk.channel.requests], announced_after)

    return run(job())


def except_for(code: int, *deliveries: Delivery) -> Script:
    def script(n: int, request: bytes) -> list[Delivery]:
        return list(deliveries) if request[1] == code else honest(n, request)

    return script


def test_a_meter_is_told_once_after_it_has_said_who_it_is_and_then_read_back() -> None:
    brought = bring(honest)
    carried = (
        OrderExchange(OrderPart.ASKED, 2),
        OrderExchange(OrderPart.TOLD, 3),
        OrderExchange(OrderPart.READ_BACK, 4),
    )
    confirmed = VisitResult.CONFIRMED
    assert brought.order == OrderReport(order_id=ORDER_ID, result=confirmed, shown="state=1160", carried=carried)
    assert brought.sent == [10, MODE, TELL, STATE, 20, 21, 30, 31]
    assert brought.announced_after == [1]
    assert brought.report.outcome is Outcome.OK
    kept = {one.number: (one.request, one.answer) for one in brought.report.exchanges}
    assert [kept[number] for number in (2, 3, 4)] == [
        (asks(code), answers(value_of(code))) for code in (MODE, TELL, STATE)
    ]


def test_what_is_only_to_be_proved_is_not_told() -> None:
    brought = bring(honest, to_send=False)
    assert brought.order.result is VisitResult.CONFIRMED
    assert (TELL in brought.sent, brought.announced_after) == (False, [])


@pytest.mark.parametrize(("value", "result"), [(IS_NOT, VisitResult.NOT_SO), (0x0123, VisitResult.CANNOT_TELL)])
def test_a_meter_found_otherwise_is_told_of(value: int, result: VisitResult) -> None:
    assert bring(except_for(STATE, (0.005, answers(value)))).order.result is result


def test_a_mode_that_forbids_it_is_asked_before_and_nothing_is_told() -> None:
    brought = bring(except_for(MODE, (0.005, answers(0x0001))))
    assert brought.order.result is VisitResult.NOT_SENT
    assert brought.order.detail == "relay_mode: its mode forbids it"
    assert TELL not in brought.sent


def test_a_meter_that_refuses_is_told_of() -> None:
    assert bring(except_for(TELL, (0.005, refuses(3)))).order.result is VisitResult.REFUSED


@pytest.mark.parametrize(("value", "result"), [(IS_NOT, VisitResult.NOT_SO), (IS_SO, VisitResult.CONFIRMED)])
def test_a_meter_that_refuses_the_second_half_of_a_command_is_read_back_for_it_has_the_first(
    value: int, result: VisitResult
) -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        says = {TELL_MORE: refuses(3), STATE: answers(value)}.get(request[1])
        return honest(n, request) if says is None else [(0.005, says)]

    brought = bring(script, driver=TwiceTellingDriver())
    assert (brought.order.result, brought.sent.count(TELL), brought.sent.count(TELL_MORE)) == (result, 1, 1)
    assert brought.order.detail.startswith("refused half-way: ")


def test_a_meter_silent_to_a_command_is_told_no_second_time_and_read_back() -> None:
    brought = bring(except_for(TELL))
    assert brought.sent.count(TELL) == 1
    assert brought.order.result is VisitResult.CONFIRMED
    (told,) = [one for one in brought.report.exchanges if one.request == asks(TELL)]
    assert (told.number, told.answer, told.tries) == (3, b"", 1)


def test_noise_that_came_to_a_command_is_kept_as_its_answer() -> None:
    brought = bring(except_for(TELL, (0.005, b"\x00\xff")))
    (told,) = [one for one in brought.report.exchanges if one.request == asks(TELL)]
    assert told.answer == b"\x00\xff"


def test_a_meter_that_cannot_be_read_back_leaves_its_order_without_proof() -> None:
    brought = bring(except_for(STATE, (0.005, refuses(3))))
    assert (brought.order.result, brought.sent.count(TELL)) == (VisitResult.NO_PROOF, 1)
    assert "access_denied" in brought.order.detail


def test_an_order_that_may_not_be_sent_now_is_held_back() -> None:
    brought = bring(honest, withdrawn=True)
    assert brought.order == OrderReport(order_id=ORDER_ID, result=VisitResult.HELD_BACK, detail="withdrawn")
    assert TELL not in brought.sent


def test_another_meter_is_told_nothing() -> None:
    brought = bring(honest, driver=ObeyingDriver(serial=0x9999))
    assert (brought.order.result, brought.report.outcome) == (VisitResult.NOT_SENT, Outcome.ANOTHER_METER)
    assert brought.order.detail.startswith("another_meter: ")
    assert (TELL in brought.sent, brought.announced_after) == (False, [])


def test_another_meter_proves_nothing_of_an_order_that_was_sent_before() -> None:
    brought = bring(honest, to_send=False, driver=ObeyingDriver(serial=0x9999))
    assert brought.order.result is VisitResult.NOT_REACHED


def test_a_meter_that_cannot_be_opened_is_not_reached() -> None:
    brought = bring(lambda *_: [], driver=ObeyingDriver(opens=True))
    assert (brought.order.result, brought.report.outcome) == (VisitResult.NOT_REACHED, Outcome.SILENCE)


def test_a_meter_that_cannot_be_opened_with_what_is_on_record_is_not_tried_again_and_again() -> None:
    brought = bring(honest, driver=KeylessDriver())
    assert brought.order.result is VisitResult.NOT_SENT
    assert (brought.order.detail, brought.sent) == ("another_role: its keys are wanted", [])
    assert bring(honest, to_send=False, driver=KeylessDriver()).order.result is VisitResult.NOT_REACHED


def test_a_family_that_takes_no_commands_says_so() -> None:
    brought = bring(honest, driver=TreacherousDriver())
    assert brought.order.result is VisitResult.NOT_SENT


def test_a_session_with_nothing_but_who_it_is_brings_an_order_too() -> None:
    brought = bring(honest, driver=ObeyingDriver(parts_of=((SessionPart.IDENTITY, (10,)),)))
    assert (brought.order.result, brought.sent) == (VisitResult.CONFIRMED, [10, MODE, TELL, STATE])


def test_a_proof_that_may_be_another_answer_is_none() -> None:
    def late(n: int, request: bytes) -> list[Delivery]:
        # The answer to the mode comes after any window, when the line should be quiet.
        if request == asks(21):
            return [*honest(n, request), (0.4, answers(value_of(STATE)))]
        return [] if n == 1 else honest(n, request)

    brought = bring(late, tries=2)
    assert brought.report.detail.startswith("an answer came too late")
    assert brought.order.result is VisitResult.NO_PROOF


def test_a_line_lost_while_the_meter_is_told_leaves_it_to_be_read_back() -> None:
    async def job() -> tuple[SessionReport, int]:
        desk = Bench(honest)

        def hang_up(n: int, request: bytes) -> list[Delivery]:
            if request[1] == TELL:
                asyncio.get_running_loop().call_soon(desk.channel.lose, "the gateway closed the connection")
                return []
            return honest(n, request)

        desk.channel.script = hang_up

        async def away(spec: LineSpec) -> Channel:
            if desk.channel.lost_because is not None:
                raise NoRouteError("no gateway")
            return desk.channel

        desk.carrier._open_channel = away
        order = Order(order_id=ORDER_ID, command=OpenRelay(), to_send=True)
        report = await read_meter(Errand(77, meter_address(), TASK, order), desk.carrier, desk.clock, ObeyingDriver())
        return report, sum(request[1] == TELL for request in desk.channel.requests)

    report, told = run(job())
    assert report.order is not None
    assert (report.order.result, told) == (VisitResult.NO_PROOF, 1)


def test_an_order_on_a_line_that_cannot_be_opened_is_not_reached() -> None:
    async def job() -> SessionReport:
        order = Order(order_id=ORDER_ID, command=OpenRelay(), to_send=True)
        return unreached(Errand(77, meter_address(), TASK, order), Bench(honest).clock, "no gateway")

    report = run(job())
    assert report.order == OrderReport(order_id=ORDER_ID, result=VisitResult.NOT_REACHED, detail="no gateway")


@dataclass
class SecretiveDriver(ObeyingDriver):
    """Its meter opens with one password, and says no to any other."""

    password: str = "new"

    def opening(self, meter: MeterAddress) -> Conversation[None]:
        yield from ask(Read(0x70))
        if meter.password != self.password:
            raise MeterRefusedError(Outcome.WRONG_PASSWORD, "wrong password")


@pytest.mark.parametrize(
    ("opens_with", "result", "outcome"),
    [
        ("new", VisitResult.CONFIRMED, Outcome.OK),
        ("old", VisitResult.NOT_SO, Outcome.OK),
        ("neither", VisitResult.NOT_REACHED, Outcome.WRONG_PASSWORD),
    ],
)
def test_a_meter_that_may_have_a_new_password_is_opened_with_it_and_else_with_the_old_one(
    opens_with: str, result: VisitResult, outcome: Outcome
) -> None:
    async def job() -> SessionReport:
        desk = Bench(honest, answer_timeout_s=1.0, late_window_s=0.5)
        order = Order(order_id=ORDER_ID, command=OpenRelay(), to_send=False)
        new, old = (replace(meter_address(), password=password) for password in ("new", "old"))
        errand = Errand(77, new, TASK, order, before=old)
        return await read_meter(errand, desk.carrier, desk.clock, SecretiveDriver(password=opens_with))

    report = run(job())
    assert report.order is not None
    assert (report.order.result, report.outcome) == (result, outcome)


def test_a_line_that_is_lost_is_no_reason_to_try_the_old_password() -> None:
    async def job() -> tuple[SessionReport, int]:
        desk = Bench(lambda *_: [])

        async def away(spec: LineSpec) -> Channel:
            raise NoRouteError("no gateway")

        desk.carrier._open_channel = away
        order = Order(order_id=ORDER_ID, command=OpenRelay(), to_send=False)
        errand = Errand(77, meter_address(), TASK, order, before=meter_address())
        report = await read_meter(errand, desk.carrier, desk.clock, SecretiveDriver())
        return report, len(desk.channel.requests)

    report, asked = run(job())
    assert report.order is not None
    assert (report.order.result, report.order.detail, asked) == (VisitResult.NOT_REACHED, "no gateway", 0)
