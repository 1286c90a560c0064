"""The lake's tables: the columns of `measure.metering.columns`, cut into partitions of month × bucket.

The month is that of the row's `day_on`, or of its instant in UTC, and only serves to find files. The bucket is
meter_id // bucket_size, a constant kept with the table, so that a meter never moves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from kilovatt.measure.metering.columns import (
    FRAME_COLUMNS,
    METER_DAY_COLUMNS,
    REGISTER_COLUMNS,
    SAMPLE_COLUMNS,
    Column,
    ColumnType,
)

BUCKET_SIZE = 1024
"""Meters in a bucket; written into each table when it is made and read from there ever after."""

_ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    ColumnType.INT8: pa.int8(),
    ColumnType.INT16: pa.int16(),
    ColumnType.INT32: pa.int32(),
    ColumnType.INT64: pa.int64(),
    ColumnType.TRUTH: pa.bool_(),
    ColumnType.TEXT: pa.string(),
    ColumnType.BYTES: pa.binary(),
    ColumnType.DAY: pa.date32(),
    ColumnType.INSTANT: pa.timestamp("us", tz="UTC"),
    ColumnType.INT8_LIST: pa.list_(pa.int8()),
    ColumnType.INT32_LIST: pa.list_(pa.int32()),
}


@dataclass(frozen=True, slots=True)
class TableShape:
    """One table of the lake: `dated_by` is the column whose month a row is filed under.

    `encodings`: by column, how Parquet writes it where another way than its own takes less room.
    """

    name: str
    columns: pa.Schema
    dated_by: str
    sorted_by: tuple[str, ...]
    encodings: Mapping[str, str] = field(default_factory=dict)

    @property
    def schema(self) -> pa.Schema:
        """The columns with those of the partitions."""
        return self.columns.append(pa.field("month", pa.string())).append(pa.field("bucket", pa.int64()))


def _schema(columns: Iterable[Column]) -> pa.Schema:
    return pa.schema([pa.field(column.name, _ARROW_TYPES[column.holds]) for column in columns])


METER_DAYS = TableShape("meter_days", _schema(METER_DAY_COLUMNS), dated_by="day_on", sorted_by=("meter_id", "day_on"))
REGISTERS = TableShape("registers", _schema(REGISTER_COLUMNS), dated_by="taken_at", sorted_by=("meter_id", "taken_at"))
FRAMES = TableShape("frames", _schema(FRAME_COLUMNS), dated_by="sent_at", sorted_by=("meter_id", "session", "exchange"))
SAMPLES = TableShape(
    "samples",
    _schema(SAMPLE_COLUMNS),
    dated_by="taken_at",
    sorted_by=("meter_id", "taken_at"),
    encodings={
        column.name: "DELTA_BINARY_PACKED"
        for column in SAMPLE_COLUMNS
        if column.holds in {ColumnType.INT32, ColumnType.INT64, ColumnType.INSTANT}
    },
)
"""Neighbours differ by little: differences take 10 % less room than the numbers (`benchmarks/samples.py`)."""
TABLES: tuple[TableShape, ...] = (METER_DAYS, REGISTERS, SAMPLES, FRAMES)
