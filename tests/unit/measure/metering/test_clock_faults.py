"""In which way a clock is wrong, by what it showed."""

from datetime import UTC, datetime, timedelta

import pytest

from kilovatt.measure.metering.clock_faults import STANDS_FOR_MIN, ClockFault, ClockHeard, clock_fault

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def heard(ahead: timedelta, at: datetime = NOW) -> ClockHeard:
    return ClockHeard(at + ahead, at)


@pytest.mark.parametrize(
    ("ahead", "fault"),
    [
        (datetime(2000, 1, 3, 9, tzinfo=UTC) - NOW, ClockFault.STARTED_ANEW),
        (datetime(2009, 12, 31, 23, tzinfo=UTC) - NOW, ClockFault.STARTED_ANEW),
        (datetime(2010, 1, 1, tzinfo=UTC) - NOW, ClockFault.BEHIND),
        (timedelta(hours=4), ClockFault.OTHER_ZONE),
        (timedelta(hours=-3, minutes=-5), ClockFault.OTHER_ZONE),
        (timedelta(hours=-3, minutes=-6), ClockFault.BEHIND),
        (timedelta(hours=12, seconds=1), ClockFault.AHEAD),
        (timedelta(minutes=4), ClockFault.AHEAD),
        (timedelta(minutes=-29), ClockFault.BEHIND),
    ],
)
def test_what_a_clock_shows_says_what_is_wrong_with_it(ahead: timedelta, fault: ClockFault) -> None:
    assert clock_fault(heard(ahead)) is fault


def test_a_clock_that_shows_the_same_a_day_later_stands_still() -> None:
    last = heard(-2 * DAY)
    assert clock_fault(last, earlier=heard(-DAY, NOW - DAY)) is ClockFault.STOOD_STILL
    # Of the year 2000 too: what stands gives no correction that all its stamps share.
    first = datetime(2000, 1, 1, tzinfo=UTC)
    assert clock_fault(ClockHeard(first, NOW), earlier=ClockHeard(first, NOW - DAY)) is ClockFault.STOOD_STILL


def test_a_clock_that_goes_on_or_was_heard_just_before_does_not_stand() -> None:
    assert clock_fault(heard(-2 * DAY), earlier=heard(-2 * DAY, NOW - DAY)) is ClockFault.BEHIND
    just_before = NOW - STANDS_FOR_MIN + timedelta(seconds=1)
    assert clock_fault(heard(-DAY), earlier=ClockHeard(NOW - DAY, just_before)) is ClockFault.BEHIND
