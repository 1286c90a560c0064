"""Reading plans: whose holds for whom, what is read by them, in which hours and in which turn, and who changed them."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.db.utils import IntegrityError

from kilovatt.config.wiring import errand
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.new_meters import NotOnRecordError
from kilovatt.office.operations.reading import gaps, visits
from kilovatt.office.operations.reading.plan_editing import PlanFacts, keep_plan, reach_of
from kilovatt.office.operations.reading.plans_in_force import plans_of, standing_meters
from kilovatt.office.operations.reading.reading_plan import MeterErrand, back_fill, lines_to_read
from kilovatt.office.operations.registration import OrganisationFacts, register_operator, register_organisation
from kilovatt.office.records.models import (
    Line,
    Meter,
    MeterStanding,
    Organisation,
    ReadingPlan,
    ReadingPlanChange,
    User,
)
from on_record import NOW, report_of

HOURLY = PlanFacts(name="каждый час", is_default=True, every_minutes=60)
AT_NIGHT = PlanFacts(name="ночью", is_default=False, every_minutes=240, opens=time(1), closes=time(5))


@pytest.fixture
def operator(association: Organisation) -> User:
    return register_operator(association, username="operator", password="op-33333-x")


@pytest.fixture
def line(association: Organisation) -> Line:
    return Line.objects.get()


def kept(facts: PlanFacts, organisation: Organisation, by: User, plan: ReadingPlan | None = None) -> ReadingPlan:
    return keep_plan(facts, organisation, by=by, now=NOW, plan=plan)


def plan_of(meter: Meter) -> ReadingPlan | None:
    return plans_of(standing_meters([meter.pk])).get(meter.pk)


def wanted(meter: Meter, **options: bool) -> MeterErrand:
    (of_line,) = lines_to_read(now=NOW, meter_ids=[meter.pk], **options)
    return of_line.meters[0]


def test_the_plan_of_a_meter_goes_before_that_of_its_line_and_that_before_the_default(
    association: Organisation, operator: User, meter: Meter, line: Line
) -> None:
    assert plan_of(meter) is None
    default = kept(HOURLY, association, operator)
    assert plan_of(meter) == default
    of_line = kept(replace(AT_NIGHT, line_ids=frozenset({line.pk})), association, operator)
    assert plan_of(meter) == of_line
    own = kept(replace(AT_NIGHT, name="свой", serials=(meter.serial,)), association, operator)
    assert plan_of(meter) == own
    assert {plan: reach.meters for plan, reach in reach_of(association).items()} == {of_line.pk: 1, own.pk: 1}
    kept(replace(AT_NIGHT, name="свой"), association, operator, own)
    meter.refresh_from_db()
    assert plan_of(meter) == of_line


def test_what_a_plan_leaves_out_is_not_read_unless_somebody_waits(
    association: Organisation, operator: User, meter: Meter
) -> None:
    gaps.notice_gaps(now=NOW)
    kept(replace(HOURLY, reads_profile=False, reads_samples=False, reads_quality=False), association, operator)
    task = errand(wanted(meter)).task
    assert (task.registers_now, task.instant, task.events, task.wants_quality) == (True, False, True, False)
    assert task.profile_days == ()
    assert back_fill({meter.pk: 31}, now=NOW) == ()
    whole = errand(wanted(meter, is_whole=True)).task
    assert (whole.instant, whole.events, whole.wants_quality) == (True, True, True)
    assert whole.profile_days


def test_a_plan_of_profiles_alone_asks_for_no_register(association: Organisation, operator: User, meter: Meter) -> None:
    gaps.notice_gaps(now=NOW)
    kept(replace(HOURLY, reads_registers=False, reads_journals=False), association, operator)
    task = errand(wanted(meter)).task
    assert (task.registers_now, task.register_days, task.register_months, task.events) == (False, (), (), False)
    assert task.wants_quality
    assert task.profile_days


def test_who_is_late_is_put_off_to_the_next_hours_and_a_new_meter_is_not(
    association: Organisation, operator: User, meter: Meter, line: Line
) -> None:
    kept(replace(AT_NIGHT, is_default=True), association, operator)
    accept(report_of(meter, Learnt(), outcome=Outcome.OK, at=NOW), now=NOW)
    # 12:00 in Moscow: it should have been visited in the night, and no process was there.
    MeterStanding.objects.filter(meter=meter).update(next_due_at=NOW - timedelta(hours=9))
    due = visits.due_meters([line.pk], now=NOW, at_most=10)
    assert [Meter.objects.get(pk=pk).serial for pk in due] == ["41000002"]
    standing = MeterStanding.objects.get(meter=meter)
    assert standing.next_due_at is not None
    assert timedelta(hours=13) <= standing.next_due_at - NOW < timedelta(hours=15)
    in_the_night = standing.next_due_at + timedelta(minutes=1)
    assert meter.pk in visits.due_meters([line.pk], now=in_the_night, at_most=10)


def test_a_plan_that_goes_before_others_has_its_meters_visited_first(
    association: Organisation, operator: User, meter: Meter, line: Line
) -> None:
    other = Meter.objects.get(serial="41000002")
    first = ReadingPlan.Priority.FIRST
    plan = kept(replace(HOURLY, is_default=False, priority=first, serials=(other.serial,)), association, operator)
    assert visits.due_meters([line.pk], now=NOW, at_most=10) == [other.pk, meter.pk]
    kept(replace(HOURLY, is_default=False, serials=(other.serial,)), association, operator, plan)
    assert visits.due_meters([line.pk], now=NOW, at_most=10) == [meter.pk, other.pk]


def test_a_changed_plan_holds_at_once(association: Organisation, operator: User, meter: Meter) -> None:
    accept(report_of(meter, Learnt(), outcome=Outcome.OK, at=NOW), now=NOW)
    kept(HOURLY, association, operator)
    in_an_hour = MeterStanding.objects.get(meter=meter).next_due_at
    assert in_an_hour is not None
    assert timedelta(hours=1) <= in_an_hour - NOW < timedelta(hours=1, minutes=1)
    kept(replace(AT_NIGHT, is_default=True), association, operator)
    at_night = MeterStanding.objects.get(meter=meter).next_due_at
    assert at_night is not None
    assert timedelta(hours=13) <= at_night - NOW < timedelta(hours=15)
    assert [plan.name for plan in ReadingPlan.objects.filter(is_default=True)] == ["ночью"]


def test_who_changed_a_plan_and_what_stays_on_record(association: Organisation, operator: User, meter: Meter) -> None:
    plan = kept(HOURLY, association, operator)
    kept(replace(HOURLY, every_minutes=240, serials=(meter.serial,)), association, operator, plan)
    kept(replace(HOURLY, every_minutes=240, serials=(meter.serial,)), association, operator, plan)
    newest, first = plan.changes.all()
    assert (first.before, first.changed_by, first.changed_at) == ({}, operator, NOW)
    assert (newest.before["every_minutes"], newest.after["every_minutes"]) == (60, 240)
    assert newest.after["meters"] == [meter.serial]
    with pytest.raises(DatabaseError), transaction.atomic():
        ReadingPlanChange.objects.filter(pk=first.pk).update(after={})


def test_what_is_not_the_organisations_is_given_no_plan(association: Organisation, operator: User) -> None:
    elsewhere = register_organisation(OrganisationFacts(code="vasilek", name="СНТ «Василёк»", kind="association"))
    stranger = register_operator(elsewhere, username="stranger", password="st-44444-x")
    theirs = Line.objects.create(organisation=elsewhere, name="чужая", url="tcp://x:1")
    with pytest.raises(NotOnRecordError, match="Only its operators"):
        kept(HOURLY, association, stranger)
    with pytest.raises(NotOnRecordError, match="41000001"):
        kept(replace(HOURLY, serials=("41000001",)), elsewhere, stranger)
    kept(replace(HOURLY, line_ids=frozenset({theirs.pk})), association, operator)
    theirs.refresh_from_db()
    assert theirs.reading_plan is None
    kept(replace(HOURLY, name="два", is_default=False), association, operator)
    with pytest.raises(NotOnRecordError, match="this name"):
        kept(replace(HOURLY, name="два"), association, operator)


def test_a_plan_that_reads_nothing_is_none(association: Organisation) -> None:
    nothing = {f"reads_{part}": False for part in ("registers", "profile", "samples", "journals", "quality")}
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadingPlan.objects.create(organisation=association, **nothing)
