"""Sum a partition: meter-days in, the energy of the six parts of each day out."""

from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from kilovatt.measure.consumption import day_part_sums
from kilovatt.measure.metering.registers import Quantity
from kilovatt.quantities.energy import ExactArray
from kilovatt.runs.columns import DAY_PART_SUMS, KNOWN_OF_PARTS, MISSING_OF_PARTS, UWH_OF_PARTS
from kilovatt.runs.partitions import effective_matrix


def sum_day_parts(days: pl.DataFrame, *, zone_name: str, quantity: Quantity = Quantity.A_PLUS) -> pl.DataFrame:
    """Return one row of DAY_PART_SUMS for each meter and day of rows of METER_DAYS, by meter and day.

    Energy [µWh] is exact, at the meter's terminals, without the ratio. All meters have their local time in
    `zone_name`. Raises SlotCrossesBorderError.
    """
    matrix = effective_matrix(days, quantity=quantity)
    sums = day_part_sums(matrix, ZoneInfo(zone_name))
    columns: dict[str, object] = {"meter_id": matrix.meter_ids, "day_on": matrix.day_ons}
    for names, figures in (
        (UWH_OF_PARTS, sums.uwh),
        (KNOWN_OF_PARTS, sums.known_s),
        (MISSING_OF_PARTS, sums.missing_s),
    ):
        for place, name in enumerate(names):
            columns[name] = _series(name, figures[:, place])
    return pl.DataFrame(columns).cast({"day_on": pl.Date()})


def _series(name: str, figures: ExactArray) -> pl.Series:
    # Python's integers go one by one; the common case is a copy.
    values = figures.tolist() if figures.dtype == np.object_ else figures
    return pl.Series(name, values, dtype=DAY_PART_SUMS[name])
