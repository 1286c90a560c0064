"""A meter's page tells how it did over a month, and has it read now for those who may ask."""

from datetime import date, timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.orders import OrderState
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.console.clock_shown import PICTURE_HEIGHT
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.reading.asked_readings import WAITED_FOR
from kilovatt.office.records.models import (
    ClockDeviation,
    Meter,
    MeterOrder,
    MeterStanding,
    ProfileGap,
    Session,
    StaffRole,
    Work,
)
from looked_at import Town, live_at, words
from on_record import NOW, report_of

ROW = '<div class="days" role="img" aria-label="'


def session(town: Town, outcome: Outcome, *, days_ago: int, hour: int = 0) -> None:
    at = NOW - timedelta(days=days_ago, hours=-hour)
    accept(report_of(town.meter, Learnt(), name=f"{outcome} {at}", at=at, outcome=outcome), now=at)


def page(town: Town) -> str:
    return f"/console/meters/{town.meter.pk}/"


def strip(client: Client, town: Town) -> list[str]:
    shown = client.get(page(town)).context["history"].strip
    return [mark.removesuffix("></i>") for mark in shown.split("<i")[1:]]


# ── Over time ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_thirty_days_are_a_strip_that_is_also_told_in_words(operator: Client, town: Town) -> None:
    session(town, Outcome.SILENCE, days_ago=2)
    session(town, Outcome.OK, days_ago=1)
    session(town, Outcome.NOISE, days_ago=1, hour=1)
    marks = strip(operator, town)
    assert len(marks) == 30
    assert [mark.strip() for mark in marks[-3:]] == ['class="none"', 'class="part"', ""]
    assert marks[0].strip() == 'class="idle"'
    content = operator.get(page(town)).content.decode()
    assert f"{ROW}read on 2 of 30 days, without any failure on 1; not tried on 27" in content


def test_days_with_failures_are_told_with_the_commonest_reason(operator: Client, town: Town) -> None:
    for hour, outcome in enumerate((Outcome.SILENCE, Outcome.NOISE, Outcome.NOISE)):
        session(town, outcome, days_ago=3, hour=hour)
    said = words(operator, page(town))
    assert "21 Nov 2026 3 of 3 sessions failed, mostly: damaged answers" in said


def test_a_session_belongs_to_the_day_where_the_meter_stands(operator: Client, town: Town) -> None:
    # 22:30 of the 23rd in UTC is half past one of the 24th in Moscow.
    at = NOW - timedelta(hours=10, minutes=30)
    Session.objects.all().update(started_at=at)
    assert strip(operator, town)[-1].strip() == ""
    assert strip(operator, town)[-2].strip() == 'class="idle"'


def test_sessions_are_told_with_part_and_seconds(operator: Client, town: Town) -> None:
    session(town, Outcome.REFUSED, days_ago=1)
    Session.objects.filter(outcome="refused").update(failed_part=SessionPart.PROFILE, retries=3, exchanges_made=12)
    said = words(operator, page(town))
    assert "23 Nov 2026, 12:00 request refused load profile 1.0 12 3" in said
    russian = words(operator, page(town), "ru")
    assert "1,0 12 3" in russian


def test_what_is_missing_is_told_in_spans_with_what_becomes_of_it(operator: Client, town: Town) -> None:
    days = [(date(2026, 11, 20), ""), (date(2026, 11, 19), ""), (date(2026, 11, 18), "too_old")]
    days += [(date(2026, 11, 2), "not_in_meter")]
    ProfileGap.objects.bulk_create(
        ProfileGap(meter=town.meter, day_on=on, noticed_at=NOW, lost=lost) for on, lost in days
    )
    said = words(operator, page(town))
    assert "19 Nov 2026 – 20 Nov 2026 2 is still asked for" in said
    assert "18 Nov 2026 1 lost: older than the meter's memory" in said
    assert "2 Nov 2026 1 lost: the meter itself has nothing for it" in said


def test_a_whole_profile_says_that_nothing_is_missing(operator: Client, town: Town) -> None:
    assert "Nothing, as far as its past days have been looked at." in words(operator, page(town))


def test_the_way_of_its_clock_is_a_picture_a_sentence_and_a_table(operator: Client, town: Town) -> None:
    for days_ago, deviation_s in ((40, -5), (20, 90), (0, 300)):
        on = (NOW - timedelta(days=days_ago)).date()
        ClockDeviation.objects.create(meter=town.meter, day_on=on, deviation_s=deviation_s, heard_at=NOW)
    clock = operator.get(page(town)).context["history"].clock
    points = [tuple(map(int, point.split(","))) for point in clock.points.split()]
    assert [x for x, _ in points] == [0, 300, 600]
    assert points[0][1] > PICTURE_HEIGHT // 2 > points[1][1] > points[2][1] >= 0
    assert 0 < clock.limit_y < PICTURE_HEIGHT // 2 < clock.mirrored_limit_y
    said = words(operator, page(town))
    assert "Its clock: 5 min ahead; at the lowest 5 s behind, at the highest 5 min ahead." in said
    assert "15 Oct 2026 5 s behind" in said


