"""Strangers count pulses: pymodbus reads our simulated counter, and we read its one, each in a process of its own."""

import asyncio
import json
from asyncio.subprocess import PIPE
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.counters import PulseCounterDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.pulse_counter import PulseCounterInput

pytestmark = pytest.mark.peer

HOST = "127.0.0.1"
NOW = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Moscow")
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 700, NOW, ZONE),
    zone=ZONE,
    table=tariff_table_for(1),
    past=MeterPast(starting_wh={1: 12_345_670}, inductive_permille=0, capacitive_permille=0),
)
ROW = model_by_key("pulse-counter-modbus")
HOLDING = replace(ROW, impulses_per_kwh=3200, dialect=PulseCounterDialect(first_register=16))
INPUT = replace(ROW, dialect=PulseCounterDialect(unit=5, holding=False, low_word_first=True, starting_wh=1_000))

CLIENT = """
import json, sys
from pymodbus.client import ModbusTcpClient
port, unit, table, first, order = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5]
with ModbusTcpClient("127.0.0.1", port=port) as client:
    read = client.read_holding_registers if table == "holding" else client.read_input_registers
    words = read(first, count=2, device_id=unit).registers
    print(json.dumps(client.convert_from_registers(words, client.DATATYPE.UINT32, word_order=order)))
"""
SERVER = """
import asyncio, socket
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

async def serve():
    # Input 3 of four stands at 65,543; nothing stands above it.
    cells = [SimData(0, values=[0, 1, 0, 2, 1, 7, 0, 4], datatype=DataType.REGISTERS)]
    server = ModbusTcpServer(SimDevice(1, simdata=cells), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    print(server.transport.sockets[0].getsockname()[1], flush=True)
    await asyncio.sleep(60)

asyncio.run(serve())
"""


def count_of(model: MeterModel) -> int:
    assert isinstance(model.dialect, PulseCounterDialect)
    assert model.impulses_per_kwh is not None
    counted_uwh = ENERGY.register_uwh(Quantity.A_PLUS, 0, NOW) - model.dialect.starting_wh * 1_000_000
    return counted_uwh * model.impulses_per_kwh // 1_000_000_000


@pytest.mark.parametrize(
    ("model", "asked"),
    [(HOLDING, ("1", "holding", "18", "big")), (INPUT, ("5", "input", "2", "little"))],
    ids=["holding", "input"],
)
def test_a_stranger_reads_the_counts_of_our_input(
    model: MeterModel, asked: tuple[str, ...], peers_python: Path
) -> None:
    plans = [SimulatedMeterPlan(model=model, serial=n, address=n, zone=ZONE, energy=ENERGY) for n in (1, 2)]

    async def ask() -> bytes:
        gateway = LineGateway(Line(Bus([PulseCounterInput(plan) for plan in plans]), TownClock(NOW, rate=0)))
        port = await gateway.listen(HOST, 0)
        try:
            client = await asyncio.create_subprocess_exec(peers_python, "-c", CLIENT, str(port), *asked, stdout=PIPE)
            said, _ = await asyncio.wait_for(client.communicate(), 60)
        finally:
            await gateway.close()
        assert client.returncode == 0
        return said

    assert json.loads(asyncio.run(ask())) == count_of(model) > 0


def read_strangers(model: MeterModel, place: int, python: Path) -> SessionReport:
    async def read() -> SessionReport:
        server = await asyncio.create_subprocess_exec(python, "-c", SERVER, stdout=PIPE)
        assert server.stdout is not None
        try:
            port = int(await asyncio.wait_for(server.stdout.readline(), 60))
            meter = MeterAddress(model=model, address=place, zone=ZONE)
            return await read_one(f"tcp://{HOST}:{port}", meter, ReadingTask(), clock=TownClock(NOW))
        finally:
            server.kill()
            await server.communicate()

    return asyncio.run(read())


def test_we_read_the_counts_of_a_strangers_input(peers_python: Path) -> None:
    report = read_strangers(ROW, 3, peers_python)
    assert (report.outcome, [reading.value for reading in report.learnt.registers]) == (Outcome.OK, [65_543])


def test_an_input_that_a_stranger_does_not_have_is_refused_by_name(peers_python: Path) -> None:
    report = read_strangers(ROW, 9, peers_python)
    assert (report.outcome, report.detail) == (
        Outcome.REFUSED,
        "ReadRegisters was refused: unknown_request (status 2)",
    )
