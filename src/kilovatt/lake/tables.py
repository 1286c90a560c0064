"""The lake's tables: their columns, how they are cut into partitions, and how rows get there.

A table is partitioned by month × bucket. The month is local to nobody: it is that of the row's `day_on` or
of its instant in UTC, and only serves to find files. The bucket is meter_id // bucket_size, a constant kept
with the table, so that a meter never moves.
"""

from dataclasses import dataclass

import pyarrow as pa

BUCKET_SIZE = 1024
"""Meters in a bucket; written into each table when it is made and read from there ever after."""

_INSTANT = pa.timestamp("us", tz="UTC")
_COUNTS = pa.list_(pa.int32())


@dataclass(frozen=True, slots=True)
class TableShape:
    """One table of the lake: `dated_by` is the column whose month a row is filed under."""

    name: str
    columns: pa.Schema
    dated_by: str
    sorted_by: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """The columns with those of the partitions."""
        return self.columns.append(pa.field("month", pa.string())).append(pa.field("bucket", pa.int64()))


METER_DAYS = TableShape(
    name="meter_days",
    columns=pa.schema(
        [
            pa.field("meter_id", pa.int64()),
            pa.field("day_on", pa.date32()),
            pa.field("starts_at", _INSTANT),
            pa.field("step_s", pa.int32()),
            pa.field("uwh_per_count", pa.int64()),
            pa.field("a_plus", _COUNTS),
            pa.field("a_minus", _COUNTS),
            pa.field("r_plus", _COUNTS),
            pa.field("r_minus", _COUNTS),
            pa.field("qualities", pa.list_(pa.int8())),
            pa.field("exchanges", _COUNTS),
            pa.field("source", pa.string()),
            pa.field("heard_at", _INSTANT),
            pa.field("digest", pa.binary()),
            pa.field("session", pa.binary()),
            pa.field("batch", pa.int64()),
        ]
    ),
    dated_by="day_on",
    sorted_by=("meter_id", "day_on"),
)

REGISTERS = TableShape(
    name="registers",
    columns=pa.schema(
        [
            pa.field("meter_id", pa.int64()),
            pa.field("quantity", pa.string()),
            pa.field("tariff", pa.int8()),
            pa.field("moment", pa.string()),
            pa.field("value", pa.int64()),
            pa.field("taken_at", _INSTANT),
            pa.field("heard_at", _INSTANT),
            pa.field("source", pa.string()),
            pa.field("digest", pa.binary()),
            pa.field("session", pa.binary()),
            pa.field("exchange", pa.int32()),
            pa.field("batch", pa.int64()),
        ]
    ),
    dated_by="taken_at",
    sorted_by=("meter_id", "taken_at"),
)

FRAMES = TableShape(
    name="frames",
    columns=pa.schema(
        [
            pa.field("meter_id", pa.int64()),
            pa.field("session", pa.binary()),
            pa.field("exchange", pa.int32()),
            pa.field("request", pa.binary()),
            pa.field("answer", pa.binary()),
            pa.field("sent_at", _INSTANT),
            pa.field("took_ms", pa.int32()),
            pa.field("tries", pa.int16()),
            pa.field("batch", pa.int64()),
        ]
    ),
    dated_by="sent_at",
    sorted_by=("meter_id", "session", "exchange"),
)

TABLES: tuple[TableShape, ...] = (METER_DAYS, REGISTERS, FRAMES)
