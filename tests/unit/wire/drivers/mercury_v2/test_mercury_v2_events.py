"""How the journals of a Mercury V2 become events."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.drivers.conversation import Answer, MeterAddress, ReadingTask
from kilovatt.wire.drivers.mercury_v2.driver import MercuryV2Driver
from kilovatt.wire.protocols.framing.connection import Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import parameters
from kilovatt.wire.protocols.mercury_v2.journals import (
    PLACES,
    ErrorsFound,
    Journal,
    JournalRecord,
    LoadEvent,
    LoadSwitched,
    Moment,
    NewestRecord,
    Pair,
    ReadJournal,
    ReadNewestRecord,
    ReadWholeJournal,
    Reprogramming,
    record_layout,
)
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.variant import Variant

MOSCOW = ZoneInfo("Europe/Moscow")
HEARD_AT = datetime(2026, 11, 24, 5, 32, 30, tzinfo=UTC)
BOTH_SEALS = Variant(bytes.fromhex("B4 60 C1 97 53 40"))
M234 = model_by_key("mercury-234-art-03")
M234_R = model_by_key("mercury-234-artm-01-pob-r")
M230 = model_by_key("mercury-230-art-01-cln")
EVENTS = ReadingTask(identity=False, clock=False, registers_now=False, events=True)
UNKNOWN = Refusal(RefusalReason.UNKNOWN_REQUEST, 1)

Kept = Mapping[Journal, Mapping[int, JournalRecord]]


def at(day: int, hour: int, minute: int = 0) -> WallTime:
    """A time of November as the meter shows it."""
    return WallTime(2026, 11, day, hour, minute, 0)


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    """The same instant: Moscow is three hours ahead."""
    return datetime(2026, 11, day, hour - 3, minute, tzinfo=UTC)


def every_kind(model: MeterModel) -> MeterModel:
    return replace(model, journals=frozenset(EventKind))


class Keeper:
    """A meter at the level of requests: what its journals keep by places; all other places are empty."""

    def __init__(
        self, kept: Kept, variant: Variant | Refusal, *, knows_whole_journals: bool, newest: Mapping[Journal, int]
    ) -> None:
        self._kept = kept
        self._variant = variant
        self._knows_whole_journals = knows_whole_journals
        self._newest = newest

    def answer(self, request: MercuryV2Request[Any]) -> object:
        match request:
            case parameters.ReadVariant():
                return self._variant
            case ReadWholeJournal(journal=journal) if self._knows_whole_journals:
                return tuple(self._record(journal, place) for place in range(PLACES))
            case ReadJournal(journal=journal, place=place):
                return self._record(journal, place)
            case ReadNewestRecord(journal=journal) if self._knows_whole_journals:
                place = self._newest.get(journal, 0)
                return NewestRecord(self._record(journal, place), place)
            case _:
                return UNKNOWN

    def _record(self, journal: Journal, place: int) -> JournalRecord:
        layout = record_layout(journal)
        return self._kept.get(journal, {}).get(place) or layout.decode(bytes(layout.size))


def events(
    kept: Kept,
    *,
    model: MeterModel = M234,
    variant: Variant | Refusal = BOTH_SEALS,
    since: datetime | None = None,
    asked: list[MercuryV2Request[Any]] | None = None,
    knows_whole_journals: bool = True,
    newest: Mapping[Journal, int] | None = None,
) -> list[MeterEvent]:
    """What a session brings of the journals of a meter that keeps this."""
    keeper = Keeper(kept, variant, knows_whole_journals=knows_whole_journals, newest=newest or {})
    meter = MeterAddress(model=model, address=29, zone=MOSCOW)
    found: list[MeterEvent] = []
    for part in MercuryV2Driver().parts(meter, replace(EVENTS, events_since=since)):
        number, answer = 0, None
        try:
            while True:
                request: Any = part.conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
                number += 1
                if asked is not None:
                    asked.append(request)
                answer = Answer(keeper.answer(request), number, HEARD_AT)
        except StopIteration as stop:
            found += stop.value.events
    return found


def told(found: list[MeterEvent]) -> list[tuple[EventKind, datetime, datetime | None, str]]:
    return [(it.kind, it.began_at, it.ended_at, it.detail) for it in found]


def test_empty_journals_bring_nothing() -> None:
    assert events({}) == []
    assert events({}, model=every_kind(M234_R)) == []


def test_a_whole_journal_is_one_question_of_newer_meters_and_ten_of_older() -> None:
    asked: list[MercuryV2Request[Any]] = []
    events({}, asked=asked)
    assert not any(isinstance(it, ReadJournal) for it in asked)
    asked.clear()
    events({}, model=M230, variant=Variant(bytes.fromhex("B4 E4 C4 43 53 00")), asked=asked)
    assert not any(isinstance(it, ReadWholeJournal) for it in asked)
    assert sum(it == ReadJournal(Journal.POWER, place) for it in asked for place in range(10)) == 10


def test_a_newer_meter_that_does_not_know_whole_journals_is_read_by_places() -> None:
    kept = {Journal.MAGNETIC_FIELD: {4: Pair(at(3, 10), at(3, 11))}}
    found = events(kept, knows_whole_journals=False)
    assert told(found) == [(EventKind.MAGNETIC_FIELD, utc(3, 10), utc(3, 11), "")]
    # The refused question, then places 0 to 4.
    assert found[0].exchange == 6


def test_an_event_that_goes_on_has_no_end() -> None:
    # As captured: opened, not closed yet; and an empty place before it.
    kept = {Journal.CASE: {7: Pair(at(21, 17, 25), None)}}
    assert told(events(kept)) == [(EventKind.CASE_OPENED, utc(21, 17, 25), None, "")]


def test_with_two_seals_the_first_five_places_are_the_terminal_covers() -> None:
    kept = {Journal.CASE: {4: Pair(at(1, 9), at(1, 10)), 5: Pair(at(1, 11), at(1, 12))}}
    assert told(events(kept)) == [
        (EventKind.TERMINAL_COVER_OPENED, utc(1, 9), utc(1, 10), ""),
        (EventKind.CASE_OPENED, utc(1, 11), utc(1, 12), ""),
    ]


@pytest.mark.parametrize(
    ("variant", "kind"),
    [
        (Variant(bytes.fromhex("B4 60 C1 97 43 40")), EventKind.CASE_OPENED),
        (Variant(bytes.fromhex("B4 60 C1 96 53 40")), EventKind.TERMINAL_COVER_OPENED),
        (UNKNOWN, EventKind.CASE_OPENED),
    ],
)
def test_with_one_seal_all_places_are_of_that(variant: Variant | Refusal, kind: EventKind) -> None:
    kept = {Journal.CASE: {0: Pair(at(1, 9), at(1, 10)), 9: Pair(at(2, 9), at(2, 10))}}
    assert [it.kind for it in events(kept, variant=variant)] == [kind, kind]


def test_a_failure_of_the_supply_ends_with_the_next_on_of_another_record() -> None:
    # A record tells when the supply came and when it went; the newest is still on.
    kept = {
        Journal.POWER: {
            8: Pair(at(1, 8), at(5, 12)),
            9: Pair(at(5, 14), at(9, 20, 30)),
            0: Pair(at(9, 21), None),
        }
    }
    assert told(events(kept)) == [
        (EventKind.POWER_OFF, utc(5, 12), utc(5, 14), ""),
        (EventKind.POWER_OFF, utc(9, 20, 30), utc(9, 21), ""),
    ]


def test_a_phase_that_has_not_come_back_is_still_lost() -> None:
    kept = {Journal.VOLTAGE_2: {0: Pair(at(1, 8), at(5, 12))}}
    assert told(events(kept)) == [(EventKind.PHASE_LOST, utc(5, 12), None, "phase=2")]


def test_a_correction_of_the_clock_tells_its_shift() -> None:
    kept = {
        Journal.CLOCK_CORRECTIONS: {
            0: Pair(at(4, 10, 23), at(4, 10, 25)),
            1: Pair(at(5, 10, 23), replace(at(5, 10, 22), second=50)),
            2: Pair(at(6, 10), None),
        }
    }
    assert told(events(kept)) == [
        (EventKind.CLOCK_SET, utc(4, 10, 23), None, "shift_s=120"),
        (EventKind.CLOCK_SET, utc(5, 10, 23), None, "shift_s=-10"),
    ]


def test_a_reprogramming_tells_which_parameters_were_written() -> None:
    # 42 04 13 05 of the maker's text: parameters 00, 06, 0C and 31 in five requests.
    one = Reprogramming(date(2018, 8, 1), 5, frozenset({0x31, 0x00, 0x06, 0x0C}), 0)
    two = Reprogramming(date(2018, 8, 2), 1, frozenset(), 1)
    found = events({Journal.REPROGRAMMING: {0: one, 1: two}})
    assert told(found) == [
        (EventKind.REPROGRAMMED, datetime(2018, 7, 31, 21, tzinfo=UTC), None, "requests=5 commands=00,06,0c,31"),
        (EventKind.REPROGRAMMED, datetime(2018, 8, 1, 21, tzinfo=UTC), None, "requests=1"),
    ]


def test_each_switching_of_the_relay_tells_its_cause() -> None:
    def switched(hour: int, *codes: LoadEvent) -> LoadSwitched:
        return LoadSwitched(at(1, hour), frozenset(codes))

    kept = {
        Journal.LOAD_CONTROL: {
            0: switched(8, LoadEvent.OFF_BY_COMMAND),
            1: switched(9, LoadEvent.PERMITTED),
            2: switched(10, LoadEvent.ON_BY_HAND),
            3: switched(11, LoadEvent.OFF_BY_ENERGY_LIMIT_2, LoadEvent.OFF_BY_ENERGY_LIMIT_3),
            4: switched(12, LoadEvent.ON_AFTER_POWER_LIMIT),
            5: switched(13, LoadEvent.CONFIGURED, LoadEvent.LOCKED),
        }
    }
    assert told(events(kept, model=M234_R)) == [
        (EventKind.RELAY_OPENED, utc(1, 8), None, "cause=command"),
        (EventKind.RELAY_PERMITTED, utc(1, 9), None, "cause=command"),
        (EventKind.RELAY_CLOSED, utc(1, 10), None, "cause=by_hand"),
        (EventKind.RELAY_OPENED, utc(1, 11), None, "cause=energy_limit"),
        (EventKind.RELAY_CLOSED, utc(1, 12), None, "cause=automatic"),
    ]


def test_journals_of_kinds_that_only_some_models_keep() -> None:
    kept: Kept = {
        Journal.TARIFF_SCHEDULE: {0: Moment(at(1, 8))},
        Journal.ENERGY_RESETS: {1: Moment(at(2, 8))},
        Journal.PROFILE_STARTS: {2: Moment(at(3, 8))},
        Journal.POWER_LIMIT: {3: Pair(at(4, 8), at(4, 9))},
        Journal.REVERSED_CURRENT_3: {4: Pair(at(5, 8), at(5, 9))},
        Journal.ERRORS: {5: ErrorsFound(at(6, 8), frozenset({3, 2})), 6: ErrorsFound(at(6, 9), frozenset())},
    }
    assert told(events(kept, model=every_kind(M234))) == [
        (EventKind.POWER_LIMIT_EXCEEDED, utc(4, 8), utc(4, 9), ""),
        (EventKind.TARIFF_TABLE_CHANGED, utc(1, 8), None, ""),
        (EventKind.ENERGY_RESET, utc(2, 8), None, ""),
        (EventKind.PROFILE_RESTARTED, utc(3, 8), None, ""),
        (EventKind.METER_FAULT, utc(6, 8), None, "errors=2,3"),
        (EventKind.CURRENT_REVERSED, utc(5, 8), utc(5, 9), "phase=3"),
    ]


def test_journals_the_model_does_not_keep_are_not_asked() -> None:
    asked: list[MercuryV2Request[Any]] = []
    events({}, model=M230, asked=asked)
    named = {it.journal for it in asked if isinstance(it, ReadWholeJournal | ReadJournal)}
    assert Journal.MAGNETIC_FIELD not in named
    assert Journal.LOAD_CONTROL not in named
    assert Journal.POWER in named


def test_events_before_those_wanted_are_left_out() -> None:
    kept = {Journal.MAGNETIC_FIELD: {0: Pair(at(3, 10), at(3, 11)), 1: Pair(at(4, 10), at(4, 11))}}
    assert [it.began_at for it in events(kept, since=utc(4, 10))] == [utc(4, 10)]


LOW_1, HIGH_3 = Journal.VOLTAGE_1_BELOW_PERMITTED, Journal.VOLTAGE_3_ABOVE_PERMITTED


def test_voltages_beyond_the_permitted_limits_are_events_by_phase_and_limit() -> None:
    kept = {LOW_1: {0: Pair(at(2, 9), at(2, 10)), 99: Pair(at(1, 9), at(1, 10))}, HIGH_3: {7: Pair(at(2, 9), None)}}
    found = events(kept, newest={LOW_1: 0, HIGH_3: 7})
    assert told(found) == [
        (EventKind.VOLTAGE_OUT_OF_LIMITS, utc(1, 9), utc(1, 10), "phase=1 limit=low"),
        (EventKind.VOLTAGE_OUT_OF_LIMITS, utc(2, 9), utc(2, 10), "phase=1 limit=low"),
        (EventKind.VOLTAGE_OUT_OF_LIMITS, utc(2, 9), None, "phase=3 limit=high"),
    ]
    # Two of the same second are not one.
    assert [it.code for it in found] == ["mercury-v2:20", "mercury-v2:20", "mercury-v2:2b"]


def test_of_a_long_journal_of_quality_the_newest_ten_are_read_or_those_since_an_instant() -> None:
    kept = {LOW_1: {place: Pair(at(1, 3 + place), at(1, 3 + place, 30)) for place in range(15)}}
    asked: list[MercuryV2Request[Any]] = []
    found = events(kept, newest={LOW_1: 14}, asked=asked)
    assert [it.began_at for it in found] == [utc(1, 3 + place) for place in range(5, 15)]
    assert sum(it == ReadJournal(LOW_1, place) for it in asked for place in range(100)) == 9
    assert [it.began_at for it in events(kept, newest={LOW_1: 14}, since=utc(1, 16))] == [utc(1, 16), utc(1, 17)]


def test_a_meter_that_does_not_watch_quality_or_does_not_know_the_question_is_not_asked_further() -> None:
    kept = {LOW_1: {0: Pair(at(2, 9), at(2, 10))}}
    without = Variant(bytes.fromhex("B4 60 C1 97 51 40"))
    assert events(kept, variant=without) == []
    assert events(kept, variant=UNKNOWN) == []
    assert events(kept, knows_whole_journals=False) == []


def test_a_meter_of_one_phase_is_asked_of_one() -> None:
    asked: list[MercuryV2Request[Any]] = []
    events({}, model=replace(M234, phases=1), asked=asked)
    assert [it.journal for it in asked if isinstance(it, ReadNewestRecord)] == [
        Journal.VOLTAGE_1_BELOW_PERMITTED,
        Journal.VOLTAGE_1_ABOVE_PERMITTED,
    ]


def test_a_model_that_keeps_no_such_journals_is_not_asked_for_them() -> None:
    asked: list[MercuryV2Request[Any]] = []
    events({}, model=replace(M234, journals=M234.journals - {EventKind.VOLTAGE_OUT_OF_LIMITS}), asked=asked)
    assert not any(isinstance(it, ReadNewestRecord) for it in asked)
