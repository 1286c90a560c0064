"""Rows of the intake as the lake's columns: column by column, since a batch may have a hundred thousand of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
import pyarrow as pa
from django.db import connection

from kilovatt.lake.tables import FRAMES, METER_DAYS, REGISTERS, SAMPLES, TableShape
from kilovatt.measure.metering.columns import PHASES
from kilovatt.office.records.models import Batch, IntakeFrame, IntakeMeterDay, IntakeRegister, IntakeSample
from kilovatt.office.records.readings.inserting import columns_of

INTAKE: Mapping[str, type[IntakeMeterDay] | type[IntakeRegister] | type[IntakeSample] | type[IntakeFrame]] = {
    METER_DAYS.name: IntakeMeterDay,
    REGISTERS.name: IntakeRegister,
    SAMPLES.name: IntakeSample,
    FRAMES.name: IntakeFrame,
}
_RENAMED = {"session": "session_id", "batch": "batch_id"}
_PACKED = np.dtype("<i4")

_Column: TypeAlias = Sequence[Any]


def rows_of_batch(shape: TableShape, batch: Batch) -> pa.Table:
    """Return the rows of the intake that a batch carries to one table of the lake, in the order of the table."""
    return _rows(shape, "batch_id = %s", [batch.pk])


def rows_of_days(meter_ids: Sequence[int], first_on: date, until_on: date) -> pa.Table:
    """Return the meter-days [first_on, until_on) of some meters that are in the intake, as they were heard."""
    on = connection.ops.adapt_datefield_value
    within = f"meter_id IN ({_places(meter_ids)}) AND day_on >= %s AND day_on < %s"
    return _rows(METER_DAYS, within, [*meter_ids, on(first_on), on(until_on)])


def rows_of_registers(meter_ids: Sequence[int], since: datetime, until: datetime) -> pa.Table:
    """Return the registers of some meters taken in [since, until] that are in the intake."""
    at = connection.ops.adapt_datetimefield_value
    within = f"meter_id IN ({_places(meter_ids)}) AND taken_at >= %s AND taken_at <= %s"
    return _rows(REGISTERS, within, [*meter_ids, at(since), at(until)])


def _places(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _rows(shape: TableShape, within: str, values: Sequence[Any]) -> pa.Table:
    model = INTAKE[shape.name]
    names = _names(shape)
    order = [_RENAMED.get(name, name) for name in shape.sorted_by]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns_of(model, names)} FROM {model._meta.db_table} "  # noqa: S608, SLF001  names of our own; Django documents _meta
            f"WHERE {within} ORDER BY {columns_of(model, order)}, id",
            values,
        )
        rows = cursor.fetchall()
    if not rows:
        return shape.columns.empty_table()
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return pa.table([_arrow(shape, field, columns) for field in shape.columns], schema=shape.columns)


def _names(shape: TableShape) -> list[str]:
    names = [_RENAMED.get(name, name) for name in shape.columns.names]
    if shape is not SAMPLES:
        return names
    return [*(name for name in names if not name.startswith(("voltage_", "current_"))), "voltages_mv", "currents_ma"]


def _arrow(shape: TableShape, field: pa.Field, columns: Mapping[str, _Column]) -> pa.Array:
    if shape is SAMPLES and field.name.startswith(("voltage_", "current_")):
        what, phase, unit = field.name.split("_")
        packed = columns[f"{what}s_{unit}"]
        return pa.array(_of_phase(packed, PHASES.index(int(phase))), field.type)
    values = columns[_RENAMED.get(field.name, field.name)]
    if pa.types.is_list(field.type):
        return _lists(values, field.type)
    # Instants come from SQLite without their zone, which is UTC; from PostgreSQL with theirs: Arrow takes both.
    convert = _convert(field.type)
    return pa.array(values if convert is None else [None if v is None else convert(v) for v in values], field.type)


def _convert(of: pa.DataType) -> Callable[[Any], Any] | None:
    if pa.types.is_binary(of):
        return _bytes
    return bool if pa.types.is_boolean(of) else None


def _bytes(value: Any) -> bytes:  # noqa: ANN401  # what drivers of databases return
    if isinstance(value, UUID):
        return value.bytes
    # SQLite has no type for the name of a session.
    return bytes.fromhex(value) if isinstance(value, str) else bytes(value)


def _lists(packed: Iterable[Any], of: pa.ListType) -> pa.Array:
    lists = [None if data is None else bytes(data) for data in packed]
    lengths = [0 if data is None else len(data) // _PACKED.itemsize for data in lists]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    values = np.frombuffer(b"".join(data for data in lists if data is not None), dtype=_PACKED)
    nulls = pa.array([data is None for data in lists])
    array = pa.array(values, pa.int32()).cast(of.value_type)
    return pa.ListArray.from_arrays(pa.array(offsets), array, type=of, mask=nulls)


def _of_phase(packed: Iterable[Any], place: int) -> list[int | None]:
    values = (np.frombuffer(bytes(data), dtype=_PACKED) for data in packed)
    return [int(phases[place]) if len(phases) > place else None for phases in values]
