"""When a clock is moved, and by how much: what makers allow, once a day, and within one interval."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.clock_policy import (
    DISTANCE,
    ON_ITS_WAY,
    Advice,
    ClockAdvice,
    DayDeviation,
    advise,
    drift_ms_per_day,
    wait_before_moving,
    wrong_beyond,
)
from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.models import ClockRule

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)
MERCURY = ClockRule(max_shift_s=240, once_a_day=True, slewed=True)
SPODES = ClockRule(max_shift_s=900, once_a_day=False, slewed=False)


def advice(rule: ClockRule | None, ahead_s: int, **changes: Any) -> ClockAdvice:  # noqa: ANN401  # of any argument
    given: dict[str, Any] = {"heard_at": NOW - timedelta(minutes=20), "last_moved_at": None, "now": NOW}
    return advise(rule, ahead_s=ahead_s, **(given | changes))


def test_a_clock_within_its_tolerance_is_left_alone() -> None:
    assert [advice(MERCURY, ahead_s).advice for ahead_s in (5, -5, 6)] == [
        Advice.NOTHING,
        Advice.NOTHING,
        Advice.CORRECT,
    ]
    assert advice(MERCURY, 29, tolerance_s=30).advice is Advice.NOTHING


@pytest.mark.parametrize("ahead_s", [40, -40, 240, -240])
def test_a_clock_is_moved_by_what_it_is_off(ahead_s: int) -> None:
    assert advice(MERCURY, ahead_s) == ClockAdvice(Advice.CORRECT, -ahead_s)


def test_a_clock_further_off_than_its_maker_allows_is_reported_and_not_moved() -> None:
    assert [advice(MERCURY, ahead_s).advice for ahead_s in (241, -241)] == [Advice.TOO_FAR] * 2
    assert [advice(SPODES, ahead_s).advice for ahead_s in (900, 901)] == [Advice.CORRECT, Advice.TOO_FAR]


def test_a_meter_that_cannot_be_told_is_reported() -> None:
    assert advice(None, 40) == ClockAdvice(Advice.NO_COMMAND)


def test_a_clock_is_moved_once_a_day_at_most() -> None:
    assert advice(SPODES, 40, last_moved_at=NOW - timedelta(hours=23, minutes=59)).advice is Advice.WAIT_A_DAY
    assert advice(SPODES, 40, last_moved_at=NOW - timedelta(hours=24)).advice is Advice.CORRECT


def test_what_was_heard_long_ago_is_no_ground() -> None:
    assert advice(SPODES, 40, heard_at=NOW - timedelta(hours=6, seconds=1)).advice is Advice.WAIT_FOR_READING


def test_a_correction_longer_than_an_interval_has_no_room() -> None:
    assert advice(SPODES, 900, step_s=900).advice is Advice.NO_ROOM
    assert advice(MERCURY, 240, step_s=900).advice is Advice.CORRECT


def test_people_are_told_of_a_clock_that_cannot_be_corrected() -> None:
    assert [wrong_beyond(rule) for rule in (None, MERCURY, SPODES)] == [
        timedelta(hours=1),
        timedelta(seconds=240),
        timedelta(seconds=900),
    ]


def test_every_model_that_can_be_told_to_move_its_clock_says_what_is_allowed() -> None:
    assert {model.key for model in MODELS if model.clock_rule} == {
        model.key for model in MODELS if CommandKind.SHIFT_CLOCK in model.commands
    }
    assert model_by_key("mercury-234-artm-01-pob-r").clock_rule == MERCURY
    assert model_by_key("spodes-1ph").clock_rule == SPODES


def wait(at: datetime, rule: ClockRule = SPODES, *, ahead_s: int = 40, **changes: Any) -> timedelta:  # noqa: ANN401
    given: dict[str, Any] = {"seconds": -ahead_s, "zone": MOSCOW, "step_s": 1800, "is_on_its_way": False}
    return wait_before_moving(rule, ahead_s=ahead_s, at=at, **(given | changes))


def test_within_an_interval_nothing_is_waited_for() -> None:
    assert wait(NOW) == timedelta(0)


def test_a_clock_is_not_moved_over_the_end_of_an_interval_nor_near_it() -> None:
    half_past = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    # It shows 9:29:20 then; after the half-hour it shows 9:30:40 and goes back by 40 s: a minute's distance of that.
    assert wait(half_past - timedelta(seconds=80)) == timedelta(seconds=40 + 100)
    assert wait(half_past) == timedelta(seconds=60)
    assert wait(half_past + timedelta(seconds=60)) == timedelta(0)
    # A command already on its way needs less room before the end.
    early = half_past - timedelta(seconds=40) - DISTANCE
    assert (wait(early, is_on_its_way=True), wait(early - ON_ITS_WAY)) == (timedelta(0), timedelta(0))
    assert wait(early - ON_ITS_WAY + timedelta(seconds=1)) > timedelta(0)


def test_a_clock_that_is_slewed_forward_needs_twice_its_correction() -> None:
    behind = {"ahead_s": -200, "seconds": 200}
    # It shows 9:20:00 at 9:23:20, and 9:26:40 when it is right: at 400 s after that it has reached the half-hour's end.
    at = datetime(2026, 11, 24, 9, 23, 20, tzinfo=UTC)
    assert wait(at, MERCURY, **behind) == timedelta(0)
    assert wait(at + timedelta(seconds=51), MERCURY, **behind) > timedelta(0)
    assert wait(at + timedelta(seconds=51), SPODES, **behind) == timedelta(0)


def test_a_correction_that_fits_nowhere_waits_for_nothing() -> None:
    assert wait(NOW, ahead_s=900, step_s=900) == timedelta(0)


@given(
    rule=st.sampled_from([MERCURY, SPODES]),
    ahead_s=st.integers(-240, 240).filter(bool),
    second=st.integers(0, 86_399),
    step_s=st.sampled_from([900, 1800, 3600]),
)
def test_after_the_wait_no_end_of_an_interval_lies_within_the_correction(
    rule: ClockRule, ahead_s: int, second: int, step_s: int
) -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=second)
    sent_at = at + wait(at, rule, ahead_s=ahead_s, step_s=step_s)
    assert wait(sent_at, rule, ahead_s=ahead_s, step_s=step_s) == timedelta(0)
    shown_at = sent_at + timedelta(seconds=ahead_s)
    lasts_s = abs(ahead_s) if rule.slewed else 0
    first, last = sorted((shown_at, shown_at + timedelta(seconds=-ahead_s + lasts_s * (ahead_s < 0))))
    slot_s = min(step_s, 1800)
    assert (first - DISTANCE).timestamp() // slot_s == (last + DISTANCE).timestamp() // slot_s


def days(*ahead_s: int) -> list[DayDeviation]:
    return [DayDeviation(date(2026, 11, 1 + number), seconds) for number, seconds in enumerate(ahead_s)]


def test_the_drift_is_how_much_a_clock_gains_in_a_day() -> None:
    assert drift_ms_per_day(days(0, 2, 4, 6, 8)) == 2000
    assert drift_ms_per_day(days(0, 0, -1, -1, -2)) == -500


def test_a_wild_reading_and_the_order_of_days_change_nothing() -> None:
    assert drift_ms_per_day(list(reversed(days(0, 2, 4, 16, 8, 10, 12)))) == 2000


def test_what_was_before_the_clock_was_set_does_not_count() -> None:
    assert drift_ms_per_day(days(30, 32, 34, 0, 1, 2, 3)) == 1000


def test_of_few_days_nothing_is_said() -> None:
    assert drift_ms_per_day(days(1, 2)) is None
    assert drift_ms_per_day([]) is None
