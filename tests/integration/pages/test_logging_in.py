"""Logging in, the language, the way home, and what is said when something went wrong."""

from pathlib import Path

import pytest
from django.test import Client, RequestFactory
from django.urls import get_resolver
from django.utils import translation
from pytest_django import Settings

from kilovatt.office.operations.registration import register_owner
from kilovatt.office.pages import views
from kilovatt.office.records.models import User
from looked_at import Town, words

PAGE_KB = 100
STATIC = Path(views.__file__).parent / "static" / "kilovatt"


def logged_in(name: str, password: str, **more: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.post("/login/", {"username": name, "password": password, **more})
    return client


def test_an_owner_logs_in_with_his_account_number_and_sees_his_account(town: Town) -> None:
    client = logged_in("000001", "one-1111-x")
    assert client.get("/").headers["Location"] == "/accounts/000001/"


def test_a_part_of_a_page_that_finds_its_user_logged_out_gives_way_to_the_login(town: Town) -> None:
    asked = Client(headers={"accept-language": "en", "hx-request": "true"})
    answer = asked.get("/console/meters/?show=silent", follow=True)
    assert answer.headers["HX-Redirect"] == "/login/?next=%2Fconsole%2Fmeters%2F%3Fshow%3Dsilent"
    assert answer.content == b""


def test_an_operator_comes_to_the_board(town: Town) -> None:
    assert logged_in("operator", "op-33333-x").get("/").headers["Location"] == "/console/meters/"


def test_a_user_without_any_account_is_told_what_to_do(town: Town) -> None:
    User.objects.create_user("nobody", password="no-55555-x")
    client = logged_in("nobody", "no-55555-x")
    assert client.get("/").headers["Location"] == "/accounts/"
    assert "Этот вход пока не видит ни одного счёта. Попросите организацию" in words(client, "/accounts/")


def test_a_wrong_password_is_answered_with_what_to_try(town: Town) -> None:
    client = Client(headers={"accept-language": "en"})
    answer = client.post("/login/", {"username": "000001", "password": "guess"})
    assert "This name and password do not fit together." in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_after_logging_in_the_page_that_was_asked_for_is_shown_but_never_another_site(town: Town) -> None:
    form = {"username": "000001", "password": "one-1111-x"}
    there = Client().post("/login/", {**form, "next": f"/bills/{town.bill}/"})
    assert there.headers["Location"] == f"/bills/{town.bill}/"
    elsewhere = Client().post("/login/", {**form, "next": "https://example.org/"})
    assert elsewhere.headers["Location"] == "/"


def test_logging_out_ends_it(town: Town) -> None:
    client = logged_in("000001", "one-1111-x")
    client.post("/logout/")
    assert client.get("/accounts/000001/").status_code == 302


def test_a_chosen_language_is_kept_and_remembered_for_the_next_machine(town: Town) -> None:
    client = logged_in("000001", "one-1111-x")
    answer = client.post("/language/", {"language": "en", "next": "/accounts/000001/"})
    assert answer.headers["Location"] == "/accounts/000001/"
    assert User.objects.get(username="000001").language == "en"
    other = Client(headers={"accept-language": "ru"})
    other.post("/login/", {"username": "000001", "password": "one-1111-x"})
    assert '<html lang="en"' in other.get("/accounts/000001/").content.decode()


def test_who_never_chose_is_spoken_to_in_russian(town: Town) -> None:
    client = Client(headers={"accept-language": "de"})
    assert '<html lang="ru"' in client.get("/login/").content.decode()


def test_a_new_login_speaks_the_language_of_the_site(town: Town, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"
    register_owner(town.association, username="new", password="new-1111-x", account_numbers=["000001"])
    assert User.objects.get(username="new").language == "en"
    settings.LANGUAGE_CODE = "ru"
    register_owner(town.association, username="newer", password="new-1111-x", account_numbers=["000001"])
    assert User.objects.get(username="newer").language == "ru"


@pytest.mark.parametrize("language", ["xx", "", "../../en", "en\r\nSet-Cookie: a=b"])
def test_a_language_nobody_speaks_changes_nothing(owner: Client, town: Town, language: str) -> None:
    owner.post("/language/", {"language": language, "next": "//example.org"})
    assert User.objects.get(username="000001").language == "ru"


def test_the_language_never_leads_to_another_site(owner: Client) -> None:
    assert owner.post("/language/", {"language": "en", "next": "https://example.org/"}).headers["Location"] == "/"


def test_a_page_that_is_not_there_says_what_to_do(owner: Client) -> None:
    answer = owner.get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is no such page for you" in answer.content.decode()


def test_a_form_without_its_mark_is_refused_with_a_sentence(town: Town) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    answer = client.post("/login/", {"username": "000001", "password": "one-1111-x"})
    assert answer.status_code == 403
    assert "The form was too old" in answer.content.decode()


def test_what_is_forbidden_says_that_nothing_was_changed(town: Town) -> None:
    request = RequestFactory().get("/")
    request.user = town.owner
    with translation.override("ru"):
        answer = views.forbidden(request, PermissionError())
    assert answer.status_code == 403
    assert "Ничего не изменено." in answer.content.decode()


def test_our_own_failure_is_told_without_a_database(town: Town) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["django_language"] = "en"
    answer = views.broken(request)
    assert answer.status_code == 500
    assert "The fault is ours, not yours" in answer.content.decode()


def test_the_pages_for_failures_are_those_that_django_asks_for() -> None:
    names = {code: get_resolver().resolve_error_handler(code) for code in (403, 404, 500)}
    assert names == {403: views.forbidden, 404: views.not_found, 500: views.broken}


def test_every_page_allows_scripts_and_styles_of_our_own_only(owner: Client, town: Town) -> None:
    answer = owner.get("/accounts/000001/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    body = answer.content.decode()
    assert ' style="' not in body
    assert "<style" not in body
    assert " onclick" not in body
    # A script element without an address may only hold data.
    assert body.count("<script") == body.count('<script src="/static/') + body.count('type="application/json"')


def test_a_page_weighs_less_than_a_hundred_kilobytes_on_the_wire(owner: Client, operator: Client) -> None:
    files = ["/static/kilovatt/kilovatt.css", "/static/kilovatt/chart.js", "/static/kilovatt/favicon.svg"]
    files += [f"/static/kilovatt/vendor/uplot/{name}" for name in ("uPlot.iife.min.js", "uPlot.min.css")]
    answers = [owner.get(path, headers={"accept-encoding": "gzip"}) for path in ["/accounts/000001/", *files]]
    weights = [len(answer.getvalue()) for answer in answers]
    assert min(weights) > 0
    assert sum(weights) < PAGE_KB * 1000


def test_fonts_and_scripts_stand_beside_their_licences() -> None:
    vendored = [path for path in (STATIC / "vendor").iterdir() if path.is_dir()]
    assert {path.name for path in vendored} == {"htmx", "uplot"}
    assert all((path / "LICENSE").exists() for path in vendored)
    families = {path.name.split("-latin")[0].split("-cyrillic")[0] for path in (STATIC / "fonts").glob("*.woff2")}
    assert families == {"golos-text", "jetbrains-mono"}
    assert all((STATIC / "fonts" / f"{family}-OFL.txt").exists() for family in families)
