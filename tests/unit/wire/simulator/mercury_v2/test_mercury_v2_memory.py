"""A simulated Mercury V2: its profile, journals, schedule and what is written into it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import Quantity as Measurand
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import profile, session
from kilovatt.wire.protocols.mercury_v2.profile import AddressOrder, RingAddress
from kilovatt.wire.simulator.energy import MeterEnergy, MeterPast, place_curve, tariff_table_for
from kilovatt.wire.simulator.mercury_v2 import MercuryV2Meter
from kilovatt.wire.simulator.meter import PastEvent
from simulated_v2 import (
    DIGITS,
    ENERGY,
    M230,
    M234,
    MOSCOW,
    NOW,
    meter,
    refused,
    said,
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
