"""Meters read over GSM data calls: a simulated modem behind a terminal or a TCP port, with a phone book of lines."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.addresses import factory_address
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.modem import CallNotConnectedError
from kilovatt.wire.headend.opening import give_up_waiting, open_channel
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.served_lines import LineErrand, ServedLines
from kilovatt.wire.headend.session import Errand
from kilovatt.wire.protocols.framing.modems import CallFailure
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.modem import ModemState, PicksUp, SimulatedModem, Subscriber
from kilovatt.wire.simulator.serial_line import SerialLine
from kilovatt.wire.simulator.single import plan_single
from kilovatt.wire.simulator.town import build_meter, homes_of

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
MODEL = model_by_key("mercury-234-artm-01-pob-r")
TASK = ReadingTask(instant=True, register_days=(date(2026, 11, 23),), events=True)
ONE, TWO = "+79161234567", "+79161234568"


@pytest.fixture(autouse=True)
def _nimble_modems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let modems and whoever talks to them be as patient as a test is, not as a network."""
    for name, seconds in (("GUARD_S", 0.15), ("ANSWER_S", 0.3), ("HANG_UP_S", 0.3)):
        monkeypatch.setattr(f"kilovatt.wire.protocols.framing.modems.{name}", seconds)
    monkeypatch.setattr("kilovatt.wire.simulator.modem.GUARD_S", 0.1)


def line_of(serial: int) -> Line:
    plan = plan_single(MODEL, now=NOW, port=0, serial=serial)
    homes = homes_of(plan)
    return Line(Bus([build_meter(meter, plan, homes) for meter in plan.meters]), TownClock(NOW))


def errand(serial: int) -> Errand:
    address = MeterAddress(
        model=MODEL,
        address=factory_address(MODEL, serial),
        serial=str(serial),
        password=MODEL.factory_passwords.get(1),
        zone=ZoneInfo("Europe/Moscow"),
    )
    return Errand(serial, address, TASK)


@asynccontextmanager
async def modem_behind_tcp(
    phone_book: Mapping[str, Subscriber], state: ModemState | None = None
) -> AsyncIterator[tuple[SimulatedModem, str]]:
    """A modem behind a gateway, and the beginning of its lines' addresses."""
    modem = SimulatedModem(phone_book, TownClock(NOW), state)
    gateway = LineGateway(modem)
    port = await gateway.listen("127.0.0.1", 0)
    try:
        yield modem, f"modem://127.0.0.1:{port}"
    finally:
        await gateway.close()


@asynccontextmanager
async def modem_behind_a_terminal(
    phone_book: Mapping[str, Subscriber], state: ModemState | None = None
) -> AsyncIterator[tuple[SimulatedModem, str]]:
    """A modem at a serial port, and the beginning of its lines' addresses."""
    modem = SimulatedModem(phone_book, TownClock(NOW), state)
    terminal = SerialLine(modem)
    try:
        yield modem, f"modem://{terminal.path}"
    finally:
        terminal.close()


def spec(line_id: int, url: str) -> LineSpec:
    return LineSpec(line_id=line_id, url=url, answer_timeout_s=0.3, quiet_s=0.05, late_window_s=0.1)


async def read(*lines: tuple[LineSpec, list[Errand]]) -> dict[int, SessionReport]:
    reports: dict[int, SessionReport] = {}

    async def sink(report: SessionReport) -> None:
        reports[report.meter_id] = report

    await Headend(TownClock(NOW)).read(lines, sink)
    return reports


@pytest.mark.parametrize("place", [modem_behind_tcp, modem_behind_a_terminal])
def test_one_modem_reads_the_meters_of_two_numbers_one_after_the_other(place: type) -> None:
    async def job() -> tuple[SimulatedModem, dict[int, SessionReport]]:
        book = {ONE: Subscriber(line_of(11_000_001), connect_s=0.2), TWO: Subscriber(line_of(11_000_002))}
        async with place(book) as (modem, beginning):
            reports = await read(
                (spec(1, f"{beginning}?dial={ONE}"), [errand(11_000_001)]),
                (spec(2, f"{beginning}?dial={TWO}"), [errand(11_000_002)]),
            )
            return modem, reports

    modem, reports = asyncio.run(job())
    assert {meter: report.outcome for meter, report in reports.items()} == dict.fromkeys(
        (11_000_001, 11_000_002), Outcome.OK
    )
    assert all(report.learnt.registers for report in reports.values())
    assert sorted(modem.dialled) == [ONE, TWO]
    assert not modem.is_in_call


