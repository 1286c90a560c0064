"""Rows of the lake of this site, as the last settled batch has left it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from kilovatt.lake.store import Lake
from kilovatt.lake.tables import TableShape
from kilovatt.office.records.models import Batch


def site_lake() -> Lake:
    """The lake of this site."""
    return Lake(settings.DATA.lake)


def settled_version(shape: TableShape) -> int | None:
    """The version of a lake table that the last settled batch made; None while there is none."""
    batch = Batch.objects.exclude(settled_at=None).order_by("-number").first()
    versions = {} if batch is None else batch.lake_versions or {}
    # A table that is younger than the site has no version before the next batch.
    return int(versions[shape.name]) if shape.name in versions else None


def lake_rows(
    shape: TableShape,
    meter_ids: Sequence[int],
    *,
    where: pc.Expression | None,
    months: Iterable[str],
    columns: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Return rows of a lake table of some meters, as `lake_table`."""
    table = lake_table(shape, meter_ids, where=where, months=months, columns=columns)
    rows: list[dict[str, Any]] = [] if table is None else table.to_pylist()
    return rows


def lake_table(
    shape: TableShape,
    meter_ids: Sequence[int],
    *,
    where: pc.Expression | None,
    months: Iterable[str],
    columns: Sequence[str] | None,
) -> pa.Table | None:
    """Return rows of a lake table of some meters and months that fulfil `where`; None while nothing is in the lake."""
    version = settled_version(shape)
    if version is None:
        return None
    return site_lake().table(shape).read(version, meter_ids=meter_ids, columns=columns, where=where, months=months)


def months_between(first_on: date, until_on: date, *, last_too: bool = False) -> list[str]:
    """Return the months of the days [first_on, until_on) as the lake names them; with `last_too` also of the last."""
    last_on = until_on if last_too else date.fromordinal(max(first_on.toordinal(), until_on.toordinal() - 1))
    first, last = first_on.year * 12 + first_on.month - 1, last_on.year * 12 + last_on.month - 1
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(first, last + 1)]
