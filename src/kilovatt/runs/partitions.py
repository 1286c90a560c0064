"""Rows of a partition become the matrices and columns that the kernels take."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kilovatt.measure.metering.digests import DIGEST_BYTES
from kilovatt.measure.metering.effective import merge_matrix
from kilovatt.measure.metering.matrices import DAY, INSTANT, Int64s, MeterDayMatrix
from kilovatt.measure.metering.meter_days import MeterDay
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.vee import NO_LIMIT, UNKNOWN_W, RegisterColumns
from kilovatt.runs.columns import METER_DAYS, METERS

_LISTS = ("a_plus", "a_minus", "r_plus", "r_minus", "qualities", "exchanges")


class UnknownMetersError(LookupError):
    """Rows of meters of which nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardRow:
    """A meter-day as it is handed to a run by who holds values, not columns."""

    meter_id: int
    day: MeterDay
    digest: bytes
    session: bytes | None = None
    batch: int = 0


def rows_of_days(heard: Iterable[HeardRow]) -> pl.DataFrame:
    """Return meter-days as rows of METER_DAYS."""
    rows = [
        {
            "meter_id": row.meter_id,
            "day_on": row.day.day_on,
            "starts_at": row.day.starts_at,
            "step_s": row.day.step_s,
            "uwh_per_count": row.day.uwh_per_count,
            **{name: _list(getattr(row.day, name)) for name in _LISTS},
            "source": row.day.source.value,
            "heard_at": row.day.heard_at,
            "digest": row.digest,
            "session": row.session,
            "batch": row.batch,
        }
        for row in heard
    ]
    return pl.DataFrame(rows, schema=METER_DAYS)


def effective_matrix(days: pl.DataFrame, *, quantity: Quantity = Quantity.A_PLUS) -> MeterDayMatrix:
    """Return the effective days of rows of METER_DAYS, merged, by meter and day.

    A day that does not measure the quantity has every slot MISSING.
    """
    return merge_matrix(_matrix(days, quantity), _digests(days))


def register_columns(registers: pl.DataFrame, meters: pl.DataFrame, *, zone_name: str) -> RegisterColumns:
    """Return rows of REGISTERS as columns for the rules: active energy only, with what METERS says of each meter.

    Local days are those of `zone_name`. Raises UnknownMetersError.
    """
    active = registers.filter(pl.col("quantity") == Quantity.A_PLUS.value)
    _require_meters(active, meters)
    known = active.join(meters, on="meter_id", how="left", maintain_order="left")
    local_days = known["taken_at"].dt.convert_time_zone(zone_name).dt.date()
    return RegisterColumns(
        meter_ids=_int64s(known["meter_id"]),
        day_ons=local_days.to_numpy().astype(DAY),
        tariffs=_int64s(known["tariff"]),
        taken_at=known["taken_at"].to_numpy().astype(INSTANT),
        heard_at=known["heard_at"].to_numpy().astype(INSTANT),
        values_wh=_int64s(known["value"]),
        steps_wh=_int64s(known["register_step_wh"]),
        limits_wh=_int64s(known["register_limit_wh"].fill_null(NO_LIMIT)),
        is_running=(known["moment"] == RegisterMoment.NOW.value).to_numpy(),
    )


def connections_of(matrix: MeterDayMatrix, meters: pl.DataFrame) -> Int64s:
    """Return the agreed power [W] of each row's meter, UNKNOWN_W where nobody knows. Raises UnknownMetersError."""
    rows = pl.DataFrame({"meter_id": matrix.meter_ids}, schema={"meter_id": METERS["meter_id"]})
    _require_meters(rows, meters)
    known = rows.join(meters, on="meter_id", how="left", maintain_order="left")
    return _int64s(known["connection_w"].fill_null(UNKNOWN_W))


def _matrix(days: pl.DataFrame, quantity: Quantity) -> MeterDayMatrix:
    slots = days["qualities"].list.len().to_numpy().astype(np.int64)
    width = int(slots.max(initial=0))
    qualities = _padded(days["qualities"], width)
    measured = days[quantity.value].is_not_null().to_numpy()
    return MeterDayMatrix(
        meter_ids=_int64s(days["meter_id"]),
        day_ons=days["day_on"].to_numpy().astype(DAY),
        starts_at=days["starts_at"].to_numpy().astype(INSTANT),
        step_s=_int64s(days["step_s"]),
        uwh_per_count=_int64s(days["uwh_per_count"]),
        slots=slots,
        counts=_padded(days[quantity.value], width),
        qualities=np.where(measured[:, np.newaxis], qualities, 0).astype(np.int16),
        heard_at=days["heard_at"].to_numpy().astype(INSTANT),
    )


def _padded(lists: pl.Series, width: int) -> Int64s:
    lengths = lists.list.len().fill_null(0).to_numpy().astype(np.int64)
    matrix = np.zeros((len(lists), width), dtype=np.int64)
    # An empty list would explode into a null.
    values = lists.filter(lists.list.len().fill_null(0) > 0).explode()
    matrix[np.arange(width)[np.newaxis, :] < lengths[:, np.newaxis]] = values.to_numpy()
    return matrix


def _digests(days: pl.DataFrame) -> NDArray[np.bytes_]:
    return np.array(days["digest"].to_list(), dtype=f"S{DIGEST_BYTES}")


def _int64s(series: pl.Series) -> Int64s:
    return series.to_numpy().astype(np.int64)


def _list(counts: tuple[int, ...] | None) -> list[int] | None:
    return None if counts is None else list(counts)


def _require_meters(rows: pl.DataFrame, meters: pl.DataFrame) -> None:
    unknown = rows.join(meters, on="meter_id", how="anti")["meter_id"].unique().sort()
    if len(unknown):
        raise UnknownMetersError(f"nothing is known of {len(unknown)} meters, the first is {unknown[0]}")