@pytest.mark.parametrize(
    ("subscriber", "outcome", "words"),
    [
        (Subscriber(picks_up=PicksUp.BUSY), Outcome.BUSY, f"{ONE} is engaged (BUSY)"),
        (Subscriber(picks_up=PicksUp.NO_ANSWER), Outcome.NO_ROUTE, f"{ONE} does not answer (NO ANSWER)"),
        (Subscriber(picks_up=PicksUp.NO_CARRIER), Outcome.NO_ROUTE, f"{ONE} did not take the call (NO CARRIER)"),
        (Subscriber(picks_up=PicksUp.NO_DIALTONE), Outcome.NO_ROUTE, "has no network or line (NO DIALTONE)"),
        (Subscriber(picks_up=PicksUp.RINGS_FOR_EVER), Outcome.NO_ROUTE, f"{ONE} was not connected within 1 s"),
    ],
)
def test_a_call_that_does_not_come_about_is_reported_in_the_modems_words(
    subscriber: Subscriber, outcome: Outcome, words: str
) -> None:
    async def job() -> SessionReport:
        async with modem_behind_tcp({ONE: subscriber}) as (_, beginning):
            reports = await read((spec(1, f"{beginning}?dial={ONE}&wait=1"), [errand(11_000_001)]))
            return reports[11_000_001]

    report = asyncio.run(job())
    assert (report.outcome, report.failed_part) == (outcome, SessionPart.OPENING)
    assert words in report.detail


@pytest.mark.parametrize(
    ("state", "failure"),
    [
        (ModemState(is_hung=True), CallFailure.MODEM_SILENT),
        (ModemState(registration=2), CallFailure.NOT_REGISTERED),
    ],
)
def test_a_modem_that_is_no_use_is_named(state: ModemState, failure: CallFailure) -> None:
    async def job() -> CallFailure:
        async with modem_behind_tcp({}, state) as (_, beginning):
            with pytest.raises(CallNotConnectedError) as refused:
                await open_channel(spec(1, f"{beginning}?dial={ONE}"))
            return refused.value.failure

    assert asyncio.run(job()) is failure


def test_a_modem_that_makes_no_data_calls_is_named_by_the_command_it_does_not_take() -> None:
    async def job() -> str:
        async with modem_behind_tcp({}) as (_, beginning):
            with pytest.raises(CallNotConnectedError) as refused:
                await open_channel(spec(1, f"{beginning}?dial={ONE}&bearer=99,0,1"))
            return str(refused.value)

    assert asyncio.run(job()).endswith("does not take a command (AT+CBST=99,0,1: ERROR)")


@pytest.mark.parametrize(
    "state",
    [
        ModemState(in_call_with=TWO),
        ModemState(echoes=False),
        ModemState(is_quiet=True),
        ModemState(says_numbers=True),
    ],
    ids=["left in a call", "without echo", "quiet", "in numbers"],
)
def test_a_modem_is_taken_as_it_is_found(state: ModemState) -> None:
    async def job() -> SessionReport:
        book = {ONE: Subscriber(line_of(11_000_001)), TWO: Subscriber(line_of(11_000_002))}
        async with modem_behind_a_terminal(book, state) as (_, beginning):
            return (await read((spec(1, f"{beginning}?dial={ONE}"), [errand(11_000_001)])))[11_000_001]

    report = asyncio.run(job())
    assert (report.outcome, report.detail) == (Outcome.OK, "")


def test_a_call_that_breaks_off_in_the_middle_is_made_again_and_nothing_is_missing() -> None:
    async def job() -> tuple[SimulatedModem, SessionReport]:
        book = {ONE: Subscriber(line_of(11_000_001), drops_after_bytes=60)}
        async with modem_behind_a_terminal(book) as (modem, beginning):
            reports = await read((spec(1, f"{beginning}?dial={ONE}"), [errand(11_000_001)]))
            return modem, reports[11_000_001]

    modem, report = asyncio.run(job())
    assert (report.outcome, modem.dialled) == (Outcome.OK, [ONE, ONE])
    assert report.learnt.registers


def test_a_broken_call_says_so() -> None:
    async def job() -> str:
        async with modem_behind_tcp({ONE: Subscriber(line_of(11_000_001))}) as (modem, beginning):
            channel = await open_channel(spec(1, f"{beginning}?dial={ONE}"))
            losses: asyncio.Queue[str] = asyncio.Queue()
            channel.on_lost = losses.put_nowait
            modem.break_off()
            because = await losses.get()
            channel.write(b"nobody hears this")
            await channel.close()
            return because

    assert asyncio.run(job()) == "the call was broken off (NO CARRIER)"


