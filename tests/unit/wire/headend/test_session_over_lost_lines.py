"""One session: what is opened once more, what is lost, and what is in doubt."""

import asyncio
from datetime import UTC, datetime

import pytest

from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import Conversation, Driver, MeterAddress, ask
from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.session import Errand, new_session_id, read_meter, unreached
from one_session import except_for, honestly, read, values
from unit.wire.headend.bench import (
    TASK,
    Bench,
    Delivery,
    Read,
    Script,
    ScriptedChannel,
    TreacherousDriver,
    VirtualClock,
    answers,
    honest,
    meter_address,
    refuses,
    run,
    value_of,
)


def closes_at(*closed: int) -> Script:
    """A meter whose channel is closed when it hears these requests, counted from 1; opening opens it."""
    shut = False

    def script(n: int, request: bytes) -> list[Delivery]:
        nonlocal shut
        if request[1] == 1:
            shut = False
            return [(0.005, answers(0))]
        shut = shut or n in closed
        return [(0.005, refuses(5))] if shut else honest(n, request)

    return script


def test_a_closed_channel_is_opened_once_more_and_the_part_repeated() -> None:
    done = read(closes_at(4), driver=TreacherousDriver(opens=True))
    assert done.report.outcome is Outcome.OK
    assert values(done.report) == honestly(10, 20, 21, 30, 31)
    assert [request[1] for request in done.desk.channel.requests] == [1, 10, 20, 21, 1, 20, 21, 30, 31]
    assert [one.number for one in done.report.exchanges] == [2, 6, 7, 8, 9]


def test_a_channel_closed_again_is_given_up() -> None:
    done = read(closes_at(4, 7), driver=TreacherousDriver(opens=True))
    assert (done.report.outcome, done.report.failed_part) == (Outcome.CHANNEL_CLOSED, SessionPart.REGISTERS)
    assert values(done.report) == honestly(10)


class Cut:
    """A line that is lost in the middle, and perhaps comes back."""

    def __init__(self, at: int, *, returns: bool) -> None:
        self.desk = Bench(self.script, answer_timeout_s=1.0, late_window_s=0.5)
        self.at = at
        self.returns = returns
        self.openings = 0
        self.desk.carrier._open_channel = self.open

    def script(self, n: int, request: bytes) -> list[Delivery]:
        if n == self.at and self.openings == 1:
            self.desk.channel.lose("the gateway closed the connection")
            return []
        return [(0.005, answers(0))] if request[1] == 1 else honest(n, request)

    async def open(self, spec: LineSpec) -> Channel:
        self.openings += 1
        if self.openings > 1 and not self.returns:
            raise NoRouteError("gateway:4001 cannot be reached: Connection refused")
        self.desk.channel = ScriptedChannel(self.script)
        return self.desk.channel

    async def report(self, driver: Driver | None = None) -> SessionReport:
        errand = Errand(77, meter_address(), TASK)
        return await read_meter(errand, self.desk.carrier, self.desk.clock, driver or TreacherousDriver())


def test_a_lost_line_is_opened_once_more_and_the_part_repeated() -> None:
    async def job() -> tuple[SessionReport, Cut]:
        cut = Cut(3, returns=True)
        return await cut.report(), cut

    report, cut = run(job())
    assert report.outcome is Outcome.OK
    assert values(report) == honestly(10, 20, 21, 30, 31)
    assert cut.openings == 2


def test_a_line_lost_for_good_is_no_route_and_what_was_read_is_kept() -> None:
    async def job() -> tuple[SessionReport, Cut]:
        cut = Cut(3, returns=False)
        return await cut.report(), cut

    report, cut = run(job())
    assert (report.outcome, report.detail) == (
        Outcome.NO_ROUTE,
        "gateway:4001 cannot be reached: Connection refused",
    )
    assert values(report) == honestly(10)
    assert cut.desk.carrier.unreachable == report.detail


class ModemGoes(Cut):
    """A call that is lost in the middle each time, since its modem goes."""

    def script(self, n: int, request: bytes) -> list[Delivery]:
        if n == self.at:
            self.desk.channel.lost_outcome = Outcome.MODEM_OFFLINE
            self.desk.channel.lose("the modem closed the connection")
            return []
        return honest(n, request)


