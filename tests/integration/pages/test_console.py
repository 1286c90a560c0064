"""The operator's board: who is silent and what to do, in sentences; a meter's own page; the events of all."""

import re
from datetime import date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.console.sentences import Weight, sentences
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.registration import register_places
from kilovatt.office.operations.standing.board import board_of
from kilovatt.office.records.models import Finding, Meter, MeterStanding, Unbilled
from looked_at import Town, words
from on_record import NOW, clock, place, report_of


def failed(meter: Meter, outcome: Outcome, *, at: datetime = NOW, name: str = "failed") -> None:
    accept(report_of(meter, Learnt(), name=name, at=at, outcome=outcome), now=at)


def said_of(town: Town, meter: Meter, *, now: datetime = NOW) -> list[str]:
    row = next(row for row in board_of(town.operator, now=now) if row.meter_id == meter.pk)
    with translation.override("en"):
        return [sentence.text for sentence in sentences(row, now=now)]


def test_the_board_counts_and_filters_what_is_wrong(operator: Client, town: Town) -> None:
    failed(town.meter, Outcome.SILENCE)
    said = words(operator, "/console/meters/")
    assert "Meters 2 meters, 1 of them is silent" in said
    assert "all 2 silent 1 incomplete 2 interference 2 wrong clock 0 held apart 0 not billed 0" in said
    silent = operator.get("/console/meters/?show=silent").context["shown"]
    assert [one.row.serial for one in silent] == ["41000001"]
    assert "No meter is like that now." in words(operator, "/console/meters/?show=clock")


def test_the_board_alone_is_sent_to_who_renews_it_in_place(operator: Client) -> None:
    part = operator.get("/console/meters/?show=all", headers={"hx-request": "true"})
    assert part.content.decode().strip().startswith('<div id="board"')
    assert "<html" not in part.content.decode()
    assert 'hx-get="?show=all&amp;page=1"' in part.content.decode()
    assert "HX-Request" in part.headers["Vary"]
    back = {"hx-request": "true", "hx-history-restore-request": "true"}
    for headers in ({}, back):
        assert "<html" in operator.get("/console/meters/?show=all", headers=headers).content.decode()


def test_the_board_says_when_it_was_made(operator: Client) -> None:
    assert re.search(r"As of \d\d \w{3} \d{4}, \d\d:\d\d\.", words(operator, "/console/meters/"))


def test_an_unknown_filter_shows_all(operator: Client) -> None:
    assert len(operator.get("/console/meters/?show=<x>").context["shown"]) == 2


def test_the_worst_comes_first(operator: Client, town: Town) -> None:
    other = Meter.objects.get(serial="41000002")
    failed(other, Outcome.NO_ROUTE)
    assert [one.row.serial for one in operator.get("/console/meters/").context["shown"]] == ["41000002", "41000001"]


def test_a_silent_meter_among_answering_ones_is_itself_to_blame(operator: Client, town: Town) -> None:
    later = NOW + timedelta(days=2, hours=1)
    failed(town.meter, Outcome.SILENCE, at=NOW + timedelta(hours=1), name="first silence")
    failed(town.meter, Outcome.SILENCE, at=later)
    said = " ".join(said_of(town, town.meter, now=later))
    assert "For 3 days now. Nothing answers." in said
    assert "1 other on line линия 1 answers: it is this meter itself or its branch. Call an electrician." in said


def test_a_line_on_which_nothing_answers_is_to_blame_itself(operator: Client, town: Town) -> None:
    for meter in Meter.objects.all():
        failed(meter, Outcome.SILENCE)
    assert "Nothing on line линия 1 answers: look at the gateway" in " ".join(said_of(town, town.meter))


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.OK])
def test_each_way_to_fail_has_a_sentence_that_says_what_to_do(operator: Client, town: Town, outcome: Outcome) -> None:
    failed(town.meter, outcome)
    english = words(operator, "/console/meters/?show=silent")
    russian = words(operator, "/console/meters/?show=silent", "ru")
    assert outcome.value not in english or outcome is Outcome.ECHO
    assert english != russian
    assert "Все счётчики" in words(operator, f"/console/meters/{town.meter.pk}/", "ru")


def test_a_wrong_clock_is_told_with_how_far_it_is_off(operator: Client, town: Town) -> None:
    accept(report_of(town.meter, Learnt(clock=clock(ahead=timedelta(minutes=7))), name="clock"), now=NOW)
    assert "Its clock is 7\xa0min ahead." in said_of(town, town.meter)
    accept(
        report_of(
            town.meter,
            Learnt(clock=clock(ahead=-timedelta(hours=1), at=NOW + timedelta(minutes=1))),
            name="late",
            at=NOW + timedelta(minutes=1),
        ),
        now=NOW + timedelta(minutes=1),
    )
    assert "Its clock is 1\xa0h behind." in said_of(town, town.meter)


