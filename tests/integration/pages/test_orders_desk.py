"""The desk of commands: given on a form, approved after its words were read, followed, and nobody else's business."""

import logging
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import CommandKind, NotSentReason, ShiftClock
from kilovatt.measure.metering.orders import OrderReport, OrderState, VisitResult
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt, SessionReport
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.orders.order_payloads import command_of
from kilovatt.office.records.models import (
    Account,
    Installation,
    Meter,
    MeteringPoint,
    MeterOrder,
    MeterStanding,
    StaffRole,
    User,
    Work,
)
from looked_at import Town, words
from on_record import NOW, report_of

RELAY = "mercury-234-artm-01-pob-r"
SPODES = "spodes-1ph"
LATER = NOW + timedelta(minutes=1)
"""The clock of the site goes on while a test runs."""
WHY = "не платит с июля"


def page(meter: Meter, kind: str) -> str:
    return f"/console/meters/{meter.pk}/orders/new/{kind}/"


def give(client: Client, meter: Meter, kind: str = "open_relay", *, number: str = "", **fields: object) -> MeterOrder:
    """Fill in the form of a command and return the order it made."""
    sent = {"order_id": number or str(uuid4()), "because": WHY, **fields}
    response = client.post(page(meter, kind), sent)
    assert response.status_code == 302, response.content.decode()
    return MeterOrder.objects.get(pk=response.headers["Location"].split("/")[-2])


def refused(client: Client, meter: Meter, kind: str, **fields: object) -> str:
    response = client.post(page(meter, kind), {"order_id": str(uuid4()), "because": WHY, **fields})
    assert response.status_code == 200
    return response.content.decode()


def approve(client: Client, order: MeterOrder, ends: str = "0001") -> OrderState:
    client.post(f"/console/orders/{order.pk}/approval/", {"ends": ends})
    return state_of(order)


def state_of(order: MeterOrder) -> OrderState:
    order.refresh_from_db()
    return OrderState(order.state)


def bring(order: MeterOrder, result: VisitResult, *, shown: str = "", detail: str = "") -> None:
    """Let a head-end claim, send and report an approved order."""
    (held,) = line_leases.take_lines(now=LATER, at_most=1)
    orders.claim_due({held.line_id: held.lease.fence}, now=LATER)
    if result is not VisitResult.NOT_SENT:
        assert orders.note_sent(order.pk, lease=held.lease, now=LATER)
    told = report_of(order.meter, Learnt(), name="visit", outcome=Outcome.OK)
    values = {field: getattr(told, field) for field in SessionReport.__slots__}
    brought = OrderReport(order_id=order.pk, result=result, shown=shown, detail=detail)
    accept(SessionReport(**(values | {"order": brought})), now=LATER)


def of_model(town: Town, key: str) -> Meter:
    Meter.objects.filter(pk=town.meter.pk).update(model_key=key)
    town.meter.refresh_from_db()
    return town.meter


def test_a_meter_is_told_what_its_model_takes_and_nothing_else(operator: Client, town: Town) -> None:
    said = words(operator, f"/console/meters/{town.meter.pk}/")
    assert "Disconnect … Connect … Power limit … Tariff table … Correct the clock … Set the clock …" in said
    assert "It was never told anything from here." in said
    assert operator.get(page(town.meter, "permit_relay")).status_code == 404
    assert operator.get(page(town.meter, "nonsense")).status_code == 404
    meter = of_model(town, "psch-4tm-05mk-16-02")
    assert f"Nothing is known that a {model_by_key(meter.model_key).title} can be told." in words(
        operator, f"/console/meters/{town.meter.pk}/"
    )


@pytest.mark.parametrize("key", [RELAY, SPODES])
def test_every_control_that_is_offered_leads_to_its_form(operator: Client, town: Town, key: str) -> None:
    meter = of_model(town, key)
    said = operator.get(f"/console/meters/{meter.pk}/").content.decode()
    links = re.findall(r'href="(/console/meters/\d+/orders/new/\w+/)"', said)
    assert len(links) == len(model_by_key(key).commands)
    for link in links:
        english, russian = words(operator, link), words(operator, link, "ru")
        assert "Go on" in english
        assert english != russian


