"""What is missing of load profiles is noticed once, closed by what is heard, and lost when no meter holds it more."""

from datetime import date, timedelta

import pytest

from kilovatt.measure.metering.meter_days import MeterDay
from kilovatt.measure.metering.sessions import Learnt, SessionReport
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.keeping import keeper
from kilovatt.office.operations.reading.gaps import ANSWERS_WITHOUT_MAX, lose_what_is_too_old, notice_gaps, open_gaps
from kilovatt.office.operations.reading.reading_plan import back_fill, lines_to_read
from kilovatt.office.records.models import Installation, Meter, ProfileGap
from on_record import NOW, meter_day, report_of

YESTERDAY = date(2026, 11, 23)
WHOLE = tuple(range(48))
SINCE = date(2026, 9, 1)


def heard(meter: Meter, *days: MeterDay, name: str = "first", asked: tuple[date, ...] = ()) -> None:
    report = report_of(meter, Learnt(meter_days=days), name=name)
    values = {field: getattr(report, field) for field in SessionReport.__slots__}
    accept(SessionReport(**(values | {"asked_days": asked})), now=NOW)


def missing(meter: Meter) -> tuple[date, ...]:
    return open_gaps([meter.pk]).newest(meter.pk, None)


def test_every_past_day_since_the_meter_stands_there_is_missing_at_first(meter: Meter) -> None:
    noticed = notice_gaps(now=NOW)
    days = (YESTERDAY - SINCE).days + 1
    assert noticed == 2 * days
    assert missing(meter) == tuple(SINCE + timedelta(days=n) for n in range(days))


def test_what_was_noticed_is_not_noticed_again_and_a_new_day_is(meter: Meter) -> None:
    notice_gaps(now=NOW)
    assert notice_gaps(now=NOW + timedelta(hours=3)) == 0
    assert notice_gaps(now=NOW + timedelta(days=1)) == 2
    assert missing(meter)[-1] == date(2026, 11, 24)


@pytest.mark.parametrize("kept", [False, True])
def test_a_day_that_was_heard_before_is_no_gap_wherever_it_lies(meter: Meter, kept: bool) -> None:
    heard(meter, meter_day(YESTERDAY, WHOLE))
    if kept:
        keeper.carry_to_the_lake(now=NOW)
    notice_gaps(now=NOW)
    assert YESTERDAY not in missing(meter)


def test_no_more_is_asked_for_than_the_meter_holds(meter: Meter) -> None:
    Installation.objects.filter(meter=meter).update(installed_at=NOW - timedelta(days=900))
    notice_gaps(now=NOW)
    assert missing(meter)[0] == date(2026, 11, 24) - timedelta(days=170)


def test_a_whole_day_closes_its_gap(meter: Meter) -> None:
    notice_gaps(now=NOW)
    heard(meter, meter_day(YESTERDAY, WHOLE), asked=(YESTERDAY,))
    assert YESTERDAY not in missing(meter)
    assert not ProfileGap.objects.filter(meter=meter, day_on=YESTERDAY).exists()


def test_two_halves_of_a_day_close_its_gap_together(meter: Meter) -> None:
    notice_gaps(now=NOW)
    heard(meter, meter_day(YESTERDAY, [5] * 24 + [None] * 24))
    assert YESTERDAY in missing(meter)
    heard(meter, meter_day(YESTERDAY, [None] * 24 + [6] * 24), name="second")
    assert YESTERDAY not in missing(meter)


def test_what_the_meter_itself_does_not_have_is_lost_after_three_answers(meter: Meter) -> None:
    notice_gaps(now=NOW)
    for number in range(ANSWERS_WITHOUT_MAX):
        assert YESTERDAY in missing(meter)
        heard(meter, meter_day(YESTERDAY, [5] * 47 + [None]), name=f"answer {number}", asked=(YESTERDAY,))
    assert YESTERDAY not in missing(meter)
    assert ProfileGap.objects.get(meter=meter, day_on=YESTERDAY).lost == "not_in_meter"


def test_a_session_that_failed_says_nothing_of_what_the_meter_has(meter: Meter) -> None:
    notice_gaps(now=NOW)
    for number in range(ANSWERS_WITHOUT_MAX + 1):
        heard(meter, name=f"failed {number}")
    assert YESTERDAY in missing(meter)


def test_what_is_older_than_the_meters_memory_is_lost(meter: Meter) -> None:
    notice_gaps(now=NOW)
    later = NOW + timedelta(days=150)
    assert lose_what_is_too_old(now=later) > 0
    assert missing(meter)[0] == later.date() - timedelta(days=171)
    assert ProfileGap.objects.get(meter=meter, day_on=SINCE).lost == "too_old"


def test_a_lost_day_that_turns_up_after_all_is_no_gap_any_more(meter: Meter) -> None:
    notice_gaps(now=NOW)
    ProfileGap.objects.filter(meter=meter, day_on=YESTERDAY).update(lost="not_in_meter")
    heard(meter, meter_day(YESTERDAY, WHOLE))
    assert not ProfileGap.objects.filter(meter=meter, day_on=YESTERDAY).exists()


def test_a_visit_asks_for_the_newest_days_and_the_past_is_filled_by_visits_of_its_own(meter: Meter) -> None:
    notice_gaps(now=NOW)
    (line,) = lines_to_read(now=NOW, meter_ids=[meter.pk], days_at_once=7)
    assert line.meters[0].profile_days == tuple(YESTERDAY - timedelta(days=n) for n in range(6, -1, -1))
    assert line.meters[0].present_too
    (past,) = back_fill({meter.pk: 31}, now=NOW)
    assert len(past.meters[0].profile_days) == 31
    assert (past.meters[0].present_too, past.meters[0].register_months) == (False, ())
    ProfileGap.objects.all().delete()
    assert back_fill({meter.pk: 31}, now=NOW) == ()
