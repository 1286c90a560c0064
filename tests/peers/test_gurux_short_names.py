"""A stranger reads our ZMG405 by short names: gurux-dlms, in a process of its own, over real TCP."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.simulator.landis_gyr import LandisGyrMeter
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from simulated_spodes import (
    ADDRESS,
    COLUMNS,
    ENERGY,
    NOW,
    SERIAL,
    STEP,
    STRANGERS,
    ZONE,
    interval,
    register_wh,
    told_by_meter,
)

pytestmark = pytest.mark.peer

WISH: dict[str, Any] = {
    "client": 32,
    "secret": "00000000",
    "entry": 1,
    "count": 5,
    "range": ["2026-11-23T00:30:00+03:00", "2026-11-24T00:00:00+03:00"],
}


def told(python: Path, key: str, **wish: Any) -> dict[str, Any]:  # noqa: ANN401  # what is wished for
    plan = SimulatedMeterPlan(model=model_by_key(key), serial=SERIAL, address=ADDRESS, zone=ZONE, energy=ENERGY)
    command = [python, STRANGERS / "gurux_short_names.py"]
    return asyncio.run(told_by_meter(LandisGyrMeter(plan), command, WISH | wish))


def rows(first_ended_at: datetime, count: int) -> list[list[object]]:
    ends = [first_ended_at + place * STEP for place in range(count)]
    return [[f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}", *interval(at)] for at in ends]


@pytest.mark.parametrize("key", ["landis-gyr-zmg405-sn", "landis-gyr-zmg405-sn-optical"])
def test_a_stranger_reads_everything_by_short_names(peers_python: Path, key: str) -> None:
    said = told(peers_python, key, is_called=key.endswith("optical"))
    if key.endswith("optical"):
        assert (said["called"], said["repeated"]) == ("/LGZ5\\2ZMG405000b.P07", "063235320d0a")
    assert said["objects"]["12 0.0.40.0.0.255"] == 0xFA00
    assert {"3 1.0.1.8.0.255", "7 1.0.99.1.0.255", "7 1.0.99.98.0.255", "8 0.0.1.0.0.255"} <= set(said["objects"])
    assert said["serial"] == str(SERIAL)
    assert (said["energy"], said["scaler"], said["unit"]) == (register_wh(Quantity.A_PLUS), 1.0, 30)
    assert said["clock"] == f"{NOW.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    assert said["columns"] == COLUMNS
    capacity_begins_at = max(ENERGY.begins_at, NOW - 60 * 48 * STEP)
    first = datetime.strptime(said["by_entry"][0][0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE).astimezone(UTC)
    assert first - capacity_begins_at <= STEP
    assert said["by_entry"] == rows(first, 5)
    assert said["by_range"] == rows(datetime(2026, 11, 22, 21, 30, tzinfo=UTC), 48)
