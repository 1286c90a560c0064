from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from kilovatt.measure.metering.merge import meter_day_digest
from kilovatt.measure.metering.meter_days import MeterDay
from kilovatt.quantities.periods import local_day
from kilovatt.runs.columns import METERS, REGISTERS
from kilovatt.runs.partitions import HeardRow, rows_of_days

FIRST_ON = date(2026, 10, 1)
DayMaker = Callable[..., HeardRow]


@pytest.fixture
def heard() -> DayMaker:
    """Make a day of a meter in Moscow: `count` in each half-hour, of 0.5 Wh unless said otherwise."""

    def make(
        meter_id: int,
        number: int,
        count: int,
        *,
        known: int = 48,
        hours: int = 3,
        uwh_per_count: int = 500_000,
        r_plus: bool = False,
    ) -> HeardRow:
        on = FIRST_ON + timedelta(days=number)
        whole = local_day(on, ZoneInfo("Europe/Moscow"))
        day = MeterDay(
            day_on=on,
            starts_at=whole.start,
            step_s=1800,
            uwh_per_count=uwh_per_count,
            a_plus=(count,) * known + (0,) * (48 - known),
            a_minus=None,
            r_plus=(1,) * 48 if r_plus else None,
            r_minus=None,
            qualities=(2,) * known + (0,) * (48 - known),
            exchanges=(0,) * 48,
            heard_at=whole.end + timedelta(hours=hours),
        )
        return HeardRow(meter_id=meter_id, day=day, digest=meter_day_digest(meter_id, day))

    return make


@pytest.fixture
def meters() -> pl.DataFrame:
    """Return what is known of meters 1, 2 and 3."""
    rows = [(1, 1, None, 15_000), (2, 10, 1_000_000_000, None), (3, 1, None, None)]
    return pl.DataFrame(rows, schema=METERS, orient="row")


@pytest.fixture
def registers() -> pl.DataFrame:
    """Return the totals of meter 1 at three midnights, of which the second is 10 kWh too high."""
    heard_at = datetime(2026, 10, 5, tzinfo=UTC)
    values = [1000, 11_048, 1096]
    rows = [
        {
            "meter_id": 1,
            "quantity": quantity,
            "tariff": 0,
            "moment": "day_start",
            "value": value,
            "taken_at": local_day(FIRST_ON + timedelta(days=number), ZoneInfo("Europe/Moscow")).start,
            "heard_at": heard_at,
            "source": "meter",
            "digest": b"",
            "session": None,
            "exchange": 0,
            "batch": 1,
        }
        for quantity in ("a_plus", "r_plus")
        for number, value in enumerate(values)
    ]
    return pl.DataFrame(rows, schema=REGISTERS)


@pytest.fixture
def no_days() -> pl.DataFrame:
    """Return no meter-days at all."""
    return rows_of_days([])
