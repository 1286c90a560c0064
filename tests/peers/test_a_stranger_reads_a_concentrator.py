"""A stranger reads our concentrator and a meter through it: gurux-dlms, in a process of its own, over real TCP."""

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from concentrated_spodus import FIRST_METER, NOW, SERIAL, concentrator
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.spodus import SpodusConcentrator

pytestmark = pytest.mark.peer

HOST = "127.0.0.1"
PROGRAM = Path(__file__).parent / "strangers" / "gurux_concentrator.py"


async def told(python: Path, served: SpodusConcentrator, link: str, device: int) -> dict[str, Any]:
    gateway = LineGateway(Line(Bus([served]), TownClock(NOW, rate=0)))
    port = await gateway.listen(HOST, 0)
    try:
        wish = json.dumps({"host": HOST, "port": port, "link": link, "secret": "00000001", "device": device})
        client = await asyncio.create_subprocess_exec(python, PROGRAM, wish, stdout=PIPE, stderr=PIPE)
        said, complaints = await asyncio.wait_for(client.communicate(), 100)
    finally:
        await gateway.close()
    assert client.returncode == 0, complaints.decode()
    # gurux-dlms talks to its standard output as well.
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


@pytest.mark.parametrize("link", ["wrapper", "hdlc"])
def test_gurux_reads_the_list_of_devices_and_a_meter_at_one_of_them(peers_python: Path, link: str) -> None:
    served = concentrator()
    found = asyncio.run(told(peers_python, served, link, 201))

    assert bytes.fromhex(found["serial"]) == str(SERIAL).encode()
    assert found["saps"] == [[1, "KLV0000024000001"], *([one.address, one.name.decode()] for one in served.behind)]
    assert found["columns"][:3] == ["0.0.94.7.128.10", "0.0.94.7.134.1", "0.0.94.7.134.2"]
    assert found["in_use"] == 3
    assert bytes.fromhex(found["meter_serial"]) == str(FIRST_METER).encode()
    energy = served.behind[0].meter.plan.energy
    assert found["energy"] == energy.register_uwh(Quantity.A_PLUS, TOTAL_TARIFF, NOW) // 1_000_000
    assert found["unit"] == 30
