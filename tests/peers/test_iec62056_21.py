"""A stranger reads our ZMG405: the client iec62056-21, in a process of its own, over real TCP.

It reads what is read out (mode C, ACK 0 Z 0) and proves each block by the standard's exclusive or. Энергомера's check
is a sum, which it does not know: those meters it cannot read, and must not.
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
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.energy import MeterEnergy, past_of_serial, place_curve, tariff_table_for
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.iec62056_21 import iec62056_meter
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

pytestmark = pytest.mark.peer

HOST = "127.0.0.1"
NOW = datetime(2026, 11, 24, 9, 10, 11, tzinfo=UTC)
NOVEMBER_AT = datetime(2026, 10, 31, 21, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Moscow")
SERIAL = 38_030_255
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 700, NOW, ZONE),
    zone=ZONE,
    table=tariff_table_for(3),
    past=past_of_serial(SERIAL, step_wh=10, table=tariff_table_for(3)),
)
CLIENT = """
import json, sys
from iec62056_21.client import Iec6205621Client
client = Iec6205621Client.with_tcp_transport(("127.0.0.1", int(sys.argv[2])), device_address=sys.argv[1])
client.transport.timeout = float(sys.argv[3])
client.transport.socket.settimeout(client.transport.timeout)
client.connect()
lines = client.standard_readout().data_block.data_lines
sets = [one for line in lines for one in line.data_sets]
print(json.dumps({
    "maker": client.manufacturer_id,
    "type": client.identification,
    "baud": client.switchover_baudrate,
    "sets": {one.address: [one.value, one.unit] for one in sets},
}), flush=True)
client.disconnect()
"""


def asked(python: Path, model: str, *, called: int = SERIAL) -> dict[str, Any] | None:
    """What the client says of a meter behind a gateway, where time stands still; None where it gave up."""
    plan = SimulatedMeterPlan(model=model_by_key(model), serial=SERIAL, address=SERIAL, zone=ZONE, energy=ENERGY)
    patience_s = "10" if called == SERIAL and model.startswith("landis") else "1"

    async def ask() -> tuple[int | None, bytes]:
        gateway = LineGateway(Line(Bus([iec62056_meter(plan)]), TownClock(NOW, rate=0)))
        port = await gateway.listen(HOST, 0)
        try:
            client = await asyncio.create_subprocess_exec(
                python, "-c", CLIENT, str(called), str(port), patience_s, stdout=PIPE, stderr=PIPE
            )
            said, _ = await asyncio.wait_for(client.communicate(), 60)
        finally:
            await gateway.close()
        return client.returncode, said

    status, said = asyncio.run(ask())
    found: dict[str, Any] | None = json.loads(said) if status == 0 else None
    return found


def kwh(quantity: Quantity, tariff: int, at: datetime) -> str:
    hundredths = ENERGY.register_uwh(quantity, tariff, at) // 10_000_000
    return f"{hundredths // 100}.{hundredths % 100:02}"


def test_a_stranger_reads_out_a_zmg405(peers_python: Path) -> None:
    said = asked(peers_python, "landis-gyr-zmg405")
    assert said is not None
    assert (said["maker"], said["baud"]) == ("LGZ", 9600)
    assert said["type"].endswith("ZMG405000b.P07")
    sets = said["sets"]
    assert int(sets["0.0.0"][0]) == SERIAL
    assert (sets["0.9.1"][0], sets["0.9.2"][0]) == ("12:10:11", "26-11-24")
    for quantity, code, unit in (
        (Quantity.A_PLUS, 1, "kWh"),
        (Quantity.A_MINUS, 2, "kWh"),
        (Quantity.R_PLUS, 3, "kvarh"),
        (Quantity.R_MINUS, 4, "kvarh"),
    ):
        for tariff in range(5):
            assert sets[f"{code}.8.{tariff}"] == [kwh(quantity, tariff, NOW), unit]


def test_a_stranger_reads_the_registers_frozen_when_the_month_began(peers_python: Path) -> None:
    said = asked(peers_python, "landis-gyr-zmg405")
    assert said is not None
    sets = said["sets"]
    newest = sets["0.1.0"][0]
    assert sets[f"0.1.0*{newest}"][0] == "26-11-01 00:00"
    for tariff in range(5):
        # What was frozen leaves its unit to the running register.
        assert sets[f"1.8.{tariff}*{newest}"] == [kwh(Quantity.A_PLUS, tariff, NOVEMBER_AT), None]
    assert float(sets["1.8.0"][0]) > float(sets[f"1.8.0*{newest}"][0]) > 0


def test_a_meter_that_was_not_called_keeps_silent_to_a_stranger(peers_python: Path) -> None:
    assert asked(peers_python, "landis-gyr-zmg405", called=SERIAL + 1) is None


def test_a_stranger_reads_nothing_out_of_a_meter_that_is_asked_by_names(peers_python: Path) -> None:
    assert asked(peers_python, "energomera-ce301") is None
