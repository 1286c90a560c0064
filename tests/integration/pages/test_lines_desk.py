"""The desk of lines: searched from their pages, what was found put on record, and nobody else's business."""

import re
from uuid import uuid4

import pytest
from django.test import Client

from kilovatt.config.wiring import line_spec
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.scans import ScanState
from kilovatt.office.operations import vault
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.lines.leases import Lease
from kilovatt.office.operations.reading import scans
from kilovatt.office.operations.reading.scans import ScanTold
from kilovatt.office.operations.registration import register_line, vault_name
from kilovatt.office.records.models import Installation, Line, LineScan, Meter, StaffRole, Work
from looked_at import Town, words
from on_record import NOW

MODEL = "mercury-234-artm-01-pob-r"
FOUND = {
    "way": "short",
    "speed": "",
    "asked_at": 44,
    "address": 44,
    "form": 0,
    "languages": ["mercury-v2"],
    "serial": "41000044",
    "told": {"firmware": "9.1"},
    "password": "not_tried",
    "parity": False,
    "models": [MODEL],
}
WALKED = {
    "way": "short",
    "speed": "",
    "planned": 241,
    "signs": {"found": 1, "silence": 238, "noise": 2},
    "runs": [[1, 43, "silence"], [44, 44, "found"], [45, 238, "silence"], [239, 240, "noise"]],
}


@pytest.fixture
def line(town: Town) -> Line:
    return Line.objects.get(organisation=town.association)


def begin(client: Client, line: Line, **fields: object) -> LineScan:
    sent = {"scan_id": str(uuid4()), "ways": ["short"], "serials": "", "addresses": "", **fields}
    response = client.post(f"/console/lines/{line.pk}/search/", sent)
    assert response.status_code == 302, response.content.decode()
    return LineScan.objects.get(pk=response.headers["Location"].split("/")[-2])


def tell(scan: LineScan, state: ScanState = ScanState.RUNNING, **shown: object) -> None:
    """Let a head-end take the line and tell of a search."""
    for held in line_leases.take_lines(now=NOW, at_most=9, holder="one"):
        if held.line_id == scan.line_id:
            scans.claim({held.line_id: held.lease.fence}, now=NOW, at_most=9)
            progress = {"way": "short", "speed": "", "address": 45, "purpose": "walk", "done": 45, "left": 195}
            told = ScanTold(shown=shown, journal={}, progress=progress | {"seconds_left": 120}, state=state)
            scans.note(scan.pk, told, lease=held.lease, now=NOW)


def test_the_lines_lead_to_each_of_them_and_to_its_meters(operator: Client, line: Line) -> None:
    assert f"/console/lines/{line.pk}/" in operator.get("/console/lines/").content.decode()
    page = words(operator, f"/console/lines/{line.pk}/")
    assert "участок 1" in page
    assert "tcp://127.0.0.1:4001" in page
    assert "No process holds it now" in page


def test_who_only_keeps_the_books_sees_how_lines_do_and_changes_none(town: Town, line: Line) -> None:
    StaffRole.objects.filter(user=town.operator).update(role=StaffRole.Role.BOOKKEEPER)
    client = Client(headers={"accept-language": "en"})
    client.force_login(town.operator)
    assert "New line" not in words(client, "/console/lines/")
    for page in (f"lines/{line.pk}/", f"lines/{line.pk}/search/", "lines/new/", "plans/"):
        assert client.get(f"/console/{page}").status_code == 404


def test_a_search_says_beforehand_how_long_it_takes(operator: Client, line: Line) -> None:
    form = words(operator, f"/console/lines/{line.pk}/search/")
    assert re.search(r"\d+ questions, at most \d+ min \d\d s if nobody answers", form)
    some = {"ways": ["short"], "addresses": "1-240"}
    told = operator.post(f"/console/lines/{line.pk}/search/estimate/", some | {"scan_id": str(uuid4())})
    assert "241 questions" in told.content.decode()
    wrong = {"ways": ["short"], "addresses": "240-1"}
    told = operator.post(f"/console/lines/{line.pk}/search/estimate/", wrong | {"scan_id": str(uuid4())})
    assert "«240-1» are no addresses" in told.content.decode()


