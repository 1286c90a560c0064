"""The meter-days that a site has carried to its lake."""

import json
from typing import Any

from kilovatt.lake.store import Lake
from kilovatt.lake.tables import METER_DAYS
from simulated_site import Site


def settled_days(site: Site) -> list[dict[str, Any]]:
    """The rows of the lake as it was settled last."""
    settled = site.rows("SELECT lake_versions FROM records_batch WHERE settled_at IS NOT NULL ORDER BY number")
    if not settled:
        return []
    version = json.loads(settled[-1][0])[METER_DAYS.name]
    kept = Lake(site.data / "lake").table(METER_DAYS).read(version, meter_ids=range(1, len(site.plan.meters) + 1))
    rows: list[dict[str, Any]] = kept.to_pylist()
    return rows
