"""The desk of commands: orders followed on their pages, and whose business they are."""

from datetime import timedelta

import pytest
from django.test import Client

from at_the_order_desk import LATER, approve, bring, give, page, refused, state_of
from kilovatt.measure.metering.commands import NotSentReason, ShiftClock
from kilovatt.measure.metering.orders import OrderState, VisitResult
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.orders import orders
from kilovatt.office.records.models import (
    Installation,
    Meter,
    MeteringPoint,
    MeterOrder,
    StaffRole,
    User,
    Work,
)
from looked_at import Town, words
from on_record import NOW


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
