"""A simulated СПОДЭС meter behind a port, for strangers to read; time stands still."""

import asyncio
import json
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.protocols.dlms.security.sealing import Keys
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.energy import MeterEnergy, past_of_serial, place_curve, tariff_table_for
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.meter import SimulatedMeter, SimulatedMeterPlan
from kilovatt.wire.simulator.spodes import SpodesMeter

HOST = "127.0.0.1"
NOW = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Moscow")
SERIAL, ADDRESS, PASSWORD = 38_030_255, 17, "00000001"
KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
TITLE = b"KVTCLI01"
STEP = timedelta(minutes=30)
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 700, NOW, ZONE),
    zone=ZONE,
    table=tariff_table_for(2),
    past=past_of_serial(SERIAL, step_wh=1, table=tariff_table_for(2)),
)
COLUMNS = ["0.0.1.0.0.255", *(f"1.0.{group}.29.0.255" for group in (1, 2, 3, 4))]
STRANGERS = Path(__file__).parent / "peers" / "strangers"


def meter(link: str) -> SpodesMeter:
    row = model_by_key("spodes-3ph")
    row = replace(row, dialect=SpodesDialect(over_wrapper=link == "wrapper"))
    return SpodesMeter(
        SimulatedMeterPlan(model=row, serial=SERIAL, address=ADDRESS, zone=ZONE, energy=ENERGY, keys=KEYS)
    )


def told_by(python: Path, program: str, link: str, wish: dict[str, Any]) -> dict[str, Any]:
    """What a stranger's program says of the meter: one JSON object on its standard output."""
    return asyncio.run(told_by_meter(meter(link), [python, STRANGERS / program], {"link": link, **wish}))


async def told_by_meter(served: SimulatedMeter, command: Sequence[Path], wish: dict[str, Any]) -> dict[str, Any]:
    gateway = LineGateway(Line(Bus([served]), TownClock(NOW, rate=0)))
    port = await gateway.listen(HOST, 0)
    try:
        asked = json.dumps({"host": HOST, "port": port, "address": ADDRESS, **wish})
        client = await asyncio.create_subprocess_exec(*command, asked, stdout=PIPE, stderr=PIPE)
        said, complaints = await asyncio.wait_for(client.communicate(), 100)
    finally:
        await gateway.close()
    assert client.returncode == 0, complaints.decode()
    # gurux-dlms talks to its standard output as well.
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def register_wh(quantity: Quantity, tariff: int = TOTAL_TARIFF, at: datetime = NOW) -> int:
    return ENERGY.register_uwh(quantity, tariff, at) // 1_000_000


def interval(ended_at: datetime) -> list[int]:
    """What the row of an interval should hold behind its stamp."""
    return [
        register_wh(quantity, at=ended_at) - register_wh(quantity, at=ended_at - STEP)
        for quantity in (Quantity.A_PLUS, Quantity.A_MINUS, Quantity.R_PLUS, Quantity.R_MINUS)
    ]
