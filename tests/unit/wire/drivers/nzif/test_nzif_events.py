"""How the journals of a meter of НЗиФ become events."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.events import EventKind
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif import journals
from kilovatt.wire.protocols.nzif.journals import Journal, Moment, Pair, read_record
from kilovatt.wire.protocols.nzif.request import NzifRequest
from told_nzif import (
    METER,
    MK,
    NOTHING,
    UNKNOWN,
    Asked,
    learnt,
    saying,
)


def at(hour: int, minute: int = 0) -> WallTime:
    return WallTime(2026, 11, 20, hour, minute, 0)


def journal(which: Journal, *newest: object) -> dict[NzifRequest[Any], object]:
    """A journal with these records, the newest first."""
    empty = Moment(None) if which is Journal.TARIFFS else Pair(None, None)
    told = [*newest, *[empty] * (journals.PLACES - len(newest))]
    return {read_record(which, journals.PLACES - 1 - back): record for back, record in enumerate(told)}


JOURNALS = (
    journal(Journal.POWER, Pair(at(14), None), Pair(at(9), at(10)))
    | journal(Journal.CLOCK, Pair(at(12), at(12, 1)), Pair(None, at(1)))
    | journal(Journal.TARIFFS, Moment(at(11)))
    | journal(Journal.TERMINAL_COVER, Pair(at(8), at(8, 5)))
    | journal(Journal.CASE, Pair(at(8), at(8, 30)))
    | journal(Journal.MAGNETIC_FIELD, Pair(at(7), at(7, 30)))
)


def test_journals_become_events_with_their_beginnings_and_ends() -> None:
    read = learnt(replace(NOTHING, events=True), saying(JOURNALS))
    assert [
        (event.kind, event.began_at.hour, event.ended_at and event.ended_at.hour, event.detail) for event in read.events
    ] == [
        (EventKind.POWER_OFF, 6, 7, ""),
        (EventKind.POWER_OFF, 11, None, ""),
        (EventKind.CLOCK_SET, 9, None, "shift_s=60"),
        (EventKind.TARIFF_TABLE_CHANGED, 8, None, ""),
        (EventKind.TERMINAL_COVER_OPENED, 5, 5, ""),
        (EventKind.CASE_OPENED, 5, 5, ""),
        (EventKind.MAGNETIC_FIELD, 4, 4, ""),
    ]


def test_only_the_journals_of_the_row_are_read() -> None:
    asked: Asked = []
    meter = replace(METER, model=model_by_key("set-4tm-03m"))
    learnt(replace(NOTHING, events=True), saying(JOURNALS), meter=meter, asked=asked)
    assert not any(isinstance(it, journals.ReadRecordExtended) for it in asked)


def test_reading_ends_at_the_first_event_that_is_known() -> None:
    asked: Asked = []
    since = datetime(2026, 11, 20, 10, tzinfo=UTC)
    meter = replace(METER, model=replace(MK, journals=frozenset({EventKind.POWER_OFF})))
    read = learnt(replace(NOTHING, events=True, events_since=since), saying(JOURNALS), meter=meter, asked=asked)
    assert [event.began_at.hour for event in read.events] == [11]
    assert asked == [read_record(Journal.POWER, 9), read_record(Journal.POWER, 8)]


def test_a_journal_that_the_meter_does_not_know_tells_nothing() -> None:
    meter = replace(METER, model=replace(MK, journals=frozenset({EventKind.CASE_OPENED})))
    assert learnt(replace(NOTHING, events=True), lambda _: UNKNOWN, meter=meter).is_empty
