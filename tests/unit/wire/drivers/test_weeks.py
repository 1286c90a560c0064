"""How days are cut into parts of a session."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.drivers.weeks import DAYS_OF_A_PART, runs_of_days

DAYS = st.integers(0, 60).map(lambda number: date(2026, 1, 1) + timedelta(days=number))


def test_a_gap_and_a_full_week_end_a_run() -> None:
    days = [date(2026, 11, day) for day in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11)]
    assert [len(run) for run in runs_of_days(days)] == [2, 7, 1]
    assert list(runs_of_days(())) == []


@given(st.lists(DAYS))
def test_no_day_is_lost_or_read_twice(days: list[date]) -> None:
    runs = list(runs_of_days(days))
    assert [day for run in runs for day in run] == sorted(set(days))
    assert all(len(run) <= DAYS_OF_A_PART and run[-1] - run[0] == timedelta(days=len(run) - 1) for run in runs)