def test_a_modem_whose_port_is_lost_is_free_for_the_next_line() -> None:
    async def job() -> list[str]:
        failures: list[str] = []
        async with modem_behind_tcp({}, ModemState(is_hung=True)) as (_, beginning):
            opening = asyncio.create_task(open_channel(spec(1, f"{beginning}?dial={ONE}")))
            await asyncio.sleep(0.1)
        for _ in range(2):
            try:
                await opening
            except NoRouteError as error:
                failures.append(str(error))
            opening = asyncio.create_task(open_channel(spec(1, f"{beginning}?dial={ONE}")))
        with pytest.raises(NoRouteError):
            await opening
        return failures

    lost, refused = asyncio.run(job())
    assert "the gateway closed the connection" in lost or "connection was lost" in lost
    assert "cannot be reached" in refused


def test_an_opening_that_is_cancelled_leaves_the_modem_free() -> None:
    async def job() -> SessionReport:
        book = {ONE: Subscriber(line_of(11_000_001)), TWO: Subscriber(picks_up=PicksUp.RINGS_FOR_EVER)}
        async with modem_behind_tcp(book) as (_, beginning):
            opening = asyncio.create_task(open_channel(spec(1, f"{beginning}?dial={TWO}")))
            await asyncio.sleep(0.2)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening
            return (await read((spec(1, f"{beginning}?dial={ONE}"), [errand(11_000_001)])))[11_000_001]

    assert asyncio.run(job()).outcome is Outcome.OK


def test_a_line_whose_modem_stays_in_use_is_reported_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kilovatt.wire.headend.modem.QUEUE_S", 0.2)

    async def job() -> NoRouteError:
        book = {ONE: Subscriber(line_of(11_000_001)), TWO: Subscriber(line_of(11_000_002))}
        async with modem_behind_tcp(book) as (_, beginning):
            channel = await open_channel(spec(1, f"{beginning}?dial={ONE}"))
            with pytest.raises(NoRouteError) as refused:
                await open_channel(spec(2, f"{beginning}?dial={TWO}"))
            await channel.close()
            return refused.value

    busy = asyncio.run(job())
    assert (busy.outcome, "was in use for 0.2 s" in str(busy)) == (Outcome.BUSY, True)


def test_whoever_stops_does_not_wait_for_a_modem_to_be_free() -> None:
    async def job() -> tuple[NoRouteError, SessionReport]:
        book = {ONE: Subscriber(line_of(11_000_001)), TWO: Subscriber(line_of(11_000_002))}
        async with modem_behind_tcp(book) as (_, beginning):
            channel = await open_channel(spec(1, f"{beginning}?dial={ONE}"))
            waiting = [asyncio.create_task(open_channel(spec(2, f"{beginning}?dial={TWO}"))) for _ in range(2)]
            await asyncio.sleep(0.05)
            waiting[1].cancel()
            give_up_waiting()
            with pytest.raises(NoRouteError) as refused:
                await waiting[0]
            with pytest.raises(asyncio.CancelledError):
                await waiting[1]
            await channel.close()
            reports = await read((spec(2, f"{beginning}?dial={TWO}"), [errand(11_000_002)]))
            return refused.value, reports[11_000_002]

    stopped, report = asyncio.run(job())
    assert (stopped.outcome, "we stop" in str(stopped)) == (Outcome.BUSY, True)
    assert report.outcome is Outcome.OK


def test_where_nobody_waits_nothing_is_given_up() -> None:
    async def job() -> None:
        give_up_waiting()
        async with modem_behind_tcp({ONE: Subscriber(line_of(11_000_001))}) as (modem, beginning):
            channel = await open_channel(spec(1, f"{beginning}?dial={ONE}"))
            give_up_waiting()
            assert modem.is_in_call
            await channel.close()
            assert not modem.is_in_call

    asyncio.run(job())


def test_a_served_line_hangs_up_soon_after_its_last_errand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kilovatt.wire.headend.served_lines.IDLE_CALL_S", 0.05)

    async def job() -> list[Outcome]:
        outcomes: list[Outcome] = []
        reported = asyncio.Event()

        async def sink(line_id: int, report: SessionReport) -> None:
            del line_id
            outcomes.append(report.outcome)
            reported.set()

        async with modem_behind_tcp({ONE: Subscriber(line_of(11_000_001))}) as (modem, beginning):
            served = ServedLines(Headend(TownClock(NOW)), sink)
            served.take(spec(1, f"{beginning}?dial={ONE}"))
            served.put(LineErrand(1, errand(11_000_001)))
            await reported.wait()
            async with asyncio.timeout(5):
                while modem.is_in_call:  # noqa: ASYNC110 - the modem tells nobody
                    await asyncio.sleep(0.02)
            served.stop()
            await served.until_stopped()
        return outcomes

    assert asyncio.run(job()) == [Outcome.OK]