def test_a_line_lost_to_a_modem_that_goes_each_time_is_called_offline_and_what_was_read_is_kept() -> None:
    async def job() -> tuple[SessionReport, Cut]:
        cut = ModemGoes(3, returns=True)
        return await cut.report(), cut

    report, cut = run(job())
    assert (report.outcome, report.failed_part) == (Outcome.MODEM_OFFLINE, SessionPart.PROFILE)
    assert report.detail == "the modem closed the connection"
    # What was read after the first loss hangs on a quiet end, and a line that is lost has none.
    assert values(report) == honestly(10)
    assert cut.openings == 2


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.MODEM_OFFLINE])
def test_a_line_that_cannot_be_opened_again_is_called_by_what_kept_it(outcome: Outcome) -> None:
    class InUse(Cut):
        async def open(self, spec: LineSpec) -> Channel:
            if self.openings:
                raise NoRouteError("it is not to be had", outcome)
            return await super().open(spec)

    async def job() -> tuple[SessionReport, Cut]:
        cut = InUse(3, returns=True)
        return await cut.report(), cut

    report, cut = run(job())
    assert (report.outcome, cut.desk.carrier.unreachable_outcome) == (outcome, outcome)
    assert values(report) == honestly(10)


def test_an_address_no_meter_can_have_is_reported_and_nothing_sent() -> None:
    done = read(honest, address=250)
    assert (done.report.outcome, done.report.failed_part) == (Outcome.NO_ROUTE, SessionPart.OPENING)
    assert done.report.detail == "an address is 1 to 240: got 250"
    assert done.desk.channel.requests == []


def test_what_cannot_be_asked_is_said() -> None:
    done = read(honest, driver=TreacherousDriver(((SessionPart.EVENTS, (999,)),)))
    assert done.report.outcome is Outcome.REFUSED
    assert "cannot be framed" in done.report.detail


def test_values_since_an_answer_that_never_came_are_taken_back_when_one_is_left_over() -> None:
    """The answer to code 10, try 1, comes at 5 s, into the exchange of code 20."""

    def script(n: int, request: bytes) -> list[Delivery]:
        delay_s = {1: 5.0, 2: 0.005}.get(n, 1.9)
        return [(delay_s, answers(value_of(request[1])))]

    done = read(script, answer_timeout_s=2.0, late_window_s=0.3)
    assert (done.report.outcome, done.report.failed_part) == (Outcome.NOISE, SessionPart.REGISTERS)
    assert values(done.report) == honestly(10)
    assert "too late" in done.report.detail


def test_values_since_an_answer_that_never_came_are_believed_when_the_end_is_quiet() -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        return [] if n == 1 else honest(n, request)

    done = read(script)
    assert done.report.outcome is Outcome.OK
    assert done.report.retries == 1
    assert values(done.report) == honestly(10, 20, 21, 30, 31)
    # One try in vain, the drain, and the quiet end.
    assert done.took_s == pytest.approx(1.0 + 1.5 + 1.0, abs=0.1)


@pytest.mark.parametrize(
    ("unanswered", "part", "because"),
    [
        ((), SessionPart.REGISTERS, "the line was lost before it had shown that no answer was late"),
        ((30,), SessionPart.OPENING, "the connection was lost: Connection timed out"),
    ],
)
def test_values_in_doubt_of_a_line_that_is_lost_are_taken_back_and_the_line_is_named(
    unanswered: tuple[int, ...], part: SessionPart, because: str
) -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        return [] if n == 1 or request[1] in unanswered else honest(n, request)

    async def job() -> SessionReport:
        desk = Bench(script, answer_timeout_s=1.0, late_window_s=0.5)
        # The try in vain and the drain take 2.5 s, the rest of the session next to nothing, and the quiet end a second.
        desk.carrier._loop.call_later(3.0, desk.channel.lose, "the connection was lost: Connection timed out")
        return await read_meter(Errand(77, meter_address(7), TASK), desk.carrier, desk.clock, TreacherousDriver())

    report = run(job())
    assert (report.outcome, report.failed_part, report.detail) == (Outcome.NO_ROUTE, part, because)
    assert values(report) == honestly(10)