def test_an_opened_cover_is_told_with_its_length(operator: Client, town: Town) -> None:
    assert "Terminal cover opened 22 Nov 2026, 17:25, for 12 min." in " ".join(
        words(operator, f"/console/meters/{town.meter.pk}/").split()
    )


def test_a_meter_that_was_never_asked_says_so(operator: Client, town: Town) -> None:
    register_places(town.association, [place(3)])
    meter = Meter.objects.get(serial="41000003")
    assert said_of(town, meter) == ["Not read yet."]
    assert "Nobody has spoken to it yet." in words(operator, f"/console/meters/{meter.pk}/")


def test_a_meter_that_nobody_visits_any_more_is_not_well_however_its_last_visit_went(
    operator: Client, town: Town
) -> None:
    later = NOW + timedelta(days=3)
    said = said_of(town, town.meter, now=later)
    assert said[0].startswith("Within the last day nobody has tried to read the meter. Check that a head-end process")
    failed(town.meter, Outcome.SILENCE)
    with_failure = " ".join(said_of(town, town.meter, now=later))
    assert "Within the last day nobody has tried to read the meter." in with_failure
    assert "Nothing answers." in with_failure


def test_a_meter_without_a_line_says_what_to_put_on_record(operator: Client, town: Town) -> None:
    Meter.objects.filter(pk=town.meter.pk).update(line=None)
    assert "The meter is on record without a line, so nobody can ask it. Put on record over which line" in " ".join(
        said_of(town, town.meter)
    )


def test_a_missing_bill_is_said_with_its_reason(operator: Client, town: Town) -> None:
    account = town.association.accounts.get(number="000001")
    Unbilled.objects.create(
        account=account, period_first_on=date(2026, 10, 1), reason="no_price", detail={}, noticed_at=NOW
    )
    said = said_of(town, town.meter)
    assert "No bill for the last month: the account has no tariff plan with prices for it." in said


def test_all_is_well_is_one_calm_sentence(town: Town) -> None:
    register_places(town.association, [place(3)])
    meter = Meter.objects.get(serial="41000003")
    accept(report_of(meter, Learnt(clock=clock())), now=NOW)
    row = next(row for row in board_of(town.operator, now=NOW) if row.meter_id == meter.pk)
    assert [sentence.weight for sentence in sentences(row, now=NOW)] == [Weight.GOOD]


def test_a_strip_of_thirty_days_is_also_told_in_words(operator: Client) -> None:
    assert 'aria-label="complete on 1 of 30 days"' in operator.get("/console/meters/").content.decode()


def test_a_meters_page_shows_registers_sessions_and_doubts(operator: Client, town: Town) -> None:
    Finding.objects.create(
        meter=town.meter,
        rule="register_mismatch",
        day_on=date(2026, 11, 22),
        figures={"register_wh": 100, "intervals_wh": 90, "tolerance_wh": 5, "earlier_wh": 0},
        found_at=NOW,
    )
    MeterStanding.objects.filter(meter=town.meter).update(power_w=412, voltage_mv=231_449, relay_closed=True)
    said = words(operator, f"/console/meters/{town.meter.pk}/")
    assert "active, taken T1 1,150.250 24 Nov 2026, 12:00 frame" in said
    assert "From 22 Nov 2026 on: the registers counted 100 Wh, the intervals 90 Wh (tolerance 5 Wh)." in said
    assert "412 W, 231.4 V" in said
    assert "closed: the place is supplied" in said
    assert "24 Nov 2026, 12:00 read whole" in said


def test_the_events_of_all_meters_stand_together(operator: Client, town: Town) -> None:
    said = words(operator, "/console/events/")
    assert said.count("Terminal cover opened 22 Nov 2026, 17:25, for 12 min.") == 2


def test_without_events_the_page_says_so(town: Town) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(town.stranger)
    assert "The journals of the meters tell of nothing." in words(client, "/console/events/")
    assert "There are no meters on record yet." in words(client, "/console/meters/")


def test_the_board_needs_as_many_queries_for_many_meters_as_for_few(
    operator: Client, town: Town, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    register_places(town.association, [place(number) for number in range(3, 33)])
    operator.get("/console/meters/")
    with django_assert_max_num_queries(22):
        assert len(operator.get("/console/meters/").context["shown"]) == 32