def test_a_search_is_followed_until_it_is_over(operator: Client, line: Line) -> None:
    scan = begin(operator, line, addresses="1-240")
    page = f"/console/searches/{scan.pk}/"
    assert "No process holds this line now" in words(operator, page)
    tell(scan, found=[FOUND], walked=[WALKED], remarks={"asked": 45})
    live_at = operator.get(page, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 1s"' in live_at
    assert "<html" not in live_at
    now = words(operator, page)
    assert "Nobody was found yet" not in now
    assert "45 of 241 questions, at most 2 min 00 s" in now
    assert "1 meter found: 1 is not on record." in now
    assert "41000044" in now
    assert model_by_key(MODEL).title in now
    assert "2 times something came back that is no answer" in now
    assert "Addresses 1 to 240: answered at 44." in operator.get(page).content.decode()
    tell_over = LineScan.objects.filter(pk=scan.pk)
    tell_over.update(state=ScanState.OVER, over_at=NOW, verdict="found")
    over = operator.get(page).content.decode()
    assert "hx-trigger" not in over.split("<main")[1]
    assert "Search again" in over


def test_a_search_in_vain_says_what_to_look_at(operator: Client, line: Line) -> None:
    scan = begin(operator, line)
    tell(scan, ScanState.OVER, verdict="silence", remarks={"asked": 1}, walked=[])
    page = words(operator, f"/console/searches/{scan.pk}/")
    assert "Check that A and B are not swapped" in page
    assert "give the numbers on the faces of the meters" in page
    assert "--timeout" not in page


def test_a_search_can_be_stopped_and_keeps_what_was_found(operator: Client, line: Line) -> None:
    scan = begin(operator, line)
    tell(scan, found=[FOUND])
    operator.post(f"/console/searches/{scan.pk}/stop/")
    page = words(operator, f"/console/searches/{scan.pk}/")
    assert "Stopped by operator" in page
    assert "41000044" in page


def test_what_is_on_record_already_leads_to_its_page(operator: Client, town: Town, line: Line) -> None:
    scan = begin(operator, line)
    known = FOUND | {"serial": town.meter.serial, "address": town.meter.address}
    exchanged = FOUND | {"address": 2}
    tell(scan, ScanState.OVER, found=[known, exchanged], verdict="found")
    page = operator.get(f"/console/searches/{scan.pk}/").content.decode()
    assert f'<a href="/console/meters/{town.meter.pk}/">on record</a>' in page
    assert "on record at its address is № 41000002: was it exchanged?" in page


def test_what_was_found_is_put_on_record_with_the_password_that_somebody_knows(
    operator: Client, town: Town, line: Line
) -> None:
    scan = begin(operator, line)
    tell(scan, ScanState.OVER, found=[FOUND], verdict="found")
    page = operator.get(f"/console/searches/{scan.pk}/").content.decode()
    url = re.search(r'href="(/console/lines/\d+/meters/new/[^"]*)"', page.split("<main")[1])
    assert url is not None
    address = url[1].replace("&amp;", "&")
    form = operator.get(address).content.decode()
    assert 'value="41000044"' in form
    assert 'value="44"' in form
    assert f'<option value="{MODEL}" selected>' in form
    facts = {"model": MODEL, "serial": "41000044", "address": "44", "ratio": "1", "point_name": "участок 44"}
    response = operator.post(address, facts | {"password": "222222"})
    meter = Meter.objects.get(serial="41000044")
    assert response.headers["Location"] == f"/console/meters/{meter.pk}/"
    assert Installation.objects.get(meter=meter).point.organisation == town.association
    sealed = bytes(meter.password_sealed or b"")
    assert vault.unseal(sealed, meter_name=vault_name(MODEL, "41000044")) == "222222"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"serial": "41000001"}, "A meter of this model and number is on record already."),
        ({"address": "1"}, "At address 1 of this line № 41000001 is on record."),
        ({"address": "241"}, "is at most 240"),
        ({"password": "секрет"}, "cannot have such a password"),
        ({"point_name": "участок 1"}, "There is a place of this name already."),
        ({"serial": "А-17"}, "has digits only"),
    ],
)
def test_what_cannot_be_put_on_record_is_said_at_its_field(
    operator: Client, line: Line, wrong: dict[str, str], said: str
) -> None:
    facts = {"model": MODEL, "serial": "41000044", "address": "44", "ratio": "1", "point_name": "участок 44"}
    response = operator.post(f"/console/lines/{line.pk}/meters/new/", facts | wrong)
    assert response.status_code == 200
    assert said in response.content.decode()
    assert Meter.objects.count() == 2


def test_a_meter_without_a_stated_address_has_the_one_its_maker_gives(operator: Client, line: Line) -> None:
    facts = {"model": MODEL, "serial": "41000123", "address": "", "ratio": "20", "point_name": "подстанция"}
    operator.post(f"/console/lines/{line.pk}/meters/new/", facts)
    assert Meter.objects.get(serial="41000123").address == 123


