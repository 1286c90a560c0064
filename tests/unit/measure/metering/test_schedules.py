"""A meter is due as often as its schedule says, within its hours, and ever later after failures."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.schedules import BACK_OFF_MAX, ReadingSchedule, next_visit

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HALF_HOURLY = ReadingSchedule()
NIGHTLY = ReadingSchedule(every=timedelta(days=1), opens=time(0, 10), closes=time(6, 10))
LATE = ReadingSchedule(every=timedelta(hours=1), opens=time(22), closes=time(4))


def due(schedule: ReadingSchedule, *, failures: int = 0, at: datetime = NOON, meter_id: int = 0) -> datetime:
    return next_visit(schedule, meter_id=meter_id, failures=failures, visited_at=at, zone=MOSCOW)


def test_a_meter_that_was_read_is_due_after_its_interval() -> None:
    assert due(HALF_HOURLY) == NOON + timedelta(minutes=30)


@pytest.mark.parametrize(("failures", "minutes"), [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (40, 30)])
def test_after_failures_it_is_tried_sooner_and_then_ever_later_but_not_later_than_its_schedule(
    failures: int, minutes: int
) -> None:
    assert due(HALF_HOURLY, failures=failures) == NOON + timedelta(minutes=minutes)


def test_a_meter_that_is_read_every_minute_is_tried_every_minute() -> None:
    busy = ReadingSchedule(every=timedelta(minutes=1))
    assert due(busy, failures=9) == NOON + timedelta(minutes=1)


def test_of_a_slow_schedule_it_waits_six_hours_at_most() -> None:
    daily = ReadingSchedule(every=timedelta(days=1))
    assert due(daily, failures=30) == NOON + BACK_OFF_MAX


def test_what_is_due_outside_the_window_is_due_when_it_opens() -> None:
    assert due(NIGHTLY, at=NOON) == datetime(2026, 11, 25, 21, 10, tzinfo=UTC)
    assert due(NIGHTLY, at=NOON, failures=1) == datetime(2026, 11, 24, 21, 10, tzinfo=UTC)


def test_meters_are_spread_over_the_first_half_of_the_window() -> None:
    dues = {due(NIGHTLY, at=NOON, meter_id=number) for number in range(1, 200)}
    opens_at = datetime(2026, 11, 25, 21, 10, tzinfo=UTC)
    assert min(dues) >= opens_at
    assert max(dues) < opens_at + timedelta(hours=3)
    assert len(dues) == 199


def test_a_window_may_run_over_midnight() -> None:
    assert LATE.allows(datetime(2026, 11, 24, 19, 0, tzinfo=UTC), MOSCOW)
    assert LATE.allows(datetime(2026, 11, 24, 0, 59, tzinfo=UTC), MOSCOW)
    assert not LATE.allows(datetime(2026, 11, 24, 1, 0, tzinfo=UTC), MOSCOW)
    assert (LATE.window_s(), HALF_HOURLY.window_s()) == (6 * 3600, 86_400)


@pytest.mark.parametrize(
    ("every", "opens", "closes"),
    [(timedelta(seconds=59), None, None), (timedelta(hours=1), time(1), None), (timedelta(hours=1), time(1), time(1))],
)
def test_a_schedule_that_makes_no_sense_is_refused(every: timedelta, opens: time | None, closes: time | None) -> None:
    with pytest.raises(ValueError, match=r"a meter is read|a window has"):
        ReadingSchedule(every=every, opens=opens, closes=closes)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 50),
    st.sampled_from([HALF_HOURLY, NIGHTLY, LATE]),
    st.integers(1, 10**7),
)
def test_a_meter_is_always_due_later_and_within_its_window(
    at: datetime, failures: int, schedule: ReadingSchedule, meter_id: int
) -> None:
    again = due(schedule, failures=failures, at=at, meter_id=meter_id)
    assert at < again <= at + timedelta(days=2, hours=4)
    assert schedule.allows(again, MOSCOW)
