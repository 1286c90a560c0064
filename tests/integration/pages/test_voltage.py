"""A meter's page draws its voltage over a day, a week or a month, with limits, empty days and what journals tell."""

import json
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.sessions import InstantValues, Learnt
from kilovatt.office.console.voltage_drawn import POINTS_MAX
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.keeping import keeper
from kilovatt.office.records.models import IntakeSample, Meter
from kilovatt.office.records.readings.packing import packed
from looked_at import Town, words
from on_record import MOSCOW, NOW, report_of

HALF_HOUR = timedelta(minutes=30)


def heard(town: Town, at: datetime, *voltages_mv: int) -> None:
    instant = InstantValues(taken_at=at, power_w=1, voltages_mv=voltages_mv, exchange=30)
    accept(report_of(town.meter, Learnt(instant=instant), name=f"at {at}", at=at), now=at)


def told(town: Town, kind: EventKind, began_at: datetime, ended_at: datetime | None) -> None:
    event = MeterEvent(kind=kind, began_at=began_at, ended_at=ended_at, detail="", exchange=20)
    accept(report_of(town.meter, Learnt(events=(event,)), name=f"{kind} {began_at}"), now=NOW)


def page(town: Town, asked: str = "") -> str:
    return f"/console/meters/{town.meter.pk}/{asked}"


def drawn(client: Client, town: Town, asked: str = "") -> dict[str, Any]:
    content = client.get(page(town, asked)).content.decode()
    picture = content.split('data-voltage="')[1].split('"')[0]
    found: dict[str, Any] = json.loads(unescape(picture))
    return found


def test_a_week_is_told_in_words_with_its_limits_and_their_source(operator: Client, town: Town) -> None:
    heard(town, NOW - timedelta(days=2), 231_040, 206_900, 233_000)
    heard(town, NOW, 229_000, 230_000, 253_100)
    said = words(operator, page(town))
    assert "Voltage, 18 Nov 2026 – 24 Nov 2026" in said
    assert "Phase A: 229–231 V; phase B: 206.9–230 V; phase C: 233–253.1 V." in said
    assert "2 of 6 samples are beyond the limits." in said
    assert "Within 207–253 V it is as ГОСТ 29322-2014, ГОСТ 32144-2013 (4.2.2) has it." in said
    assert "Not heard on 5 days: 18 Nov 2026 – 21 Nov 2026, 23 Nov 2026." in said
    assert "24 Nov 2026 229 V 230 V 253.1 V, 1 beyond the limits" in said
    assert "23 Nov 2026 — — —" in said


def test_a_day_has_each_sample_with_its_frame(operator: Client, town: Town) -> None:
    at = NOW - timedelta(days=1)
    heard(town, at, 254_000)
    heard(town, at + HALF_HOUR, 200_000)
    said = words(operator, page(town, "?voltage=day&on=2026-11-23"))
    assert "Voltage: 200–254 V. 2 of 2 samples are beyond the limits." in said
    assert "12:30 200 V, too low frame 12:00 254 V, too high frame" in said


def test_the_browser_gets_lines_that_break_where_nothing_was_heard(operator: Client, town: Town) -> None:
    first = NOW - timedelta(hours=8)
    for place in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13):
        heard(town, first + place * HALF_HOUR, 230_000 + place)
    picture = drawn(operator, town, "?voltage=day")
    (line,) = picture["phases"]
    assert line == [230_000 + place for place in range(10)] + [None, 230_013]
    assert picture["times"][-1] == int((first + 13 * HALF_HOUR).timestamp())
    midnight = datetime(2026, 11, 24, tzinfo=MOSCOW)
    assert (picture["from"], picture["to"]) == (midnight.timestamp(), (midnight + timedelta(days=1)).timestamp())
    assert (picture["low"], picture["high"], picture["zone"]) == (207_000, 253_000, "Europe/Moscow")
    assert [label for _at, label in picture["ticks"]][:3] == ["00:00", "03:00", "06:00"]