def test_a_line_is_put_on_record_and_changed_and_its_holder_takes_it_anew(
    operator: Client, town: Town, line: Line
) -> None:
    facts = {"name": "линия 2", "url": "tcp://10.0.0.7:4001", "answer_timeout_ms": "1000", "quiet_ms": "100"}
    operator.post("/console/lines/new/", facts | {"organisation": town.association.pk})
    new = Line.objects.get(name="линия 2")
    assert new.organisation == town.association
    (held,) = line_leases.take_lines(now=NOW, at_most=9)
    operator.post(f"/console/lines/{line.pk}/change/", facts | {"name": "линия 1", "url": "tcp://10.0.0.8:4001"})
    line.refresh_from_db()
    assert line.url == "tcp://10.0.0.8:4001"
    assert line_leases.extend([held], now=NOW) == [held]


def test_a_line_whose_patience_is_left_open_is_as_patient_as_its_kind_needs(operator: Client, town: Town) -> None:
    facts = {"name": "модем", "url": "callin://861234567890123", "answer_timeout_ms": "", "quiet_ms": ""}
    operator.post("/console/lines/new/", facts | {"organisation": town.association.pk})
    line = Line.objects.get(name="модем")
    lease = Lease(line_leases.KIND, str(line.pk), 1)
    spec = line_spec(line_leases.HeldLine(line.pk, line.url, line.answer_timeout_ms, line.quiet_ms, lease))
    assert (spec.answer_timeout_s, spec.quiet_s) == (5.0, 0.5)
    assert operator.get(f"/console/lines/{line.pk}/").content.decode().count("as its kind needs") == 2
    assert 'value="0"' not in operator.get(f"/console/lines/{line.pk}/change/").content.decode()


def test_an_address_that_is_none_of_a_line_is_refused(operator: Client, town: Town) -> None:
    facts = {"name": "линия 2", "url": "htp://x", "answer_timeout_ms": "1000", "quiet_ms": "100"}
    response = operator.post("/console/lines/new/", facts | {"organisation": town.association.pk})
    assert response.status_code == 200
    assert not Line.objects.filter(name="линия 2").exists()
    taken = facts | {"name": "линия 1", "url": "tcp://10.0.0.7:4001", "organisation": town.association.pk}
    assert "There is a line of this name already" in operator.post("/console/lines/new/", taken).content.decode()


PAGES = [
    "lines/{line}/",
    "lines/{line}/change/",
    "lines/{line}/search/",
    "lines/{line}/meters/new/",
    "searches/{scan}/",
]
FORMS = ["lines/{line}/search/estimate/", "searches/{scan}/stop/"]


@pytest.mark.parametrize("page", PAGES)
def test_anothers_line_is_not_there(operator: Client, town: Town, line: Line, page: str) -> None:
    scan = begin(operator, line)
    address = "/console/" + page.format(line=line.pk, scan=scan.pk)
    for user, status in ((town.operator, 200), (town.stranger, 404), (town.owner, 404)):
        client = Client()
        client.force_login(user)
        assert client.get(address).status_code == status


@pytest.mark.parametrize("form", FORMS)
def test_anothers_line_takes_no_form(operator: Client, town: Town, line: Line, form: str) -> None:
    scan = begin(operator, line)
    client = Client()
    client.force_login(town.stranger)
    assert client.post("/console/" + form.format(line=line.pk, scan=scan.pk)).status_code == 404
    scan.refresh_from_db()
    assert scan.state == ScanState.WANTED


def test_forms_want_their_token(town: Town, line: Line) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(town.operator)
    assert client.post(f"/console/lines/{line.pk}/search/", {"ways": ["short"]}).status_code == 403
    assert not LineScan.objects.exists()


def test_a_meter_of_another_organisation_is_not_told_of(operator: Client, town: Town, line: Line) -> None:
    theirs = register_line(
        town.stranger.staff_roles.get().organisation,
        name="чужая",
        url="tcp://x:1",
        answer_timeout_ms=1000,
        quiet_ms=100,
    )
    Meter.objects.create(model_key=MODEL, serial="41000044", address=44, line=theirs)
    scan = begin(operator, line)
    tell(scan, ScanState.OVER, found=[FOUND], verdict="found")
    page = words(operator, f"/console/searches/{scan.pk}/")
    assert "1 is not on record" in page
    assert "чужая" not in page


def test_a_line_that_is_only_to_be_searched_is_work_as_well(operator: Client, town: Town) -> None:
    new = register_line(
        town.association, name="пустая", url="tcp://127.0.0.1:4002", answer_timeout_ms=1000, quiet_ms=100
    )
    begin(operator, new)
    assert Work.objects.filter(kind="line", key=str(new.pk)).exists()
