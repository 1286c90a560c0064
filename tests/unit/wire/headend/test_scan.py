"""A search over a line in virtual time: how long it takes, what it leaves behind, lines that hang up."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.drivers.finding.order import Verdict
from kilovatt.wire.drivers.finding.probes import PasswordState, Way
from kilovatt.wire.drivers.finding.scope import Scope
from kilovatt.wire.headend.channels import Channel, NoRouteError
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.scanning import LOSSES_MAX, Scan, ScanReport
from kilovatt.wire.protocols.framing.connection import LineSpeed
from kilovatt.wire.protocols.framing.crc16 import append_crc
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.faults import FaultKind, LineFaults
from kilovatt.wire.simulator.gateway import Line, Pace
from kilovatt.wire.simulator.meter import SimulatedMeter, SimulatedMeterPlan
from unit.wire.headend.bench import VirtualClock, run

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 3, dtype=np.int64) % 997, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_560, 2: 654_320}, inductive_permille=200, capacitive_permille=10),
)
SHORT = Scope(ways=frozenset({Way.SHORT}), timeout_s=0.3)
AT_9600 = replace(SHORT, speeds=(LineSpeed(9600),), over_tcp=False)
URL = "tcp://127.0.0.1:4001"


def meter(key: str, serial: int, address: int) -> SimulatedMeter:
    return simulated_meter(
        SimulatedMeterPlan(model=model_by_key(key), serial=serial, address=address, zone=MOSCOW, energy=ENERGY)
    )


class OverBus(Channel):
    """A line with simulated meters, in memory."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def write(self, data: bytes) -> None:
        self._line.put(data, self.feed)

    async def close(self) -> None:
        self.lost_because = "closed"


class Scripted(Channel):
    """A line whose other end is a function of what was said; None hangs up."""

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        super().__init__()
        self._answer = answer

    def write(self, data: bytes) -> None:
        said = self._answer(data)
        loop = asyncio.get_running_loop()
        if said is None:
            loop.call_soon(self.lose, "the gateway closed the connection")
        else:
            loop.call_later(0.01, self.feed, said)

    async def close(self) -> None:
        self.lost_because = "closed"


def scanned(scope: Scope, opening: Callable[[LineSpec], Awaitable[Channel]], url: str = URL) -> ScanReport:
    return run(Scan(url, scope, clock=VirtualClock(), opening=opening).run())


def scanned_bus(meters: Sequence[SimulatedMeter], scope: Scope, *faults: FaultKind) -> ScanReport:
    async def job() -> ScanReport:
        loop = asyncio.get_running_loop()
        bus = Bus(meters, LineFaults(kinds=frozenset(faults)))
        line = Line(bus, TownClock(NOW, stopwatch_s=loop.time), pace=Pace(baud=9600, think_s=0.03))

        async def opening(spec: LineSpec) -> Channel:
            del spec
            return OverBus(line)

        return await Scan(URL, scope, clock=VirtualClock(), opening=opening).run()

    return run(job())


def test_a_bus_of_32_mercury_at_9600_baud_is_found_whole_within_a_minute_and_a_quarter() -> None:
    meters = [meter("mercury-230-art-01-cln", 40_123_000 + address, address) for address in range(7, 231, 7)]
    report = scanned_bus(meters, AT_9600)
    assert {one.address for one in report.sightings} == set(range(7, 231, 7))
    assert len(report.sightings) == 32
    assert [place.address for place in report.crowded] == [None]
    assert report.took_s < 80


def test_it_takes_no_longer_when_factory_passwords_are_tried_than_the_meters_think() -> None:
    meters = [meter("mercury-230-art-01-cln", 40_123_000 + address, address) for address in range(7, 231, 7)]
    report = scanned_bus(meters, replace(AT_9600, factory_passwords=True))
    assert {one.password for one in report.sightings} == {PasswordState.FACTORY}
    assert report.took_s < 110


def test_a_noisy_line_is_told_and_not_walked() -> None:
    report = scanned(SHORT, _opening(lambda _: b"\x55\xaa"))
    assert (report.verdict, report.line_is_noisy, report.probes) == (Verdict.NOISE, True, 3)


def _opening(answer: Callable[[bytes], bytes | None]) -> Callable[[LineSpec], Awaitable[Channel]]:
    async def opening(spec: LineSpec) -> Channel:
        del spec
        return Scripted(answer)

    return opening


def test_a_device_that_hangs_up_on_what_is_not_for_it_is_asked_the_next_thing() -> None:
    found = bytes.fromhex("4B560000000701030400000001")

    def only_modbus(said: bytes) -> bytes | None:
        return found if said.startswith(b"\x4b\x56") else None

    report = scanned(Scope(), _opening(only_modbus))
    assert [one.place.way for one in report.sightings] == [Way.MODBUS]
    assert not report.detail


def test_a_line_that_hangs_up_again_and_again_is_given_up() -> None:
    report = scanned(replace(SHORT, addresses=tuple(range(1, 100))), _opening(lambda _: None))
    assert (report.verdict, report.probes) == (Verdict.NO_ROUTE, LOSSES_MAX)
    assert "closed the connection" in report.detail
    assert report.left > 0


def test_a_gateway_of_modbus_with_nobody_behind_it_is_silence() -> None:
    report = scanned(
        Scope(ways=frozenset({Way.MODBUS})), _opening(lambda said: said[:5] + b"\x03" + said[6:7] + b"\x83\x0b")
    )
    assert report.verdict is Verdict.SILENCE


def test_a_gateway_that_lets_go_slowly_is_asked_again() -> None:
    openings = 0

    async def opening(spec: LineSpec) -> Channel:
        nonlocal openings
        openings += 1
        if openings == 2:
            raise NoRouteError(f"{spec.url} is taken")
        return Scripted(lambda _: append_crc(b"\x53\x05"))

    report = scanned(Scope(ways=frozenset({Way.SHORT, Way.MODBUS})), opening)
    assert [one.address for one in report.sightings] == [0x53]
    assert openings == 3


def test_a_gateway_that_lets_nobody_in_again_ends_the_search() -> None:
    openings = 0

    async def opening(spec: LineSpec) -> Channel:
        nonlocal openings
        openings += 1
        if openings > 1:
            raise NoRouteError(f"{spec.url} is taken")
        return Scripted(lambda _: b"")

    report = scanned(Scope(), opening)
    assert (report.verdict, report.detail, openings) == (Verdict.NO_ROUTE, f"{URL} is taken", 4)


def test_a_line_that_is_lost_while_a_meter_is_asked_keeps_the_meter() -> None:
    told = bytes.fromhex("00244F013C0A02137B09")
    report = scanned(SHORT, _opening(lambda said: told if said == bytes.fromhex("0008007600") else None))
    assert [one.serial for one in report.sightings] == ["36790160"]
    assert report.verdict is Verdict.FOUND


def test_a_search_that_is_stopped_while_a_meter_is_asked_keeps_the_meter() -> None:
    told = bytes.fromhex("00244F013C0A02137B09")

    async def job() -> ScanReport:
        scan = Scan(
            URL,
            SHORT,
            clock=VirtualClock(),
            opening=_opening(lambda said: told if said == bytes.fromhex("0008007600") else b""),
        )
        searching = asyncio.create_task(scan.run())
        await asyncio.sleep(0.6)
        searching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await searching
        return scan.report()

    assert [one.serial for one in run(job()).sightings] == ["36790160"]