@pytest.mark.parametrize(
    ("deviation_s", "said"), [(0, "right to the second"), (3, "3 s ahead"), (-61, "1 min 1 s behind")]
)
def test_a_clock_read_once_is_a_level_line(operator: Client, town: Town, deviation_s: int, said: str) -> None:
    ClockDeviation.objects.create(meter=town.meter, day_on=NOW.date(), deviation_s=deviation_s, heard_at=NOW)
    clock = operator.get(page(town)).context["history"].clock
    (_, first), (x, last) = (point.split(",") for point in clock.points.split())
    assert (x, first) == ("600", last)
    assert f"Its clock: {said}." in words(operator, page(town))


def moved(town: Town, days_ago: int, kind: CommandKind, facts: dict[str, int], state: OrderState) -> None:
    at = NOW - timedelta(days=days_ago)
    MeterOrder.objects.create(
        meter=town.meter,
        kind=kind,
        facts=facts,
        because="drift",
        state=state,
        requested_at=at,
        expires_at=at,
        sent_at=at,
    )


def test_its_corrections_are_marked_in_the_picture_and_told_in_the_table(operator: Client, town: Town) -> None:
    for days_ago, deviation_s in ((40, 0), (20, 30), (0, 1)):
        on = (NOW - timedelta(days=days_ago)).date()
        ClockDeviation.objects.create(meter=town.meter, day_on=on, deviation_s=deviation_s, heard_at=NOW)
    moved(town, 20, CommandKind.SHIFT_CLOCK, {"seconds": -30, "ahead_s": 30}, OrderState.CONFIRMED)
    moved(town, 10, CommandKind.SET_CLOCK, {}, OrderState.UNKNOWN)
    moved(town, 5, CommandKind.SET_CLOCK, {}, OrderState.FAILED)
    events = tuple(
        MeterEvent(kind=EventKind.CLOCK_SET, began_at=at, ended_at=None, detail=detail, exchange=20)
        for at, detail in (
            (NOW - timedelta(days=20, minutes=-1), "shift_s=-30"),
            (NOW - timedelta(days=30), "shift_s=7"),
            (NOW - timedelta(days=29), ""),
        )
    )
    accept(report_of(town.meter, Learnt(events=events), name="journal"), now=NOW)
    clock = operator.get(page(town)).context["history"].clock
    assert clock.moves_x == (150, 165, 300, 450)
    said = words(operator, page(town))
    assert "14 Nov 2026 set from here, not proved yet" in said
    assert "04 Nov 2026 moved by −30 s from here 04 Nov 2026 30 s ahead" in said
    assert "26 Oct 2026 set, as its journal tells 25 Oct 2026 moved by +7 s, as its journal tells" in said
    assert "By how much it gains or loses a day is known after three days" in said


@pytest.mark.parametrize(
    ("per_day_s", "said"), [(0, "It keeps our time."), (2, "It gains 2.0 s a day."), (-1, "It loses 1.0 s a day.")]
)
def test_how_fast_its_clock_runs_is_told(operator: Client, town: Town, per_day_s: int, said: str) -> None:
    for days_ago in range(5):
        on = (NOW - timedelta(days=days_ago)).date()
        ClockDeviation.objects.create(
            meter=town.meter, day_on=on, deviation_s=-days_ago * per_day_s, heard_at=NOW - timedelta(days=days_ago)
        )
    assert said in words(operator, page(town))


def test_the_newest_sessions_are_seen_at_once_and_the_earlier_a_click_away(operator: Client, town: Town) -> None:
    for days_ago in range(1, 9):
        session(town, Outcome.OK, days_ago=days_ago)
    sessions = operator.get(page(town)).context["sessions"]
    assert (len(sessions.newest), len(sessions.earlier)) == (5, 4)
    assert "Earlier sessions" in words(operator, page(town))


@pytest.mark.parametrize(
    ("model", "closed", "said"),
    [
        ("mercury-234-artm-01-pob-r", None, "Relay not told yet"),
        ("mercury-234-artm-01-pob-r", False, "Relay open: the place is switched off"),
        ("mercury-230-art-01-cln", None, "Relay none"),
    ],
)
def test_a_relay_of_which_nothing_was_told_is_not_called_none(
    operator: Client, town: Town, model: str, closed: bool | None, said: str
) -> None:
    Meter.objects.filter(pk=town.meter.pk).update(model_key=model)
    MeterStanding.objects.filter(meter=town.meter).update(relay_closed=closed)
    assert said in words(operator, page(town))


def test_when_it_is_due_next_and_how_often_it_failed_in_a_row_are_told(operator: Client, town: Town) -> None:
    session(town, Outcome.SILENCE, days_ago=0, hour=1)
    MeterStanding.objects.update(next_due_at=NOW + timedelta(minutes=65))
    assert "Next visit 24 Nov 2026, 13:05 Failures in a row 1" in words(operator, page(town))
    MeterStanding.objects.update(next_due_at=NOW - timedelta(minutes=1))
    assert "Next visit due now" in words(operator, page(town))


