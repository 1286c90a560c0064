"""What a session keeps of its exchanges, in little room."""

from datetime import UTC, datetime, timedelta

from kilovatt.measure.metering.sessions import Exchange
from kilovatt.wire.headend.evidence import Evidence
from kilovatt.wire.protocols.framing.connection import Outgoing

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def noted() -> Evidence:
    evidence = Evidence()
    evidence.note(1, Outgoing(b"\x07\x01secret\x99\x88", ((2, 8),)), b"\x07\x00", AT, took_s=0.0416, tries=1)
    evidence.note(2, Outgoing(b"\x07\x05"), b"", AT + timedelta(seconds=1), took_s=0.0, tries=3)
    evidence.note(9, Outgoing(b"\x07\x08\x00"), bytes(70_000), AT + timedelta(seconds=2), took_s=61.5, tries=2)
    return evidence


def test_exchanges_are_kept_as_they_stood_on_the_wire_and_secrets_are_masked() -> None:
    first, second, ninth = noted().kept({1, 2, 9})
    assert first == Exchange(
        number=1, request=b"\x07\x01******\x99\x88", answer=b"\x07\x00", sent_at=AT, took_ms=42, tries=1
    )
    assert (second.request, second.answer, second.tries) == (b"\x07\x05", b"", 3)
    assert (ninth.number, ninth.answer, ninth.took_ms) == (9, bytes(70_000), 61_500)


def test_only_those_that_are_wanted_are_kept_in_order() -> None:
    assert [exchange.number for exchange in noted().kept({9, 1, 4})] == [1, 9]
    assert noted().kept(()) == []


def test_a_secret_is_nowhere_in_what_is_held() -> None:
    assert b"secret" not in noted()._frames
