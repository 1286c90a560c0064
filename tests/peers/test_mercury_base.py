"""A stranger reads our Mercury V1: the client mercury-base, in a process of its own, over real TCP.

It asks for the serial number, the model (86h FFh, which only it documents), values now, registers, tariff and
battery; its commands for the clock and the firmware fail on themselves (a list where they want a text).
"""

import asyncio
import json
from asyncio.subprocess import PIPE
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.mercury_v1.frames import Frame
from kilovatt.wire.protocols.mercury_v1.writes import RelayMode
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.energy import MeterEnergy, past_of_serial, place_curve, tariff_table_for
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.mercury_v1 import MercuryV1Meter
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

pytestmark = pytest.mark.peer

HOST = "127.0.0.1"
NOW = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Moscow")
SERIAL = 38_030_255
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 700, NOW, ZONE),
    zone=ZONE,
    table=tariff_table_for(2),
    past=past_of_serial(SERIAL, step_wh=10, table=tariff_table_for(2)),
)
# The client's thread never ends: it leaves without waiting for it.
CLIENT = """
import json, os, sys
from mercury_base import Meter, TcpDataTransport
meter = Meter(int(sys.argv[1]), TcpDataTransport("127.0.0.1", int(sys.argv[2])))
said = {question: meter.command(question) for question in sys.argv[3:]}
print(json.dumps({"model": meter.model, "features": meter.features} | said), flush=True)
os._exit(0)
"""


def simulated(model: str) -> MercuryV1Meter:
    plan = SimulatedMeterPlan(model=model_by_key(model), serial=SERIAL, address=SERIAL, zone=ZONE, energy=ENERGY)
    return MercuryV1Meter(plan)


def asked(python: Path, meter: MercuryV1Meter, *questions: str) -> dict[str, Any]:
    """What the client says of a meter behind a gateway, where time stands still."""

    async def ask() -> bytes:
        gateway = LineGateway(Line(Bus([meter]), TownClock(NOW, rate=0)))
        port = await gateway.listen(HOST, 0)
        try:
            client = await asyncio.create_subprocess_exec(
                python, "-c", CLIENT, str(SERIAL), str(port), *questions, stdout=PIPE
            )
            said, _ = await asyncio.wait_for(client.communicate(), 60)
        finally:
            await gateway.close()
        assert client.returncode == 0
        return said

    found: dict[str, Any] = json.loads(asyncio.run(ask()))
    return found


def kwh(tariff: int) -> float:
    return ENERGY.register_uwh(Quantity.A_PLUS, tariff, NOW) // 10_000_000 / 100


def test_a_stranger_reads_a_206(peers_python: Path) -> None:
    said = asked(
        peers_python,
        simulated("mercury-206-prlsno"),
        "get_serial_number",
        "get_vcp",
        "get_energy_accumulators",
        "get_load_power",
        "get_tariff",
        "get_battery_voltage",
        "get_is_relay_on",
        "get_full_power_and_cos_fi",
        "get_power_limit",
        "get_tariffs_count",
        "get_holidays",
    )
    assert said["model"] == "206"
    assert said["features"] == ["RS485", "relay"]
    assert said["get_serial_number"] == SERIAL
    power_w = ENERGY.power_w(Quantity.A_PLUS, NOW)
    assert power_w > 0
    assert round(said["get_vcp"]["power"] * 1000) == power_w
    assert 225 < said["get_vcp"]["voltage"] < 235
    # The power over the voltage, and the reactive part with it: at most an eighth more.
    assert 1 <= said["get_vcp"]["current"] * said["get_vcp"]["voltage"] / power_w < 1.125
    assert said["get_energy_accumulators"] == [kwh(1), kwh(2), 0.0, 0.0]
    assert kwh(1) > kwh(2) > 0
    assert said["get_load_power"] == power_w // 10 / 100
    assert said["get_tariff"] == ENERGY.tariff_at(NOW) == 1
    assert said["get_battery_voltage"] == 3.05
    assert said["get_is_relay_on"] is True
    assert 0.9 < said["get_full_power_and_cos_fi"]["cos_fi"] < 1
    assert said["get_full_power_and_cos_fi"]["full_power"] > power_w / 1000
    assert said["get_power_limit"] == 99.99
    assert said["get_tariffs_count"] == 2
    assert said["get_holidays"] == []


def test_a_stranger_sees_the_relay_that_a_command_opened(peers_python: Path) -> None:
    meter = simulated("mercury-206-prlsno")
    assert meter.hear(Frame(SERIAL, 0x71, bytes([RelayMode.OFF])).encode(), NOW) is not None
    said = asked(peers_python, meter, "get_is_relay_on", "get_vcp", "get_load_power")
    assert said["get_is_relay_on"] is False
    assert (said["get_vcp"]["current"], said["get_vcp"]["power"], said["get_load_power"]) == (0, 0, 0)


@pytest.mark.parametrize(("model", "name"), [("mercury-200-04", "200"), ("mercury-203-2t-gbo", "203.2T")])
def test_a_stranger_reads_the_other_models(peers_python: Path, model: str, name: str) -> None:
    said = asked(peers_python, simulated(model), "get_energy_accumulators", "get_serial_number")
    assert said["model"] == name
    assert said["get_serial_number"] == SERIAL
    assert said["get_energy_accumulators"] == [kwh(1), kwh(2), 0.0, 0.0]
