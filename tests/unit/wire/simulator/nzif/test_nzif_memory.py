"""What a simulated meter of НЗиФ remembers: the ring of its load profile, and its journals."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from kilovatt.measure.metering.events import EventKind
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif import journals, profile
from kilovatt.wire.protocols.nzif.journals import Journal, Moment, Pair, read_record
from kilovatt.wire.protocols.nzif.profile import SearchState, counts_from, header_from
from kilovatt.wire.simulator.meter import PastEvent
from kilovatt.wire.simulator.nzif import NzifMeter
from simulated_nzif import (
    MK,
    NOW,
    RING_SIZE,
    SET,
    YOUNG,
    counted,
    meter,
    refused,
    said,
)

# ── The load profile ─────────────────────────────────────────────────────────────────────────────────────────────────


def found(it: NzifMeter, day_on: date, hour: int | None = None, now: datetime = NOW) -> profile.Search:
    said(it, profile.FindHour(day_on, hour, 30), now)
    assert said(it, profile.ReadSearch(), now).state is SearchState.SEARCHING
    return said(it, profile.ReadSearch(), now)


def hour_at(it: NzifMeter, address: int, now: datetime = NOW) -> bytes:
    return said(it, profile.ReadMemoryIndexed(1, address, 24), now)


def test_a_day_is_found_where_its_first_hour_stands() -> None:
    it = meter()
    search = found(it, date(2026, 11, 23))
    assert search.state is SearchState.FOUND
    record = hour_at(it, search.memory_address)
    header = header_from(record[:8])
    assert header == profile.HourHeader(date(2026, 11, 23), 0, is_winter=True, period_minutes=30)
    began_at = datetime(2026, 11, 22, 21, tzinfo=UTC)
    for half in (0, 1):
        since = began_at + timedelta(minutes=30 * half)
        counts = counts_from(record[8 + 8 * half : 16 + 8 * half])
        assert counts.a_plus == counted(0, since + timedelta(minutes=30)) - counted(0, since)
        assert not counts.is_incomplete


def test_an_hour_is_found_by_its_hour() -> None:
    it = meter()
    header = header_from(hour_at(it, found(it, date(2026, 11, 23), 14).memory_address)[:8])
    assert header is not None
    assert (header.day_on, header.hour) == (date(2026, 11, 23), 14)


def test_what_the_ring_no_longer_has_or_not_yet_is_not_found() -> None:
    it = meter()
    assert said(it, profile.ReadSearch()).state is SearchState.NOT_FOUND
    assert found(it, date(2026, 7, 1)).state is SearchState.NOT_FOUND
    assert found(it, date(2026, 11, 25)).state is SearchState.NOT_FOUND
    # 2730 hours are 113 days and 18 hours.
    assert found(it, date(2026, 8, 4)).state is SearchState.FOUND
    assert found(it, date(2026, 8, 1)).state is SearchState.NOT_FOUND


def test_a_search_for_other_intervals_is_told_to_be_wrong_at_once() -> None:
    it = meter()
    said(it, profile.FindHour(date(2026, 11, 23), None, 60))
    assert said(it, profile.ReadSearch()).state is SearchState.WRONG_PERIOD


def test_the_pointer_follows_the_intervals_that_have_ended() -> None:
    it = meter()
    pointer = said(it, profile.ReadPointer())
    assert (pointer.is_full, pointer.stamp) == (True, WallTime(2026, 11, 24, 12, 0, 0))
    header = header_from(hour_at(it, pointer.address // 24 * 24)[:8])
    assert header is not None
    assert (header.day_on, header.hour) == (date(2026, 11, 24), 12)
    later = NOW + timedelta(minutes=25)
    assert said(meter(now=later), profile.ReadPointer(), later).address == pointer.address + 8
    assert said(meter(source=YOUNG), profile.ReadPointer()).is_full is False


def test_of_the_hour_that_runs_only_the_header_and_what_has_ended_is_written() -> None:
    it = meter()
    address = said(it, profile.ReadPointer()).address // 24 * 24
    assert hour_at(it, address)[8:] == b"\xff" * 16
    later = NOW + timedelta(minutes=25)
    it = meter(now=later)
    assert hour_at(it, address, later)[16:] == b"\xff" * 8
    assert hour_at(it, address, later)[8:16] != b"\xff" * 8


def test_a_ring_that_has_not_gone_round_is_empty_behind_its_newest_hour() -> None:
    it = meter(source=YOUNG)
    first = found(it, date(2026, 11, 21))
    assert first.memory_address == 0
    assert hour_at(it, RING_SIZE - 24) == b"\xff" * 24


def test_memory_is_read_from_any_address_up_to_the_end_and_not_beyond() -> None:
    it = meter()
    whole = said(it, profile.ReadMemory(0, 120))
    assert said(it, profile.ReadMemory(7, 20)) == whole[7:27]
    assert len(said(it, profile.ReadMemory(RING_SIZE - 2, 2))) == 2
    assert refused(it, profile.ReadMemory(RING_SIZE - 2, 3)) == 1
    assert refused(it, profile.ReadMemory(0, 24, profile.Memory.PROFILE_2)) == 1
    assert refused(meter(model=SET), profile.ReadMemory(0, 94)) == 1


def test_hours_wholly_without_supply_are_missing_and_broken_intervals_are_marked() -> None:
    # Off by Moscow from 10:10 to 13:40 on the 22nd.
    off = PastEvent(
        kind=EventKind.POWER_OFF,
        began_at=datetime(2026, 11, 22, 7, 10, tzinfo=UTC),
        ended_at=datetime(2026, 11, 22, 10, 40, tzinfo=UTC),
    )
    it = meter(off)
    start = found(it, date(2026, 11, 22), 10).memory_address
    shown = []
    for place in range(3):
        record = hour_at(it, (start + 24 * place) % RING_SIZE)
        header = header_from(record[:8])
        assert header is not None
        shown.append((header.hour, *(counts_from(record[at : at + 8]).is_incomplete for at in (8, 16))))
    assert shown == [(10, True, True), (13, True, True), (14, False, False)]
    assert found(it, date(2026, 11, 22), 11).state is SearchState.NOT_FOUND


def test_a_meter_that_is_still_without_supply_is_not_asked_where_its_hours_end() -> None:
    it = meter(PastEvent(kind=EventKind.POWER_OFF, began_at=NOW - timedelta(days=1)))
    record = hour_at(it, found(it, date(2026, 11, 24)).memory_address)
    assert counts_from(record[8:16]).is_incomplete


def test_hours_are_remembered_but_not_too_many() -> None:
    it = meter()
    before = [hour_at(it, place * 24) for place in range(0, 2730, 5)]
    assert [hour_at(it, place * 24) for place in range(0, 2730, 5)] == before


# ── Journals ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def event(kind: EventKind, hours_ago: int, lasts_minutes: int | None = 30) -> PastEvent:
    began_at = NOW - timedelta(hours=hours_ago)
    return PastEvent(
        kind=kind,
        began_at=began_at,
        ended_at=None if lasts_minutes is None else began_at + timedelta(minutes=lasts_minutes),
    )


def test_the_newest_record_is_in_the_last_place() -> None:
    it = meter(event(EventKind.TERMINAL_COVER_OPENED, 5), event(EventKind.TERMINAL_COVER_OPENED, 2, None))
    records = [said(it, read_record(Journal.TERMINAL_COVER, place)) for place in range(journals.PLACES)]
    assert records[:8] == [Pair(None, None)] * 8
    assert records[8] == Pair(WallTime(2026, 11, 24, 7, 10, 11), WallTime(2026, 11, 24, 7, 40, 11))
    assert records[9] == Pair(WallTime(2026, 11, 24, 10, 10, 11), None)


def test_ten_records_are_kept_and_what_is_to_come_is_not_told() -> None:
    it = meter(*(event(EventKind.CASE_OPENED, hours) for hours in range(-1, 13)))
    newest, oldest = (said(it, read_record(Journal.CASE, place)) for place in (9, 0))
    assert newest == Pair(WallTime(2026, 11, 24, 12, 10, 11), None)
    assert oldest == Pair(WallTime(2026, 11, 24, 3, 10, 11), WallTime(2026, 11, 24, 3, 40, 11))


def test_corrections_have_the_clock_before_and_after_and_tariffs_a_moment() -> None:
    it = meter(event(EventKind.CLOCK_SET, 3), event(EventKind.TARIFF_TABLE_CHANGED, 4))
    assert said(it, read_record(Journal.CLOCK, 9)) == Pair(
        WallTime(2026, 11, 24, 9, 10, 11), WallTime(2026, 11, 24, 9, 10, 18)
    )
    assert said(it, read_record(Journal.TARIFFS, 9)) == Moment(WallTime(2026, 11, 24, 8, 10, 11))
    assert said(it, read_record(Journal.TARIFFS, 8)) == Moment(None)


def test_a_journal_that_the_model_lacks_is_refused() -> None:
    assert refused(meter(model=SET), read_record(Journal.CASE, 9)) == 1
    assert refused(meter(model=replace(MK, journals=frozenset())), read_record(Journal.POWER, 9)) == 1
