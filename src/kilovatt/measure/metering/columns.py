"""The columns of what is kept in numbers: meter-days, registers, samples and frames, declared once, by name and unit.

The lake makes its tables of them, the runs their partitions; neither adds a column of its own but for how
files are laid out (month, bucket). Nothing here knows Parquet, Polars or a database.
"""

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """What a column holds. Lists hold one number per slot of a day; all numbers are whole."""

    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    TRUTH = "truth"
    TEXT = "text"
    BYTES = "bytes"
    DAY = "day"
    INSTANT = "instant"
    """UTC, microseconds: the merge of meter-days compares them."""
    INT8_LIST = "int8_list"
    INT32_LIST = "int32_list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its name, type and unit. `unit` is empty for names, codes and instants."""

    name: str
    holds: ColumnType
    unit: str = ""
    nullable: bool = False


def _column(name: str, holds: ColumnType, unit: str = "", *, nullable: bool = False) -> Column:
    return Column(name=name, holds=holds, unit=unit, nullable=nullable)


PHASES = (1, 2, 3)

METER_DAY_COLUMNS: tuple[Column, ...] = (
    _column("meter_id", ColumnType.INT64),
    _column("day_on", ColumnType.DAY),
    _column("starts_at", ColumnType.INSTANT),
    _column("step_s", ColumnType.INT32, "s"),
    _column("uwh_per_count", ColumnType.INT64, "µWh per count"),
    _column("a_plus", ColumnType.INT32_LIST, "counts"),
    _column("a_minus", ColumnType.INT32_LIST, "counts", nullable=True),
    _column("r_plus", ColumnType.INT32_LIST, "counts", nullable=True),
    _column("r_minus", ColumnType.INT32_LIST, "counts", nullable=True),
    _column("qualities", ColumnType.INT8_LIST),
    _column("exchanges", ColumnType.INT32_LIST),
    _column("source", ColumnType.TEXT),
    _column("heard_at", ColumnType.INSTANT),
    _column("digest", ColumnType.BYTES),
    _column("session", ColumnType.BYTES, nullable=True),
    _column("batch", ColumnType.INT64),
)

REGISTER_COLUMNS: tuple[Column, ...] = (
    _column("meter_id", ColumnType.INT64),
    _column("quantity", ColumnType.TEXT),
    _column("tariff", ColumnType.INT8),
    _column("moment", ColumnType.TEXT),
    _column("value", ColumnType.INT64, "Wh or varh"),
    _column("taken_at", ColumnType.INSTANT),
    _column("heard_at", ColumnType.INSTANT),
    _column("source", ColumnType.TEXT),
    _column("digest", ColumnType.BYTES),
    _column("session", ColumnType.BYTES, nullable=True),
    _column("exchange", ColumnType.INT32),
    _column("batch", ColumnType.INT64),
)

SAMPLE_COLUMNS: tuple[Column, ...] = (
    _column("meter_id", ColumnType.INT64),
    _column("taken_at", ColumnType.INSTANT),
    *(_column(f"voltage_{phase}_mv", ColumnType.INT32, "mV", nullable=True) for phase in PHASES),
    *(_column(f"current_{phase}_ma", ColumnType.INT32, "mA", nullable=True) for phase in PHASES),
    _column("power_w", ColumnType.INT32, "W", nullable=True),
    _column("frequency_mhz", ColumnType.INT32, "mHz", nullable=True),
    _column("tariff", ColumnType.INT8, nullable=True),
    _column("relay_closed", ColumnType.TRUTH, nullable=True),
    _column("session", ColumnType.BYTES),
    _column("exchange", ColumnType.INT32),
    _column("batch", ColumnType.INT64),
)
"""One column per phase: they take less room than lists. When it was heard, its session says; its digest is made anew
of what it holds."""

FRAME_COLUMNS: tuple[Column, ...] = (
    _column("meter_id", ColumnType.INT64),
    _column("session", ColumnType.BYTES),
    _column("exchange", ColumnType.INT32),
    _column("request", ColumnType.BYTES),
    _column("answer", ColumnType.BYTES),
    _column("sent_at", ColumnType.INSTANT),
    _column("took_ms", ColumnType.INT32, "ms"),
    _column("tries", ColumnType.INT16),
    _column("batch", ColumnType.INT64),
)
