"""New keys for a meter over real TCP: the old ones are kept until it was opened with the new, whatever breaks."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from carried import carry_over
from kilovatt.config.wiring import errands_by_line, order_errand
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import ChangeKeys, ChangePassword, Command
from kilovatt.measure.metering.orders import NOT_SO_MAX, OrderState, VisitResult
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.lines.leases import Lease
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.orders.order_payloads import order_of_row
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError
from kilovatt.office.operations.orders.order_values import made_keys
from kilovatt.office.operations.reading.reading_plan import MeterErrand, lines_to_read
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.operations.secrets.meter_keys import put_keys
from kilovatt.office.records.models import (
    IntakeFrame,
    Line,
    Meter,
    MeterOrder,
    MeterSecret,
    Organisation,
    Session,
    User,
)
from kilovatt.wire.drivers.spodes.driver import SpodesDriver
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.commanding import announced
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.opening import open_channel
from kilovatt.wire.headend.record import ExchangeFailedError
from kilovatt.wire.headend.session import Errand, read_meter
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line as SimulatedLine
from kilovatt.wire.simulator.gateway import LineGateway
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes import SpodesMeter
from on_record import NOW
from simulated_spodes import ADDRESS, ENERGY, HOST, KEYS, ZONE

MODEL = "rim-489-spodes"
MASTER = bytes(range(0x20, 0x30))
ACTION = 0xCB
SERIAL = 41_000_001
DRIVER = SpodesDriver()


@pytest.fixture
def meter(association: Organisation) -> Meter:
    Meter.objects.filter(serial=str(SERIAL)).update(model_key=MODEL, address=ADDRESS, password_sealed=None)
    meter = Meter.objects.get(serial=str(SERIAL))
    put_keys(meter, {"encryption": KEYS.encryption, "authentication": KEYS.authentication, "master": MASTER})
    return meter


@pytest.fixture
def operator(association: Organisation) -> User:
    return register_operator(association, username="operator", password="op-33333-x")


@pytest.fixture
def lease(meter: Meter) -> Lease:
    (held,) = line_leases.take_lines(now=NOW, at_most=1)
    return held.lease


@pytest.fixture
def served() -> SpodesMeter:
    return simulated()


def simulated(master: bytes = MASTER) -> SpodesMeter:
    return SpodesMeter(
        SimulatedMeterPlan(
            model=model_by_key(MODEL),
            serial=SERIAL,
            address=ADDRESS,
            zone=ZONE,
            energy=ENERGY,
            keys=KEYS,
            master_key=master,
        )
    )


class Desk:
    """One order on its way, and a site whose clock a test moves."""

    def __init__(self, meter: Meter, operator: User, lease: Lease, command: Command | None = None) -> None:
        self.meter, self.lease, self.fence, self.now = meter, lease, lease.fence, NOW
        command = command or made_keys(meter)
        self.order = orders.request(meter, command, by=operator, because="заводские", now=NOW)
        orders.approve(self.order, by=operator, now=NOW)
        command = order_of_row(self.order, to_send=False).command
        self.secrets = [
            key
            for key in (getattr(command, "encryption", None), getattr(command, "authentication", None))
            if key is not None
        ]

    def due(self, **later: float) -> Errand:
        """Let time pass and claim the order."""
        self.now += timedelta(**later)
        (due,) = orders.claim_due({Line.objects.get().pk: self.fence}, now=self.now)
        return order_errand(self._wanted(), due.order, announced)

    def die(self) -> None:
        """Let another process have the line."""
        self.fence += 1

    def note_sent(self) -> None:
        assert orders.note_sent(self.order.pk, lease=self.lease, now=self.now)

    def visit(self, errand: Errand, served: SpodesMeter) -> SessionReport:
        if errand.order is not None and errand.order.to_send:
            self.note_sent()
        report = over_tcp(errand, served)
        accept(report, now=self.now)
        self.order.refresh_from_db()
        return report

    def read(self, served: SpodesMeter) -> Outcome:
        """Read the meter as any night does."""
        lines = lines_to_read(now=self.now, meter_ids=[self.meter.pk], days_at_once=0)
        ((_spec, (plain,)),) = errands_by_line(lines)
        return over_tcp(plain, served).outcome

    def state(self) -> OrderState:
        self.order.refresh_from_db()
        return OrderState(self.order.state)

    def _wanted(self) -> MeterErrand:
        (line,) = lines_to_read(now=self.now, meter_ids=[self.meter.pk], days_at_once=0)
        (wanted,) = line.meters
        return wanted


def over_tcp(errand: Errand, served: SpodesMeter) -> SessionReport:
    async def job() -> SessionReport:
        clock = TownClock(datetime.now(UTC))  # noqa: TID251  # sessions have numbers by their instants
        gateway = LineGateway(SimulatedLine(Bus([served]), clock))
        url = f"tcp://{HOST}:{await gateway.listen(HOST, 0)}"
        carrier = Carrier(LineSpec(line_id=0, url=url, answer_timeout_s=0.5, quiet_s=0.1), clock, open_channel)
        try:
            return await read_meter(errand, carrier, clock, DRIVER)
        finally:
            await carrier.close()
            await gateway.close()

    return asyncio.run(job())


def tell_and_die(errand: Errand, served: SpodesMeter) -> None:
    """Tell the meter its command in a process that ends right after."""
    assert errand.order is not None
    command = errand.order.command

    async def job() -> None:
        clock = TownClock(NOW, rate=0)
        gateway = LineGateway(SimulatedLine(Bus([served]), clock))
        url = f"tcp://{HOST}:{await gateway.listen(HOST, 0)}"
        try:
            with suppress(ExchangeFailedError):
                await carry_over(url, errand.address, DRIVER.command(errand.address, command, now=NOW), clock=clock)
        finally:
            await gateway.close()

    asyncio.run(job())


def lossy(served: SpodesMeter, *, is_heard: bool) -> None:
    """Lose what comes back of the first command of this meter, or the command itself."""
    hears: Callable[[bytes, datetime], bytes | None] = served.hear
    actions: list[bytes] = []

    def hear(frame: bytes, now: datetime) -> bytes | None:
        # The first method that is run is the proof of the association.
        if frame[8:9] != bytes((ACTION,)):
            return hears(frame, now)
        actions.append(frame)
        if len(actions) != 2:
            return hears(frame, now)
        if is_heard:
            hears(frame, now)
        return None

    served.hear = hear  # type: ignore[method-assign]  # a line that loses


def generations(meter: Meter) -> dict[str, int]:
    return dict(MeterSecret.objects.filter(meter=meter).order_by("generation").values_list("slot", "generation"))


def test_new_keys_hold_from_the_session_that_was_opened_with_them(
    meter: Meter, operator: User, lease: Lease, served: SpodesMeter
) -> None:
    desk = Desk(meter, operator, lease)
    desk.visit(desk.due(), served)
    assert (desk.state(), generations(meter)["encryption"]) == (OrderState.UNKNOWN, 1)
    desk.visit(desk.due(seconds=31), served)
    assert (desk.state(), desk.order.shown) == (OrderState.CONFIRMED, "session=opened")
    assert generations(meter) == {"encryption": 2, "authentication": 2, "master": 1}
    assert desk.order.secret_sealed is None
    assert desk.read(served) is Outcome.OK


def test_new_keys_stand_in_no_frame_and_no_column(
    meter: Meter, operator: User, lease: Lease, served: SpodesMeter
) -> None:
    desk = Desk(meter, operator, lease)
    report = desk.visit(desk.due(), served)
    assert len(desk.secrets) == 2
    frames = [bytes(frame.request) + bytes(frame.answer) for frame in IntakeFrame.objects.all()]
    assert desk.order.frames.filter(part="told").count() == 1
    assert frames
    columns = repr(MeterOrder.objects.values("facts", "shown", "detail", "because").get()) + repr(report)
    for key in (*desk.secrets, MASTER):
        assert not any(key in frame for frame in frames)
        assert key.hex() not in columns
        assert repr(key) not in columns


def test_a_lost_answer_is_cleared_up_by_a_session_with_the_new_keys(
    meter: Meter, operator: User, lease: Lease, served: SpodesMeter
) -> None:
    desk = Desk(meter, operator, lease)
    lossy(served, is_heard=True)
    desk.visit(desk.due(), served)
    assert desk.state() is OrderState.UNKNOWN
    assert desk.order.frames.filter(part="told").count() == 1
    desk.visit(desk.due(seconds=31), served)
    assert desk.state() is OrderState.CONFIRMED
    assert desk.read(served) is Outcome.OK


def test_a_lost_command_is_cleared_up_by_sessions_with_the_old_keys_which_stay(
    meter: Meter, operator: User, lease: Lease, served: SpodesMeter
) -> None:
    desk = Desk(meter, operator, lease)
    lossy(served, is_heard=False)
    desk.visit(desk.due(), served)
    for _ in range(NOT_SO_MAX):
        assert desk.state() is OrderState.UNKNOWN
        assert desk.visit(desk.due(minutes=10), served).outcome is Outcome.OK
    assert (desk.state(), desk.order.shown) == (OrderState.FAILED, "session=opened_with_old")
    assert generations(meter)["encryption"] == 1
    assert desk.read(served) is Outcome.OK


def test_a_proof_that_comes_while_the_new_keys_do_not_open_costs_nothing_and_is_asked_for_again(
    meter: Meter, operator: User, lease: Lease, served: SpodesMeter
) -> None:
    desk = Desk(meter, operator, lease)
    lossy(served, is_heard=True)
    desk.visit(desk.due(), served)
    again = desk.due(seconds=31)
    sealed = desk.order.secret_sealed
    MeterOrder.objects.update(secret_sealed=b"sealed by a master key that is away")
    report = desk.visit(again, served)
    # What else the session brought is on record.
    assert Session.objects.filter(session_id=report.session_id, outcome=Outcome.OK).exists()
    assert (desk.state(), desk.order.over_at) == (OrderState.UNKNOWN, None)
    assert "do not open" in desk.order.detail or "does not open" in desk.order.detail
    assert generations(meter)["encryption"] == 1
    MeterOrder.objects.update(secret_sealed=sealed)
    desk.visit(desk.due(hours=6), served)
    assert (desk.state(), desk.order.secret_sealed) == (OrderState.CONFIRMED, None)
    assert desk.read(served) is Outcome.OK


@pytest.mark.parametrize("has_told", [True, False], ids=["after telling", "before telling"])
def test_a_process_killed_between_sending_and_proof_locks_nobody_out(
    has_told: bool, meter: Meter, operator: User, lease: Lease, served: SpodesMeter
) -> None:
    desk = Desk(meter, operator, lease)
    errand = desk.due()
    desk.note_sent()
    if has_told:
        tell_and_die(errand, served)
    # Whoever reads it meanwhile opens it with either.
    assert desk.read(served) is Outcome.OK
    desk.die()
    proving = desk.due()
    assert proving.order is not None
    assert not proving.order.to_send
    desk.visit(proving, served)
    assert desk.state() is (OrderState.CONFIRMED if has_told else OrderState.UNKNOWN)
    assert desk.order.result == (VisitResult.CONFIRMED if has_told else VisitResult.NOT_SO)
    assert desk.read(served) is Outcome.OK


def test_a_meter_with_another_master_key_refuses_and_the_old_keys_stay(
    meter: Meter, operator: User, lease: Lease
) -> None:
    served = simulated(master=bytes(16))
    desk = Desk(meter, operator, lease)
    desk.visit(desk.due(), served)
    assert (desk.state(), desk.order.result) == (OrderState.FAILED, VisitResult.REFUSED)
    assert desk.read(served) is Outcome.OK


def test_a_meter_that_opens_with_neither_is_read_back_until_it_tells(
    meter: Meter, operator: User, lease: Lease, served: SpodesMeter
) -> None:
    desk = Desk(meter, operator, lease)
    desk.due()
    desk.note_sent()
    MeterOrder.objects.filter(pk=desk.order.pk).update(
        state=OrderState.UNKNOWN, visits=40, due_at=NOW, claimed_fence=None
    )
    strange = SpodesMeter(
        SimulatedMeterPlan(
            model=model_by_key(MODEL),
            serial=SERIAL,
            address=ADDRESS,
            zone=ZONE,
            energy=ENERGY,
            keys=type(KEYS)(bytes(16), bytes(16)),
        )
    )
    desk.visit(desk.due(), strange)
    assert (desk.state(), desk.order.not_so) == (OrderState.UNKNOWN, 0)
    assert desk.order.due_at == NOW + timedelta(hours=6)
    with pytest.raises(OrderRefusedError, match="is not known yet"):
        orders.request(meter, made_keys(meter), by=operator, because="ещё раз", now=NOW)


def test_without_the_master_key_none_are_made_and_none_are_sent(
    meter: Meter, operator: User, lease: Lease, served: SpodesMeter
) -> None:
    desk = Desk(meter, operator, lease)
    MeterSecret.objects.filter(meter=meter, slot="master").delete()
    desk.visit(desk.due(), served)
    assert desk.state() is OrderState.FAILED
    assert desk.order.detail.startswith("no_master_key: ")
    with pytest.raises(OrderRefusedError, match="not all on record"):
        made_keys(meter)


def test_keys_of_two_meters_are_not_the_same(meter: Meter) -> None:
    first, second = made_keys(meter), made_keys(meter)
    assert isinstance(first, ChangeKeys)
    assert len({first.encryption, first.authentication, second.encryption, second.authentication}) == 4
    assert first.master is None


def test_a_readers_new_password_is_tried_as_a_reader_and_else_the_old_one(
    meter: Meter, operator: User, lease: Lease, served: SpodesMeter
) -> None:
    desk = Desk(meter, operator, lease, ChangePassword(1, "87654321"))
    desk.visit(desk.due(), served)
    proving = desk.due(seconds=31)
    assert proving.before is not None
    assert (proving.address.keys, proving.before.keys) == (None, None)
    assert desk.read(served) is Outcome.OK
    desk.visit(proving, served)
    assert desk.state() is OrderState.CONFIRMED
