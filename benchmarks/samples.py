"""How many bytes a sample of voltages, currents and power takes in the lake, as the keeper writes it.

Run: `python benchmarks/samples.py`. A batch of an hour has two samples of each meter, one of a day has 48.
Last measured on 2026-11-24: one phase 28.0 to 28.4 B, three 35.2 to 36.1 B (plain 31 to 41); 16 B of each are the
session that heard it, which no coding shortens. Half-hourly, a three-phase meter takes 0.6 MB a year.
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from kilovatt.lake.durable import write_parquet
from kilovatt.lake.tables import SAMPLES

METERS = 1_000
BEGINS_AT = datetime(2026, 11, 24, tzinfo=UTC)


def batch(rng: np.random.Generator, *, per_meter: int, phases: int) -> pa.Table:  # noqa: TID251  the type
    """Return samples of homes on feeders that sag in the evening, to the tens of millivolts that meters show."""
    rows = []
    for meter_id in range(1, METERS + 1):
        level_mv, first_s = rng.normal(230_000, 2_500), int(rng.integers(0, 1_800))
        for number in range(per_meter):
            sag_mv = 3_000 * np.sin(number / 7.6)
            volts = [int(mv // 10 * 10) for mv in level_mv - sag_mv + rng.normal(0, 1_200, phases)]
            watts = rng.gamma(1.2, 500, phases)
            amperes = [int(w * 1e6 / mv // 10 * 10) for w, mv in zip(watts, volts, strict=True)]
            rows.append(
                {
                    "meter_id": meter_id,
                    "taken_at": BEGINS_AT + timedelta(seconds=first_s + 1_800 * number + int(rng.integers(0, 5))),
                    **{f"voltage_{phase}_mv": mv for phase, mv in enumerate(volts, start=1)},
                    **{f"current_{phase}_ma": ma for phase, ma in enumerate(amperes, start=1)},
                    "power_w": int(watts.sum()),
                    "frequency_mhz": int(rng.normal(50_000, 15) // 10 * 10),
                    "tariff": 1,
                    "relay_closed": True,
                    "session": rng.bytes(16),
                    "exchange": int(rng.integers(3, 9)),
                    "batch": 1,
                }
            )
    return pa.Table.from_pylist(rows, schema=SAMPLES.columns)


def main() -> None:
    """Print bytes per sample."""
    rng = np.random.default_rng(1)  # noqa: TID251  seeded here
    with tempfile.TemporaryDirectory() as folder:
        for phases in (1, 3):
            for per_meter in (2, 48):
                rows = batch(rng, per_meter=per_meter, phases=phases)
                ways = {"as kept": SAMPLES.encodings, "plain": None}
                target = Path(folder) / "rows.parquet"
                sizes = {name: write_parquet(rows, target, encodings=way) for name, way in ways.items()}
                told = ", ".join(f"{name} {size / rows.num_rows:.1f}" for name, size in sizes.items())
                print(f"{phases} phases, {per_meter} samples of a meter in a batch: {told} B a sample")


if __name__ == "__main__":
    main()
