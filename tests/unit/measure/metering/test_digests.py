from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.digests import (
    DIGEST_BYTES,
    event_digest,
    meter_day_digest,
    register_digest,
    sample_digest,
)
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.meter_days import MeterDay, Source
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import InstantValues

DAY = MeterDay(
    day_on=date(2026, 10, 5),
    starts_at=datetime(2026, 10, 4, 21, tzinfo=UTC),
    step_s=43_200,
    uwh_per_count=500_000,
    a_plus=(3, 4),
    a_minus=None,
    r_plus=(1, 0),
    r_minus=None,
    qualities=(2, 2),
    exchanges=(5, 6),
    heard_at=datetime(2026, 10, 6, tzinfo=UTC),
)
REGISTER = RegisterReading(
    quantity=Quantity.A_PLUS,
    tariff=1,
    value=123_450,
    moment=RegisterMoment.MONTH_START,
    taken_at=datetime(2026, 9, 30, 21, tzinfo=UTC),
    heard_at=datetime(2026, 10, 1, 3, tzinfo=UTC),
    exchange=4,
)


def test_a_digest_is_stable_over_versions_of_the_program() -> None:
    # Digests stand in databases and on bills: a change here makes every reading new.
    assert meter_day_digest(7, DAY).hex() == "3399cf3e99cd487828e1bbbba4db44cca00b617a23d5ae9895308a8c98c4d9c3"
    assert register_digest(7, REGISTER).hex() == "182c7733a302e2e00a795d3f8268ecb3c2d454c4753215f82fff29809281aeac"
    assert len(meter_day_digest(7, DAY)) == len(register_digest(7, REGISTER)) == DIGEST_BYTES


def test_the_same_day_read_again_by_another_session_has_the_same_digest() -> None:
    again = replace(DAY, heard_at=DAY.heard_at + timedelta(days=1), exchanges=(8, 9))
    assert meter_day_digest(7, again) == meter_day_digest(7, DAY)
    in_moscow = replace(DAY, starts_at=DAY.starts_at.astimezone(ZoneInfo("Europe/Moscow")))
    assert meter_day_digest(7, in_moscow) == meter_day_digest(7, DAY)


@pytest.mark.parametrize(
    "other",
    [
        replace(DAY, day_on=date(2026, 10, 6)),
        replace(DAY, starts_at=DAY.starts_at + timedelta(hours=1)),
        replace(DAY, step_s=3600),
        replace(DAY, uwh_per_count=200_000),
        replace(DAY, a_plus=(4, 3)),
        replace(DAY, a_minus=(0, 0)),
        replace(DAY, r_plus=None, r_minus=(1, 0)),
        replace(DAY, qualities=(2, 1)),
        replace(DAY, source=Source.FILE),
    ],
)
def test_another_content_has_another_digest(other: MeterDay) -> None:
    assert meter_day_digest(7, other) != meter_day_digest(7, DAY)


@pytest.mark.parametrize(
    "other",
    [
        replace(REGISTER, quantity=Quantity.R_PLUS),
        replace(REGISTER, tariff=2),
        replace(REGISTER, value=123_451),
        replace(REGISTER, moment=RegisterMoment.DAY_START),
        replace(REGISTER, taken_at=REGISTER.taken_at + timedelta(microseconds=1)),
    ],
)
def test_another_register_has_another_digest(other: RegisterReading) -> None:
    assert register_digest(7, other) != register_digest(7, REGISTER)


def test_a_register_heard_again_has_the_same_digest() -> None:
    again = replace(REGISTER, heard_at=REGISTER.heard_at + timedelta(hours=5), exchange=11)
    assert register_digest(7, again) == register_digest(7, REGISTER)


def test_two_meters_have_two_digests_of_one_content() -> None:
    assert meter_day_digest(8, DAY) != meter_day_digest(7, DAY)
    assert register_digest(8, REGISTER) != register_digest(7, REGISTER)


SAMPLE = InstantValues(
    taken_at=datetime(2026, 11, 24, 9, tzinfo=UTC), power_w=412, voltages_mv=(231_400,), relay_closed=True, exchange=30
)


def test_a_sample_heard_by_another_exchange_has_the_same_digest() -> None:
    assert sample_digest(7, replace(SAMPLE, exchange=4)) == sample_digest(7, SAMPLE)


@pytest.mark.parametrize(
    "other",
    [
        replace(SAMPLE, taken_at=SAMPLE.taken_at + timedelta(seconds=1)),
        replace(SAMPLE, power_w=None),
        replace(SAMPLE, voltages_mv=(), currents_ma=(231_400,)),
        replace(SAMPLE, frequency_mhz=50_000),
        replace(SAMPLE, power_w=None, tariff=412),
        replace(SAMPLE, relay_closed=None),
    ],
)
def test_another_sample_has_another_digest(other: InstantValues) -> None:
    assert sample_digest(7, other) != sample_digest(7, SAMPLE)
    assert sample_digest(8, SAMPLE) != sample_digest(7, SAMPLE)


EVENT = MeterEvent(
    kind=EventKind.CASE_OPENED, began_at=SAMPLE.taken_at, ended_at=None, detail="a", code="b", exchange=20
)


@pytest.mark.parametrize(
    "other",
    [
        replace(EVENT, kind=EventKind.POWER_OFF),
        replace(EVENT, began_at=SAMPLE.taken_at + timedelta(seconds=1)),
        replace(EVENT, ended_at=SAMPLE.taken_at),
        replace(EVENT, detail="", code="ab"),
    ],
)
def test_another_event_has_another_digest(other: MeterEvent) -> None:
    assert event_digest(7, other) != event_digest(7, EVENT)
    assert event_digest(7, replace(EVENT, exchange=4)) == event_digest(7, EVENT)
