import pytest

from kilovatt.lake.tables import FRAMES, METER_DAYS, REGISTERS, TableShape
from kilovatt.measure.metering.columns import (
    FRAME_COLUMNS,
    METER_DAY_COLUMNS,
    REGISTER_COLUMNS,
    Column,
    ColumnType,
)

_ARROW_NAMES = {
    ColumnType.INT8: "int8",
    ColumnType.INT16: "int16",
    ColumnType.INT32: "int32",
    ColumnType.INT64: "int64",
    ColumnType.TEXT: "string",
    ColumnType.BYTES: "binary",
    ColumnType.DAY: "date32[day]",
    ColumnType.INSTANT: "timestamp[us, tz=UTC]",
    ColumnType.INT8_LIST: "list<item: int8>",
    ColumnType.INT32_LIST: "list<item: int32>",
}


@pytest.mark.parametrize(
    ("shape", "columns"),
    [(METER_DAYS, METER_DAY_COLUMNS), (REGISTERS, REGISTER_COLUMNS), (FRAMES, FRAME_COLUMNS)],
)
def test_the_lake_holds_the_columns_that_are_declared(shape: TableShape, columns: tuple[Column, ...]) -> None:
    declared = [(column.name, _ARROW_NAMES[column.holds].replace("item", "element")) for column in columns]
    held = [(field.name, str(field.type).replace("item", "element")) for field in shape.columns]
    assert held == declared


def test_a_quantity_that_is_not_measured_may_be_null_and_active_energy_may_not() -> None:
    nullable = [column.name for column in METER_DAY_COLUMNS if column.nullable]
    assert nullable == ["a_minus", "r_plus", "r_minus", "session"]
