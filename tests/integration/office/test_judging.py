"""What meters said is judged as it stands now: a doubt that was cleared goes, one that stays keeps its first day."""

from datetime import date, timedelta

import pytest

from kilovatt.measure.metering.sessions import Learnt
from kilovatt.measure.vee import Rule
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.keeping.judging import judge_what_is_new
from kilovatt.office.operations.keeping.keeper import carry_to_the_lake
from kilovatt.office.records.models import Finding, Installation, Meter
from kilovatt.quantities.periods import days_from
from on_record import NOW, meter_day, register, report_of

OCTOBER, TODAY = date(2026, 10, 1), date(2026, 11, 24)
HOUR = timedelta(hours=1)


@pytest.fixture
def whole(meter: Meter) -> Meter:
    """The only meter, with every half-hour of 2 × 0.5 Wh since the first day that is judged."""
    Installation.objects.exclude(meter=meter).update(removed_at=NOW - HOUR)
    days = tuple(meter_day(on, [2] * 48) for on in days_from(OCTOBER, TODAY)[:-1])
    accept(report_of(meter, Learnt(meter_days=days), name="days"), now=NOW)
    return meter


def found() -> list[tuple[str, date]]:
    return sorted(Finding.objects.values_list("rule", "day_on"))


def test_a_meter_that_told_everything_leaves_no_doubt(whole: Meter) -> None:
    assert judge_what_is_new(now=NOW) == 0
    assert found() == []


def test_a_day_that_was_never_heard_is_a_gap_and_one_that_came_is_none(meter: Meter) -> None:
    Installation.objects.exclude(meter=meter).update(removed_at=NOW - HOUR)
    assert judge_what_is_new(now=NOW) == 54
    assert set(found()) == {(Rule.GAP.value, on) for on in days_from(OCTOBER, TODAY)[:-1]}
    accept(report_of(meter, Learnt(meter_days=(meter_day(OCTOBER, [2] * 48),)), name="one"), now=NOW)
    assert judge_what_is_new(now=NOW) == 53
    assert (Rule.GAP.value, OCTOBER) not in found()


def test_a_register_that_went_down_is_found_with_its_figures_and_first_instant(whole: Meter) -> None:
    went_down = (register(500_000, at=NOW - HOUR), register(400_000, at=NOW))
    accept(report_of(whole, Learnt(registers=went_down), name="registers"), now=NOW)
    judge_what_is_new(now=NOW)
    judge_what_is_new(now=NOW + HOUR)
    finding = Finding.objects.get(rule=Rule.NEGATIVE.value)
    assert (finding.meter_id, finding.day_on, finding.found_at) == (whole.pk, TODAY, NOW)
    assert set(finding.figures.values()) >= {500_000, 400_000}


def test_what_lies_in_the_lake_is_judged_as_what_lies_in_the_intake(whole: Meter) -> None:
    went_down = (register(500_000, at=NOW - HOUR), register(400_000, at=NOW))
    accept(report_of(whole, Learnt(registers=went_down), name="registers"), now=NOW)
    judge_what_is_new(now=NOW)
    before = found()
    assert carry_to_the_lake(now=NOW) is not None
    judge_what_is_new(now=NOW)
    assert found() == before != []
