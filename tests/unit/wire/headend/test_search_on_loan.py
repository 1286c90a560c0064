"""A search over a line that is lent by its visits, in virtual time: piece by piece, in its own patience."""

import asyncio
from collections.abc import Iterable

import pytest

from kilovatt.config.scan_journal import journal_of, shown, steps_of
from kilovatt.wire.drivers.finding.order import Sign, Verdict
from kilovatt.wire.drivers.finding.probes import Place, Way
from kilovatt.wire.drivers.finding.scope import Scope
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.channels import Channel
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.scanning import Scan
from kilovatt.wire.headend.walked import Step, Walk
from kilovatt.wire.protocols.framing.connection import LineSpeed
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.faults import LineFaults
from kilovatt.wire.simulator.gateway import Line, Pace
from unit.wire.headend.bench import VirtualClock, run
from unit.wire.headend.test_scan import NOW, URL, OverBus, meter

SCOPE = Scope(ways=frozenset({Way.SHORT}), timeout_s=0.3, addresses=tuple(range(1, 41)))
PATIENT = LineSpec(line_id=1, url=URL, answer_timeout_s=5.0)


class Desk:
    """A line with two meters, and how often it was opened."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        meters = [meter("mercury-230-art-01-cln", 40_123_000 + address, address) for address in (7, 33)]
        self.line = Line(
            Bus(meters, LineFaults()), TownClock(NOW, stopwatch_s=loop.time), pace=Pace(baud=9600, think_s=0.03)
        )
        self.channels: list[OverBus] = []

    async def opening(self, spec: LineSpec) -> Channel:
        del spec
        self.channels.append(OverBus(self.line))
        return self.channels[-1]

    def scan(self, steps: Iterable[Step] = (), scope: Scope = SCOPE) -> Scan:
        return Scan(URL, scope, clock=VirtualClock(), opening=self.opening, steps=steps)

    def carrier(self) -> Carrier:
        return Carrier(PATIENT, VirtualClock(), self.opening)


def test_a_patient_line_is_searched_in_the_patience_of_the_search_and_comes_back_as_it_was() -> None:
    async def job() -> tuple[Scan, Carrier, Desk, float]:
        desk = Desk()
        lent, scan = desk.carrier(), desk.scan()
        debts = lent.debts
        debts.until = asyncio.get_running_loop().time() + 2.0
        assert await scan.go_on(lambda: True, lent=lent)
        assert (lent.spec, lent.debts) == (PATIENT, debts)
        return scan, lent, desk, scan.report().took_s

    scan, lent, desk, took_s = run(job())
    assert {one.address for one in scan.report().sightings} == {7, 33}
    # Two seconds are what a visit before it left unanswered; 40 addresses of a third of a second, and two meters asked.
    assert took_s < 25
    assert len(desk.channels) == 1
    assert lent.is_open


def test_it_stops_before_the_next_probe_when_it_may_not_go_on_and_goes_on_after() -> None:
    async def job() -> list[int]:
        desk = Desk()
        lent, scan = desk.carrier(), desk.scan()
        done = []
        for allowed in (3, 5, 10_000):
            left = iter(range(allowed))
            is_over = await scan.go_on(lambda: next(left, None) is not None, lent=lent)  # noqa: B023  # within its turn
            done.append(len(scan.steps))
            assert is_over == (allowed == 10_000)
        assert scan.report().verdict is Verdict.FOUND
        return done

    assert run(job())[:2] == [3, 8]


def test_streams_are_spoken_over_a_connection_of_their_own_and_the_lent_one_is_let_go_of() -> None:
    async def job() -> None:
        desk = Desk()
        lent = desk.carrier()
        await lent.open()
        scan = desk.scan(scope=Scope(ways=frozenset({Way.WRAPPER}), timeout_s=0.3))
        assert await scan.go_on(lambda: True, lent=lent)
        assert not lent.is_open
        assert all(channel.lost_because == "closed" for channel in desk.channels)
        assert len(desk.channels) >= 2

    run(job())


def test_other_speeds_of_a_port_are_tried_over_openings_of_their_own_and_the_line_is_lent_closed() -> None:
    port = "serial:///dev/ttyUSB0?baud=9600&format=8N1"
    opened: list[str] = []

    async def job() -> Scan:
        desk = Desk()

        async def opening(spec: LineSpec) -> Channel:
            assert all(channel.lost_because == "closed" for channel in desk.channels)
            opened.append(spec.url.partition("?")[2])
            return await desk.opening(spec)

        speeds = (LineSpeed(2400), LineSpeed(9600))
        scope = Scope(ways=frozenset({Way.SHORT}), timeout_s=0.3, speeds=speeds, over_tcp=False, addresses=(7,))
        lent = Carrier(LineSpec(line_id=1, url=port), VirtualClock(), opening)
        await lent.open()
        scan = Scan(port, scope, clock=VirtualClock(), opening=opening)
        assert await scan.go_on(lambda: True, lent=lent)
        assert not lent.is_open
        await lent.open()
        await lent.close()
        return scan

    scan = run(job())
    assert opened[0] == opened[-1] == "baud=9600&format=8N1"
    assert opened[1] == "baud=2400&format=8N1"
    assert [walk.speed for walk in scan.walks.values()] == [LineSpeed(2400), LineSpeed(9600)]


@pytest.mark.parametrize("done", [0, 1, 5, 9, 30])
def test_another_process_goes_on_from_what_was_written_down(done: int) -> None:
    async def whole() -> Scan:
        scan = Desk().scan()
        await scan.run()
        return scan

    async def interrupted() -> Scan:
        first = Desk().scan()
        left = iter(range(done))
        await first.go_on(lambda: next(left, None) is not None)
        second = Desk().scan(steps_of(journal_of(first.steps)))
        assert shown(second)["found"] == shown(first)["found"]
        assert len(second.steps) == done
        await second.run()
        return second

    one, other = run(whole()), run(interrupted())
    assert other.steps == one.steps
    assert other.report().sightings == one.report().sightings
    assert {key: walk.runs for key, walk in other.walks.items()} == {key: walk.runs for key, walk in one.walks.items()}


def test_a_journal_of_another_scope_is_followed_no_further_than_there_are_places() -> None:
    async def job() -> int:
        scan = Desk().scan([Step(Sign.SILENCE)] * 9, Scope(ways=frozenset({Way.SHORT}), addresses=(1, 2)))
        return len(scan.steps)

    assert run(job()) == 3


def test_an_address_that_is_asked_again_keeps_who_was_found_there() -> None:
    walk = Walk(Way.HDLC, None)
    told = [(1, Sign.SILENCE), (2, Sign.SILENCE), (2, Sign.FOUND), (2, Sign.SILENCE), (3, Sign.SILENCE)]
    for address, sign in (*told, (3, Sign.NOISE), (4, Sign.NOISE)):
        walk.note(Place(way=Way.HDLC, address=address, form=4), sign)
    walk.note(Place(way=Way.HDLC), Sign.SILENCE)
    assert [(run_.first, run_.last, run_.sign) for run_ in walk.runs] == [
        (1, 1, Sign.SILENCE),
        (2, 2, Sign.FOUND),
        (3, 4, Sign.NOISE),
    ]
    assert walk.signs.total() == 8