def test_an_echo_is_taken_away_and_named() -> None:
    def echoing(n: int, request: bytes) -> list[Delivery]:
        return [(0.001, request), *honest(n, request)]

    done = read(echoing)
    assert done.report.outcome is Outcome.OK
    assert done.report.detail == "the line echoes requests; their echoes were taken away"
    assert values(done.report) == honestly(10, 20, 21, 30, 31)


def test_only_an_echo_is_named_an_echo() -> None:
    done = read(lambda _, request: [(0.001, request)])
    assert done.report.outcome is Outcome.ECHO
    assert done.report.detail == "Read: only the request itself came back (3 tries)"


def test_sessions_are_numbered_in_the_order_of_their_beginning() -> None:
    early = new_session_id(datetime(2026, 11, 24, 3, 0, 0, 1000, tzinfo=UTC))
    late = new_session_id(datetime(2026, 11, 24, 3, 0, 0, 2000, tzinfo=UTC))
    assert (early.version, early.variant) == (7, "specified in RFC 4122")
    assert early < late
    assert early != new_session_id(datetime(2026, 11, 24, 3, 0, 0, 1000, tzinfo=UTC))


def test_a_meter_whose_line_cannot_be_opened_has_a_report_of_its_own() -> None:
    async def job() -> SessionReport:
        return unreached(Errand(5, meter_address(), TASK), VirtualClock(), "no such host")

    report = run(job())
    assert (report.meter_id, report.outcome, report.detail) == (5, Outcome.NO_ROUTE, "no such host")
    assert (report.exchanges_made, report.learnt.is_empty) == (0, True)


def test_a_meter_silent_from_the_first_is_reported_as_not_opened() -> None:
    done = read(lambda *_: [], driver=TreacherousDriver(opens=True))
    assert (done.report.outcome, done.report.failed_part) == (Outcome.SILENCE, SessionPart.OPENING)
    assert done.report.exchanges_made == 1


def test_a_line_lost_while_the_channel_is_opened_is_opened_once_more() -> None:
    async def job() -> tuple[SessionReport, Cut]:
        cut = Cut(1, returns=True)
        return await cut.report(TreacherousDriver(opens=True)), cut

    report, cut = run(job())
    assert report.outcome is Outcome.OK
    assert cut.openings == 2


def test_a_channel_that_cannot_be_opened_again_ends_the_session() -> None:
    def script(n: int, request: bytes) -> list[Delivery]:
        if request[1] == 1:
            return [(0.005, answers(0))] if n == 1 else []
        return [(0.005, refuses(5))] if request[1] == 20 else honest(n, request)

    done = read(script, driver=TreacherousDriver(opens=True))
    assert (done.report.outcome, done.report.failed_part) == (Outcome.SILENCE, SessionPart.OPENING)
    assert values(done.report) == honestly(10)


def test_a_meter_that_does_not_take_leave_is_read_all_the_same() -> None:
    class Polite(TreacherousDriver):
        def closing(self, meter: MeterAddress) -> Conversation[None]:
            yield from ask(Read(99))

    done = read(except_for(_99=[]), driver=Polite())
    assert (done.report.outcome, done.report.detail) == (Outcome.OK, "")
    assert values(done.report) == honestly(10, 20, 21, 30, 31)


def test_a_session_that_is_broken_off_leaves_the_line_owing_its_answer() -> None:
    async def job() -> tuple[int, float]:
        desk = Bench(lambda *_: [], answer_timeout_s=1.0, late_window_s=0.5)
        errand = Errand(77, meter_address(), TASK)
        reading = asyncio.ensure_future(read_meter(errand, desk.carrier, desk.clock, TreacherousDriver()))
        await asyncio.sleep(0.3)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        # What comes after that finds nobody.
        desk.channel.feed(answers(1))
        return desk.carrier.debts.owed, desk.carrier.debts.until

    assert run(job()) == (1, 1.5)
