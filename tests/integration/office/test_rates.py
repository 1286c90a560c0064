"""How well a site is read: within a day, whole from midnight to midnight, and with the registers a bill is made of."""

from datetime import date, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from kilovatt.measure.metering.outcomes import Condition, Outcome
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.keeping import keeper
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.reading import visits
from kilovatt.office.operations.reading.gaps import notice_gaps
from kilovatt.office.operations.registration import (
    OrganisationFacts,
    register_line,
    register_organisation,
    register_places,
)
from kilovatt.office.operations.standing.rates import Rate, Success, installed, success_by_line, success_of_meters
from kilovatt.office.operations.standing.site_status import SiteStatus, site_status
from kilovatt.office.records.models import Installation, Line, Meter, MeterStanding, Organisation, ProfileGap
from on_record import NOW, clock, place, register, report_of

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
YESTERDAY = date(2026, 11, 23)


def read(meter: Meter, *, at: timedelta = timedelta(0), name: str = "read", **learnt: object) -> None:
    what = Learnt(**({"registers": (register(5_000, at=NOW + at),)} | learnt))  # type: ignore[arg-type]
    accept(report_of(meter, what, name=name, at=NOW + at), now=NOW + at)


def failed(meter: Meter, outcome: Outcome, *, at: timedelta = timedelta(0)) -> None:
    accept(report_of(meter, Learnt(), name=f"{outcome} {at}", at=NOW + at, outcome=outcome), now=NOW + at)


def success() -> Success:
    return sum(success_by_line(installed(now=NOW), now=NOW).values(), Success())


def status() -> SiteStatus:
    return site_status(now=NOW)


def test_a_meter_counts_as_read_when_it_brought_something_within_a_day(meter: Meter) -> None:
    assert success().read == Rate(0, 2)
    read(meter)
    assert success().read == Rate(1, 2)
    read(Meter.objects.get(serial="41000002"), at=-timedelta(hours=25))
    assert success().read == Rate(1, 2)
    failed(meter, Outcome.SILENCE, at=timedelta(minutes=5))
    assert success().read == Rate(1, 2)


def test_a_meter_whose_days_were_never_looked_at_is_not_called_whole(meter: Meter) -> None:
    assert success().whole_days == Rate(0, 2)
    notice_gaps(now=NOW)
    assert success().whole_days == Rate(0, 2)
    ProfileGap.objects.filter(meter=meter).delete()
    assert success().whole_days == Rate(1, 2)


@pytest.mark.parametrize(
    ("gap_on", "whole"), [(YESTERDAY, 0), (date(2026, 10, 25), 0), (date(2026, 10, 24), 1), (date(2026, 9, 2), 1)]
)
def test_one_missing_day_of_the_last_thirty_spoils_it_and_an_older_one_does_not(
    meter: Meter, gap_on: date, whole: int
) -> None:
    notice_gaps(now=NOW)
    ProfileGap.objects.filter(meter=meter).exclude(day_on=gap_on).delete()
    assert success().whole_days.done == whole


def test_a_lost_day_is_missing_as_much_as_one_that_is_still_asked_for(meter: Meter) -> None:
    notice_gaps(now=NOW)
    ProfileGap.objects.filter(meter=meter).exclude(day_on=YESTERDAY).delete()
    ProfileGap.objects.filter(meter=meter).update(lost="too_old")
    assert success().whole_days.done == 0


def test_a_day_that_has_just_ended_and_was_not_looked_at_yet_does_not_count_against_anybody(meter: Meter) -> None:
    notice_gaps(now=NOW)
    ProfileGap.objects.filter(meter=meter).delete()
    next_day, the_day_after = NOW + timedelta(days=1), NOW + timedelta(days=2)
    for now, whole in ((next_day, 1), (the_day_after, 0)):
        found = sum(success_by_line(installed(now=now), now=now).values(), Success())
        assert found.whole_days.done == whole


def test_a_meter_without_a_load_profile_is_not_asked_for_days(association: Organisation) -> None:
    register_places(association, [place(3, model_key="mercury-200-04")])
    assert success().whole_days.of == 2
    assert success().read.of == 3
    meter_id = Meter.objects.get(serial="41000003").pk
    assert success_of_meters(installed(now=NOW), now=NOW)[meter_id].has_whole_days is None


@pytest.mark.parametrize("kept", [False, True])
def test_both_month_starts_are_known_wherever_they_lie(meter: Meter, kept: bool) -> None:
    read(meter, registers=(register(1_000, on=OCTOBER),))
    assert success().month_starts == Rate(0, 2)
    read(meter, name="second", registers=(register(2_000, on=NOVEMBER),))
    if kept:
        keeper.carry_to_the_lake(now=NOW)
    assert success().month_starts == Rate(1, 2)


def test_of_a_meter_put_up_since_only_the_starts_after_it_are_due(meter: Meter) -> None:
    Installation.objects.filter(meter=meter).update(installed_at=NOW - timedelta(days=40))
    read(meter, registers=(register(2_000, on=NOVEMBER),))
    assert success().month_starts == Rate(1, 2)
    Installation.objects.filter(meter=meter).update(installed_at=NOW - timedelta(days=3))
    assert success().month_starts == Rate(0, 1)
    assert success_of_meters(installed(now=NOW), now=NOW)[meter.pk].has_month_starts is None


