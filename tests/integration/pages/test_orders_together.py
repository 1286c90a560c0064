"""Commands that want a second person, lists of them, and the frames that a command's page opens into."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.orders import OrderExchange, OrderPart, OrderReport, OrderState, VisitResult
from kilovatt.measure.metering.sessions import Exchange, InstantValues, Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.orders.approval_rules import say_rule
from kilovatt.office.operations.orders.order_payloads import order_of_row
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.operations.secrets.meter_keys import put_keys
from kilovatt.office.records.models import Meter, MeterOrder, OrderList, StaffRole, User
from looked_at import Town, framed, words
from on_record import NOW, report_of

WHY = "не платит с июля"
LATER = NOW + timedelta(minutes=1)
"""The clock of the site goes on while a test runs."""
OPEN_IT, ANSWER = framed("01 03 31 01"), framed("01 00")
STATE, OFF = framed("01 08 18"), framed("01 08 02")


@pytest.fixture
def second(town: Town) -> Client:
    """Another operator of the association."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(register_operator(town.association, username="second", password="op-44444-x"))
    return client


def given(client: Client, meter: Meter, kind: str = "open_relay") -> MeterOrder:
    answer = client.post(f"/console/meters/{meter.pk}/orders/new/{kind}/", {"order_id": str(uuid4()), "because": WHY})
    assert answer.status_code == 302, answer.content.decode()
    return MeterOrder.objects.get(pk=answer.headers["Location"].split("/")[-2])


def approve(client: Client, order: MeterOrder, ends: str = "0001") -> str:
    """Approve an order and return what the page says, where it stays."""
    answer = client.post(f"/console/orders/{order.pk}/approval/", {"ends": ends})
    order.refresh_from_db()
    return answer.content.decode()


def bring(order: MeterOrder, result: VisitResult, **report: object) -> None:
    """Let a head-end claim and send an order, and tell what came of it, with its frames."""
    (held,) = line_leases.take_lines(now=NOW, at_most=1)
    orders.claim_due({held.line_id: held.lease.fence}, now=LATER)
    assert orders.note_sent(order.pk, lease=held.lease, now=LATER)
    instant = report.pop("instant", None)
    told = report_of(order.meter, Learnt(instant=instant), name="visit")  # type: ignore[arg-type]
    frames = (
        Exchange(number=2, request=OPEN_IT, answer=b"", sent_at=NOW, took_ms=0, tries=1),
        Exchange(number=3, request=STATE, answer=OFF, sent_at=NOW, took_ms=40, tries=1),
    )
    carried = (OrderExchange(OrderPart.TOLD, 2), OrderExchange(OrderPart.READ_BACK, 3))
    brought = OrderReport(order_id=order.pk, result=result, carried=carried, **report)  # type: ignore[arg-type]
    accept(replace(told, order=brought, exchanges=told.exchanges + frames), now=LATER)


# ── A second person ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_whoever_asked_for_a_disconnection_is_told_that_another_approves_it(
    operator: Client, second: Client, town: Town
) -> None:
    order = given(operator, town.meter)
    mine = words(operator, f"/console/orders/{order.pk}/")
    assert "You asked for it, so another operator of the organisation approves it." in mine
    assert "Approve: send it" not in mine
    assert "another operator of the organisation does" in approve(operator, order)
    assert order.state == OrderState.REQUESTED
    assert "Approve: send it" in words(second, f"/console/orders/{order.pk}/")
    approve(second, order)
    assert (order.state, order.approved_by) == (OrderState.APPROVED, User.objects.get(username="second"))


def test_the_rule_stands_on_the_page_of_commands(operator: Client, second: Client, town: Town) -> None:
    assert "Disconnect, Power limit, every list (nobody has said otherwise)" in words(operator, "/console/orders/")
    say_rule(town.association, kinds=[CommandKind.CLOSE_RELAY], lists=False, by=town.operator, now=NOW)
    assert "Connect (24 Nov 2026, 12:00, operator)" in words(operator, "/console/orders/")


def test_one_that_was_approved_meanwhile_says_so(operator: Client, second: Client, town: Town) -> None:
    order = given(operator, town.meter, "set_clock")
    seen = MeterOrder.objects.get(pk=order.pk)
    approve(second, order)
    MeterOrder.objects.filter(pk=order.pk).update(state=OrderState.REQUESTED, expires_at=NOW)
    answer = second.post(f"/console/orders/{seen.pk}/approval/", follow=True)
    assert "It did not wait for approval any more." in answer.content.decode()
    order.refresh_from_db()
    assert order.state == OrderState.EXPIRED


# ── Keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_new_keys_are_made_by_chance_and_stand_on_no_page(operator: Client, town: Town) -> None:
    Meter.objects.filter(pk=town.meter.pk).update(model_key="spodes-1ph")
    page = f"/console/meters/{town.meter.pk}/orders/new/change_keys/"
    assert "are not all on record" in words(operator, page)
    answer = operator.post(page, {"order_id": str(uuid4()), "because": WHY})
    assert "are not all on record" in answer.content.decode()
    assert not MeterOrder.objects.exists()
    put_keys(town.meter, dict.fromkeys(("encryption", "authentication", "master"), bytes(16)))
    assert "are not all on record" not in words(operator, page)
    assert "<input" not in re.sub(r'<input[^>]*(hidden|name="because")[^>]*>', "", _form(operator, page))
    order = given(operator, town.meter, "change_keys")
    command = order_of_row(order, to_send=False).command
    said = operator.get(f"/console/orders/{order.pk}/").content.decode() + str(order.facts)
    assert "New keys: authentication key, encryption key" in said
    for key in (command.encryption, command.authentication):  # type: ignore[union-attr]  # new keys
        assert key is not None
        assert key.hex() not in said
        assert key.hex().upper() not in said


def _form(client: Client, page: str) -> str:
    text = client.get(page).content.decode()
    return text[text.index('class="card ordering"') :]


# ── Lists ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def list_of(client: Client, text: str = "41000001\n41000002\n12345\n", *, as_file: bool = True) -> OrderList:
    fields = {"list_id": str(uuid4()), "organisation": "", "kind": "open_relay", "because": WHY}
    page = client.get("/console/orders/lists/new/")
    fields["organisation"] = str(page.context["form"].fields["organisation"].initial)
    if as_file:
        fields["file"] = SimpleUploadedFile("debtors.csv", text.encode())  # type: ignore[assignment]
    else:
        fields["numbers"] = text
    answer = client.post("/console/orders/lists/new/", fields)
    assert answer.status_code == 302, answer.content.decode()
    return OrderList.objects.get(pk=answer.headers["Location"].split("/")[-2])


@pytest.mark.parametrize("as_file", [True, False])
def test_a_list_says_what_it_comes_to_and_is_approved_by_another(
    as_file: bool, operator: Client, second: Client, town: Town
) -> None:
    listed = list_of(operator, as_file=as_file)
    page = f"/console/orders/lists/{listed.pk}/"
    said = words(operator, page)
    assert "Disconnect: 2 meters" in said
    assert "Меркурий 234 ARTM-01 POB.R 2" in said
    assert "1 : no meter here has that serial number, and no open account that number" in said
    assert "12345" in said
    assert "another operator of the organisation approves it" in said
    assert "Approve: send it" not in said
    assert "Approve: send it to these meters" in words(second, page)
    for typed, trouble in (("", "Say how many meters it is"), ("3", "and not 3: look at it again")):
        answer = second.post(f"{page}approval/", {"orders": typed})
        assert trouble in answer.content.decode()
    second.post(f"{page}approval/", {"orders": "2"})
    assert set(MeterOrder.objects.values_list("state", flat=True)) == {OrderState.APPROVED}
    after = words(operator, page)
    assert "approved 2" in after
    assert "Withdraw what was not sent" in after
    assert "Disconnect: 2 meters approved, 1 left out" in words(operator, "/console/orders/")
    again = second.post(f"{page}approval/", {"orders": "2"}, follow=True)
    assert "It did not wait for approval any more." in again.content.decode()
    assert "2 commands were taken back." in operator.post(f"{page}withdrawal/", follow=True).content.decode()


def test_a_list_in_russian_has_no_english(operator: Client, second: Client, town: Town) -> None:
    listed = list_of(operator)
    for page in ("/console/orders/lists/new/", f"/console/orders/lists/{listed.pk}/", "/console/orders/"):
        assert words(operator, page) != words(operator, page, "ru")


def test_the_commands_of_a_list_are_looked_at_one_by_one(operator: Client, second: Client, town: Town) -> None:
    listed = list_of(operator, "41000002\n")
    single = given(operator, town.meter)
    both = operator.get("/console/orders/").context["shown"]
    only = operator.get(f"/console/orders/?list={listed.pk}").context["shown"]
    assert (len(both), [one.order_id for one in only]) == (2, [listed.orders.get().pk])
    assert len(operator.get("/console/orders/?list=nonsense").context["shown"]) == 2
    page = words(second, f"/console/orders/{listed.orders.get().pk}/")
    assert "It is one of a list, and is approved with it" in page
    assert "Approve: send it" not in page
    assert "approved with the list" in approve(second, listed.orders.get(), "0002")
    assert single.order_list is None


