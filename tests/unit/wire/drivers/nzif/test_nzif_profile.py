"""How the ring of hours of a meter of НЗиФ becomes meter-days."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.nzif import NzifDialect
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotFlag, SlotRank
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.drivers.conversation import Answer, MeterAddress, MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.nzif.driver import NzifDriver
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif import parameters, profile
from kilovatt.wire.protocols.nzif.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.nzif.parameters import Variant
from kilovatt.wire.protocols.nzif.profile import HourHeader, IntervalCounts, Search, SearchState
from kilovatt.wire.protocols.nzif.request import NzifRequest

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 6, 17, 3, tzinfo=UTC)
MK = model_by_key("psch-4tm-05mk-16-02")
HOUR = timedelta(hours=1)
HOUR_SIZE = 24
PLACES = 2730
RING_SIZE = PLACES * HOUR_SIZE
SATURDAY, SUNDAY, MONDAY, TUESDAY = (date(2026, 11, day) for day in (21, 22, 23, 24))
NEWEST = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
"""The hour that runs, by Moscow 09:00."""


def hour_at(
    began_at: datetime, zone: ZoneInfo = MOSCOW, *, a_plus: int | None = None, is_incomplete: bool = False
) -> bytes:
    """The record of an hour; its half-hours count their number in the day, but for the first if told otherwise."""
    local = began_at.astimezone(zone)
    header = HourHeader(local.date(), local.hour, is_winter=not local.dst(), period_minutes=30)
    counts = [IntervalCounts(local.hour * 2 + half, 0, 3, 0) for half in (0, 1)]
    counts[0] = replace(counts[0], a_plus=counts[0].a_plus if a_plus is None else a_plus, is_incomplete=is_incomplete)
    return profile.header_line(header) + b"".join(profile.counts_line(it) for it in counts)


def hours(since: datetime, until: datetime, zone: ZoneInfo = MOSCOW) -> list[bytes]:
    """Records of all hours from one to another, the last one included."""
    return [hour_at(since + HOUR * number, zone) for number in range((until - since) // HOUR + 1)]


class Memory:
    """A meter at the level of requests: its hours, the first of them at a place of the ring."""

    def __init__(
        self,
        records: Iterable[bytes],
        *,
        first_place: int = 0,
        now: datetime = NOW,
        zone: ZoneInfo = MOSCOW,
        polls: int = 2,
        finds_last: bool = False,
        state: SearchState | None = None,
        offset: int = 0,
        knows_indexes: bool = True,
    ) -> None:
        self.knows_indexes = knows_indexes
        self.memory = bytearray(b"\xff" * RING_SIZE)
        for number, record in enumerate(records):
            start = (first_place + number) % PLACES * HOUR_SIZE + offset
            self.memory[start : start + HOUR_SIZE] = record
        self.clock = MeterClock(WallTime.of(now, zone), is_winter=not now.astimezone(zone).dst())
        self.polls = polls
        self.finds_last = finds_last
        self.state = state
        self.offset = offset
        self.asked: list[NzifRequest[Any]] = []
        self._search = Search(SearchState.NOT_FOUND, 0)
        self._polled = 0

    def answer(self, request: NzifRequest[Any]) -> object:
        self.asked.append(request)
        match request:
            case ReadClock():
                return self.clock
            case parameters.ReadVariant():
                return Variant(bytes.fromhex("64 42 B0"))
            case profile.FindHour(day_on=day_on):
                self._search, self._polled = self._found(day_on), 0
                return None
            case profile.ReadSearch():
                self._polled += 1
                return self._search if self._polled > self.polls else Search(SearchState.SEARCHING, 0)
            case profile.ReadMemoryIndexed() if not self.knows_indexes:
                return Refusal(RefusalReason.UNKNOWN_REQUEST, 1)
            case (
                profile.ReadMemoryIndexed(memory_address=address, size=size)
                | profile.ReadMemory(memory_address=address, size=size)
            ):
                assert address + size <= RING_SIZE, "beyond the end nothing may be read"
                return bytes(self.memory[address : address + size])
            case _:
                raise AssertionError(request)

    def _found(self, day_on: date) -> Search:
        if self.state is not None:
            return Search(self.state, 0)
        places = range(self.offset, RING_SIZE - HOUR_SIZE + 1, HOUR_SIZE)
        headers = ((place, profile.header_from(bytes(self.memory[place : place + 8]))) for place in places)
        of_day = [(header.hour, place) for place, header in headers if header is not None and header.day_on == day_on]
        if not of_day:
            return Search(SearchState.NOT_FOUND, 0)
        return Search(SearchState.FOUND, (max if self.finds_last else min)(of_day)[1])

    def reads(self) -> list[profile.ReadMemoryIndexed]:
        return [it for it in self.asked if isinstance(it, profile.ReadMemoryIndexed)]


def read(memory: Memory, *days: date, model: MeterModel = MK, zone: ZoneInfo = MOSCOW) -> tuple[MeterDay, ...]:
    """The meter-days that a session brings of some days."""
    meter = MeterAddress(model=model, address=91, zone=zone)
    task = ReadingTask(identity=False, clock=False, registers_now=False, profile_days=days)
    found: tuple[MeterDay, ...] = ()
    for part in NzifDriver().parts(meter, task):
        number, answer = 0, None
        try:
            while True:
                request: Any = part.conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
                number += 1
                answer = Answer(memory.answer(request), number, NOW)
        except StopIteration as stop:
            found += stop.value.meter_days
    return found


def ranks(day: MeterDay) -> list[int]:
    return [quality & 3 for quality in day.qualities]


WEEK = hours(NEWEST - HOUR * 24 * 7, NEWEST)


def test_a_day_is_the_hours_that_begin_in_it() -> None:
    (day,) = read(Memory(WEEK), MONDAY)
    assert (day.day_on, day.starts_at) == (MONDAY, datetime(2026, 11, 22, 21, tzinfo=UTC))
    assert (day.step_s, day.uwh_per_count) == (1800, 400_000)
    assert day.a_plus == tuple(range(48))
    assert (day.a_minus, day.r_plus, day.r_minus) == ((0,) * 48, (3,) * 48, (0,) * 48)
    assert day.qualities == (SlotRank.ACTUAL,) * 48


def test_a_search_is_asked_after_until_it_is_over() -> None:
    memory = Memory(WEEK, polls=7)
    assert len(read(memory, MONDAY)) == 1
    assert sum(isinstance(it, profile.ReadSearch) for it in memory.asked) == 8


def test_each_reading_of_the_memory_has_another_index_up_to_255() -> None:
    memory = Memory(hours(NEWEST - HOUR * 24 * 70, NEWEST))
    days = [MONDAY - timedelta(days=back) for back in range(60)]
    assert len(read(memory, *days)) == 60
    indexes = [it.index for it in memory.reads()]
    assert indexes == [number % 255 + 1 for number in range(len(indexes))]
    assert len(indexes) > 255


def test_each_slot_knows_the_exchange_that_carried_it() -> None:
    memory = Memory(WEEK)
    (day,) = read(memory, MONDAY)
    for slot, exchange in enumerate(day.exchanges):
        carrier = memory.asked[exchange - 1]
        assert isinstance(carrier, profile.ReadMemoryIndexed)
        place = carrier.memory_address
        told = [profile.header_from(bytes(memory.memory[at : at + 8])) for at in range(place, place + carrier.size, 24)]
        assert slot // 2 in [header.hour for header in told if header is not None]


def test_as_many_hours_are_read_at_once_as_an_answer_of_the_model_brings() -> None:
    memory = Memory(WEEK)
    read(memory, MONDAY)
    assert {it.size for it in memory.reads()} == {5 * HOUR_SIZE}
    # The first one to see what was found, five for the day, one beyond it.
    assert len(memory.reads()) <= 7
    memory = Memory(WEEK)
    read(memory, MONDAY, model=replace(MK, dialect=NzifDialect(read_bytes_max=93)))
    assert {it.size for it in memory.reads()} == {3 * HOUR_SIZE}


def test_a_meter_that_knows_no_indexes_is_read_without_them() -> None:
    memory = Memory(WEEK, knows_indexes=False)
    days = read(memory, SATURDAY, MONDAY)
    assert [day.a_plus for day in days] == [tuple(range(48))] * 2
    # It is asked once with an index, and never again.
    assert len(memory.reads()) == 1


def test_the_hour_that_runs_is_not_over() -> None:
    (day,) = read(Memory(WEEK), TUESDAY)
    # It is 09:17 by the meter: 18 half-hours have ended.
    assert ranks(day) == [SlotRank.ACTUAL] * 18 + [SlotRank.MISSING] * 30
    assert day.exchanges[18:] == (NO_EXCHANGE,) * 30


def test_a_ring_goes_on_at_its_beginning() -> None:
    memory = Memory(WEEK, first_place=PLACES - 150)
    assert [day.a_plus for day in read(memory, SUNDAY, MONDAY)] == [tuple(range(48))] * 2
    addresses = [it.memory_address for it in memory.reads()]
    assert 0 in addresses
    assert max(addresses) < RING_SIZE


def test_behind_the_newest_hour_the_oldest_is_not_taken_for_what_follows() -> None:
    full = hours(NEWEST - HOUR * (PLACES - 1), NEWEST)
    days = read(Memory(full, first_place=1_000), MONDAY, TUESDAY)
    assert [sum(rank == SlotRank.ACTUAL for rank in ranks(day)) for day in days] == [48, 18]


def test_hours_without_supply_are_missing_and_those_about_them_are_not() -> None:
    off = {NEWEST - HOUR * back for back in range(20, 26)}
    kept = [hour_at(at) for at in (NEWEST - HOUR * back for back in range(168, -1, -1)) if at not in off]
    (day,) = read(Memory(kept), MONDAY)
    missing = [slot for slot, rank in enumerate(ranks(day)) if rank == SlotRank.MISSING]
    # From 09:00 − 25 h, Monday 08:00, to 13:00.
    assert missing == list(range(16, 28))
    assert all(day.a_plus[slot] == slot for slot in range(48) if slot not in missing)


def test_a_day_without_supply_brings_nothing_and_does_not_hide_the_next() -> None:
    monday = {NEWEST - HOUR * back for back in range(10, 34)}
    kept = [hour_at(at) for at in (NEWEST - HOUR * back for back in range(168, -1, -1)) if at not in monday]
    assert [day.day_on for day in read(Memory(kept), SUNDAY, MONDAY, TUESDAY)] == [SUNDAY, TUESDAY]
    assert [day.day_on for day in read(Memory(kept), MONDAY, TUESDAY)] == [TUESDAY]


def test_of_days_that_the_ring_does_not_have_nothing_is_read() -> None:
    memory = Memory(WEEK)
    assert read(memory, date(2026, 6, 1), date(2026, 6, 2)) == ()
    assert not memory.reads()


def test_days_to_come_are_not_searched() -> None:
    memory = Memory(WEEK)
    assert read(memory, date(2026, 11, 25), date(2026, 11, 26)) == ()
    assert not any(isinstance(it, profile.FindHour) for it in memory.asked)


@pytest.mark.parametrize("first_place", [0, 500, PLACES - 60])
def test_a_search_that_finds_a_later_hour_of_the_day_loses_none(first_place: int) -> None:
    memory = Memory(WEEK, first_place=first_place, finds_last=True)
    (day,) = read(memory, MONDAY)
    assert day.a_plus == tuple(range(48))
    assert ranks(day) == [SlotRank.ACTUAL] * 48


def test_before_the_oldest_hour_of_a_young_ring_there_is_nothing() -> None:
    # Put up on Monday at 14:00: the hours before its first one were never written.
    young = hours(NEWEST - HOUR * 19, NEWEST)
    (monday, tuesday) = read(Memory(young), MONDAY, TUESDAY)
    assert ranks(monday) == [SlotRank.MISSING] * 28 + [SlotRank.ACTUAL] * 20
    assert ranks(tuesday)[:18] == [SlotRank.ACTUAL] * 18


def test_before_the_oldest_hour_of_a_full_ring_stands_the_newest() -> None:
    oldest = NEWEST - HOUR * (PLACES - 1)
    full = hours(oldest, NEWEST)
    (day,) = read(Memory(full, first_place=77), oldest.astimezone(MOSCOW).date())
    # 2729 hours before 09:00 it was 16:00.
    assert ranks(day) == [SlotRank.MISSING] * 32 + [SlotRank.ACTUAL] * 16


def test_what_a_model_does_not_count_is_not_told() -> None:
    one_way = replace(MK, quantities=frozenset({Quantity.A_PLUS, Quantity.R_PLUS}))
    (day,) = read(Memory(WEEK), MONDAY, model=one_way)
    assert (day.a_minus, day.r_plus, day.r_minus) == (None, (3,) * 48, None)


def test_hours_that_stand_aside_of_their_places_are_found_by_their_headers() -> None:
    (day,) = read(Memory(WEEK, offset=8), MONDAY)
    assert day.a_plus == tuple(range(48))


def test_a_damaged_header_costs_its_hour_alone() -> None:
    damaged = [bytearray(record) for record in WEEK]
    damaged[-30][6] ^= 1  # Monday 04:00
    (day,) = read(Memory(map(bytes, damaged)), MONDAY)
    assert [slot for slot, rank in enumerate(ranks(day)) if rank == SlotRank.MISSING] == [8, 9]


def test_hours_in_other_intervals_are_no_half_hours() -> None:
    other = bytearray(WEEK[-30])
    other[5], other[6] = 60, (other[6] + 30) & 0xFF
    records = [*WEEK[:-30], bytes(other), *WEEK[-29:]]
    (day,) = read(Memory(records), MONDAY)
    assert [slot for slot, rank in enumerate(ranks(day)) if rank == SlotRank.MISSING] == [8, 9]


def test_what_the_meter_says_of_an_interval_is_in_its_quality() -> None:
    records = list(WEEK)
    records[-30] = hour_at(NEWEST - HOUR * 29, is_incomplete=True)
    records[-29] = hour_at(NEWEST - HOUR * 28, a_plus=0x7FFF)
    (day,) = read(Memory(records), MONDAY)
    assert day.qualities[8] == SlotRank.ACTUAL | SlotFlag.INCOMPLETE
    assert day.qualities[10] == SlotRank.ACTUAL | SlotFlag.OVERFLOW
    assert (day.qualities[9], day.qualities[11]) == (SlotRank.ACTUAL, SlotRank.ACTUAL)


def test_an_hour_told_twice_is_doubtful_where_the_stories_differ() -> None:
    # The clock was put back by an hour at Monday 05:00.
    again = hour_at(NEWEST - HOUR * 29, a_plus=99)
    (day,) = read(Memory([*WEEK[:-29], again, *WEEK[-29:]]), MONDAY)
    assert day.a_plus[8:10] == (99, 9)
    assert day.qualities[8] == SlotRank.ACTUAL | SlotFlag.INCOMPLETE | SlotFlag.CLOCK_DOUBTFUL
    assert day.qualities[9] == SlotRank.ACTUAL


def test_a_day_of_25_hours_has_them_all() -> None:
    # Volgograd put its clocks back an hour on 27 December 2020 at 02:00: the hour from 01:00 came twice.
    volgograd = ZoneInfo("Europe/Volgograd")
    now = datetime(2020, 12, 29, 9, 17, tzinfo=UTC)
    newest = datetime(2020, 12, 29, 9, tzinfo=UTC)
    memory = Memory(hours(newest - HOUR * 120, newest, volgograd), now=now, zone=volgograd)
    before, long_day, after = read(memory, date(2020, 12, 26), date(2020, 12, 27), date(2020, 12, 28), zone=volgograd)
    assert [len(day.qualities) for day in (before, long_day, after)] == [48, 50, 48]
    assert ranks(after) == [SlotRank.ACTUAL] * 48


@pytest.mark.parametrize(
    "state", [it for it in SearchState if it not in (SearchState.FOUND, SearchState.NOT_FOUND, SearchState.SEARCHING)]
)
def test_a_search_that_fails_is_told_with_its_reason(state: SearchState) -> None:
    with pytest.raises(MeterRefusedError, match=f"cannot search its profile for 2026-11-23: {state.name}") as refused:
        read(Memory(WEEK, state=state), MONDAY)
    assert refused.value.outcome is Outcome.REFUSED


def test_a_search_without_end_is_given_up() -> None:
    memory = Memory(WEEK, polls=1_000)
    with pytest.raises(MeterRefusedError, match="still searches for 2026-11-23 after 200 questions"):
        read(memory, MONDAY)
    assert sum(isinstance(it, profile.ReadSearch) for it in memory.asked) == 200


class _Astray(Memory):
    def __init__(self, address: int) -> None:
        super().__init__(WEEK)
        self.address = address

    def _found(self, day_on: date) -> Search:
        return Search(SearchState.FOUND, self.address)


@pytest.mark.parametrize("address", [0x0007, RING_SIZE, 0xFFFF])
def test_an_address_where_no_hour_can_stand_is_refused(address: int) -> None:
    with pytest.raises(MeterRefusedError, match="where no hour can stand"):
        read(_Astray(address), MONDAY)


def test_an_address_where_the_day_does_not_begin_is_as_good_as_none() -> None:
    assert read(_Astray(2_000 * HOUR_SIZE), MONDAY) == ()
    assert read(_Astray(0), MONDAY) == ()


def test_the_last_line_before_the_end_of_the_ring_holds_no_hour() -> None:
    # Found eight bytes before the end, where no whole hour has room: nothing is read beyond it.
    assert read(_Astray(RING_SIZE - 8), MONDAY) == ()
