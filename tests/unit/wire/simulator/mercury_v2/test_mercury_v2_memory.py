"""A simulated Mercury V2: its profile, journals, schedule and what is written into it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest

from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import Quantity as Measurand
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import energy, instants, journals, parameters, profile, session, writes
from kilovatt.wire.protocols.mercury_v2.energy import StoredMoment
from kilovatt.wire.protocols.mercury_v2.fields import Directed
from kilovatt.wire.protocols.mercury_v2.instants import Measured, Quantity
from kilovatt.wire.protocols.mercury_v2.journals import Journal, LoadEvent, LoadSwitched, Moment, Pair
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.mercury_v2.profile import AddressOrder, RingAddress
from kilovatt.wire.protocols.mercury_v2.schedule import ReadHolidays, ReadTariffSchedule, ScheduleSelection, TariffMark
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.mercury_v2 import MercuryV2Meter
from kilovatt.wire.simulator.meter import PastEvent
from simulated_v2 import (
    DIGITS,
    ENERGY,
    ENERGY_NOW,
    M230,
    M234,
    M234_R,
    MOSCOW,
    NOW,
    counted,
    meter,
    refused,
    said,
    silent_meter,
)


@pytest.mark.parametrize("model", [M234, M230], ids=lambda model: model.key)
def test_counts_carry_their_remainders(model: MeterModel) -> None:
    it = meter(model=model)
    assert model.uwh_per_count is not None
    assert said(it, profile.ReadLatestRecord()).stamp == WallTime(2026, 11, 24, 12, 0, 0)
    ring_size = 0x2_0000 if model is M234 else 0x1_0000
    first = (_newest_place(it).address - 16 * profile.RING_STEP) % ring_size
    records = said(it, profile.ReadRecordsFrom(RingAddress(first)))
    ends_at = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    begins_at = ends_at - timedelta(minutes=30 * 17)
    counts = [record.a_plus or 0 for record in records]
    expected = (
        ENERGY.register_uwh(Measurand.A_PLUS, 0, ends_at) // model.uwh_per_count
        - ENERGY.register_uwh(Measurand.A_PLUS, 0, begins_at) // model.uwh_per_count
    )
    assert sum(counts) == expected
    assert [record.stamp for record in records] == [
        WallTime.of(begins_at + timedelta(minutes=30 * (number + 1)), MOSCOW) for number in range(17)
    ]
    assert {record.period_minutes for record in records} == {30}
    assert all(record.state.is_winter and not record.state.is_incomplete for record in records)


def test_records_tell_the_tariff_that_counted() -> None:
    # Night is T2 until 07:00, then day is T1.
    records = said(meter(), profile.ReadRecords(offset=4, count=17))
    by_stamp = {record.stamp: record.state.tariff for record in records}
    assert by_stamp[WallTime(2026, 11, 24, 7, 0, 0)] == 2
    assert by_stamp[WallTime(2026, 11, 24, 7, 30, 0)] == 1


def test_what_the_model_does_not_measure_is_masked_in_the_profile() -> None:
    record = said(meter(model=M230), profile.ReadRecordAt(_newest_place(meter(model=M230))))
    assert (record.a_minus, record.r_minus) == (None, None)
    assert record.r_plus is not None


def _newest_place(it: MercuryV2Meter) -> RingAddress:
    """Where the newest record stands: where there is one with its stamp."""
    newest = said(it, profile.ReadLatestRecord())
    places = [
        RingAddress(address) for address in newest.possible_addresses if address < 0x1_0000 or it.plan.model is M234
    ]
    return next(place for place in places if said(it, profile.ReadRecordAt(place)).stamp == newest.stamp)


@pytest.mark.parametrize("order", AddressOrder)
def test_the_newest_record_is_where_the_meter_says(order: AddressOrder) -> None:
    it = meter(order=order)
    (by_offset,) = said(it, profile.ReadRecords(offset=0, count=1))
    assert said(it, profile.ReadRecordAt(_newest_place(it))) == by_offset


def test_before_the_curve_begins_and_beyond_the_ring_there_is_nothing() -> None:
    it = meter()
    (before,) = said(it, profile.ReadRecords(offset=48 * 61, count=1))
    assert (before.stamp, before.a_plus) == (None, 0)
    assert refused(it, profile.ReadRecords(offset=8_192, count=1)) == 1
    assert refused(it, profile.ReadRecords(offset=0, count=1, memory=profile.Memory.EXTRA_PROFILE)) == 1
    assert refused(meter(model=M230), profile.ReadRecordAt(RingAddress(0x1_0000))) == 1


def test_a_ring_forgets_nothing_by_being_read_much() -> None:
    it = meter()
    first = said(it, profile.ReadRecords(offset=0, count=17))
    for offset in range(17, 17 * 60, 17):
        said(it, profile.ReadRecords(offset=offset, count=17))
    assert said(it, profile.ReadRecords(offset=0, count=17)) == first


def test_a_half_hour_with_a_failure_of_the_supply_is_incomplete() -> None:
    off_at = datetime(2026, 11, 24, 8, 40, tzinfo=UTC)
    outage = PastEvent(kind=EventKind.POWER_OFF, began_at=off_at, ended_at=off_at + timedelta(minutes=3))
    (newest,) = said(meter(outage), profile.ReadRecords(offset=0, count=1))
    assert newest.state.is_incomplete


def test_a_count_stops_at_its_top() -> None:
    curve = place_curve(np.full(48 * 3, 60_000, dtype=np.int64), NOW, MOSCOW)
    rich = MeterEnergy(
        curve=curve,
        zone=MOSCOW,
        table=tariff_table_for(1),
        past=MeterPast(starting_wh={}, inductive_permille=0, capacitive_permille=0),
    )
    it = meter()
    full = MercuryV2Meter(replace(it.plan, energy=rich))
    said(full, session.OpenChannel(1, DIGITS[1]))
    (newest,) = said(full, profile.ReadRecords(offset=0, count=1))
    assert newest.a_plus == 0xFFFE


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


# ── What flows ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_flows_agrees_with_itself_and_is_the_same_within_a_minute() -> None:
    it = meter(model=M234_R)
    everything = said(it, instants.ReadEverything())
    assert said(it, instants.ReadEverything(), NOW + timedelta(seconds=20)) == everything
    total, *phases = (power.magnitude if power else 0 for power in everything.active_mw)
    assert total == sum(phases)
    assert abs(total // 1000 - ENERGY.power_w(Measurand.A_PLUS, NOW)) <= 1
    assert all(225_000 <= (mv or 0) <= 235_000 for mv in everything.voltages_mv)
    apparent = [power.magnitude if power else 0 for power in everything.apparent_mva[1:]]
    for va, mv, ma in zip(apparent, everything.voltages_mv, everything.currents_ma, strict=True):
        assert ma == va * 1000 // (mv or 1)
    assert everything.frequency_mhz is not None
    assert abs(everything.frequency_mhz - 50_000) <= 400


def test_single_values_are_those_of_all() -> None:
    it = meter()
    everything = said(it, instants.ReadEverything())
    assert said(it, instants.ReadInstant(Measured(Quantity.VOLTAGE, 2))) == everything.voltages_mv[1]
    assert said(it, instants.ReadInstant(Measured(Quantity.POWER, 3))) == everything.active_mw[3]
    assert said(it, instants.ReadInstants(Measured(Quantity.POWER_FACTOR))) == everything.factors_permille
    assert said(it, instants.ReadInstants(Measured(Quantity.LINE_VOLTAGE))) != everything.voltages_mv


def test_frozen_values_stay_what_they_were() -> None:
    it = meter()
    assert refused(it, instants.ReadFrozen(Measured(Quantity.POWER))) == 1
    assert refused(it, instants.ReadFrozenClock()) == 1
    assert refused(it, instants.ReadFrozenEnergy(0)) == 1
    said(it, writes.Freeze())
    then = said(it, instants.ReadEverything())
    later = NOW + timedelta(seconds=200)
    assert said(it, instants.ReadFrozen(Measured(Quantity.POWER)), later) == then.active_mw
    assert said(it, instants.ReadFrozenEnergy(0), later).a_plus_wh == counted(0, NOW)


# ── Journals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def ago(hours: int) -> datetime:
    return NOW - timedelta(hours=hours)


def shown(at: datetime) -> WallTime:
    return WallTime.of(at, MOSCOW)


def test_a_ring_keeps_the_newest_ten_in_no_order_of_time() -> None:
    magnets = [PastEvent(kind=EventKind.MAGNETIC_FIELD, began_at=ago(100 - n), ended_at=ago(99 - n)) for n in range(12)]
    it = meter(*magnets)
    ring = said(it, journals.ReadWholeJournal(Journal.MAGNETIC_FIELD))
    assert ring[0] == Pair(shown(ago(90)), shown(ago(89)))
    assert ring[2] == Pair(shown(ago(98)), shown(ago(97)))
    newest = said(it, journals.ReadNewestRecord(Journal.MAGNETIC_FIELD))
    assert newest == journals.NewestRecord(Pair(shown(ago(89)), shown(ago(88))), 1)


def test_an_event_that_is_not_over_yet_has_no_end() -> None:
    opened = PastEvent(kind=EventKind.CASE_OPENED, began_at=ago(2), ended_at=NOW + timedelta(hours=1))
    it = meter(opened, PastEvent(kind=EventKind.TERMINAL_COVER_OPENED, began_at=ago(3)))
    ring = said(it, journals.ReadWholeJournal(Journal.CASE))
    assert ring[0] == Pair(shown(ago(3)), None)
    assert ring[5] == Pair(shown(ago(2)), None)
    later = NOW + timedelta(hours=2)
    said(it, session.OpenChannel(1, DIGITS[1]), later)
    after = said(it, journals.ReadJournal(Journal.CASE, 5), later)
    assert after == Pair(shown(ago(2)), shown(NOW + timedelta(hours=1)))


def test_what_has_not_happened_yet_is_in_no_journal() -> None:
    it = meter(PastEvent(kind=EventKind.MAGNETIC_FIELD, began_at=NOW + timedelta(hours=1)))
    assert said(it, journals.ReadNewestRecord(Journal.MAGNETIC_FIELD)).record == Pair(None, None)


def test_the_journal_of_the_supply_pairs_each_on_with_the_next_off() -> None:
    outages = [
        PastEvent(kind=EventKind.POWER_OFF, began_at=ago(10), ended_at=ago(9)),
        PastEvent(kind=EventKind.POWER_OFF, began_at=ago(5), ended_at=ago(4)),
    ]
    ring = said(meter(*outages), journals.ReadWholeJournal(Journal.POWER))
    assert ring[:3] == (
        Pair(shown(ENERGY.begins_at), shown(ago(10))),
        Pair(shown(ago(9)), shown(ago(5))),
        Pair(shown(ago(4)), None),
    )


def test_a_phase_that_is_still_lost_has_no_later_record() -> None:
    lost = [
        PastEvent(kind=EventKind.PHASE_LOST, began_at=ago(5)),
        PastEvent(kind=EventKind.PHASE_LOST, began_at=ago(2)),
    ]
    ring = said(meter(*lost), journals.ReadWholeJournal(Journal.VOLTAGE_1))
    assert ring[:2] == (Pair(shown(ENERGY.begins_at), shown(ago(5))), Pair(None, None))


@pytest.mark.parametrize(
    ("event", "journal", "record"),
    [
        (
            PastEvent(kind=EventKind.CLOCK_SET, began_at=ago(5)),
            Journal.CLOCK_CORRECTIONS,
            Pair(shown(ago(5)), shown(ago(5) + timedelta(seconds=7))),
        ),
        (
            PastEvent(kind=EventKind.TARIFF_TABLE_CHANGED, began_at=ago(5)),
            Journal.TARIFF_SCHEDULE,
            Moment(shown(ago(5))),
        ),
        (
            PastEvent(kind=EventKind.METER_FAULT, began_at=ago(5)),
            Journal.ERRORS,
            journals.ErrorsFound(shown(ago(5)), frozenset({1})),
        ),
        (
            PastEvent(kind=EventKind.REPROGRAMMED, began_at=ago(5)),
            Journal.REPROGRAMMING,
            journals.Reprogramming(date(2026, 11, 24), 1, frozenset({0x1D}), 0),
        ),
        (
            PastEvent(kind=EventKind.RELAY_OPENED, began_at=ago(5), cause=RelayCause.POWER_LIMIT),
            Journal.LOAD_CONTROL,
            LoadSwitched(shown(ago(5)), frozenset({LoadEvent.OFF_BY_POWER_LIMIT})),
        ),
        (
            PastEvent(kind=EventKind.RELAY_CLOSED, began_at=ago(5), cause=RelayCause.BY_HAND),
            Journal.LOAD_CONTROL,
            LoadSwitched(shown(ago(5)), frozenset({LoadEvent.ON_BY_HAND})),
        ),
        (
            PastEvent(kind=EventKind.RELAY_PERMITTED, began_at=ago(5)),
            Journal.LOAD_CONTROL,
            LoadSwitched(shown(ago(5)), frozenset({LoadEvent.PERMITTED})),
        ),
    ],
    ids=lambda it: it.kind.value if isinstance(it, PastEvent) else "",
)
def test_past_events_stand_in_their_journals(event: PastEvent, journal: Journal, record: object) -> None:
    assert said(meter(event, model=M234_R), journals.ReadJournal(journal, 0)) == record


def test_flags_tell_what_has_happened() -> None:
    it = meter(PastEvent(kind=EventKind.MAGNETIC_FIELD, began_at=ago(5)))
    assert said(it, parameters.ReadEventFlags()) == frozenset({3})
    assert said(it, parameters.ReadTariffState()) == parameters.TariffState(tariff=1, is_single=False)
