"""Meters that speak DLMS in a wrapper over UDP, real datagrams: also those that are lost, doubled and out of order."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.invocation_counters import counter_by_clock
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter
from kilovatt.wire.protocols.framing.wrapper import PORT
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.datagrams import DatagramGateway
from kilovatt.wire.simulator.gateway import Line, ListenError
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.single import plan_single, serve_one
from kilovatt.wire.simulator.spodes import SpodesMeter
from simulated_spodes import ENERGY, HOST, KEYS, NOW, SERIAL, STEP, ZONE, interval, register_wh

MODEL = model_by_key("rim-289-spodes")
METER = MeterAddress(model=MODEL, address=1, serial=str(SERIAL), zone=ZONE)
DAY_ON = date(2026, 11, 22)
TASK = ReadingTask(profile_days=(DAY_ON,))
PATIENCE_S, LATE_S = 0.2, 0.28
"""An answer that comes so late was asked for again, and may come in the middle of the next questions."""


class Relay(asyncio.DatagramProtocol):
    """Between reader and meter: loses, doubles and holds back datagrams of both, by chance of a fixed seed."""

    def __init__(self, meter_port: int, seed: int, *, lose: float, double: float, late: float) -> None:
        self.meter = (HOST, meter_port)
        self.reader = (HOST, 0)
        self.dice = random.Random(seed)
        self.lose, self.double, self.late = lose, double, late
        self.befell = {"lost": 0, "doubled": 0, "late": 0}
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        is_answer = addr == self.meter
        if not is_answer:
            self.reader = addr
        to = self.reader if is_answer else self.meter
        loop = asyncio.get_running_loop()
        if self.dice.random() < self.lose:
            self.befell["lost"] += 1
            return
        if self.dice.random() < self.late:
            self.befell["late"] += 1
            loop.call_later(LATE_S, self.pass_on, data, to)
            return
        self.pass_on(data, to)
        if self.dice.random() < self.double:
            self.befell["doubled"] += 1
            loop.call_later(self.dice.choice((0.0, 0.004, 0.03)), self.pass_on, data, to)

    def pass_on(self, data: bytes, to: tuple[str, int]) -> None:
        if not self.transport.is_closing():
            self.transport.sendto(data, to)


def spodes_meter() -> SpodesMeter:
    return SpodesMeter(SimulatedMeterPlan(model=MODEL, serial=SERIAL, address=1, zone=ZONE, energy=ENERGY, keys=KEYS))


def read(
    weather: Mapping[str, float] = MappingProxyType({}), *, seed: int = 1, address: MeterAddress = METER
) -> tuple[SessionReport, dict[str, int]]:
    async def job() -> tuple[SessionReport, dict[str, int]]:
        clock = TownClock(NOW, rate=0)
        gateway = DatagramGateway(Line(Bus([spodes_meter()]), clock))
        port = await gateway.listen(HOST, 0)
        chance = {"lose": 0.0, "double": 0.0, "late": 0.0, **weather}
        between, relay = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Relay(port, seed, **chance), local_addr=(HOST, 0)
        )
        try:
            url = f"udp://{HOST}:{between.get_extra_info('sockname')[1]}"
            report = await read_one(url, address, TASK, clock=clock, answer_timeout_s=PATIENCE_S, quiet_s=0.02)
            return report, relay.befell
        finally:
            between.close()
            gateway.close()

    return asyncio.run(job())


def assert_whole(report: SessionReport) -> None:
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    assert report.learnt.identity is not None
    assert report.learnt.identity.serial == f"{SERIAL:08}"
    now = {(one.quantity, one.tariff): one.value for one in report.learnt.registers if one.moment.value == "now"}
    assert now == {(of, tariff): register_wh(of, tariff) for of in Quantity for tariff in range(5)}
    (day,) = report.learnt.meter_days
    ends = [day.starts_at + (slot + 1) * STEP for slot in range(48)]
    assert list(zip(day.a_plus, day.a_minus or (), day.r_plus or (), day.r_minus or (), strict=True)) == [
        tuple(interval(at)) for at in ends
    ]


def test_a_meter_is_read_over_udp() -> None:
    report, _ = read()
    assert_whole(report)


def test_datagrams_that_come_twice_are_taken_once() -> None:
    report, befell = read({"double": 1.0})
    assert befell["doubled"] > 50
    assert_whole(report)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_befalls_datagrams_no_answer_is_taken_for_another(seed: int) -> None:
    report, befell = read({"lose": 0.04, "double": 0.15, "late": 0.06}, seed=seed)
    assert min(befell.values()) > 0
    assert_whole(report)
    assert report.retries > 0


@pytest.mark.parametrize("weather", [{"double": 1.0}, {"lose": 0.03, "double": 0.15}], ids=["twice", "all"])
def test_a_configurator_with_keys_is_answered_through_the_same(weather: dict[str, float]) -> None:
    counter = InvocationCounter(counter_by_clock(NOW))
    report, befell = read(weather, address=replace(METER, keys=KEYS, counter=counter))
    assert befell["doubled"] > 0
    assert_whole(report)


def test_where_nobody_takes_datagrams_there_is_no_way() -> None:
    async def job() -> SessionReport:
        gateway = DatagramGateway(Line(Bus([spodes_meter()]), TownClock(NOW, rate=0)))
        port = await gateway.listen(HOST, 0)
        gateway.close()
        return await read_one(f"udp://{HOST}:{port}", METER, TASK, answer_timeout_s=0.1, quiet_s=0.02)

    report = asyncio.run(job())
    assert report.outcome is Outcome.NO_ROUTE
    assert "datagrams are not taken: Connection refused" in report.detail


def test_a_host_that_is_not_there_is_no_way() -> None:
    report = asyncio.run(read_one(f"udp://nowhere.invalid:{PORT}", METER, TASK))
    assert report.outcome is Outcome.NO_ROUTE
    assert "cannot be reached" in report.detail


def test_a_port_that_is_taken_is_named() -> None:
    async def job() -> None:
        line = Line(Bus([]), TownClock(NOW, rate=0))
        first, second = DatagramGateway(line), DatagramGateway(line)
        port = await first.listen(HOST, 0)
        try:
            with pytest.raises(ListenError, match=f"Port {port} of {HOST} is taken"):
                await second.listen(HOST, port)
        finally:
            first.close()
            second.close()

    asyncio.run(job())


def test_one_simulated_meter_takes_connections_and_datagrams_on_one_port() -> None:
    async def job() -> list[SessionReport]:
        plan = plan_single(MODEL, now=NOW, port=0, serial=SERIAL)
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve_one(plan, host=HOST, listening=told.set_result))
        try:
            port = await asyncio.wait_for(told, 10)
            only = ReadingTask()
            return [
                await read_one(f"{how}://{HOST}:{port}", METER, only, answer_timeout_s=0.4) for how in ("udp", "tcp")
            ]
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    over_udp, over_tcp = asyncio.run(job())
    assert (over_udp.outcome, over_tcp.outcome) == (Outcome.OK, Outcome.OK)
    assert len(over_udp.learnt.registers) == len(over_tcp.learnt.registers) == 20
