"""The desk of commands: given on a form, approved after its words were read, followed, and nobody else's business."""

import logging
import re
from uuid import uuid4

import pytest
from django.test import Client

from at_the_order_desk import RELAY, SPODES, WHY, approve, give, of_model, page, refused, state_of
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.orders import OrderState
from kilovatt.office.operations.orders.order_payloads import command_of
from kilovatt.office.records.models import (
    Account,
    Meter,
    MeterOrder,
    MeterStanding,
)
from looked_at import Town, words
from on_record import NOW


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
