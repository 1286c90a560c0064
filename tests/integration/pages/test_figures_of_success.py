"""The figures above the board: each opens the meters it lacks; the lines, the worst first, and why."""

from datetime import date, timedelta

import pytest
from django.test import Client

from kilovatt.measure.metering.outcomes import Condition, Outcome
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.reading.gaps import notice_gaps
from kilovatt.office.operations.registration import register_line, register_places
from kilovatt.office.operations.standing.board import board_of
from kilovatt.office.operations.standing.site_status import site_status
from kilovatt.office.records.models import Meter, MeterStanding, ProfileGap
from looked_at import Town, live_at, words
from on_record import NOW, clock, place, report_of


def serials(client: Client, show: str) -> list[str]:
    return [one.row.serial for one in client.get(f"/console/meters/?show={show}").context["shown"]]


def failed(meter: Meter, outcome: Outcome) -> None:
    accept(report_of(meter, Learnt(), name=f"{outcome}", at=NOW, outcome=outcome), now=NOW)


def test_each_figure_opens_the_meters_it_lacks(operator: Client, town: Town) -> None:
    notice_gaps(now=NOW)
    ProfileGap.objects.filter(meter=town.meter).delete()
    register_places(town.association, [place(3, model_key="mercury-200-04")])
    said = words(operator, "/console/meters/")
    assert "66.6 % read within a day 2 of 3 , 1 is not" in said
    assert "50 % whole days for 30 days 1 of 2 , 1 is not" in said
    assert "66.6 % both month starts known 2 of 3 , 1 is not" in said
    assert serials(operator, "unread") == ["41000003"]
    assert serials(operator, "incomplete") == ["41000002"]
    assert serials(operator, "monthless") == ["41000003"]


def test_the_figure_that_was_opened_is_marked(operator: Client) -> None:
    content = operator.get("/console/meters/?show=unread").content.decode()
    figure = content.partition('id="show-unread-figure"')[2].partition(">")[0]
    assert 'aria-current="true"' in figure
    assert content.count('aria-current="true"') == 1


def test_all_is_a_hundred_percent_and_nothing_less(operator: Client, town: Town) -> None:
    assert "100 % read within a day 2 of 2 , all" in words(operator, "/console/meters/")
    assert "100 % прочитаны за сутки" in words(operator, "/console/meters/", "ru").replace("\xa0", " ")


def test_without_meters_there_is_no_figure(town: Town) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(town.stranger)
    assert client.get("/console/meters/").context["figures"] == []
    assert "No meter is due now." in words(client, "/console/lines/")


def test_the_lines_page_says_why_and_leads_to_the_meters(operator: Client, town: Town) -> None:
    failed(town.meter, Outcome.WRONG_PASSWORD)
    content = operator.get("/console/lines/").content.decode()
    assert 'href="/console/meters/?show=why-wrong_password"' in content
    assert serials(operator, "why-wrong_password") == ["41000001"]
    said = words(operator, "/console/lines/")
    assert "1 wrong password The meter does not accept the password or key" in said
    assert "No process holds any line: nothing is read now. Start kilovatt serve." in said
    assert "линия 1 2 of 2 0 of 2 2 of 2 0 nobody wrong password" in said


def test_who_holds_lines_and_what_has_waited_is_said(operator: Client, town: Town) -> None:
    line_leases.take_lines(now=NOW, at_most=1, holder="mini-pc 4711")
    MeterStanding.objects.filter(meter=town.meter).update(next_due_at=NOW - timedelta(hours=2))
    said = words(operator, "/console/lines/")
    assert "mini-pc 4711 holds 1 line." in said
    assert "1 meter has been due for more than an hour; the longest since 24 Nov 2026, 10:00." in said
    assert "1, 1 for over an hour mini-pc 4711" in said


def test_a_line_that_lacks_nothing_is_only_counted(operator: Client, town: Town) -> None:
    notice_gaps(now=NOW)
    ProfileGap.objects.all().delete()
    line_leases.take_lines(now=NOW, at_most=1)
    said = words(operator, "/console/lines/")
    assert "1 line is held and lacks nothing." in said
    assert "Every meter answers." in said
    register_line(town.association, name="линия 2", url="tcp://127.0.0.1:4002", answer_timeout_ms=1000, quiet_ms=100)
    register_places(town.association, [place(3, line_name="линия 2")])
    assert [line.name for line in operator.get("/console/lines/").context["lines"]] == ["линия 2"]


def test_missing_days_are_counted(operator: Client, town: Town) -> None:
    ProfileGap.objects.create(meter=town.meter, day_on=date(2026, 11, 2), noticed_at=NOW)
    ProfileGap.objects.create(meter=town.meter, day_on=date(2026, 11, 3), noticed_at=NOW, lost="too_old")
    said = words(operator, "/console/lines/")
    assert "1 day of 1 meter is still asked for." in said
    assert "1 day is lost: older than the meter's memory." in said


def test_the_lines_are_for_operators(town: Town) -> None:
    client = Client()
    client.force_login(town.owner)
    assert client.get("/console/lines/").status_code == 404


@pytest.mark.parametrize("reason", [*Outcome, *Condition])
def test_the_board_and_the_count_give_a_meter_the_same_reason(
    town: Town, settings: object, reason: Outcome | Condition
) -> None:
    now = NOW
    if isinstance(reason, Outcome):
        failed(town.meter, reason)
    elif reason is Condition.NO_LINE:
        Meter.objects.filter(pk=town.meter.pk).update(line=None)
    elif reason is Condition.NOT_VISITED:
        now = NOW + timedelta(days=2)
        live_at(settings, now)  # type: ignore[arg-type]
    else:
        accept(report_of(town.meter, Learnt(clock=clock(ahead=timedelta(hours=1))), name="clock"), now=NOW)
    row = next(row for row in board_of(town.operator, now=now) if row.meter_id == town.meter.pk)
    assert row.reason is (None if reason is Outcome.OK else reason)
    counted = site_status(now=now).reasons
    assert (row.reason in counted) if row.reason else counted == {}


def test_a_reason_that_is_none_shows_all(operator: Client) -> None:
    assert len(serials(operator, "why-sunspots")) == 2