def test_a_file_that_is_no_list_is_refused_with_a_sentence(operator: Client, town: Town) -> None:
    for data, complaint in (
        (b"", "is empty"),
        (b"PK\x03\x04\0\0", "is no list"),
        ("номер\n".encode(), "lists no meter"),
    ):
        fields = {
            "list_id": str(uuid4()),
            "organisation": str(town.association.pk),
            "kind": "open_relay",
            "because": WHY,
            "file": SimpleUploadedFile("debtors.csv", data),
        }
        answer = operator.post("/console/orders/lists/new/", fields)
        assert complaint in answer.content.decode()
    typed = {"list_id": str(uuid4()), "organisation": str(town.association.pk), "kind": "open_relay", "because": WHY}
    assert "The list lists no meter." in operator.post("/console/orders/lists/new/", typed).content.decode()
    assert not OrderList.objects.exists()


def test_a_list_is_given_by_a_file_or_typed_and_never_by_half(operator: Client, town: Town) -> None:
    both = {
        "list_id": str(uuid4()),
        "organisation": str(town.association.pk),
        "kind": "open_relay",
        "because": WHY,
        "file": SimpleUploadedFile("debtors.csv", b"41000001\n"),
        "numbers": "41000002",
    }
    answer = operator.post("/console/orders/lists/new/", both)
    assert "Give the meters by a file or here, not by both." in answer.content.decode()
    assert not OrderList.objects.exists()


def test_lists_are_for_operators_of_the_organisation_alone(operator: Client, town: Town) -> None:
    listed = list_of(operator)
    page = f"/console/orders/lists/{listed.pk}/"
    keeper = User.objects.create(username="keeper")
    StaffRole.objects.create(user=keeper, organisation=town.association, role=StaffRole.Role.BOOKKEEPER)
    for user in (town.stranger, town.owner, keeper):
        client = Client()
        client.force_login(user)
        assert client.get(page).status_code == 404
        assert [client.post(f"{page}{act}/", {"orders": "2"}).status_code for act in ("approval", "withdrawal")] == [
            404,
            404,
        ]
    for user in (town.owner, keeper):
        client = Client()
        client.force_login(user)
        assert client.get("/console/orders/lists/new/").status_code == 403
    stranger = Client(headers={"accept-language": "en"})
    stranger.force_login(town.stranger)
    fields = {"list_id": str(uuid4()), "organisation": str(town.association.pk), "kind": "open_relay", "because": "x"}
    answer = stranger.post("/console/orders/lists/new/", fields | {"numbers": "41000001"})
    assert "Select a valid choice" in answer.content.decode()
    assert Client().get(page).headers["Location"].startswith("/login/")
    assert set(MeterOrder.objects.values_list("state", flat=True)) == {OrderState.REQUESTED}


# ── Frames ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_command_opens_into_its_frames_and_a_frame_into_its_command(operator: Client, town: Town) -> None:
    order = given(operator, town.meter)
    approve(operator, order)
    bring(order, VisitResult.CONFIRMED, shown="off=true,by_command=true")
    assert "2 exchanges with the meter, byte by byte" in words(operator, f"/console/orders/{order.pk}/")
    said = words(operator, f"/console/orders/{order.pk}/frames/")
    assert "Told: this changes the meter" in said
    assert "Read back" in said
    assert "no answer came." in said
    assert said.count("Request") == 2
    assert said.count("Answer") == 1
    frame = order.frames.get(part="told")
    page = f"/frames/{frame.session_id}/{frame.exchange}/"
    assert "Told: this changes the meter: Disconnect" in words(operator, page)
    owner = Client(headers={"accept-language": "en"})
    owner.force_login(town.owner)
    assert "Disconnect" not in words(owner, page)
    assert owner.get(f"/console/orders/{order.pk}/frames/").status_code == 404


def test_power_behind_an_open_relay_is_told_on_the_page(operator: Client, town: Town) -> None:
    order = given(operator, town.meter)
    approve(operator, order)
    instant = InstantValues(taken_at=NOW, power_w=2_300, relay_closed=False, exchange=9)
    bring(order, VisitResult.CONFIRMED, shown="off=true,by_command=true", instant=instant)
    said = words(operator, f"/console/orders/{order.pk}/").replace("\u00a0", " ")
    assert "Outcome unknown" in said
    assert "The meter showed: the load is off, by command, 2.3 kW flow all the same." in said
    assert "it sticks, or the place is supplied past the meter" in said
