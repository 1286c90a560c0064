"""The codes of the journals of СПОДЭС: all of them, each with its words, its kind, and its other half."""

import pytest

from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.measure.metering.spodes.event_code import EventCode, Journal, Source, code_key
from kilovatt.measure.metering.spodes.vocabulary import (
    DAILY_QUALITY_BITS,
    EVENT_CODES,
    INPUT_BITS,
    JOURNAL_OBIS,
    JOURNAL_WORDS,
    KINDS,
    OUTPUT_BITS,
    QUALITY_CODES,
    event_code,
    is_spodes,
    push_flags,
    quality_words,
)

ALL = list(EVENT_CODES.values())


@pytest.mark.parametrize(
    ("journal", "highest", "not_given"),
    [
        (Journal.VOLTAGE, 28, set()),
        (Journal.CURRENT, 38, set()),
        (Journal.SWITCHING, 29, set()),
        (Journal.PROGRAMMING, 150, {120}),
        (Journal.EXTERNAL_INFLUENCE, 7, set()),
        (Journal.COMMUNICATION, 2, set()),
        (Journal.ACCESS, 4, set()),
        (Journal.SELF_DIAGNOSTICS, 19, set()),
        (Journal.REACTIVE_FACTOR, 2, set()),
    ],
)
def test_a_journal_has_every_code_of_its_table(journal: Journal, highest: int, not_given: set[int]) -> None:
    known = {number for of, number in EVENT_CODES if of is journal and number < 1024}
    assert known == set(range(1, highest + 1)) - not_given
    assert journal in JOURNAL_WORDS
    assert JOURNAL_OBIS[journal] == f"0.0.99.98.{journal.value}.255"


@pytest.mark.parametrize("code", ALL, ids=lambda code: code.key)
def test_what_ends_something_is_the_other_half_of_what_begins_it(code: EventCode) -> None:
    if code.ended_by is not None:
        assert EVENT_CODES[Journal(code.journal), code.ended_by].ends == code.number
    if code.ends is not None:
        assert EVENT_CODES[Journal(code.journal), code.ends].ended_by == code.number
        assert EVENT_CODES[Journal(code.journal), code.ends].kind is code.kind
    assert code.ends is None or code.ended_by is None


@pytest.mark.parametrize("code", ALL, ids=lambda code: code.key)
def test_a_code_has_words_of_its_own_and_a_name_that_finds_it(code: EventCode) -> None:
    words = code.text.format(which=code.which)
    assert words
    assert "{" not in words
    assert [one.key for one in ALL if one.journal is code.journal and one.text.format(which=one.which) == words] in (
        [code.key],
        # The supply of all phases, and of none, come back alike.
        ["spodes:voltage:28"],
    )
    assert event_code(code.key) is code
    assert code.kind in KINDS


def test_a_relay_code_tells_the_cause_and_no_other_does() -> None:
    relay = {EventKind.RELAY_OPENED, EventKind.RELAY_CLOSED, EventKind.RELAY_PERMITTED}
    assert {code.key for code in ALL if code.cause is not None} == {code.key for code in ALL if code.kind in relay}
    assert EVENT_CODES[Journal.SWITCHING, 8].cause is RelayCause.POWER_LIMIT


@pytest.mark.parametrize(
    ("journal", "number", "kind", "source"),
    [
        (Journal.VOLTAGE, 3, EventKind.PHASE_LOST, Source.GOST),
        (Journal.CURRENT, 33, EventKind.CURRENT_REVERSED, Source.STO_2021),
        (Journal.EXTERNAL_INFLUENCE, 3, EventKind.TERMINAL_COVER_OPENED, Source.GOST),
        (Journal.PROGRAMMING, 13, EventKind.REPROGRAMMED, Source.GOST),
        (Journal.PROGRAMMING, 65, EventKind.FIRMWARE_UPDATED, Source.GOST),
        (Journal.PROGRAMMING, 133, EventKind.JOURNAL_CLEARED, Source.STO_2021),
        (Journal.PROGRAMMING, 143, EventKind.OTHER, Source.STO_2021),
        (Journal.SELF_DIAGNOSTICS, 4, EventKind.METER_FAULT, Source.GOST),
    ],
)
def test_a_code_is_of_the_kind_a_dispatcher_knows(
    journal: Journal, number: int, kind: EventKind, source: Source
) -> None:
    assert (EVENT_CODES[journal, number].kind, EVENT_CODES[journal, number].source) == (kind, source)


def test_a_code_of_no_table_has_a_name_and_no_words() -> None:
    assert code_key(Journal.PROGRAMMING, 200) == "spodes:programming:200"
    assert event_code("spodes:programming:200") is None
    assert is_spodes("spodes:programming:200")
    assert not is_spodes("")


def test_the_flags_of_the_push_of_a_real_meter_tell_of_its_terminal_cover() -> None:
    assert list(push_flags(0x10)) == ["Terminal cover opened"]
    assert list(push_flags(0x8000)) == []


def test_bits_of_quality_of_inputs_and_of_outputs_have_their_numbers() -> None:
    assert list(quality_words(0x81)) == [
        "Voltage more than 10 % below the agreed",
        "Frequency more than 0.4 Hz too high",
    ]
    assert set(DAILY_QUALITY_BITS) == {1, 2}
    assert INPUT_BITS == {1: 1, 2: 2, 4: 3, 8: 4}
    assert OUTPUT_BITS == {0x100: 1, 0x200: 2, 0x400: 3, 0x800: 4}


def test_each_bit_of_quality_is_a_code_with_words_that_a_word_without_it_ends() -> None:
    high = event_code("spodes:quality:8")
    assert high is not None
    assert (high.text, high.kind, high.ended_by) == (
        "Voltage more than 10 % above the agreed",
        EventKind.VOLTAGE_OUT_OF_LIMITS,
        0,
    )
    assert {one.number for one in QUALITY_CODES.values()} == {1, 8, 16, 32, 64, 128}
    assert QUALITY_CODES[16].kind is EventKind.OTHER
