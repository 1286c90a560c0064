"""The desk of reading plans: in plain words with what follows, refused in sentences, and nobody else's business."""

import re
from datetime import time

import pytest
from django.test import Client

from kilovatt.office.records.models import Line, ReadingPlan
from looked_at import Town, words

READ = ["reads_registers", "reads_profile", "reads_samples", "reads_journals", "reads_quality"]


def filled(**fields: object) -> dict[str, object]:
    told = dict.fromkeys(READ, "on") | {"name": "ночью", "every": "4", "unit": "hours", "priority": "1"}
    return told | {"opens": "01:00", "closes": "05:00", "serials": ""} | fields


def new(town: Town) -> str:
    return f"/console/plans/new/{town.association.pk}/"


def test_without_a_plan_the_page_says_how_the_site_reads(operator: Client, town: Town) -> None:
    page = words(operator, "/console/plans/")
    assert "2 meters have no plan: everything is read every 30 minutes, at any hour." in page
    assert new(town) in operator.get("/console/plans/").content.decode()


def test_a_plan_is_put_on_record_and_told_with_its_consequence(operator: Client, town: Town) -> None:
    line = Line.objects.get(organisation=town.association)
    sent = filled(unit="minutes", every="60", lines=[str(line.pk)], reads_profile="")
    response = operator.post(new(town), sent)
    assert response.status_code == 302, response.content.decode()
    plan = ReadingPlan.objects.get()
    assert (plan.every_minutes, plan.opens, plan.closes, plan.reads_profile) == (60, time(1), time(5), False)
    page = words(operator, "/console/plans/")
    assert "Each meter is visited every hour between 01:00 and 05:00, by its local time." in page
    assert "2 meters: about 8 visits a day." in page
    assert re.search(r"The next visit: 25[^:]*, 0[12]:\d\d", page)
    assert "The load profile is not read: its days stay missing, and the board says so." in page
    assert "ночью" in words(operator, f"/console/lines/{line.pk}/")


def test_a_plan_is_changed_and_says_who_did(operator: Client, town: Town) -> None:
    operator.post(new(town), filled(is_default="on"))
    plan = ReadingPlan.objects.get()
    page = f"/console/plans/{plan.pk}/"
    assert 'value="01:00"' in operator.get(page).content.decode()
    operator.post(page, filled(every="2", is_default="on", opens="", closes=""))
    plan.refresh_from_db()
    assert (plan.every_minutes, plan.opens) == (120, None)
    told = words(operator, page)
    assert "operator" in told
    assert "every so many minutes: 240 → 120; not before: 01:00 → —; not after: 05:00 → —" in told


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"closes": ""}, "Give both ends of the hours, or none."),
        ({"closes": "01:00"}, "The hours end as they begin."),
        (dict.fromkeys(READ, ""), "Choose something that is to be read."),
        ({"every": "32", "unit": "days"}, "A meter is visited every 31 days at least"),
        ({"serials": "99999999"}, "No meter of the organisation has the number 99999999."),
        ({"every": "0"}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    operator: Client, town: Town, fields: dict[str, object], said: str
) -> None:
    response = operator.post(new(town), filled(**fields))
    assert response.status_code == 200
    assert said in response.content.decode()
    assert not ReadingPlan.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Each meter is visited once a day, between 01:00 and 05:00 by its local time."),
        ({"unit": "days", "every": "3"}, "Each meter is visited once in 3 days, between 01:00 and 05:00"),
        ({"opens": "", "closes": "", "unit": "minutes", "every": "15"}, "Each meter is visited every 15 minutes."),
        ({"opens": "22:00", "closes": "06:00"}, "Each meter is visited every 4 hours between 22:00 and 06:00"),
        ({"reads_registers": ""}, "nothing can be billed from these visits"),
        ({"closes": ""}, "Give both ends of the hours"),
    ],
)
def test_what_follows_is_said_while_it_is_filled_in(
    operator: Client, town: Town, fields: dict[str, object], said: str
) -> None:
    response = operator.post(f"{new(town)}consequence/", filled(name="", **fields))
    assert said in response.content.decode()
    assert not ReadingPlan.objects.exists()


def test_plans_are_the_business_of_their_operators(operator: Client, town: Town) -> None:
    operator.post(new(town), filled())
    plan = ReadingPlan.objects.get()
    for page in (new(town), f"/console/plans/{plan.pk}/"):
        for user in (town.stranger, town.owner):
            client = Client()
            client.force_login(user)
            assert client.get(page).status_code == 404
            assert client.post(page, filled(name="чужой")).status_code == 404
    stranger = Client()
    stranger.force_login(town.stranger)
    assert stranger.post(f"{new(town)}consequence/", filled()).status_code == 404
    assert "ночью" not in stranger.get("/console/plans/").content.decode()
    owner = Client()
    owner.force_login(town.owner)
    assert owner.get("/console/plans/").status_code == 404
    assert [one.name for one in ReadingPlan.objects.all()] == ["ночью"]


def test_forms_of_plans_want_their_token(town: Town) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(town.operator)
    assert client.post(new(town), filled()).status_code == 403