def test_years_of_history_need_as_many_queries_as_a_day(
    operator: Client, town: Town, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for days_ago in range(1, 60):
        session(town, Outcome.OK, days_ago=days_ago)
        on = (NOW - timedelta(days=days_ago)).date()
        ProfileGap.objects.create(meter=town.meter, day_on=on, noticed_at=NOW)
    with django_assert_max_num_queries(46):
        operator.get(page(town))


# ── Read now ────────────────────────────────────────────────────────────────────────────────────────────────────────


def ask(client: Client, town: Town, **headers: str) -> tuple[int, str]:
    response = client.post(f"{page(town)}reading/", headers=headers)
    return response.status_code, response.content.decode()


def waiting() -> list[Work]:
    return list(Work.objects.filter(kind="reading", done_at=None))


def test_an_operator_asks_and_sees_that_it_is_waited_for(operator: Client, town: Town) -> None:
    line_leases.take_lines(now=NOW, at_most=1)
    status, part = ask(operator, town, hx_request="true")
    (request,) = waiting()
    assert status == 200
    assert request.payload["meter"] == town.meter.pk
    assert f'hx-get="{page(town)}reading/{request.key}/"' in part
    assert 'hx-trigger="every 1s"' in part
    assert "It is its turn next on its line" in part
    assert "disabled" in part
    assert "<html" not in part


def test_who_asks_again_waits_for_the_same_reading(operator: Client, town: Town) -> None:
    ask(operator, town)
    ask(operator, town)
    assert len(waiting()) == 1


def test_without_scripts_the_page_itself_says_that_it_is_waited_for(operator: Client, town: Town) -> None:
    response = operator.post(f"{page(town)}reading/", follow=True)
    assert response.redirect_chain == [(page(town), 302)]
    assert "No process holds its line now; the first that does will read it." in response.content.decode()


def test_the_answer_comes_with_the_new_values(operator: Client, town: Town) -> None:
    ask(operator, town)
    (request,) = waiting()
    asked = f"{page(town)}reading/{request.key}/"
    part = operator.get(asked, headers={"hx-request": "true"}).content.decode()
    assert 'id="meter"' not in part
    at = NOW + timedelta(seconds=5)
    accept(report_of(town.meter, Learnt(), name="asked", at=at), now=at)
    part = operator.get(asked, headers={"hx-request": "true"}).content.decode()
    assert "Visited 24 Nov 2026, 12:00: read whole." in " ".join(part.split())
    assert "every 1s" not in part
    assert 'id="meter" hx-swap-oob="true"' in " ".join(part.split())
    assert "Registers" in part
    assert "Visited 24 Nov 2026, 12:00: read whole." in words(operator, page(town))


def test_an_answer_that_failed_says_how(operator: Client, town: Town) -> None:
    ask(operator, town)
    at = NOW + timedelta(seconds=5)
    accept(report_of(town.meter, Learnt(), name="asked", at=at, outcome=Outcome.SILENCE), now=at)
    assert "Visited 24 Nov 2026, 12:00: silence." in words(operator, page(town))


def test_what_nobody_could_read_is_forgotten_and_may_be_asked_again(
    operator: Client, town: Town, settings: object
) -> None:
    ask(operator, town)
    (request,) = waiting()
    live_at(settings, NOW + WAITED_FOR + timedelta(seconds=5))  # type: ignore[arg-type]
    part = operator.get(f"{page(town)}reading/{request.key}/").content.decode()
    assert "nobody could read it within ten minutes" in part
    ask(operator, town)
    assert len(waiting()) == 2


def test_a_meter_without_a_line_has_no_button(operator: Client, town: Town) -> None:
    Meter.objects.filter(pk=town.meter.pk).update(line=None)
    said = words(operator, page(town))
    assert "It is on record without a line, so nobody can ask it." in said
    assert "Read now" not in said


def test_a_bookkeeper_sees_the_meter_and_may_not_have_it_read(operator: Client, town: Town) -> None:
    StaffRole.objects.filter(user=town.operator).update(role=StaffRole.Role.BOOKKEEPER)
    assert "Read now" not in words(operator, page(town))
    assert ask(operator, town)[0] == 403
    assert waiting() == []


@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_nobody_else_may_ask_or_look(town: Town, who: str) -> None:
    client = Client()
    client.force_login(getattr(town, who))
    assert ask(client, town)[0] == 404
    assert client.get(f"{page(town)}reading/x/").status_code == 404
    assert waiting() == []


def test_it_is_asked_for_by_a_form_and_never_by_a_link(operator: Client, town: Town) -> None:
    assert operator.get(f"{page(town)}reading/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(town.operator)
    assert ask(strict, town)[0] == 403


def test_a_request_of_another_meter_is_not_shown_here(operator: Client, town: Town) -> None:
    ask(operator, town)
    (request,) = waiting()
    other = Meter.objects.exclude(pk=town.meter.pk).get()
    assert operator.get(f"/console/meters/{other.pk}/reading/{request.key}/").status_code == 404
