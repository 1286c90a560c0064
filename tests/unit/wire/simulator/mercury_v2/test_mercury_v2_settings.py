"""A simulated Mercury V2: its clock, its relay, and what is written into it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from kilovatt.measure.metering.registers import Quantity as Measurand
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import energy, instants, journals, parameters, profile, session, writes
from kilovatt.wire.protocols.mercury_v2.energy import StoredMoment
from kilovatt.wire.protocols.mercury_v2.fields import Directed
from kilovatt.wire.protocols.mercury_v2.journals import Journal, LoadEvent, LoadSwitched, Moment, Pair
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.mercury_v2.schedule import ReadHolidays, ReadTariffSchedule, ScheduleSelection, TariffMark
from simulated_v2 import (
    DIGITS,
    ENERGY,
    ENERGY_NOW,
    M234_R,
    NOW,
    counted,
    meter,
    refused,
    said,
    silent_meter,
)

# ── The clock ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clock_that_is_ahead_shows_it_and_closes_its_days_early() -> None:
    it = meter(ahead=timedelta(minutes=11, seconds=30))
    clock = said(it, ReadClock())
    assert clock == MeterClock(weekday=2, time=WallTime(2026, 11, 24, 12, 21, 41), is_winter=True)
    totals = said(it, energy.ReadStoredEnergy(StoredMoment.DAY, date(2026, 11, 24), 0))
    midnight = datetime(2026, 11, 23, 21, tzinfo=UTC) - timedelta(minutes=11, seconds=30)
    assert totals.a_plus_wh == counted(0, midnight)


def test_a_correction_is_slewed_and_noted_and_possible_once_a_day() -> None:
    it = meter(ahead=timedelta(minutes=2))
    assert said(it, writes.CorrectClock(time(12, 10, 11))) is None
    assert said(it, parameters.ReadErrors()) == frozenset({47})
    halfway = said(it, ReadClock(), NOW + timedelta(minutes=1))
    # The clock stands still for two minutes.
    assert halfway.time == WallTime(2026, 11, 24, 12, 12, 11)
    done = NOW + timedelta(minutes=2)
    assert said(it, ReadClock(), done).time == WallTime(2026, 11, 24, 12, 12, 11)
    assert said(it, parameters.ReadErrors(), done) == frozenset()
    assert refused(it, writes.CorrectClock(time(12, 13)), done) == 4
    pair = said(it, journals.ReadJournal(Journal.CLOCK_CORRECTIONS, 0), done)
    assert pair == Pair(WallTime(2026, 11, 24, 12, 12, 11), WallTime(2026, 11, 24, 12, 10, 11))
    later = NOW + timedelta(minutes=21)
    said(it, session.OpenChannel(1, DIGITS[1]), later)
    (newest,) = said(it, profile.ReadRecords(offset=0, count=1), later)
    assert newest.state.is_incomplete
    tomorrow = NOW + timedelta(days=1)
    said(it, session.OpenChannel(1, DIGITS[1]), tomorrow)
    assert said(it, writes.CorrectClock(time(12, 10, 41)), tomorrow) is None
    assert said(it, ReadClock(), tomorrow + timedelta(seconds=30)).time.second == 11


def test_a_correction_of_more_than_four_minutes_is_refused() -> None:
    assert refused(meter(ahead=timedelta(minutes=11)), writes.CorrectClock(time(12, 10, 11))) == 1


def test_setting_the_clock_steps_it_and_breaks_the_order_of_the_profile() -> None:
    it = meter(level=2)
    shown = MeterClock(weekday=2, time=WallTime(2026, 11, 24, 14, 10, 11), is_winter=True)
    assert said(it, writes.SetClock(shown)) is None
    assert said(it, ReadClock(), NOW) == shown
    pair = said(it, journals.ReadNewestRecord(Journal.CLOCK_CORRECTIONS))
    assert pair == journals.NewestRecord(Pair(WallTime(2026, 11, 24, 12, 10, 11), shown.time), 0)
    # The half-hours that were skipped have no records.
    later = NOW + timedelta(minutes=21)
    said(it, session.OpenChannel(1, DIGITS[1]), later)
    records = said(it, profile.ReadRecords(offset=0, count=6), later)
    stamps = [record.stamp and f"{record.stamp.hour:02}:{record.stamp.minute:02}" for record in records]
    assert stamps == ["12:00", "12:30", None, None, None, "14:30"]
    assert [record.state.is_incomplete for record in records] == [False, True, False, False, False, True]
    # Nothing is counted twice and nothing is lost.
    until = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    since = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    counts = sum(record.a_plus or 0 for record in records)
    assert abs(counts * 100_000 - ENERGY.flowed_uwh(Measurand.A_PLUS, since, until)) < 100_000


def test_a_clock_that_was_put_back_shows_an_hour_twice_and_keeps_the_later() -> None:
    it = meter(level=2)
    shown = MeterClock(weekday=2, time=WallTime(2026, 11, 24, 11, 10, 11), is_winter=True)
    assert said(it, writes.SetClock(shown)) is None
    later = NOW + timedelta(minutes=80)
    said(it, session.OpenChannel(1, DIGITS[1]), later)
    records = said(it, profile.ReadRecords(offset=0, count=2), later)
    assert [record.stamp for record in records] == [
        WallTime(2026, 11, 24, 12, 0, 0),
        WallTime(2026, 11, 24, 12, 30, 0),
    ]


def test_a_clock_that_is_put_on_by_a_correction_runs_twice_as_fast() -> None:
    it = meter()
    assert said(it, writes.CorrectClock(time(12, 13, 11))) is None
    assert said(it, ReadClock(), NOW + timedelta(minutes=1)).time == WallTime(2026, 11, 24, 12, 12, 11)
    later = NOW + timedelta(minutes=24)
    said(it, session.OpenChannel(1, DIGITS[1]), later)
    (newest,) = said(it, profile.ReadRecords(offset=0, count=1), later)
    assert newest.stamp == WallTime(2026, 11, 24, 12, 30, 0)
    assert newest.state.is_incomplete


def test_in_summer_the_season_says_so() -> None:
    summer = datetime(2010, 7, 1, 12, tzinfo=UTC)
    it = silent_meter()
    said(it, session.OpenChannel(1, DIGITS[1]), summer)
    assert said(it, ReadClock(), summer).is_winter is False


# ── The relay ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_relay_stops_the_counting_and_is_noted() -> None:
    it = meter(level=2, model=M234_R)
    assert said(it, writes.SwitchLoad(is_off=True)) is None
    later = NOW + timedelta(minutes=3)
    assert said(it, ENERGY_NOW, later).a_plus_wh == counted(0, NOW)
    assert said(it, parameters.ReadLoadControl(), later) == frozenset({3, 9})
    assert said(it, parameters.ReadRelayContacts(), later).closed == frozenset()
    assert said(it, instants.ReadEverything(), later).active_mw[0] == Directed(0)
    assert said(it, writes.SwitchLoad(is_off=False), later) is None
    assert said(it, parameters.ReadLoadControl(), later) == frozenset()
    assert said(it, parameters.ReadRelayContacts(), later).closed == frozenset({1, 2, 3})
    ring = said(it, journals.ReadWholeJournal(Journal.LOAD_CONTROL), later)
    assert ring[:2] == (
        LoadSwitched(WallTime(2026, 11, 24, 12, 10, 11), frozenset({LoadEvent.OFF_BY_COMMAND})),
        LoadSwitched(WallTime(2026, 11, 24, 12, 13, 11), frozenset({LoadEvent.ON_BY_COMMAND})),
    )


def test_a_model_without_a_relay_switches_nothing() -> None:
    it = meter(level=2)
    assert refused(it, writes.SwitchLoad(is_off=True)) == 1
    assert refused(it, parameters.ReadRelayContacts()) == 1
    assert refused(it, journals.ReadJournal(Journal.LOAD_CONTROL, 0)) == 1


# ── Settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_tariff_schedule_is_that_of_the_plan_until_it_is_written() -> None:
    it = meter(level=2)
    tuesday = ScheduleSelection(frozenset({11}), frozenset({2}), 0)
    marks = said(it, ReadTariffSchedule(tuesday))
    assert marks[:4] == (TariffMark(0, 2), TariffMark(420, 1), TariffMark(1_380, 2), TariffMark(1_440, 1))
    assert said(it, ReadTariffSchedule(replace(tuesday, half=1))) == (TariffMark(1_440, 1),) * 8
    one_zone = (TariffMark(0, 1), *[TariffMark(1_440, 1)] * 7)
    several = ScheduleSelection(frozenset({11, 12}), frozenset({2, 8}), 0)
    assert said(it, writes.SetTariffSchedule(several, one_zone)) is None
    assert said(it, ReadTariffSchedule(tuesday)) == one_zone
    assert said(it, journals.ReadJournal(Journal.TARIFF_SCHEDULE, 0)) == Moment(WallTime(2026, 11, 24, 12, 10, 11))


def test_what_was_written_can_be_read_and_is_noted_once_a_day() -> None:
    it = meter(level=2)
    for write in (
        writes.SetHolidays(2, frozenset({23})),
        writes.SetEnergyLimit(1, 25_600),
        writes.ControlPowerLimit(is_on=True),
        writes.ControlEnergyLimit(is_on=True),
        writes.ControlEnergyLimit(is_on=False),
        writes.SetLimitTime(30),
        writes.SetReclosing(300, 100),
    ):
        assert said(it, write) is None
    assert said(it, ReadHolidays(2)) == frozenset({23})
    assert said(it, parameters.ReadEnergyLimit(1)) == 25_600
    assert said(it, parameters.ReadLoadControl()) == frozenset({parameters.POWER_LIMIT_CONTROLLED})
    noted = said(it, journals.ReadJournal(Journal.REPROGRAMMING, 0))
    assert isinstance(noted, journals.Reprogramming)
    assert (noted.day_on, noted.requests) == (date(2026, 11, 24), 5)
    assert noted.parameters == frozenset({0x1E, 0x2D, 0x2E, 0x2F})
    tomorrow = NOW + timedelta(days=1)
    said(it, session.OpenChannel(2, DIGITS[2]), tomorrow)
    said(it, writes.SetHolidays(2, frozenset()), tomorrow)
    second = said(it, journals.ReadJournal(Journal.REPROGRAMMING, 1), tomorrow)
    assert isinstance(second, journals.Reprogramming)
    assert second.day_on == date(2026, 11, 25)
