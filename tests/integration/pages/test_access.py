"""Who may see what: an owner his own, an operator his organisation's, everyone else nothing."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.records.models import Account, Bill, User
from looked_at import Town, real_frames
from on_record import NOW, register, report_of

OF_PLACE_1 = [
    "/accounts/000001/",
    "/accounts/000001/profile.json",
    "/accounts/000001/profile/",
    "/bills/000001-202610/",
    "/bills/000001-202610/pdf/",
    "/bills/000001-202610/lines/1/",
    "/frames/{session}/5/",
]
OF_OPERATORS = ["/console/meters/", "/console/meters/{meter}/", "/console/events/"]


def seen(user: User, page: str, town: Town) -> int:
    client = Client()
    client.force_login(user)
    return client.get(page.format(session=town.session_id, meter=town.meter.pk)).status_code


@pytest.mark.parametrize("page", OF_PLACE_1)
def test_an_owner_and_his_operator_see_a_page_and_nobody_else_does(town: Town, page: str) -> None:
    users = (town.owner, town.operator, town.neighbour, town.stranger)
    assert [seen(user, page, town) for user in users] == [200, 200, 404, 404]


@pytest.mark.parametrize("page", OF_OPERATORS)
def test_the_console_is_for_operators(town: Town, page: str) -> None:
    assert [seen(user, page, town) for user in (town.operator, town.owner)] == [200, 404]


def test_an_operator_of_another_organisation_sees_no_meter_of_this_one(town: Town) -> None:
    assert seen(town.stranger, "/console/meters/{meter}/", town) == 404
    client = Client()
    client.force_login(town.stranger)
    assert "участок" not in client.get("/console/meters/").content.decode()


@pytest.mark.parametrize("page", ["/", "/accounts/", *OF_PLACE_1, *OF_OPERATORS])
def test_who_is_not_logged_in_is_asked_to_log_in(town: Town, page: str) -> None:
    address = page.format(session=town.session_id, meter=town.meter.pk)
    response = Client().get(address)
    assert (response.status_code, response.headers["Location"].split("?")[0]) == (302, "/login/")


def test_a_page_changes_nothing_and_takes_no_form(owner: Client, town: Town) -> None:
    assert {owner.post(page.format(session=town.session_id)).status_code for page in OF_PLACE_1} == {405}


def test_a_draft_is_no_bill_yet(owner: Client, town: Town) -> None:
    account = Account.objects.get(number="000001")
    Bill.objects.create(
        account=account,
        number="000001-202611",
        plan_code="two",
        period_first_on=date(2026, 11, 1),
        period_until_on=date(2026, 12, 1),
        amount_kopecks=0,
        due_on=date(2026, 12, 15),
    )
    assert owner.get("/bills/000001-202611/").status_code == 404
    assert "000001-202611" not in owner.get("/accounts/000001/").content.decode()


def test_what_was_read_before_the_account_was_opened_is_not_the_owners(owner: Client, town: Town) -> None:
    Account.objects.filter(number="000001").update(opened_on=date(2026, 11, 24) + timedelta(days=1))
    before = real_frames(
        report_of(town.meter, Learnt(registers=(register(7, exchange=4),)), name="before", at=NOW - timedelta(hours=1))
    )
    accept(before, now=NOW)
    assert owner.get(f"/frames/{before.session_id}/4/").status_code == 404


def test_a_frame_that_proves_an_own_bill_is_seen_although_it_is_older_than_the_account(
    owner: Client, town: Town
) -> None:
    Account.objects.filter(number="000001").update(opened_on=date(2026, 11, 25))
    assert owner.get(f"/frames/{town.session_id}/5/").status_code == 200


def test_a_session_that_never_was_has_no_frame(owner: Client) -> None:
    assert owner.get(f"/frames/{uuid4()}/1/").status_code == 404


def test_an_account_number_of_two_organisations_leads_to_the_own_one(town: Town) -> None:
    # The stranger's organisation has a place with the same number: neither sees the other's.
    place = Account.objects.get(number="000001")
    organisation = town.stranger.staff_roles.get().organisation
    Account.objects.create(
        organisation=organisation, number="000001", point=place.point, person=place.person, opened_on=place.opened_on
    )
    client = Client()
    client.force_login(town.stranger)
    page = client.get("/accounts/000001/")
    assert page.status_code == 200
    assert page.context["page"].organisation == organisation.name
    assert page.context["page"].owed_kopecks == 0


def test_moments_of_the_site_are_those_it_was_set_to(town: Town, owner: Client) -> None:
    assert isinstance(NOW, datetime)
    assert "23 November" in owner.get("/accounts/000001/").content.decode().replace("\u00a0", " ")
