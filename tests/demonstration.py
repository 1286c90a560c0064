"""Running the demonstration from outside, and checking its bills with a few lines that share nothing with it."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = "2026-11-24T09:00+03:00"
HALF_HOUR = timedelta(minutes=30)
KILOVATT = Path(sys.executable).parent / "kilovatt"


def environment(**added: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KILOVATT_", "DJANGO_"))}
    return {**kept, "LANG": "C.UTF-8", **added}


def demo(*options: object, **added: str) -> subprocess.CompletedProcess[str]:
    command = [str(KILOVATT), "demo", "--once", "--json", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment(**added), check=False)


def result_of(*options: object, **added: str) -> dict[str, Any]:
    run = demo(*options, **added)
    assert run.returncode == 0, run.stderr
    result: dict[str, Any] = json.loads(run.stdout)
    return result


def write_households(path: Path, households: int, *, days: int = 92, **columns: list[int]) -> Path:
    """Write curves that differ from home to home and from half-hour to half-hour, with zeros and peaks in them."""
    rows = days * 48
    starts = [datetime(2009, 3, 1) + HALF_HOUR * row for row in range(rows)]
    made = {
        f"home_{home:03d}_wh": [(row * 7919 + home * 104_729) % 997 * (home % 5) // 2 for row in range(rows)]
        for home in range(1, households + 1)
    }
    pq.write_table(pa.table({"start_at": pa.array(starts, pa.timestamp("ms", "UTC")), **made, **columns}), path)
    return path


def zone_of(plan: str, hour: int) -> str:
    if plan.endswith("one"):
        return "total"
    if not 7 <= hour < 23:
        return "night"
    if plan.endswith("two"):
        return "day"
    return "peak" if hour < 10 or 17 <= hour < 21 else "half_peak"


def curve_by_zone(curve: list[int], plan: str, period: str, now: str) -> dict[str, int]:
    midnight = datetime.fromisoformat(now).astimezone(MOSCOW).replace(hour=0, minute=0, second=0, microsecond=0)
    energies: dict[str, int] = {}
    for place, energy_wh in enumerate(curve):
        starts = midnight - HALF_HOUR * (len(curve) - place)
        if starts.strftime("%Y-%m") == period:
            zone = zone_of(plan, starts.hour)
            energies[zone] = energies.get(zone, 0) + energy_wh
    return energies


def check_bills(result: dict[str, Any], households: Path) -> None:
    """Each zone is the curve within less than a register step, each amount its zones at their prices to the kopeck."""
    curves = pq.read_table(households)
    for bill in result["bills"]:
        wanted = curve_by_zone(curves[bill["household"]].to_pylist(), bill["plan"], bill["period"], result["now"])
        billed = {zone: figures["energy_wh"] for zone, figures in bill["zones"].items()}
        assert billed.keys() == wanted.keys(), bill
        for zone, energy_wh in wanted.items():
            off_wh = abs(billed[zone] - energy_wh)
            assert off_wh < bill["register_step_wh"], (bill["account"], bill["meter_model"], zone, off_wh)
        for line in bill["lines"]:
            exactly = line["energy_wh"] * line["price_microrub_per_kwh"]
            assert line["amount_kopecks"] == (2 * exactly + 10**7) // (2 * 10**7), line
        assert bill["amount_kopecks"] == sum(line["amount_kopecks"] for line in bill["lines"])
