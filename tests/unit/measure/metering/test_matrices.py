from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from kilovatt.measure.metering.matrices import MeterDayMatrix, matrix_of
from kilovatt.measure.metering.meter_days import MeterDay
from kilovatt.measure.metering.registers import Quantity

STARTS_AT = datetime(2026, 10, 4, 21, tzinfo=UTC)


def day(counts: tuple[int, ...], qualities: tuple[int, ...], r_plus: tuple[int, ...] | None = None) -> MeterDay:
    return MeterDay(
        day_on=date(2026, 10, 5),
        starts_at=STARTS_AT,
        step_s=1800,
        uwh_per_count=500_000,
        a_plus=counts,
        a_minus=None,
        r_plus=r_plus,
        r_minus=None,
        qualities=qualities,
        exchanges=(0,) * len(counts),
        heard_at=STARTS_AT + timedelta(days=2),
    )


def test_days_of_different_length_stand_in_one_matrix_padded_with_missing() -> None:
    matrix = matrix_of([(1, day((3, 4, 5), (2, 0, 2))), (2, day((6,), (2,)))])
    assert len(matrix) == 2
    assert matrix.is_slot.tolist() == [[True, True, True], [True, False, False]]
    assert matrix.is_known.tolist() == [[True, False, True], [True, False, False]]
    # 0.5 Wh a count; what is missing has no energy whatever its count says.
    assert matrix.uwh.tolist() == [[1_500_000, 0, 2_500_000], [3_000_000, 0, 0]]
    assert matrix.slot_ends[1, 0] == np.datetime64("2026-10-04T21:30")
    assert matrix.heard_at[0] == np.datetime64("2026-10-06T21:00")


def test_rows_are_taken_in_the_order_asked() -> None:
    matrix = matrix_of([(1, day((3,), (2,))), (2, day((6,), (2,)))], width=4)
    assert matrix.width == 4
    turned = matrix.take(np.array([1, 0]))
    assert turned.meter_ids.tolist() == [2, 1]
    assert turned.counts[:, 0].tolist() == [6, 3]


def test_a_quantity_that_is_not_measured_is_missing_in_every_slot() -> None:
    matrix = matrix_of([(1, day((3, 4), (2, 2))), (2, day((3, 4), (2, 2), r_plus=(1, 1)))], quantity=Quantity.R_PLUS)
    assert matrix.is_known.tolist() == [[False, False], [True, True]]
    assert matrix.is_slot.all()


def test_no_days_make_an_empty_matrix() -> None:
    assert matrix_of([]).counts.shape == (0, 0)


def test_a_matrix_that_does_not_hold_together_is_refused() -> None:
    good = matrix_of([(1, day((3, 4), (2, 2)))])
    names = ("meter_ids", "day_ons", "starts_at", "step_s", "uwh_per_count", "heard_at")
    rest = {name: getattr(good, name) for name in names}
    with pytest.raises(ValueError, match="counts are"):
        MeterDayMatrix(**rest, slots=good.slots, counts=good.counts, qualities=good.qualities[:, :1])
    with pytest.raises(ValueError, match="a row has 3 slots, the matrix is 2 wide"):
        MeterDayMatrix(**rest, slots=good.slots + 1, counts=good.counts, qualities=good.qualities)