def test_a_place_whose_account_is_closed_can_be_disconnected(operator: Client, town: Town) -> None:
    Account.objects.filter(point__installations__meter=town.meter).update(closed_on=NOW.date())
    order = give(operator, town.meter)
    assert "участок 1" in words(operator, f"/console/orders/{order.pk}/")
    assert "участок 1" in words(operator, "/console/orders/")
    assert approve(operator, order) is OrderState.APPROVED


def test_an_order_says_what_will_happen_before_it_is_approved(operator: Client, town: Town) -> None:
    order = give(operator, town.meter)
    said = words(operator, f"/console/orders/{order.pk}/")
    assert "Waits for approval Nothing was sent." in said
    assert "The meter opens its relay: the place is without electricity" in said
    assert "What cannot be undone from afar" in said
    assert "участок 1" in said
    assert WHY in said
    assert state_of(order) is OrderState.REQUESTED
    assert order.requested_by == town.operator


def test_who_approves_a_grave_one_says_which_meter_he_means(operator: Client, town: Town) -> None:
    order = give(operator, town.meter)
    assert approve(operator, order, ends="0002") is OrderState.REQUESTED
    answer = operator.post(f"/console/orders/{order.pk}/approval/", {"ends": ""})
    assert "last digits of this meter&#x27;s serial number. Nothing was sent." in answer.content.decode()
    assert approve(operator, order) is OrderState.APPROVED
    assert order.approved_by == town.operator
    assert "goes when its turn comes" in words(operator, f"/console/orders/{order.pk}/")
    assert "No process holds the meter" in words(operator, f"/console/orders/{order.pk}/")


def test_a_mild_one_is_approved_with_one_button(operator: Client, town: Town) -> None:
    order = give(operator, town.meter, "set_clock")
    assert approve(operator, order, ends="") is OrderState.APPROVED


def test_a_form_that_is_sent_twice_is_one_order(operator: Client, town: Town) -> None:
    number = str(uuid4())
    assert give(operator, town.meter, number=number) == give(operator, town.meter, number=number)
    assert MeterOrder.objects.count() == 1
    assert "being told something already" in refused(operator, town.meter, "close_relay")
    order = MeterOrder.objects.get()
    assert [approve(operator, order) for _ in range(2)] == [OrderState.APPROVED] * 2


def test_the_number_of_a_form_opens_nobody_elses_order(operator: Client, town: Town) -> None:
    order = give(operator, town.meter)
    other = Meter.objects.get(serial="41000002")
    assert "being told something already" in refused(operator, other, "open_relay", order_id=str(order.pk))
    assert MeterOrder.objects.count() == 1


def test_without_a_because_nothing_is_put_on_record(operator: Client, town: Town) -> None:
    assert "This field is required." in refused(operator, town.meter, "open_relay", because=" ")
    assert not MeterOrder.objects.exists()


@pytest.mark.parametrize(
    ("typed", "power_w", "text"),
    [("7 kw", 7000, "7 kW"), ("7,5 kw", 7500, "7.5 kW"), ("4 321 w", 4321, "4,321 W")],
)
def test_a_limit_is_given_in_kilowatts_or_watts(
    operator: Client, town: Town, typed: str, power_w: int, text: str
) -> None:
    power, _blank, unit = typed.rpartition(" ")
    order = give(operator, town.meter, "set_power_limit", power=power, unit=unit)
    assert order.facts == {"power_w": power_w}
    assert f"Power limit: {text}" in words(operator, f"/console/orders/{order.pk}/").replace("\u00a0", " ")


@pytest.mark.parametrize("power", ["0", "-5", "0,0001", "NaN", "1e99", "Infinity", "семь"])
def test_what_is_no_limit_is_refused_with_an_example(operator: Client, town: Town, power: str) -> None:
    assert "such as 7.5 kW" in refused(operator, town.meter, "set_power_limit", power=power, unit="kw")


def test_a_tariff_table_is_given_by_its_marks_and_its_first_day(operator: Client, town: Town) -> None:
    meter = of_model(town, SPODES)
    marks = {"tariff_0": "2", "from_1": "07:00", "tariff_1": "1", "from_2": "23:00", "tariff_2": "2"}
    rest = {f"tariff_{place}": "1" for place in range(3, 6)}
    order = give(operator, meter, "set_tariff_table", from_on="2026-12-01", **marks, **rest)
    assert order.facts == {"marks": [[0, 2], [420, 1], [1380, 2]], "activate_at": "2026-11-30T21:00:00+00:00"}
    said = words(operator, f"/console/orders/{order.pk}/").replace("\u00a0", " ")
    assert "Tariff table: from 00:00 T2, from 07:00 T1, from 23:00 T2; from 01 Dec 2026, 00:00 on" in said
    twice = marks | {"from_2": "07:00"}
    assert "The times go upwards" in refused(operator, meter, "set_tariff_table", **twice, **rest)
    assert "has begun already" in refused(operator, meter, "set_tariff_table", from_on="2026-11-24", **marks, **rest)


