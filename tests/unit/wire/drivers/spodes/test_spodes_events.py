"""How the rows of journals of СПОДЭС meters become events, none of them lost."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from asked_spodes import CLOCK, CLOCK_NAME, DATA, NOW, PROFILE, AskedMeter, count, read, stamp
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.conversation import MeterRefusedError
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute
from kilovatt.wire.protocols.dlms.values import DlmsValue, LongUnsigned, Unsigned

NOON = NOW - timedelta(days=3)
VOLTAGE, SWITCHING, PROGRAMMING, COMMUNICATION, DIAGNOSTICS = 0, 2, 3, 5, 7


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def journal(number: int, *entries: tuple[int, int], extra: tuple[tuple[int, str, int], ...] = ()) -> AskedMeter:
    """A meter of one journal; its entries are minutes and codes."""
    meter = AskedMeter()
    columns = [(CLOCK, CLOCK_NAME, 2), (DATA, f"0.0.96.11.{number}.255", 2), (DATA, "0.0.96.8.0.255", 2), *extra]
    rows: list[list[DlmsValue]] = [
        [stamp(at(minutes)), Unsigned(code), count(9), *(LongUnsigned(2) for _ in extra)] for minutes, code in entries
    ]
    meter.show_profile(f"0.0.99.98.{number}.255", columns, rows)
    return meter


def events(meter: AskedMeter, **wanted: Any) -> tuple[MeterEvent, ...]:  # noqa: ANN401  # fields of a task
    return read(meter, events=True, **wanted).events


def told(meter: AskedMeter) -> list[tuple[EventKind, str, datetime, datetime | None]]:
    return [(event.kind, event.code, event.began_at, event.ended_at) for event in events(meter)]


def test_what_began_and_what_ended_it_make_one_event() -> None:
    meter = journal(VOLTAGE, (0, 1), (5, 3), (10, 2), (20, 4), (30, 1))
    assert told(meter) == [
        (EventKind.PHASE_LOST, "spodes:voltage:1", at(0), at(10)),
        (EventKind.PHASE_LOST, "spodes:voltage:3", at(5), at(20)),
        (EventKind.PHASE_LOST, "spodes:voltage:1", at(30), None),
    ]


def test_a_beginning_that_repeats_has_an_end_that_nobody_knows() -> None:
    assert told(journal(SWITCHING, (0, 1), (10, 1), (20, 2))) == [
        (EventKind.POWER_OFF, "spodes:switching:1", at(0), None),
        (EventKind.POWER_OFF, "spodes:switching:1", at(10), at(20)),
    ]


def test_an_end_whose_beginning_is_no_longer_kept_is_told_by_itself() -> None:
    assert told(journal(SWITCHING, (0, 2), (10, 2), (20, 1))) == [
        (EventKind.OTHER, "spodes:switching:2", at(0), None),
        (EventKind.OTHER, "spodes:switching:2", at(10), None),
        (EventKind.POWER_OFF, "spodes:switching:1", at(20), None),
    ]


def test_the_end_of_a_fault_is_found_by_its_code_and_not_by_its_number() -> None:
    assert told(journal(DIAGNOSTICS, (0, 4), (10, 19))) == [
        (EventKind.METER_FAULT, "spodes:self_diagnostics:4", at(0), at(10))
    ]


def test_a_relay_tells_why_it_switched() -> None:
    (event,) = events(journal(SWITCHING, (0, 8)))
    assert (event.kind, event.detail) == (EventKind.RELAY_OPENED, "cause=power_limit")


def test_a_code_of_no_table_is_told_by_its_number() -> None:
    assert told(journal(PROGRAMMING, (0, 200))) == [(EventKind.REPROGRAMMED, "spodes:programming:200", at(0), None)]
    assert told(journal(VOLTAGE, (0, 99))) == [(EventKind.OTHER, "spodes:voltage:99", at(0), None)]


def test_the_journal_of_programming_tells_over_which_channel_and_by_which_client() -> None:
    extra = ((DATA, "0.0.96.12.4.255", 2), (DATA, "0.0.96.12.6.255", 2))
    (event,) = events(journal(PROGRAMMING, (0, 13), extra=extra))
    assert (event.kind, event.detail) == (EventKind.REPROGRAMMED, "channel=2 client=2")


def test_codes_that_are_no_numbers_and_journals_without_codes_tell_nothing() -> None:
    meter = AskedMeter()
    meter.show_profile("0.0.99.98.0.255", [(CLOCK, CLOCK_NAME, 2), (DATA, "0.0.96.11.0.255", 2)], [[stamp(NOON), None]])
    meter.show_profile(
        "0.0.99.98.1.255", [(CLOCK, CLOCK_NAME, 2), (DATA, "0.0.96.8.0.255", 2)], [[stamp(NOON), count(3)]]
    )
    assert events(meter) == ()


def test_the_journal_of_communication_is_left_alone() -> None:
    meter = journal(COMMUNICATION, (0, 2), (1, 1))
    assert events(meter) == ()
    names = {bytes(one.attribute.obis)[4] for one in meter.asked if isinstance(one, GetAttribute)}
    assert COMMUNICATION not in names


def test_only_what_began_since_is_asked() -> None:
    meter = journal(VOLTAGE, (0, 11), (60, 11))
    (event,) = events(meter, events_since=at(30))
    assert event.began_at == at(60)


def test_the_clock_is_asked_once_for_all_journals() -> None:
    meter = journal(VOLTAGE, (0, 1))
    events(meter)
    events_of_clock = [one for one in meter.asked if isinstance(one, GetAttribute) and one.attribute.class_id == CLOCK]
    assert len(events_of_clock) == 1


def test_a_journal_that_cannot_be_shown_now_is_refused_and_not_taken_for_empty() -> None:
    meter = journal(VOLTAGE)
    meter.show(PROFILE, "0.0.99.98.0.255", 3, AccessResult.TEMPORARY_FAILURE)
    with pytest.raises(MeterRefusedError) as caught:
        events(meter)
    assert caught.value.outcome is Outcome.REFUSED


def quality(*entries: tuple[int, int]) -> AskedMeter:
    """A meter of the journal of quality; its entries are minutes and words."""
    meter = AskedMeter()
    columns = [(CLOCK, CLOCK_NAME, 2), (DATA, "0.0.96.5.4.255", 2), (DATA, "0.0.96.8.0.255", 2)]
    rows: list[list[DlmsValue]] = [[stamp(at(minutes)), Unsigned(word), count(9)] for minutes, word in entries]
    meter.show_profile("0.0.99.98.9.255", columns, rows)
    return meter


def test_a_bit_of_quality_lasts_from_the_first_word_that_has_it_to_the_next_that_has_not() -> None:
    assert told(quality((0, 0x01), (10, 0x21), (20, 0x20), (30, 0x00), (40, 0x08))) == [
        (EventKind.VOLTAGE_OUT_OF_LIMITS, "spodes:quality:1", at(0), at(20)),
        (EventKind.OTHER, "spodes:quality:32", at(10), at(30)),
        (EventKind.VOLTAGE_OUT_OF_LIMITS, "spodes:quality:8", at(40), None),
    ]


def test_what_a_full_journal_of_quality_begins_with_began_nobody_knows_when() -> None:
    entries = [(minute, 0x01 | 0x08 * (minute % 2)) for minute in range(499)]
    assert ("spodes:quality:1", at(0)) in [(code, began) for _, code, began, _ in told(quality(*entries))]
    full = [*entries, (499, 0x00), (500, 0x01)]
    assert [found for found in told(quality(*full)) if found[1] == "spodes:quality:1"] == [
        (EventKind.VOLTAGE_OUT_OF_LIMITS, "spodes:quality:1", at(500), None)
    ]


def test_a_journal_of_quality_without_its_word_tells_nothing() -> None:
    meter = AskedMeter()
    columns = [(CLOCK, CLOCK_NAME, 2), (DATA, "0.0.96.8.0.255", 2)]
    meter.show_profile("0.0.99.98.9.255", columns, [[stamp(NOON), count(3)]])
    assert events(meter) == ()
    assert events(quality()) == ()
