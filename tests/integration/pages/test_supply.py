"""An owner reads on the account how the supply was: how often it was off, and within which voltages."""

from datetime import timedelta

from django.test import Client

from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.sessions import InstantValues, Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.records.models import Account, Meter
from looked_at import Town, words
from on_record import NOW, report_of

HOUR = timedelta(hours=1)


def heard(town: Town, days_ago: int, *voltages_mv: int) -> None:
    at = NOW - timedelta(days=days_ago)
    instant = InstantValues(taken_at=at, power_w=1, voltages_mv=voltages_mv, exchange=30)
    accept(report_of(town.meter, Learnt(instant=instant), name=f"at {at}", at=at), now=at)


def off(town: Town, days_ago: int, hours: int) -> None:
    began_at = NOW - timedelta(days=days_ago)
    event = MeterEvent(
        kind=EventKind.POWER_OFF, began_at=began_at, ended_at=began_at + hours * HOUR, detail="", exchange=20
    )
    accept(report_of(town.meter, Learnt(events=(event,)), name=f"off {began_at}"), now=NOW)


def test_outages_and_voltages_of_thirty_days_are_told_in_sentences(owner: Client, town: Town) -> None:
    heard(town, 2, 231_000, 206_900, 233_000)
    off(town, 31, 1)
    off(town, 5, 2)
    off(town, 3, 1)
    said = words(owner, "/accounts/000001/")
    assert (
        "Your supply, 30 days Off 2 times, for 3 h together. The last: No supply 21 Nov 2026, 12:00, for 1 h." in said
    )
    assert "Voltage from 206.9 to 233 V; 207 to 253 V are permitted" in said
    assert "1 of 3 samples were beyond them. If it goes on, tell those who send the bill." in said


def test_a_good_supply_is_one_calm_sentence_each(owner: Client, town: Town) -> None:
    heard(town, 2, 231_000)
    said = words(owner, "/accounts/000001/")
    assert "Your supply, 30 days It was never off. Voltage from 231 to 231 V" in said
    assert "beyond them" not in said


def test_what_was_before_the_account_was_opened_is_not_told(owner: Client, town: Town) -> None:
    Account.objects.filter(number="000001").update(opened_on=(NOW - timedelta(days=3)).date())
    heard(town, 4, 180_000)
    said = words(owner, "/accounts/000001/")
    assert "Your supply, 4 days It was never off." in said
    assert "Voltage from" not in said


def test_a_meter_that_tells_of_no_supply_has_no_card(owner: Client, town: Town) -> None:
    Meter.objects.filter(pk=town.meter.pk).update(model_key="pulse-counter-modbus")
    assert "Your supply" not in words(owner, "/accounts/000001/")
