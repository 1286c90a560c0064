"""What a wrong clock has stamped, moved to when it was."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotFlag, SlotRank, Source
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.restamping import restamped_days, restamped_event, restamped_register
from kilovatt.quantities.periods import local_midnight

MOSCOW = ZoneInfo("Europe/Moscow")
HEARD_AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
JANUARY_2000 = date(2000, 1, 1)
REGISTER = RegisterReading(
    quantity=Quantity.A_PLUS,
    tariff=1,
    value=8_000,
    moment=RegisterMoment.MONTH_START,
    taken_at=local_midnight(JANUARY_2000, MOSCOW),
    heard_at=HEARD_AT,
    exchange=3,
)
TO_NOVEMBER = local_midnight(date(2026, 11, 1), MOSCOW) - REGISTER.taken_at
DAY = MeterDay(
    day_on=JANUARY_2000,
    starts_at=local_midnight(JANUARY_2000, MOSCOW),
    step_s=1800,
    uwh_per_count=500_000,
    a_plus=tuple(range(48)),
    a_minus=None,
    r_plus=(7,) * 48,
    r_minus=None,
    qualities=(SlotRank.ACTUAL,) * 47 + (SlotRank.MISSING,),
    exchanges=(9,) * 47 + (NO_EXCHANGE,),
    heard_at=HEARD_AT,
)


@pytest.mark.parametrize(
    ("by", "moment"),
    [
        (TO_NOVEMBER, RegisterMoment.MONTH_START),
        (TO_NOVEMBER + timedelta(days=3), RegisterMoment.DAY_START),
        (TO_NOVEMBER + timedelta(hours=5), RegisterMoment.NOW),
    ],
    ids=["the first of a month", "a midnight", "no midnight"],
)
def test_a_frozen_register_is_of_the_instant_at_which_the_clock_showed_midnight(
    by: timedelta, moment: RegisterMoment
) -> None:
    moved = restamped_register(REGISTER, by=by, zone=MOSCOW)
    assert moved == replace(REGISTER, taken_at=REGISTER.taken_at + by, moment=moment)


def test_a_register_of_a_day_is_one_of_a_day_on_the_first_too() -> None:
    of_a_day = replace(REGISTER, moment=RegisterMoment.DAY_START)
    assert restamped_register(of_a_day, by=TO_NOVEMBER, zone=MOSCOW).moment is RegisterMoment.DAY_START


def test_an_event_moves_with_its_end_or_without() -> None:
    event = MeterEvent(
        kind=EventKind.CASE_OPENED, began_at=HEARD_AT, ended_at=HEARD_AT + HALF_HOUR, detail="", exchange=3
    )
    moved = restamped_event(event, by=HALF_HOUR)
    assert (moved.began_at, moved.ended_at) == (HEARD_AT + HALF_HOUR, HEARD_AT + 2 * HALF_HOUR)
    assert restamped_event(replace(event, ended_at=None), by=HALF_HOUR).ended_at is None


def test_a_day_moved_by_whole_days_is_a_day_whose_clock_is_in_doubt() -> None:
    (day,) = restamped_days(DAY, by=TO_NOVEMBER, zone=MOSCOW)
    assert (day.day_on, day.source) == (date(2026, 11, 1), Source.EDITED)
    assert (day.a_plus, day.a_minus, day.r_plus, day.exchanges) == (DAY.a_plus, None, DAY.r_plus, DAY.exchanges)
    assert day.qualities == (SlotRank.ACTUAL | SlotFlag.CLOCK_DOUBTFUL,) * 47 + (SlotRank.MISSING,)


def test_a_day_moved_across_midnight_is_two_with_the_rest_missing() -> None:
    first, second = restamped_days(DAY, by=TO_NOVEMBER + 5 * HALF_HOUR, zone=MOSCOW)
    assert (first.day_on, second.day_on) == (date(2026, 11, 1), date(2026, 11, 2))
    assert first.starts_at == local_midnight(date(2026, 11, 1), MOSCOW)
    assert first.a_plus == (0,) * 5 + tuple(range(43))
    assert second.a_plus == (*range(43, 48), *(0,) * 43)
    assert first.qualities[:5] == (SlotRank.MISSING,) * 5
    assert second.exchanges[3:6] == (9, NO_EXCHANGE, NO_EXCHANGE)
    assert sum(first.a_plus + second.a_plus) == sum(DAY.a_plus)


def test_a_day_is_moved_by_whole_slots_to_slots_of_a_local_day() -> None:
    with pytest.raises(ValueError, match="whole slots of 1800 s"):
        restamped_days(DAY, by=timedelta(seconds=1799), zone=MOSCOW)
    with pytest.raises(ValueError, match="none of a local day in Asia/Kathmandu"):
        restamped_days(DAY, by=HALF_HOUR, zone=ZoneInfo("Asia/Kathmandu"))
