"""Invocation counters made from the clock."""

from datetime import UTC, datetime, timedelta

from kilovatt.measure.metering.invocation_counters import COUNTER_MAX, counter_by_clock

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def test_a_later_second_counts_four_more() -> None:
    assert counter_by_clock(NOW + timedelta(seconds=1)) - counter_by_clock(NOW) == 4
    assert counter_by_clock(datetime(2020, 1, 2, tzinfo=UTC)) == 24 * 3600 * 4


def test_a_clock_that_is_far_off_still_makes_a_counter() -> None:
    assert counter_by_clock(datetime(1999, 1, 1, tzinfo=UTC)) == 1
    assert counter_by_clock(datetime(2100, 1, 1, tzinfo=UTC)) == COUNTER_MAX
