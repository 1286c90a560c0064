"""Searches as one head-end process makes them: begun, told of, stopped, left behind and taken over, in one database."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.config import scans as searching
from kilovatt.config.scans import Searches
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.scans import ScanState, ScanWishes
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.lines.line_leases import HeldLine
from kilovatt.office.operations.reading import scans
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.records.models import Line as LineOnRecord
from kilovatt.office.records.models import LineScan
from kilovatt.wire.headend.channels import Channel
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.served_lines import ServedLines
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.faults import LineFaults
from kilovatt.wire.simulator.gateway import Line, Pace
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from on_record import NOW, put_association_on_record

MOSCOW = ZoneInfo("Europe/Moscow")
MODEL = "mercury-230-art-01-cln"
WISHES = ScanWishes(ways=("short",), addresses="1-20", timeout_ms=60)
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 3, dtype=np.int64) % 997, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_560}, inductive_permille=200, capacitive_permille=10),
)


class OverBus(Channel):
    """A line with a simulated meter, in memory."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def write(self, data: bytes) -> None:
        self._line.put(data, self.feed)

    async def close(self) -> None:
        self.lost_because = "closed"


class Process:
    """One process that holds lines whose meters are in memory."""

    def __init__(self, held: list[HeldLine]) -> None:
        self.held = {line.line_id: line for line in held}
        loop = asyncio.get_running_loop()
        plan = SimulatedMeterPlan(model=model_by_key(MODEL), serial=40_123_007, address=7, zone=MOSCOW, energy=ENERGY)
        bus = Bus([simulated_meter(plan)], LineFaults())
        self.line = Line(bus, TownClock(NOW, stopwatch_s=loop.time), pace=Pace(baud=9600, think_s=0.0))
        clock = SiteClock(ahead=NOW - NOW)
        self.served = ServedLines(Headend(clock, open_channel=self._opening), self._sink)
        for line in held:
            self.served.take(LineSpec(line_id=line.line_id, url=line.url))
        self.searches = Searches(clock, self.served)

    async def _opening(self, spec: LineSpec) -> Channel:
        del spec
        return OverBus(self.line)

    async def _sink(self, line_id: int, report: object) -> None:
        raise AssertionError((line_id, report))

    async def until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(400):
            await self.searches.go_on(self.held, self.at_desk)
            if is_so():
                return
            await asyncio.sleep(0.02)
        raise AssertionError("not within eight seconds")

    async def at_desk(self, job: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401  # whatever it returns
        return job(*arguments)

    async def end(self) -> None:
        self.served.stop()
        await self.served.until_stopped()


@pytest.fixture
def wished(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> LineScan:
    """A search that somebody wishes for; the database may be asked from the loop, and is as often as it is looked."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    monkeypatch.setattr(searching, "TELL_EVERY", timedelta(0))
    operator = register_operator(put_association_on_record(), username="operator", password="op-33333-x")
    return scans.wish(LineOnRecord.objects.get(), WISHES, by=operator, now=NOW)


def state_of(scan: LineScan) -> ScanState:
    scan.refresh_from_db()
    return ScanState(scan.state)


def taken() -> list[HeldLine]:
    return line_leases.take_lines(now=SiteClock(ahead=NOW - NOW).now(), at_most=9)


def test_a_search_is_made_and_what_it_found_is_on_record(wished: LineScan) -> None:
    async def job() -> None:
        process = Process(taken())
        await process.until(lambda: state_of(wished) is ScanState.OVER)
        await process.end()

    asyncio.run(job())
    (found,) = wished.found
    assert (found["serial"], found["address"], wished.verdict) == ("40123007", 7, "found")
    assert MODEL in found["models"]
    # Whoever listens, and twenty addresses of which one is known by then.
    assert wished.remarks["asked"] >= 20
    assert wished.walked[0]["signs"]["found"] >= 1
    assert wished.progress == {}


def test_a_search_that_somebody_stops_asks_no_more(wished: LineScan) -> None:
    async def job() -> int:
        process = Process(taken())
        await process.until(lambda: state_of(wished) is ScanState.RUNNING and wished.remarks.get("asked", 0) > 2)
        scans.stop(wished, by=wished.asked_by, now=NOW)
        await process.until(lambda: not process.searches._in_hand)  # nothing else shows it
        asked = int(wished.remarks["asked"])
        await asyncio.sleep(0.3)
        await process.end()
        return asked

    asked = asyncio.run(job())
    assert state_of(wished) is ScanState.STOPPED
    assert 2 < asked <= wished.remarks["asked"] < 20


def test_the_next_process_goes_on_with_what_one_left_behind(wished: LineScan) -> None:
    async def job() -> None:
        first = Process(taken())
        await first.until(lambda: state_of(wished) is ScanState.RUNNING and wished.remarks.get("asked", 0) > 5)
        left, first.held = list(first.held.values()), {}
        await first.until(lambda: not first.searches._in_hand)  # nothing else shows it
        await first.end()
        line_leases.give_back(left)
        second = Process(taken())
        await second.until(lambda: state_of(wished) is ScanState.OVER)
        await second.end()

    asyncio.run(job())
    assert (wished.takeovers, wished.verdict) == (1, "found")
    assert [one["serial"] for one in wished.found] == ["40123007"]


def test_a_search_over_what_is_no_line_any_more_is_broken_off_and_says_why(wished: LineScan) -> None:
    LineOnRecord.objects.update(url="htp://nowhere")

    async def job() -> None:
        process = Process([])
        process.held = {line.line_id: line for line in taken()}
        await process.until(lambda: state_of(wished) is ScanState.BROKEN)
        await process.end()

    asyncio.run(job())
    assert "htp" in wished.remarks["detail"]


def test_a_journal_that_cannot_be_read_is_begun_anew(wished: LineScan) -> None:
    LineScan.objects.update(journal={"signs": [["unheard of", 3]]})

    async def job() -> None:
        process = Process(taken())
        await process.until(lambda: state_of(wished) is ScanState.OVER)
        await process.end()

    asyncio.run(job())
    assert wished.verdict == "found"
