"""The columns of partitions, as Polars types them: those of metering, and those that only runs have."""

import polars as pl

from kilovatt.measure.metering.columns import METER_DAY_COLUMNS, REGISTER_COLUMNS, Column, ColumnType
from kilovatt.measure.vee.findings import FINDING_COLUMNS
from kilovatt.measure.zones import DAY_PARTS

_INSTANT = pl.Datetime("us", time_zone="UTC")
_TYPES: dict[ColumnType, pl.DataType] = {
    ColumnType.INT8: pl.Int8(),
    ColumnType.INT16: pl.Int16(),
    ColumnType.INT32: pl.Int32(),
    ColumnType.INT64: pl.Int64(),
    ColumnType.TEXT: pl.String(),
    ColumnType.BYTES: pl.Binary(),
    ColumnType.DAY: pl.Date(),
    ColumnType.INSTANT: _INSTANT,
    ColumnType.INT8_LIST: pl.List(pl.Int8()),
    ColumnType.INT32_LIST: pl.List(pl.Int32()),
}

METER_COLUMNS: tuple[Column, ...] = (
    Column(name="meter_id", holds=ColumnType.INT64),
    Column(name="register_step_wh", holds=ColumnType.INT64, unit="Wh"),
    Column(name="register_limit_wh", holds=ColumnType.INT64, unit="Wh", nullable=True),
    Column(name="connection_w", holds=ColumnType.INT64, unit="W", nullable=True),
)
"""What the judgement needs to know of a meter: the step of its registers, where they begin again at zero, and the
agreed power at its terminals; null where nobody knows."""


def polars_schema(columns: tuple[Column, ...]) -> pl.Schema:
    """Return the Polars schema of declared columns."""
    return pl.Schema({column.name: _TYPES[column.holds] for column in columns})


METER_DAYS = polars_schema(METER_DAY_COLUMNS)
REGISTERS = polars_schema(REGISTER_COLUMNS)
METERS = polars_schema(METER_COLUMNS)
FINDINGS = polars_schema(FINDING_COLUMNS)

UWH_OF_PARTS = tuple(f"uwh_{part.from_minute // 60:02d}_{part.until_minute // 60:02d}" for part in DAY_PARTS)
KNOWN_OF_PARTS = tuple(name.replace("uwh", "known_s") for name in UWH_OF_PARTS)
MISSING_OF_PARTS = tuple(name.replace("uwh", "missing_s") for name in UWH_OF_PARTS)

DAY_PART_SUMS = pl.Schema(
    {
        "meter_id": pl.Int64(),
        "day_on": pl.Date(),
        # A sum of µWh may pass 2⁶³ where counts are coarse: it is exact all the same.
        **dict.fromkeys(UWH_OF_PARTS, pl.Int128()),
        **dict.fromkeys(KNOWN_OF_PARTS, pl.Int64()),
        **dict.fromkeys(MISSING_OF_PARTS, pl.Int64()),
    }
)
"""Energy of the six parts of each day (uwh_00_07 …) and how much time of them is known and is not."""
