from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.effective import merge_matrix
from kilovatt.measure.metering.matrices import MeterDayMatrix, matrix_of
from kilovatt.measure.metering.merge import StoredMeterDay, merge_meter_days, meter_day_digest
from kilovatt.measure.metering.meter_days import RANK_MASK, MeterDay

STARTS_AT = datetime(2026, 10, 4, 21, tzinfo=UTC)


@st.composite
def heard_days(draw: st.DrawFn) -> tuple[int, MeterDay]:
    step_s, slots = draw(st.sampled_from([(21_600, 4), (28_800, 3)]))
    ranks = draw(st.lists(st.integers(0, 3), min_size=slots, max_size=slots))
    number = draw(st.integers(0, 1))
    day = MeterDay(
        day_on=date(2026, 10, 5) + timedelta(days=number),
        starts_at=STARTS_AT + timedelta(days=number),
        step_s=step_s,
        uwh_per_count=draw(st.sampled_from([500_000, 200_000])),
        a_plus=tuple(draw(st.integers(0, 9)) if rank & RANK_MASK else 0 for rank in ranks),
        a_minus=None,
        r_plus=None,
        r_minus=None,
        qualities=tuple(ranks),
        exchanges=(0,) * slots,
        heard_at=STARTS_AT + timedelta(days=3, hours=draw(st.integers(0, 2))),
    )
    return draw(st.integers(1, 2)), day


def rows_of(matrix: MeterDayMatrix) -> list[tuple[object, ...]]:
    uwh, slots = matrix.uwh, matrix.slots
    return [
        (
            int(matrix.meter_ids[row]),
            matrix.day_ons[row].item(),
            int(matrix.step_s[row]),
            uwh[row, : slots[row]].tolist(),
            matrix.qualities[row, : slots[row]].tolist(),
            matrix.heard_at[row].item(),
        )
        for row in range(len(matrix))
    ]


@given(st.lists(heard_days(), max_size=10))
def test_many_days_are_merged_as_each_is(rows: list[tuple[int, MeterDay]]) -> None:
    digests = [meter_day_digest(meter, day) for meter, day in rows]
    stored: dict[tuple[int, date], list[StoredMeterDay]] = {}
    for (meter, day), digest in zip(rows, digests, strict=True):
        stored.setdefault((meter, day.day_on), []).append(StoredMeterDay.single(day, digest=digest))
    merged = [(meter, merge_meter_days(stored[meter, on]).day) for meter, on in sorted(stored)]
    effective = merge_matrix(matrix_of(rows), np.array(digests, dtype="S32"))
    expected = [
        (*row[:5], max(one.day.heard_at for one in stored[key] if one.day.step_s == row[2]).replace(tzinfo=None))
        for key, row in zip(sorted(stored), rows_of(matrix_of(merged)), strict=True)
    ]
    assert rows_of(effective) == expected
