"""The head-end and meters of НЗиФ: what only they do. A terminal stands for the line, no database is near."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.meter_days import SlotFlag, SlotRank
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.explain import explain_exchange
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.gateway import Line
from kilovatt.wire.simulator.meter import PastEvent, SimulatedMeterPlan
from kilovatt.wire.simulator.nzif import NzifMeter
from kilovatt.wire.simulator.serial_line import SerialLine

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
MK = model_by_key("psch-4tm-05mk-16-02")
SERIAL, SHORT = 1_103_181_104, 104
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 120, dtype=np.int64) % 997, NOW, MOSCOW),
    zone=MOSCOW,
    table=tariff_table_for(2),
    past=MeterPast(starting_wh={1: 1_234_567, 2: 654_321}, inductive_permille=200, capacitive_permille=10),
    ratio=20,
)
OUTAGE = PastEvent(
    kind=EventKind.POWER_OFF,
    began_at=datetime(2026, 11, 20, 7, 10, tzinfo=UTC),
    ended_at=datetime(2026, 11, 20, 10, 40, tzinfo=UTC),
)
PROFILE = ReadingTask(profile_days=tuple(date(2026, 11, day) for day in range(18, 24)), events=True)


def read(
    address: int, task: ReadingTask, *, password: str | None = None, ahead: timedelta = timedelta(0)
) -> SessionReport:
    """Read a meter that was without supply for three hours and a half on the 20th."""

    async def job() -> SessionReport:
        plan = SimulatedMeterPlan(
            model=MK,
            serial=SERIAL,
            address=SHORT,
            zone=MOSCOW,
            energy=ENERGY,
            past_events=(OUTAGE,),
            clock_ahead=ahead,
        )
        terminal = SerialLine(Line(Bus([NzifMeter(plan)]), TownClock(NOW)))
        meter = MeterAddress(model=MK, address=address, serial=str(SERIAL), password=password, zone=MOSCOW)
        try:
            url = f"serial://{terminal.path}?baud=9600&format=8N1"
            return await read_one(url, meter, task, answer_timeout_s=0.3, clock=TownClock(NOW))
        finally:
            terminal.close()

    return asyncio.run(job())


@pytest.mark.parametrize("address", [SHORT, 0, SERIAL], ids=["short", "anybody", "by its number"])
def test_it_is_reached_by_its_short_address_by_nobodys_and_by_its_number(address: int) -> None:
    report = read(address, ReadingTask())
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    assert report.learnt.identity is not None
    assert report.learnt.identity.serial == str(SERIAL)


def test_a_wrong_password_is_named_and_not_kept() -> None:
    report = read(SHORT, ReadingTask(), password="314159")
    assert (report.outcome, report.failed_part) == (Outcome.WRONG_PASSWORD, SessionPart.OPENING)
    assert "314159" not in report.detail
    assert not report.exchanges


def test_hours_without_supply_are_missing_from_the_profile_and_told_by_the_journal() -> None:
    report = read(SHORT, PROFILE)
    assert report.outcome is Outcome.OK
    days = {day.day_on: day for day in report.learnt.meter_days}
    assert list(days) == list(PROFILE.profile_days)
    # Off by Moscow from 10:10 to 13:40: the hours of 11 and 12 are not there, those of 10 and 13 are not whole.
    qualities = days[date(2026, 11, 20)].qualities
    broken = [SlotRank.ACTUAL | SlotFlag.INCOMPLETE] * 2
    assert list(qualities[20:28]) == [*broken, *[SlotRank.MISSING] * 4, *broken]
    assert set(qualities[:20] + qualities[28:]) == {SlotRank.ACTUAL}
    (off,) = [event for event in report.learnt.events if event.kind is EventKind.POWER_OFF]
    assert (off.began_at, off.ended_at) == (OUTAGE.began_at, OUTAGE.ended_at)


def test_registers_at_midnights_and_the_profile_between_them_agree() -> None:
    task = replace(
        PROFILE, register_days=(date(2026, 11, 21), date(2026, 11, 23)), register_months=(date(2026, 11, 1),)
    )
    report = read(SHORT, task)
    at = {
        reading.taken_at: reading.value
        for reading in report.learnt.registers
        if (reading.quantity, reading.tariff) == (Quantity.A_PLUS, 0) and reading.moment is not RegisterMoment.NOW
    }
    since, until = datetime(2026, 11, 20, 21, tzinfo=UTC), datetime(2026, 11, 22, 21, tzinfo=UTC)
    counted = sum(
        sum(day.a_plus) for day in report.learnt.meter_days if day.day_on in (date(2026, 11, 21), date(2026, 11, 22))
    )
    # A count is 0.4 Wh; a register is floored to whole Wh at each reading.
    assert abs((at[until] - at[since]) - counted * 400_000 / 1_000_000) < 1
    flowed_wh = ENERGY.flowed_uwh(Quantity.A_PLUS, since, until) / 1_000_000
    assert abs(at[until] - at[since] - flowed_wh) < MK.reading_lacks_wh
    assert datetime(2026, 10, 31, 21, tzinfo=UTC) in at


def test_a_clock_that_is_ahead_moves_days_and_hours_with_it() -> None:
    report = read(SHORT, PROFILE, ahead=timedelta(minutes=11))
    assert report.learnt.clock is not None
    assert timedelta(minutes=10, seconds=58) < report.learnt.clock.deviation < timedelta(minutes=11, seconds=2)
    assert {quality & 3 for quality in report.learnt.meter_days[0].qualities} == {SlotRank.ACTUAL}


def test_every_kept_exchange_is_explained() -> None:
    report = read(SHORT, replace(PROFILE, instant=True, register_months=(date(2026, 11, 1),)))
    for exchange in report.exchanges:
        explained = explain_exchange("nzif", exchange.request, exchange.answer)
        assert (explained.request.problem, explained.answer and explained.answer.problem) == (None, None)
