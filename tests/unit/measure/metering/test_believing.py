"""What no meter can have is left out and said; everything else of the same session is kept."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.believing import COUNT_MAX, REGISTER_MAX_WH, Believed, believed
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.meter_days import MeterDay, SlotRank
from kilovatt.measure.metering.registers import Quantity, RegisterMoment, RegisterReading
from kilovatt.measure.metering.sessions import ClockReading, Identity, InstantValues, Learnt
from kilovatt.quantities.periods import local_midnight

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RUNNING = RegisterReading(
    quantity=Quantity.A_PLUS, tariff=0, value=8_000, moment=RegisterMoment.NOW, taken_at=NOW, heard_at=NOW, exchange=3
)
FROZEN = replace(RUNNING, moment=RegisterMoment.MONTH_START, taken_at=local_midnight(date(2026, 11, 1), MOSCOW))
DAY = MeterDay(
    day_on=date(2026, 11, 20),
    starts_at=local_midnight(date(2026, 11, 20), MOSCOW),
    step_s=43_200,
    uwh_per_count=500_000,
    a_plus=(5, 6),
    a_minus=None,
    r_plus=(0, 1),
    r_minus=None,
    qualities=(SlotRank.ACTUAL,) * 2,
    exchanges=(9, 9),
    heard_at=NOW,
)
EVENT = MeterEvent(kind=EventKind.CASE_OPENED, began_at=NOW, ended_at=None, detail="", exchange=20)
INSTANT = InstantValues(taken_at=NOW, power_w=412, voltages_mv=(231_400,), exchange=30)


def clock(ahead: timedelta) -> ClockReading:
    return ClockReading(taken_at=NOW + ahead, heard_at=NOW, exchange=1)


def test_a_session_that_makes_sense_is_believed_whole() -> None:
    learnt = Learnt(
        clock=clock(timedelta(minutes=59)),
        instant=INSTANT,
        registers=(RUNNING, FROZEN),
        meter_days=(DAY,),
        events=(EVENT,),
    )
    assert believed(learnt) == Believed(learnt, "")


def test_a_clock_more_than_an_hour_off_leaves_only_what_it_did_not_stamp() -> None:
    behind = timedelta(days=9_000)
    registers = (replace(RUNNING, taken_at=NOW - behind), FROZEN, replace(FROZEN, value=REGISTER_MAX_WH + 1))
    learnt = Learnt(
        clock=clock(-behind),
        instant=replace(INSTANT, taken_at=NOW - behind),
        registers=registers,
        meter_days=(DAY, replace(DAY, uwh_per_count=0)),
        events=(EVENT,),
    )
    result = believed(learnt)
    assert result.learnt == Learnt(clock=learnt.clock, instant=INSTANT, registers=(RUNNING,))
    assert result.apart == Learnt(registers=(FROZEN,), meter_days=(DAY,), events=(EVENT,))
    assert result.left_out == ""


def test_a_wrong_clock_with_nothing_stamped_holds_nothing_apart() -> None:
    learnt = Learnt(clock=clock(timedelta(hours=2)))
    assert believed(learnt) == Believed(learnt, "")


@pytest.mark.parametrize(
    "register",
    [replace(RUNNING, value=REGISTER_MAX_WH + 1), replace(FROZEN, taken_at=NOW + timedelta(days=7))],
    ids=["more than any register shows", "frozen at a midnight to come"],
)
def test_an_impossible_register_is_left_out_and_the_others_kept(register: RegisterReading) -> None:
    result = believed(Learnt(registers=(RUNNING, register)))
    assert result == Believed(Learnt(registers=(RUNNING,)), "1 impossible registers")


@pytest.mark.parametrize(
    "day",
    [
        replace(DAY, a_plus=(5, COUNT_MAX + 1)),
        replace(DAY, r_plus=(-1, 0)),
        replace(DAY, uwh_per_count=0),
        replace(DAY, uwh_per_count=2**40),
        replace(DAY, starts_at=NOW + timedelta(days=2)),
        replace(DAY, a_plus=(), r_plus=None, qualities=(), exchanges=()),
        replace(DAY, a_plus=(0,) * 2_000, r_plus=None, qualities=(0,) * 2_000, exchanges=(9,) * 2_000),
    ],
    ids=["count too large", "count below zero", "no scale", "scale too large", "day to come", "no slot", "too many"],
)
def test_an_impossible_day_is_left_out_and_the_others_kept(day: MeterDay) -> None:
    assert believed(Learnt(meter_days=(day, DAY))) == Believed(
        Learnt(meter_days=(DAY,)), "1 impossible days of the profile"
    )


@pytest.mark.parametrize(
    "instant",
    [
        replace(INSTANT, power_w=-(2**31)),
        replace(INSTANT, voltages_mv=(231_400, 2**31)),
        replace(INSTANT, currents_ma=(2**31,)),
        replace(INSTANT, currents_ma=(1, 2, 3, 4)),
        replace(INSTANT, frequency_mhz=-1),
        replace(INSTANT, tariff=9),
    ],
    ids=["power", "voltage", "current", "a fourth phase", "frequency", "tariff"],
)
def test_impossible_instant_values_are_left_out(instant: InstantValues) -> None:
    assert believed(Learnt(instant=instant)) == Believed(Learnt(), "1 impossible instant values")


def test_texts_are_cut_and_lose_what_no_database_keeps() -> None:
    identity = Identity(serial="41000001", made_on=None, firmware="9.\0" + "0" * 99, variant=None, exchange=2)
    event = replace(EVENT, detail="x" * 300, code="spodes:\0" + "y" * 99)
    learnt = believed(Learnt(identity=identity, events=(event,))).learnt
    assert learnt.identity is not None
    assert (learnt.identity.firmware, learnt.identity.variant) == ("9." + "0" * 30, "")
    assert (len(learnt.events[0].detail), learnt.events[0].code) == (200, "spodes:" + "y" * 33)