def test_a_clock_is_corrected_by_what_it_is_known_to_be_off(operator: Client, town: Town) -> None:
    assert "is not known yet" in refused(operator, town.meter, "shift_clock")
    for ahead_s, complaint in ((0, "Its clock was right"), (-900, "its maker allows to correct 240 s")):
        MeterStanding.objects.filter(meter=town.meter).update(clock_deviation_s=ahead_s)
        assert complaint in words(operator, page(town.meter, "shift_clock"))
        assert complaint in refused(operator, town.meter, "shift_clock")
    MeterStanding.objects.filter(meter=town.meter).update(clock_deviation_s=30)
    assert "was +30 s from ours" in words(operator, page(town.meter, "shift_clock"))
    order = give(operator, town.meter, "shift_clock")
    assert order.facts == {"seconds": -30, "ahead_s": 30}


def test_a_typed_password_is_in_no_page_address_or_log(
    operator: Client, town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    meter, secret = of_model(town, SPODES), "Pq9-secret"
    caplog.set_level(logging.DEBUG)
    fields = {"level": "1", "way": "typed", "new": secret}
    unlike = refused(operator, meter, "change_password", again="another", **fields)
    assert "The two are not the same." in unlike
    assert secret not in unlike
    assert "Type the new password." in refused(operator, meter, "change_password", level="1", way="typed")
    order = give(operator, meter, "change_password", again=secret, **fields)
    seen = [
        operator.get(address).content.decode()
        for address in (f"/console/orders/{order.pk}/", f"/console/meters/{meter.pk}/", "/console/orders/")
    ]
    assert "New password: for reading" in seen[0]
    assert not any(secret in text for text in (*seen, caplog.text, str(order.facts), str(order.pk)))
    assert sealed_in(order) == secret


def test_a_password_is_made_by_chance_and_seen_by_nobody(operator: Client, town: Town) -> None:
    meter = of_model(town, SPODES)
    order = give(operator, meter, "change_password", level="1", way="made")
    made = sealed_in(order)
    assert len(made) == len("00000001")
    assert made not in operator.get(f"/console/orders/{order.pk}/").content.decode()


def test_the_password_of_the_factory_is_no_new_one(operator: Client, town: Town) -> None:
    meter = of_model(town, SPODES)
    for new, complaint in (("00000001", "password of the factory"), ("пароль", "cannot have such a password")):
        said = refused(operator, meter, "change_password", level="1", way="typed", new=new, again=new)
        assert complaint in said
        assert f'value="{new}"' not in said
    assert "Select a valid choice" in refused(operator, meter, "change_password", level="2", way="made")


def sealed_in(order: MeterOrder) -> str:
    assert order.secret_sealed is not None
    name = f"{order.meter.model_key}/{order.meter.serial}"
    command = command_of(
        CommandKind(order.kind), order.facts, bytes(order.secret_sealed), meter_name=name, order_id=order.pk
    )
    new: str = command.new  # type: ignore[union-attr]  # a change of password
    return new


def test_an_order_is_withdrawn_in_time_and_told_when_it_is_too_late(operator: Client, town: Town) -> None:
    order = give(operator, town.meter)
    operator.post(f"/console/orders/{order.pk}/withdrawal/")
    assert state_of(order) is OrderState.DECLINED
    assert "Withdrawn It was taken back before anything was sent." in words(operator, f"/console/orders/{order.pk}/")
    late = give(operator, town.meter)
    approve(operator, late)
    (held,) = line_leases.take_lines(now=LATER, at_most=1)
    orders.claim_due({held.line_id: held.lease.fence}, now=LATER)
    operator.post(f"/console/orders/{late.pk}/withdrawal/")
    assert state_of(late) is OrderState.CLAIMED
    assert "It was too late to withdraw it" in words(operator, f"/console/orders/{late.pk}/")


def test_the_page_of_an_order_renews_itself_until_it_is_known(operator: Client, town: Town) -> None:
    order = give(operator, town.meter)
    address = f"/console/orders/{order.pk}/"
    assert "hx-trigger" not in operator.get(address).content.decode()
    approve(operator, order)
    part = operator.get(address, headers={"hx-request": "true"}).content.decode()
    assert part.strip().startswith('<div id="order"')
    assert "every 1s" in part
    assert "every 1s" in operator.get(f"/console/meters/{town.meter.pk}/orders/").content.decode()
    bring(order, VisitResult.CONFIRMED, shown="off=true,by_command=true")
    after = operator.get(address, headers={"hx-request": "true"}).content.decode()
    assert "hx-trigger" not in after
    assert "The meter showed: the load is off, by command." in words(operator, address)
    assert "hx-trigger" not in operator.get(f"/console/meters/{town.meter.pk}/orders/").content.decode()


def test_an_unknown_outcome_says_what_it_means_and_what_to_do(operator: Client, town: Town) -> None:
    order = give(operator, town.meter)
    approve(operator, order)
    bring(order, VisitResult.NO_PROOF, detail="the line was lost")
    said = words(operator, f"/console/orders/{order.pk}/")
    assert "Outcome unknown It was sent, and nothing that the meter showed since tells" in said
    assert "It was read back 1 time and is again" in said
    assert "Until then take it for done" in said
    MeterOrder.objects.filter(pk=order.pk).update(due_at=None, visits=12)
    assert "It was read back 12 times and is asked no more." in words(operator, f"/console/orders/{order.pk}/")


@pytest.mark.parametrize("reason", list(NotSentReason))
def test_one_that_was_not_sent_says_why(operator: Client, town: Town, reason: NotSentReason) -> None:
    order = give(operator, town.meter)
    approve(operator, order)
    bring(order, VisitResult.NOT_SENT, detail=f"{reason}: words for engineers")
    english = words(operator, f"/console/orders/{order.pk}/")
    assert "Failed It was not done. Nothing that changes the meter was sent." in english
    assert english != words(operator, f"/console/orders/{order.pk}/", "ru")


def test_unknown_ones_come_first_and_the_list_is_filtered_by_state(operator: Client, town: Town) -> None:
    first = give(operator, town.meter)
    approve(operator, first)
    bring(first, VisitResult.NO_PROOF)
    second = give(operator, Meter.objects.get(serial="41000002"), "close_relay")
    old = give(operator, town.meter, "close_relay")
    long_ago = NOW - timedelta(days=31)
    MeterOrder.objects.filter(pk=old.pk).update(state=OrderState.DECLINED, requested_at=long_ago)
    said = words(operator, "/console/orders/")
    assert "all 2 outcome unknown 1 under way 1 confirmed 0 failed 0 withdrawn or expired 0" in said
    listed = [one.order_id for one in operator.get("/console/orders/").context["shown"]]
    assert listed == [first.pk, second.pk]
    only = operator.get("/console/orders/?show=under-way").context["shown"]
    assert [one.order_id for one in only] == [second.pk]
    assert "No command is like that." in words(operator, "/console/orders/?show=confirmed")
    assert len(operator.get("/console/orders/?show=<x>&page=7").context["shown"]) == 2
    part = operator.get("/console/orders/?show=unknown", headers={"hx-request": "true"}).content.decode()
    assert part.strip().startswith('<div id="commands"')
    assert 'hx-get="?show=unknown&amp;page=1"' in part


def test_nobody_but_an_operator_of_the_organisation_has_to_do_with_it(operator: Client, town: Town) -> None:
    order = give(operator, town.meter)
    seen = (page(town.meter, "open_relay"), f"/console/meters/{town.meter.pk}/orders/", f"/console/orders/{order.pk}/")
    done = (
        page(town.meter, "open_relay"),
        *(f"/console/orders/{order.pk}/{act}/" for act in ("approval", "withdrawal")),
    )
    for user in (town.stranger, town.owner, town.neighbour):
        client = Client()
        client.force_login(user)
        assert [client.get(address).status_code for address in seen] == [404] * 3
        assert [client.post(address, {"ends": "0001", "because": "x"}).status_code for address in done] == [404] * 3
    nobody = Client()
    for address in (*seen, "/console/orders/"):
        assert nobody.get(address).headers["Location"].startswith("/login/")
    for address in done:
        assert nobody.post(address).headers["Location"].startswith("/login/")
    assert state_of(order) is OrderState.REQUESTED
    assert MeterOrder.objects.count() == 1


def test_what_an_organisation_told_a_meter_that_stands_elsewhere_now_is_its_own(operator: Client, town: Town) -> None:
    over = give(operator, town.meter)
    operator.post(f"/console/orders/{over.pk}/withdrawal/")
    waiting = give(operator, town.meter)
    elsewhere = town.stranger.staff_roles.get().organisation
    Installation.objects.filter(meter=town.meter).update(removed_at=NOW)
    point = MeteringPoint.objects.create(organisation=elsewhere, name="дом 5")
    Installation.objects.create(meter=town.meter, point=point, installed_at=NOW)
    stranger = Client()
    stranger.force_login(town.stranger)
    pages = [f"/console/orders/{one.pk}/" for one in (over, waiting)]
    assert [stranger.get(page).status_code for page in pages] == [404, 200]
    assert [operator.get(page).status_code for page in pages] == [404, 404]
    for seen in ("/console/orders/", f"/console/meters/{town.meter.pk}/"):
        said = stranger.get(seen).content.decode()
        assert (pages[0] in said, pages[1] in said) == (False, True)
    assert f"{approve(stranger, waiting)} {state_of(over)}" == "requested declined"


def test_a_stranger_sees_an_empty_list_and_an_owner_none(operator: Client, town: Town) -> None:
    give(operator, town.meter)
    stranger, owner = Client(), Client()
    stranger.force_login(town.stranger)
    owner.force_login(town.owner)
    assert "участок" not in words(stranger, "/console/orders/")
    assert owner.get("/console/orders/").status_code == 404


def test_a_bookkeeper_sees_the_meter_and_commands_nothing(operator: Client, town: Town) -> None:
    order = give(operator, town.meter)
    keeper = User.objects.create(username="keeper")
    StaffRole.objects.create(user=keeper, organisation=town.association, role=StaffRole.Role.BOOKKEEPER)
    client = Client(headers={"accept-language": "en"})
    client.force_login(keeper)
    assert "Disconnect" not in words(client, f"/console/meters/{town.meter.pk}/")
    assert client.get(page(town.meter, "open_relay")).status_code == 403
    assert client.post(page(town.meter, "open_relay"), {"because": "x"}).status_code == 403
    assert client.post(f"/console/orders/{order.pk}/approval/", {"ends": "0001"}).status_code == 404
    assert state_of(order) is OrderState.REQUESTED


def test_a_form_that_is_not_from_our_page_does_nothing(operator: Client, town: Town) -> None:
    order = give(operator, town.meter)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(town.operator)
    for address in (
        page(town.meter, "close_relay"),
        f"/console/orders/{order.pk}/approval/",
        f"/console/orders/{order.pk}/withdrawal/",
    ):
        assert strict.post(address, {"ends": "0001", "because": "x"}).status_code == 403
    assert (state_of(order), MeterOrder.objects.count()) == (OrderState.REQUESTED, 1)
    assert operator.get(f"/console/orders/{order.pk}/approval/").status_code == 405


def test_a_meter_without_a_line_is_told_nothing(operator: Client, town: Town) -> None:
    Meter.objects.filter(pk=town.meter.pk).update(line=None)
    assert "so nobody can tell it anything" in words(operator, f"/console/meters/{town.meter.pk}/")
    assert "No line leads to the meter." in refused(operator, town.meter, "open_relay")


def test_what_the_site_orders_by_itself_says_so(operator: Client, town: Town) -> None:
    order = orders.request_by_site(town.meter, ShiftClock(-30, 30), because="clock", now=NOW, is_approved=False)
    assert "the site itself" in words(operator, f"/console/orders/{order.pk}/")
    assert approve(operator, order, ends="") is OrderState.APPROVED


def test_after_a_reading_that_was_asked_for_the_commands_are_still_there(operator: Client, town: Town) -> None:
    give(operator, town.meter)
    operator.post(f"/console/meters/{town.meter.pk}/reading/")
    asked = Work.objects.get(kind="reading")
    Work.objects.filter(pk=asked.pk).update(done_at=NOW)
    part = operator.get(f"/console/meters/{town.meter.pk}/reading/{asked.key}/").content.decode()
    assert part.count('id="orders"') == 1
    assert "waits for approval" in part
