from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.quantities.periods import (
    Period,
    days_from,
    days_of,
    first_of_month,
    last_full_month,
    local_date,
    local_day,
    local_midnight,
    local_month,
    next_month,
    previous_month,
)

MOSCOW = ZoneInfo("Europe/Moscow")
VOLGOGRAD = ZoneInfo("Europe/Volgograd")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ZONES = st.sampled_from([MOSCOW, VOLGOGRAD, SAO_PAULO, ZoneInfo("Asia/Vladivostok"), ZoneInfo("UTC")])
DAYS = st.dates(date(2010, 1, 1), date(2030, 12, 31))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def test_a_moscow_day_begins_three_hours_before_the_utc_day() -> None:
    assert local_midnight(date(2026, 11, 24), MOSCOW) == utc(2026, 11, 23, 21)


def test_volgograd_28_october_2018_has_23_hours() -> None:
    # Clocks went from UTC+3 to UTC+4 at 02:00 local.
    day = local_day(date(2018, 10, 28), VOLGOGRAD)
    assert day == Period(utc(2018, 10, 27, 21), utc(2018, 10, 28, 20))
    assert day.duration == timedelta(hours=23)
    assert day.slots(1800) == 46


def test_volgograd_27_december_2020_has_25_hours() -> None:
    # Clocks went back from UTC+4 to UTC+3 at 02:00 local.
    day = local_day(date(2020, 12, 27), VOLGOGRAD)
    assert day == Period(utc(2020, 12, 26, 20), utc(2020, 12, 27, 21))
    assert day.duration == timedelta(hours=25)
    assert day.slots(1800) == 50


def test_a_day_whose_midnight_is_skipped_begins_at_the_move() -> None:
    # São Paulo, 4 November 2018: 00:00 became 01:00, so UTC-3 ended at 03:00 UTC.
    assert local_midnight(date(2018, 11, 4), SAO_PAULO) == utc(2018, 11, 4, 3)
    assert local_day(date(2018, 11, 4), SAO_PAULO).duration == timedelta(hours=23)


def test_a_month_is_the_time_between_two_local_midnights() -> None:
    assert local_month(date(2026, 10, 1), MOSCOW) == Period(utc(2026, 9, 30, 21), utc(2026, 10, 31, 21))


@pytest.mark.parametrize("function", [next_month, previous_month])
def test_a_month_is_named_by_its_first_day_only(function: Callable[[date], date]) -> None:
    with pytest.raises(ValueError, match="named by its first day: got 2026-11-24"):
        function(date(2026, 11, 24))


@pytest.mark.parametrize(
    ("first_on", "following_on"),
    [
        (date(2026, 1, 1), date(2026, 2, 1)),
        (date(2024, 2, 1), date(2024, 3, 1)),
        (date(2026, 12, 1), date(2027, 1, 1)),
    ],
)
def test_months_follow_each_other(first_on: date, following_on: date) -> None:
    assert next_month(first_on) == following_on
    assert previous_month(following_on) == first_on


def test_the_last_full_month_turns_at_local_midnight() -> None:
    # 31 October 2026, 21:00 UTC is 1 November, 00:00 in Moscow.
    assert last_full_month(utc(2026, 10, 31, 20, 59, 59), MOSCOW) == date(2026, 9, 1)
    assert last_full_month(utc(2026, 10, 31, 21), MOSCOW) == date(2026, 10, 1)
    assert last_full_month(utc(2027, 1, 10), MOSCOW) == date(2026, 12, 1)


def test_a_naive_instant_has_no_local_day() -> None:
    with pytest.raises(ValueError, match="needs an instant with a time zone"):
        local_date(datetime(2026, 11, 24, 12), MOSCOW)


def test_a_period_contains_its_start_and_not_its_end() -> None:
    period = Period(utc(2026, 1, 1), utc(2026, 1, 2))
    assert utc(2026, 1, 1) in period
    assert utc(2026, 1, 1, 23, 59, 59) in period
    assert utc(2026, 1, 2) not in period
    assert utc(2025, 12, 31) not in period


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        Period(utc(2026, 1, 2), utc(2026, 1, 2))


@pytest.mark.parametrize("at", [datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=3)))])
def test_a_period_of_instants_that_are_not_utc_is_refused(at: datetime) -> None:
    with pytest.raises(ValueError, match="start is an instant in UTC"):
        Period(at, utc(2026, 1, 2))
    with pytest.raises(ValueError, match="end is an instant in UTC"):
        Period(utc(2025, 1, 1), at)


def test_periods_that_touch_have_nothing_in_common() -> None:
    january, february = local_month(date(2026, 1, 1), MOSCOW), local_month(date(2026, 2, 1), MOSCOW)
    assert january.overlap(february) is None
    assert january.overlap(january) == january
    day = local_day(date(2026, 1, 31), MOSCOW)
    assert day.overlap(Period(day.start + timedelta(hours=5), february.end)) == Period(
        day.start + timedelta(hours=5), day.end
    )


def test_slots_that_do_not_fill_a_period_are_refused() -> None:
    with pytest.raises(ValueError, match="slots of 7200 s don't fill a period of 23:00:00"):
        local_day(date(2018, 10, 28), VOLGOGRAD).slots(7200)


def test_a_period_touches_the_days_it_has_a_moment_of() -> None:
    assert days_of(local_day(date(2026, 1, 5), MOSCOW), MOSCOW) == (date(2026, 1, 5),)
    # From 23:00 Moscow of the 5th to 01:00 of the 7th.
    assert days_of(Period(utc(2026, 1, 5, 20), utc(2026, 1, 6, 22)), MOSCOW) == days_from(
        date(2026, 1, 5), date(2026, 1, 7)
    )


def test_no_days_lie_between_a_day_and_the_day_before() -> None:
    assert days_from(date(2026, 1, 2), date(2026, 1, 1)) == ()


@given(on=DAYS, zone=ZONES)
def test_days_tile_time(on: date, zone: ZoneInfo) -> None:
    assert local_day(on, zone).end == local_day(on + timedelta(days=1), zone).start


@given(on=DAYS, zone=ZONES)
def test_every_moment_of_a_local_day_has_its_date(on: date, zone: ZoneInfo) -> None:
    day = local_day(on, zone)
    assert local_date(day.start, zone) == on
    assert local_date(day.end - timedelta(seconds=1), zone) == on
    assert local_date(day.end, zone) == on + timedelta(days=1)


@given(on=DAYS, zone=ZONES)
def test_a_month_is_made_of_its_days(on: date, zone: ZoneInfo) -> None:
    month = local_month(first_of_month(on), zone)
    days = days_of(month, zone)
    assert on in days
    assert sum((local_day(day, zone).duration for day in days), timedelta(0)) == month.duration