def test_meters_are_counted_and_listed_by_the_same_rules(meter: Meter) -> None:
    read(meter)
    notice_gaps(now=NOW)
    ProfileGap.objects.filter(meter=meter).delete()
    of_meters = success_of_meters(installed(now=NOW), now=NOW)
    assert sum(one.is_read for one in of_meters.values()) == success().read.done
    assert sum(bool(one.has_whole_days) for one in of_meters.values()) == success().whole_days.done


def test_meters_of_another_organisation_are_not_counted(association: Organisation) -> None:
    elsewhere = register_organisation(OrganisationFacts(code="vasilek", name="СНТ «Василёк»", kind="association"))
    assert site_status(now=NOW, organisations=[elsewhere.pk]).meters == 0
    assert site_status(now=NOW, organisations=[association.pk]).meters == 2


def test_a_rate_is_rounded_down_so_that_only_all_are_all() -> None:
    assert Rate(1999, 2000).tenths_of_percent == 999
    assert Rate(2000, 2000).tenths_of_percent == 1000
    assert Rate(0, 0).tenths_of_percent is None
    assert Rate(19, 20).is_below(95.1)
    assert not Rate(19, 20).is_below(95)
    assert not Rate(0, 0).is_below(100)


def test_each_meter_without_data_has_one_reason(meter: Meter) -> None:
    assert status().reasons == {Condition.NOT_VISITED: 2}
    failed(meter, Outcome.WRONG_PASSWORD)
    assert status().reasons == {Condition.NOT_VISITED: 1, Outcome.WRONG_PASSWORD: 1}
    read(Meter.objects.get(serial="41000002"), clock=clock(ahead=timedelta(hours=1)))
    assert status().reasons == {Condition.CLOCK_WRONG: 1, Outcome.WRONG_PASSWORD: 1}
    Meter.objects.filter(pk=meter.pk).update(line=None)
    assert status().reasons == {Condition.CLOCK_WRONG: 1, Condition.NO_LINE: 1}


def test_a_meter_that_nobody_has_tried_for_a_day_says_so_whatever_came_before(meter: Meter) -> None:
    failed(meter, Outcome.SILENCE, at=-timedelta(hours=30))
    assert status().reasons == {Condition.NOT_VISITED: 2}


def test_all_is_well_needs_no_reason(association: Organisation) -> None:
    for meter in Meter.objects.all():
        read(meter)
    assert status().reasons == {}
    assert status().lines[0].commonest_reason is None


def test_the_worst_line_comes_first_with_what_ails_it(association: Organisation) -> None:
    register_line(association, name="линия 2", url="tcp://127.0.0.1:4002", answer_timeout_ms=1000, quiet_ms=100)
    register_places(association, [place(3, line_name="линия 2"), place(4, line_name="линия 2")])
    for serial in ("41000001", "41000002", "41000003"):
        read(Meter.objects.get(serial=serial))
    failed(Meter.objects.get(serial="41000004"), Outcome.NOISE)
    worst, other = status().lines
    assert (worst.name, worst.success.read, worst.commonest_reason) == ("линия 2", Rate(1, 2), Outcome.NOISE)
    assert (other.name, other.success.read) == ("линия 1", Rate(2, 2))


def test_who_holds_a_line_is_told_until_the_lease_ends(association: Organisation) -> None:
    assert status().lines_held == 0
    line_leases.take_lines(now=NOW, at_most=1, holder="mini-pc 4711")
    assert status().holders == {"mini-pc 4711": 1}
    assert site_status(now=NOW + timedelta(minutes=1)).lines_held == 0


def test_what_is_due_and_overdue_is_counted(meter: Meter) -> None:
    assert (status().due, status().overdue, status().longest_due_at) == (2, 0, None)
    for one in Meter.objects.all():
        read(one)
    assert (status().due, status().overdue) == (0, 0)
    MeterStanding.objects.filter(meter=meter).update(next_due_at=NOW - timedelta(hours=3))
    assert (status().due, status().overdue, status().longest_due_at) == (1, 1, NOW - timedelta(hours=3))
    visits.ask_for(meter, now=NOW)
    visits.ask_for(meter, now=NOW)
    assert status().waited_for == 1


def test_gaps_are_counted_by_whether_anybody_still_asks(meter: Meter) -> None:
    notice_gaps(now=NOW)
    days = ProfileGap.objects.filter(meter=meter).count()
    ProfileGap.objects.filter(meter=meter, day_on=YESTERDAY).update(lost="not_in_meter")
    gaps = status().gaps
    assert (gaps.open_days, gaps.open_meters, gaps.lost_days) == (2 * days - 1, 2, {"not_in_meter": 1})


def test_many_lines_need_as_many_queries_as_one(
    association: Organisation, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(2, 12):
        name = f"линия {number}"
        register_line(association, name=name, url="tcp://127.0.0.1:4002", answer_timeout_ms=1000, quiet_ms=100)
        register_places(association, [place(number + 1, line_name=name)])
    with django_assert_max_num_queries(18):
        assert len(status().lines) == Line.objects.count() == 11