def test_days_without_a_sample_and_what_journals_tell_are_marked(operator: Client, town: Town) -> None:
    heard(town, NOW, 230_000)
    midnight = datetime(2026, 11, 18, tzinfo=MOSCOW)
    told(town, EventKind.POWER_OFF, midnight - timedelta(hours=1), midnight + timedelta(hours=1))
    told(town, EventKind.VOLTAGE_OUT_OF_LIMITS, NOW - timedelta(hours=2), None)
    picture = drawn(operator, town)
    assert len(picture["empty"]) == 6
    assert picture["empty"][0] == [midnight.timestamp(), (midnight + timedelta(days=1)).timestamp()]
    outage, dip = picture["disturbances"]
    assert (outage["from"], outage["to"], outage["isOutage"]) == (
        midnight.timestamp(),
        (midnight + timedelta(hours=1)).timestamp(),
        True,
    )
    assert (dip["to"] - dip["from"], dip["isOutage"]) == (7200, False)
    assert "No supply 17 Nov 2026, 23:00, for 2 h. frame" in words(operator, page(town))
    assert picture["ticks"][0][1] == "18\xa0Nov"


def test_earlier_and_later_days_are_a_step_away_and_none_is_to_come(operator: Client, town: Town) -> None:
    here = operator.get(page(town)).context["voltage"]
    assert (here.earlier, here.later) == ("voltage=week&on=2026-11-17", "")
    before = operator.get(page(town, "voltage/?voltage=month&on=2026-11-10")).context["voltage"]
    assert (before.earlier, before.later) == ("voltage=month&on=2026-10-11", "voltage=month&on=2026-11-24")


@pytest.mark.parametrize("asked", ["?voltage=x&on=y", "?on=9999-12-31", "?voltage=week"])
def test_what_nobody_understands_is_this_week(operator: Client, town: Town, asked: str) -> None:
    assert "18 Nov 2026 – 24 Nov 2026" in operator.get(page(town, f"voltage/{asked}")).context["voltage"].title.replace(
        "\xa0", " "
    )


def test_before_all_time_nothing_was_heard(operator: Client, town: Town) -> None:
    heard(town, NOW, 230_000)
    said = words(operator, page(town, "voltage/?voltage=month&on=0001-01-01"))
    assert "No voltage was heard on these days." in said
    assert "<html" not in operator.get(page(town, "voltage/")).content.decode()


def test_a_model_that_tells_no_voltage_has_no_card(operator: Client, town: Town) -> None:
    assert 'id="voltage"' in operator.get(page(town)).content.decode()
    Meter.objects.filter(pk=town.meter.pk).update(model_key="energomera-ce102-r5")
    assert 'id="voltage"' not in operator.get(page(town)).content.decode()


def test_a_month_of_minutes_is_thinned_to_its_extremes_with_few_queries(
    operator: Client, town: Town, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first = NOW - timedelta(days=1, hours=9)
    heard(town, first, 230_000)
    session_id = IntakeSample.objects.get().session_id
    IntakeSample.objects.bulk_create(
        IntakeSample(
            meter=town.meter,
            taken_at=first + timedelta(minutes=minute),
            voltages_mv=packed((230_000 if minute != 1_234 else 180_000,)),
            currents_ma=packed(()),
            digest=minute.to_bytes(32, "big"),
            session_id=session_id,
            exchange=30,
        )
        for minute in range(1, 1_900)
    )
    keeper.carry_to_the_lake(now=NOW)
    with django_assert_max_num_queries(26):
        picture = drawn(operator, town, "voltage/?voltage=month")
    (line,) = picture["phases"]
    assert len(line) <= POINTS_MAX
    assert min(line) == 180_000
    assert None not in line


def test_a_stranger_sees_no_voltage(town: Town) -> None:
    client = Client()
    client.force_login(town.stranger)
    assert client.get(page(town, "voltage/")).status_code == 404
