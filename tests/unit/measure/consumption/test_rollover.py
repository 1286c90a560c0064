import pytest

from kilovatt.measure.consumption import RegisterDifference, register_difference
from kilovatt.measure.metering.catalogue import model_by_key

LIMIT_WH = 1_000_000_000


def test_a_v1_register_begins_again_after_999_999_99_kwh() -> None:
    assert model_by_key("mercury-206-prlsno").register_limit_wh == (999_999_990 + 10)


def test_where_a_v2_register_turns_is_not_established() -> None:
    assert model_by_key("mercury-234-art-03").register_limit_wh is None


@pytest.mark.parametrize(
    ("start_wh", "end_wh", "limit_wh", "difference"),
    [
        (100, 100, LIMIT_WH, RegisterDifference(0, rolled_over=False)),
        (100, 250, None, RegisterDifference(150, rolled_over=False)),
        (999_999_990, 0, LIMIT_WH, RegisterDifference(10, rolled_over=True)),
        # A tenth of the capacity is believed, and not a watt-hour more.
        (900_000_000, 0, LIMIT_WH, RegisterDifference(100_000_000, rolled_over=True)),
        (899_999_999, 0, LIMIT_WH, None),
        (250, 100, LIMIT_WH, None),
        (250, 100, None, None),
        # Above its own top: not a register of this meter.
        (2_000_000_000, 0, LIMIT_WH, None),
    ],
)
def test_what_a_register_counted(
    start_wh: int, end_wh: int, limit_wh: int | None, difference: RegisterDifference | None
) -> None:
    assert register_difference(start_wh=start_wh, end_wh=end_wh, limit_wh=limit_wh) == difference
