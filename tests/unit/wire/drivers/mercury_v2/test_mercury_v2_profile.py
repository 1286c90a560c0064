"""How the ring of a Mercury V2's load profile becomes meter-days."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotFlag, SlotRank
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.conversation import Answer, MeterAddress, MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.mercury_v2.driver import MercuryV2Driver
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import parameters, profile
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.mercury_v2.profile import (
    RECORDS_MAX,
    RING_STEP,
    AddressOrder,
    ProfileRecord,
    ProfileRecords,
    RecordState,
    address_as_sent,
)
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.variant import Variant

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 6, 17, 3, tzinfo=UTC)
NEWER = Variant(bytes.fromhex("B4 60 C1 97 53 40"))
OLDER = Variant(bytes.fromhex("B4 E4 C4 43 53 00"))
M234 = model_by_key("mercury-234-art-03")
M230 = model_by_key("mercury-230-art-01-cln")
UNKNOWN = Refusal(RefusalReason.UNKNOWN_REQUEST, 1)
NEWEST_END = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SUNDAY = date(2026, 11, 22)
MONDAY = date(2026, 11, 23)


def record(ends_at: datetime, *, a_plus: int | None = 7, minutes: int = 30, **state: bool) -> ProfileRecord:
    """A record as a meter in Moscow stamps it."""
    return ProfileRecord(
        state=RecordState(is_winter=True, **state),
        stamp=WallTime.of(ends_at, MOSCOW),
        period_minutes=minutes,
        a_plus=a_plus,
        a_minus=0,
        r_plus=3,
        r_minus=None,
    )


EMPTY = ProfileRecord(state=RecordState(), stamp=None, period_minutes=0, a_plus=0, a_minus=0, r_plus=0, r_minus=0)


def half_hours_back(count: int, *, first: datetime = NEWEST_END) -> list[ProfileRecord]:
    """So many half-hours, the newest first; each counts how far back it is."""
    return [record(first - timedelta(minutes=30 * back), a_plus=back) for back in range(count)]


class Ring:
    """A meter at the level of requests: its records, the newest first, and what it knows."""

    def __init__(
        self,
        records: Sequence[ProfileRecord],
        *,
        variant: Variant | Refusal = NEWER,
        reads_by_offset: bool = True,
        order: AddressOrder = AddressOrder.LOW_FIRST,
        newest_address: int = 0x0A10,
        ring_size: int = profile.LARGE_RING_SIZE,
        now: datetime = NOW,
    ) -> None:
        self.records = records
        self.variant = variant
        self.reads_by_offset = reads_by_offset
        self.order = order
        self.newest_address = newest_address
        self.ring_size = ring_size
        self.now = now
        self.asked: list[MercuryV2Request[Any]] = []

    def answer(self, request: MercuryV2Request[Any]) -> object:
        self.asked.append(request)
        match request:
            case ReadClock():
                return MeterClock(2, WallTime.of(self.now, MOSCOW), is_winter=True)
            case parameters.ReadVariant():
                return self.variant
            case profile.ReadRecords(offset=offset, count=count):
                return self._by_offset(offset, count) if self.reads_by_offset else UNKNOWN
            case profile.ReadLatestRecord():
                sent = address_as_sent(self.newest_address, self.order)
                return profile.LatestRecord(sent, RecordState(), self.records[0].stamp, 30)
            case profile.ReadRecordAt(place=place):
                return self._at(place.address)
            case profile.ReadRecordsFrom(place=place):
                return ProfileRecords.of([self._at(place.address + step * RING_STEP) for step in range(RECORDS_MAX)])
            case _:
                raise AssertionError(request)

    def _by_offset(self, offset: int, count: int) -> object:
        if offset + count > len(self.records):
            return UNKNOWN
        return ProfileRecords.of(self.records[offset : offset + count][::-1])

    def _at(self, address: int) -> ProfileRecord:
        back = (self.newest_address - address) % self.ring_size // RING_STEP
        return self.records[back] if back < len(self.records) else EMPTY


def read(ring: Ring, *days: date, model: MeterModel = M234) -> tuple[MeterDay, ...]:
    """The meter-days that a session brings of some days."""
    meter = MeterAddress(model=model, address=67, zone=MOSCOW)
    task = ReadingTask(identity=False, clock=False, registers_now=False, profile_days=days)
    found: tuple[MeterDay, ...] = ()
    for part in MercuryV2Driver().parts(meter, task):
        number, answer = 0, None
        try:
            while True:
                request: Any = part.conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
                number += 1
                answer = Answer(ring.answer(request), number, NOW)
        except StopIteration as stop:
            found += stop.value.meter_days
    return found


def ranks(day: MeterDay) -> list[int]:
    return [quality & 3 for quality in day.qualities]


def test_a_day_is_the_records_stamped_with_the_ends_of_its_half_hours() -> None:
    (day,) = read(Ring(half_hours_back(200)), MONDAY)
    # 18 half-hours of Tuesday are newer than the one that ends at Monday's midnight; the first is 47 further back.
    assert day.day_on == MONDAY
    assert day.starts_at == datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
    assert (day.step_s, day.uwh_per_count) == (1800, 100_000)
    assert day.a_plus == tuple(range(18 + 47, 17, -1))
    assert day.a_minus == (0,) * 48
    assert day.r_plus == (3,) * 48
    assert day.qualities == (SlotRank.ACTUAL,) * 48


def test_what_no_record_says_is_not_measured() -> None:
    (day,) = read(Ring(half_hours_back(200)), MONDAY)
    # The records mask R−.
    assert day.r_minus is None
    (day,) = read(Ring(half_hours_back(200), variant=OLDER), MONDAY, model=M230)
    assert (day.a_minus, day.r_plus) == (None, (3,) * 48)


def test_each_slot_knows_the_exchange_that_carried_it() -> None:
    ring = Ring(half_hours_back(400))
    (day,) = read(ring, MONDAY)
    for slot, exchange in enumerate(day.exchanges):
        carrier = ring.asked[exchange - 1]
        assert isinstance(carrier, profile.ReadRecords)
        back = 18 + 47 - slot
        assert carrier.offset <= back < carrier.offset + carrier.count


def test_an_unfinished_day_misses_what_is_yet_to_come() -> None:
    (day,) = read(Ring(half_hours_back(200)), date(2026, 11, 24))
    assert ranks(day) == [SlotRank.ACTUAL] * 18 + [SlotRank.MISSING] * 30
    assert day.exchanges[18:] == (NO_EXCHANGE,) * 30
    assert day.a_plus[18:] == (0,) * 30


def test_a_week_is_read_in_as_many_questions_as_it_needs() -> None:
    ring = Ring(half_hours_back(1_000))
    days = [date(2026, 11, 16) + timedelta(days=number) for number in range(7)]
    assert [day.day_on for day in read(ring, *days)] == days
    # 336 half-hours in blocks of 17, and one for each edge.
    assert sum(isinstance(it, profile.ReadRecords) for it in ring.asked) <= 336 // 17 + 3


def test_a_day_of_which_the_ring_has_nothing_brings_nothing() -> None:
    young = half_hours_back(66) + [EMPTY] * 100
    assert read(Ring(young), SUNDAY) == ()
    assert [(day.day_on, min(ranks(day))) for day in read(Ring(young), SUNDAY, MONDAY)] == [(MONDAY, SlotRank.ACTUAL)]


def test_what_lies_beyond_the_ring_ends_the_reading() -> None:
    (day,) = read(Ring(half_hours_back(60)), SUNDAY, MONDAY)
    assert day.day_on == MONDAY
    assert ranks(day)[-17:] == [SlotRank.ACTUAL] * 17


def test_a_ring_that_was_never_written_brings_nothing() -> None:
    assert read(Ring([EMPTY] * 100), MONDAY) == ()
    assert read(Ring([EMPTY] * 100), date(2026, 11, 24)) == ()


def test_older_firmware_is_read_by_address_and_never_by_offset() -> None:
    ring = Ring(half_hours_back(200), variant=OLDER, ring_size=profile.RING_SIZE)
    (day,) = read(ring, MONDAY, model=M230)
    assert day.a_plus == tuple(range(18 + 47, 17, -1))
    assert day.uwh_per_count == 500_000
    assert not any(isinstance(it, profile.ReadRecords) for it in ring.asked)


@pytest.mark.parametrize("order", AddressOrder)
@pytest.mark.parametrize("address", [0x1000, 0x0A10, 0x0100, 0x1_0230])
def test_whichever_way_the_address_was_meant_the_stamp_finds_it(order: AddressOrder, address: int) -> None:
    ring = Ring(half_hours_back(200), reads_by_offset=False, order=order, newest_address=address)
    (day,) = read(ring, MONDAY)
    assert day.a_plus == tuple(range(18 + 47, 17, -1))


def test_a_ring_that_begins_anew_within_a_day_is_read_across_its_edge() -> None:
    ring = Ring(half_hours_back(200), variant=OLDER, newest_address=30 * RING_STEP, ring_size=profile.RING_SIZE)
    (day,) = read(ring, MONDAY, model=M230)
    assert day.a_plus == tuple(range(18 + 47, 17, -1))


def test_a_newest_record_that_is_nowhere_is_named() -> None:
    ring = Ring(half_hours_back(200), reads_by_offset=False)
    ring.newest_address = 0x0A10
    misplaced = replace(ring.records[0], stamp=WallTime(2026, 1, 1, 0, 0, 0))

    class Stale(Ring):
        def answer(self, request: MercuryV2Request[Any]) -> object:
            if isinstance(request, profile.ReadLatestRecord):
                return profile.LatestRecord(0x100A, RecordState(), misplaced.stamp, 30)
            return super().answer(request)

    with pytest.raises(MeterRefusedError, match="newest record of the profile is not at any of") as refused:
        read(Stale(half_hours_back(200), reads_by_offset=False), MONDAY)
    assert refused.value.outcome is Outcome.REFUSED


def test_how_it_is_read_is_found_out_once_a_session() -> None:
    ring = Ring(half_hours_back(1_500))
    read(ring, date(2026, 11, 1), MONDAY)
    assert sum(it == profile.ReadRecords(offset=0, count=1) for it in ring.asked) == 1


def test_a_failure_of_the_supply_leaves_a_gap_and_what_is_before_it_is_read() -> None:
    # Eight half-hours of an earlier round of the ring stand where nothing was written.
    records = half_hours_back(300)
    stale = datetime(2026, 8, 1, tzinfo=UTC)
    for back in range(30, 38):
        records[back] = record(stale - timedelta(minutes=30 * back))
    (day,) = read(Ring(records), MONDAY)
    slots = [18 + 47 - back for back in range(30, 38)]
    assert [slot for slot, rank in enumerate(ranks(day)) if rank == SlotRank.MISSING] == sorted(slots)
    assert day.a_plus[0] == 65


def test_a_whole_block_of_an_earlier_round_does_not_stop_the_reading() -> None:
    records = half_hours_back(300)
    for back in range(25, 62):
        records[back] = record(datetime(2026, 8, 1, tzinfo=UTC) - timedelta(minutes=30 * back))
    (day,) = read(Ring(records), MONDAY)
    assert [day.a_plus[0], day.a_plus[3], day.a_plus[47]] == [65, 62, 18]


def test_records_that_the_clock_made_twice_are_doubtful_and_the_newer_stands() -> None:
    # The clock was put back by an hour: two half-hours are there twice, with different counts.
    newer = half_hours_back(30)
    again = [replace(it, a_plus=900) for it in newer[28:30]]
    older = half_hours_back(200)[30:]
    (day,) = read(Ring(newer + again + older), MONDAY)
    doubtful = SlotRank.ACTUAL | SlotFlag.INCOMPLETE | SlotFlag.CLOCK_DOUBTFUL
    assert [slot for slot, quality in enumerate(day.qualities) if quality == doubtful] == [36, 37]
    assert day.a_plus[36:38] == (29, 28)


def test_the_same_record_twice_is_no_doubt() -> None:
    newer = half_hours_back(30)
    (day,) = read(Ring(newer + newer[28:30] + half_hours_back(200)[30:]), MONDAY)
    assert day.qualities == (SlotRank.ACTUAL,) * 48


def test_a_clock_that_was_put_on_leaves_a_gap() -> None:
    # Two hours were skipped: the records before stand four places nearer than by the hour.
    records = half_hours_back(200)
    del records[26:30]
    (day,) = read(Ring(records), MONDAY)
    assert ranks(day).count(SlotRank.MISSING) == 4
    assert day.a_plus[0] == 65


def test_a_record_cut_short_is_flagged_where_it_belongs() -> None:
    records = half_hours_back(200)
    records[20] = replace(records[20], state=RecordState(is_winter=True, is_incomplete=True))
    # Stamped within its half-hour: 21:47 belongs to the one that ends at 22:00.
    stamp = records[22].stamp
    assert stamp == WallTime(2026, 11, 23, 22, 0, 0)
    records[22] = replace(records[22], stamp=replace(stamp, hour=21, minute=47))
    (day,) = read(Ring(records), MONDAY)
    assert day.qualities[45] == SlotRank.ACTUAL | SlotFlag.INCOMPLETE
    assert day.qualities[43] == SlotRank.ACTUAL | SlotFlag.INCOMPLETE | SlotFlag.CLOCK_DOUBTFUL
    assert day.a_plus[43] == 22


def test_records_that_say_nothing_fill_no_slot() -> None:
    records = half_hours_back(200)
    records[20] = replace(records[20], a_plus=None)
    records[21] = replace(records[21], state=RecordState(is_starting=True))
    records[22] = EMPTY
    records[23] = replace(records[23], period_minutes=0)
    (day,) = read(Ring(records), MONDAY)
    assert [slot for slot, rank in enumerate(ranks(day)) if rank == SlotRank.MISSING] == [42, 43, 44, 45]


def test_a_count_at_its_top_may_be_more() -> None:
    records = half_hours_back(200)
    records[20] = replace(records[20], a_plus=0xFFFE)
    (day,) = read(Ring(records), MONDAY)
    assert day.qualities[45] == SlotRank.ACTUAL | SlotFlag.OVERFLOW


def test_the_records_own_period_decides_the_slots() -> None:
    hours = [record(NEWEST_END - timedelta(hours=back), a_plus=back, minutes=60) for back in range(100)]
    (day,) = read(Ring(hours), MONDAY)
    assert (day.step_s, len(day.a_plus)) == (3600, 24)
    assert day.a_plus == tuple(range(9 + 23, 8, -1))


def test_a_period_that_changed_within_a_day_leaves_the_older_part_missing() -> None:
    hours = [record(NEWEST_END - timedelta(minutes=30 * 30) - timedelta(hours=back), minutes=60) for back in range(100)]
    (day,) = read(Ring(half_hours_back(30) + hours), MONDAY)
    assert day.step_s == 1800
    assert ranks(day) == [SlotRank.MISSING] * 36 + [SlotRank.ACTUAL] * 12


def test_a_clock_far_behind_still_finds_the_day() -> None:
    # The meter believes that it is Monday evening; its newest record is of then.
    now = datetime(2026, 11, 23, 16, 10, tzinfo=UTC)
    records = half_hours_back(300, first=datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    (day,) = read(Ring(records, now=now), SUNDAY)
    assert ranks(day) == [SlotRank.ACTUAL] * 48
    (day,) = read(Ring(records, now=now), MONDAY)
    assert ranks(day) == [SlotRank.ACTUAL] * 38 + [SlotRank.MISSING] * 10


def test_a_day_long_ago_is_found_where_records_are_missing_in_between() -> None:
    # Four days without records at all: the day stands nearer than by the hour.
    records = half_hours_back(60) + half_hours_back(900)[60 + 4 * 48 :]
    (day,) = read(Ring(records), date(2026, 11, 15))
    assert ranks(day) == [SlotRank.ACTUAL] * 48


def test_a_day_long_ago_is_found_where_records_are_there_twice() -> None:
    records = half_hours_back(60) + half_hours_back(900)[10:]
    (day,) = read(Ring(records), date(2026, 11, 15))
    assert ranks(day) == [SlotRank.ACTUAL] * 48


def test_without_a_meter_constant_nothing_is_guessed() -> None:
    ring = Ring(half_hours_back(200), variant=UNKNOWN)
    (day,) = read(ring, MONDAY)
    assert day.uwh_per_count == 100_000
    assert read(ring, MONDAY, model=replace(M234, impulses_per_kwh=None)) == ()


def test_a_variant_word_without_a_profile_is_believed() -> None:
    without = Variant(bytes.fromhex("B4 40 C1 97 53 40"))
    assert read(Ring(half_hours_back(200), variant=without), MONDAY) == ()


def test_the_meters_own_constant_is_believed_rather_than_the_catalogues() -> None:
    # A = 1000 where the catalogue has 5000.
    (day,) = read(Ring(half_hours_back(200), variant=Variant(bytes.fromhex("B4 64 C1 97 53 40"))), MONDAY)
    assert day.uwh_per_count == 500_000


def test_a_small_ring_without_a_variant_word_is_read_by_address() -> None:
    ring = Ring(half_hours_back(200), variant=UNKNOWN, ring_size=profile.RING_SIZE)
    (day,) = read(ring, MONDAY, model=M230)
    assert day.a_plus == tuple(range(18 + 47, 17, -1))


def test_an_autumn_day_of_fifty_half_hours_is_told_by_the_season() -> None:
    # Moscow put its clocks back on 31 October 2010.
    def stamped(ends_at: datetime) -> ProfileRecord:
        is_winter = not ends_at.astimezone(MOSCOW).dst()
        return replace(record(ends_at), state=RecordState(is_winter=is_winter))

    first = datetime(2010, 11, 1, 6, 0, tzinfo=UTC)
    records = [stamped(first - timedelta(minutes=30 * back)) for back in range(200)]
    (day,) = read(Ring(records, now=first + timedelta(minutes=10)), date(2010, 10, 31))
    assert ranks(day) == [SlotRank.ACTUAL] * 50
