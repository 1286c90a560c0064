"""What a push tells, as events: by codes, by flags that are new, or that nothing could be believed."""

from datetime import UTC, datetime, timedelta

import pytest

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.pushes import MeterPush, PushedEvents, PushTrouble, ToldCode, events_of_push
from kilovatt.measure.metering.spodes.event_code import Journal
from kilovatt.measure.metering.spodes.vocabulary import PUSH_CODES, PUSH_FLAGS, event_code

HEARD_AT = datetime(2026, 11, 24, 9, 0, 0, 250_000, tzinfo=UTC)
AT = datetime(2026, 11, 24, 8, 59, 40, tzinfo=UTC)


def told(
    *codes: ToldCode, at: datetime | None = AT, flags: int | None = None, before: int = 0
) -> tuple[list[tuple[EventKind, str, str]], PushedEvents]:
    push = MeterPush(heard_at=HEARD_AT, wire=b"", at=at, codes=codes, flags=flags)
    found = events_of_push(push, flags_before=before)
    return [(event.kind, event.code, event.detail) for event in found.events], found


def test_every_flag_is_a_code_that_has_words() -> None:
    assert len(PUSH_CODES) == len(PUSH_FLAGS)
    assert all(event_code(one.key) is one for one in PUSH_CODES)


@pytest.mark.parametrize(
    ("bit", "kind", "code", "detail"),
    [
        (0, EventKind.METER_FAULT, "spodes:push:0", ""),
        (1, EventKind.POWER_OFF, "spodes:switching:1", ""),
        (6, EventKind.POWER_LIMIT_EXCEEDED, "spodes:push:6", ""),
        (10, EventKind.RELAY_OPENED, "spodes:switching:14", "cause=unbalance"),
        (12, EventKind.OTHER, "spodes:push:12", ""),
    ],
)
def test_a_flag_that_is_new_is_an_event_in_the_vocabulary_of_journals(
    bit: int, kind: EventKind, code: str, detail: str
) -> None:
    events, found = told(flags=1 << bit)
    assert events == [(kind, code, detail)]
    assert found.wants_details


def test_flags_that_were_up_and_bits_nobody_knows_are_none() -> None:
    events, found = told(flags=1 << 3 | 1 << 20, before=1 << 3)
    assert (events, found.wants_details) == ([], True)


def test_a_code_and_the_flag_that_says_the_same_are_one_event() -> None:
    cover = ToldCode(journal=Journal.EXTERNAL_INFLUENCE, number=3)
    events, found = told(cover, flags=1 << 4)
    assert events == [(EventKind.TERMINAL_COVER_OPENED, "spodes:external_influence:3", "")]
    assert not found.wants_details
    events, found = told(cover, flags=1 << 4 | 1 << 5)
    assert [code for _, code, _ in events] == ["spodes:external_influence:3", "spodes:external_influence:4"]
    assert found.wants_details
    # That of the maker's own is known by its kind.
    fault = ToldCode(journal=Journal.SELF_DIAGNOSTICS, number=11)
    assert told(fault, flags=1)[0] == [(EventKind.METER_FAULT, "spodes:self_diagnostics:11", "")]
    assert not told(cover)[1].wants_details


def test_an_end_is_told_by_itself_and_a_code_of_no_table_by_its_number() -> None:
    restored = ToldCode(journal=Journal.SWITCHING, number=2)
    assert told(restored)[0] == [(EventKind.OTHER, "spodes:switching:2", "")]
    assert told(ToldCode(journal=Journal.ACCESS, number=99))[0] == [(EventKind.OTHER, "spodes:access:99", "")]
    programmed = ToldCode(journal=Journal.PROGRAMMING, number=999)
    assert told(programmed)[0] == [(EventKind.REPROGRAMMED, "spodes:programming:999", "")]


def test_an_event_stands_at_the_meters_word_where_that_can_be() -> None:
    cover = ToldCode(journal=Journal.EXTERNAL_INFLUENCE, number=3)
    assert told(cover)[1].events[0].began_at == AT
    own = ToldCode(journal=Journal.EXTERNAL_INFLUENCE, number=3, at=AT - timedelta(minutes=30))
    assert told(own)[1].events[0].began_at == own.at
    silent = told(cover, at=None)[1].events[0]
    assert (silent.began_at, silent.detail) == (HEARD_AT.replace(microsecond=0), "")
    (wrong,) = told(cover, at=datetime(2000, 1, 1, tzinfo=UTC))[1].events
    assert (wrong.began_at, wrong.detail) == (silent.began_at, "its_clock=2000-01-01T00:00:00Z")


@pytest.mark.parametrize("trouble", list(PushTrouble))
def test_what_was_not_believed_is_told_as_that(trouble: PushTrouble) -> None:
    push = MeterPush(heard_at=HEARD_AT, wire=b"", flags=0xFF, trouble=trouble)
    found = events_of_push(push, flags_before=0)
    (event,) = found.events
    is_unknown = trouble is PushTrouble.NOT_UNDERSTOOD
    assert event.kind is (EventKind.UNKNOWN_PUSH if is_unknown else EventKind.SEALED_PUSH)
    assert (event.code, event.detail) == (f"push:{trouble.value}", f"because={trouble.value}")
    assert not found.wants_details
