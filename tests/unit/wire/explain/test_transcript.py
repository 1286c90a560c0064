"""Transcripts as text: what is written is read again, and what is none is refused with its line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.explain.transcript import (
    TEXT_CHARACTERS_MAX,
    Burst,
    Transcript,
    TranscriptError,
    TranscriptHead,
    burst_text,
    head_text,
    is_transcript,
    octets_of,
    parse_transcript,
    remark_text,
    transcript_text,
)

HEAD = TranscriptHead(
    language="iec62056-21",
    model="energomera-ce102m",
    zone="Europe/Moscow",
    began_at=datetime(2026, 11, 24, 6, 0, tzinfo=UTC),
    by="kilovatt 0.1.0",
)
TEXT = """\
kilovatt transcript 1
# What stands behind a hash is a remark.
language: iec62056-21
model: energomera-ce102m
zone: Europe/Moscow
began: 2026-11-24T06:00:00Z
by: kilovatt 0.1.0

> 0.000 2F 3F 21 0D 0A
< 0.041 2F 45 4B 54
        35 0D 0A
> 0.043 01 50 31 02 28 ** ** ** **
end
"""
CALL = Burst(at_ms=0, came=False, octets=tuple(b"/?!\r\n"))
SAID = Burst(at_ms=41, came=True, octets=tuple(b"/EKT5\r\n"))
PASSWORD = Burst(at_ms=43, came=False, octets=(0x01, 0x50, 0x31, 0x02, 0x28, None, None, None, None))

one_line = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=20)
heads = st.builds(
    TranscriptHead,
    language=one_line,
    model=one_line,
    zone=one_line,
    began_at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(
        lambda at: at.replace(microsecond=0, tzinfo=UTC)
    ),
    by=one_line,
)
octets = st.lists(st.none() | st.integers(0, 255), min_size=1, max_size=100).map(tuple)
bursts = st.lists(st.tuples(st.integers(0, 10**9), st.booleans(), octets), max_size=8).map(
    lambda made: tuple(
        Burst(at_ms=at_ms, came=came, octets=of) for at_ms, came, of in sorted(made, key=lambda it: it[0])
    )
)


@given(heads, bursts, st.booleans())
def test_what_is_written_is_read_again(head: TranscriptHead, said: tuple[Burst, ...], finished: bool) -> None:
    transcript = Transcript(head, said, finished)
    text = transcript_text(transcript)
    assert parse_transcript(text) == transcript
    # As mail programs and other systems give it back.
    assert parse_transcript(text.replace("\n", "\r\n")) == transcript
    assert is_transcript(text)


def test_a_transcript_is_read_by_people_and_programs() -> None:
    transcript = parse_transcript(TEXT)
    assert transcript == Transcript(HEAD, (CALL, SAID, PASSWORD))
    assert parse_transcript(TEXT.replace("0D 0A", "0d 0a")) == transcript
    assert parse_transcript(TEXT.removesuffix("\n")) == transcript
    packed = TEXT.replace("2F 3F 21 0D 0A", "2F3F21 0D0A").replace("> 0.000", ">   0")
    assert parse_transcript(packed) == transcript


def test_a_long_burst_goes_on_in_the_next_line() -> None:
    text = burst_text(Burst(at_ms=12_345, came=True, octets=tuple(range(40))))
    first, second = text.splitlines()
    assert first.startswith("< 12.345 00 01 02")
    assert second == "         20 21 22 23 24 25 26 27"


def test_remarks_say_nothing_to_programs() -> None:
    assert remark_text("one\ntwo") == "# one\n# two\n"
    text = head_text(HEAD, ("one",)) + burst_text(CALL) + remark_text("the line was lost") + burst_text(SAID)
    assert parse_transcript(text) == Transcript(HEAD, (CALL, SAID), finished=False)


def test_a_session_that_was_cut_off_is_a_transcript_all_the_same() -> None:
    cut = parse_transcript(TEXT.removesuffix("end\n"))
    assert cut == Transcript(HEAD, (CALL, SAID, PASSWORD), finished=False)
    assert parse_transcript(head_text(HEAD)) == Transcript(HEAD, (), finished=False)


def test_requests_stand_with_what_came_after_them() -> None:
    unasked = Burst(at_ms=0, came=True, octets=(1,))
    exchanges = Transcript(HEAD, (unasked, CALL, SAID, SAID, PASSWORD)).exchanges()
    assert [one.request for one in exchanges] == [None, CALL, PASSWORD]
    assert [one.answer for one in exchanges] == [b"\x01", b"/EKT5\r\n/EKT5\r\n", None]
    assert PASSWORD.masked == b"\x01P1\x02(****"


def test_spans_are_hidden() -> None:
    assert octets_of(b"abcd", ((1, 3),)) == (0x61, None, None, 0x64)
    assert octets_of(b"abcd", ((3, 9),)) == (0x61, 0x62, 0x63, None)
    assert octets_of(b"abcd") == tuple(b"abcd")


@pytest.mark.parametrize(
    ("was", "becomes", "line", "reason"),
    [
        ("kilovatt transcript 1", "some other file", 1, "begins with the line"),
        ("kilovatt transcript 1", "kilovatt transcript 2", 1, "version 2, and this Kilovatt reads version 1"),
        ("model: ", "models: ", 4, "“model: …” is wanted"),
        ("zone: Europe/Moscow", "zone:", 5, "“zone: …” is wanted"),
        ("zone: Europe/Moscow\n", "", 5, "“zone: …” is wanted"),
        ("2026-11-24T06:00:00Z", "2026-11-24", 7, "says what cannot be"),
        ("2026-11-24T06:00:00Z", "2026-11-31T06:00:00Z", 7, "says what cannot be"),
        ("0.041 2F", "0.041 2", 10, "a byte is two hex digits"),
        ("2F 45", "2G 45", 10, "a byte is two hex digits"),
        ("35 0D", "*5 0D", 11, "a byte is two hex digits"),
        ("> 0.043", "> 0.040", 12, "the time goes back, from 0.041 s to 0.04 s"),
        ("> 0.043", "= 0.043", 12, "a line is"),
        ("> 0.043", "> now", 12, "a line is"),
        (" 01 50 31 02 28 ** ** ** **", "", 12, "a line is"),
        ("end\n", "end\n> 1.000 00\n", 14, "after the end"),
        (" ** **\nend\n", " ** *", 12, "cut off within this line"),
        ("> 0.000 2F", "  2F", 9, "a line is"),
    ],
)
def test_what_is_no_transcript_is_refused_with_its_line(was: str, becomes: str, line: int, reason: str) -> None:
    assert was in TEXT
    with pytest.raises(TranscriptError, match=reason) as refused:
        parse_transcript(TEXT.replace(was, becomes, 1))
    assert refused.value.line == line
    assert str(refused.value) == refused.value.sentence % refused.value.values


def parsed(text: str) -> Transcript | None:
    """Return what a text says; None where it is refused with a line. Nothing else may be raised."""
    try:
        return parse_transcript(text)
    except TranscriptError:
        return None


@given(st.integers(0, len(TEXT) - 1))
def test_a_file_that_is_cut_anywhere_is_read_up_to_there_or_refused(cut: int) -> None:
    said = parsed(TEXT[:cut])
    if said is not None:
        whole = (CALL, SAID, PASSWORD)
        assert said.bursts[:-1] == whole[: max(0, len(said.bursts) - 1)]


@given(st.text(max_size=200) | st.text(max_size=60).map(lambda text: TEXT.replace("end\n", text)))
def test_whatever_a_file_holds_nothing_but_a_reason_is_raised(text: str) -> None:
    said = parsed(text)
    assert said is None or said.head == HEAD


def test_a_text_of_any_length_is_not_read() -> None:
    with pytest.raises(TranscriptError, match="too long"):
        parse_transcript(" " * (TEXT_CHARACTERS_MAX + 1))


def test_what_could_not_be_read_again_is_not_made() -> None:
    for wrong in (
        {"language": ""},
        {"model": " a"},
        {"zone": "a\nb"},
        {"began_at": datetime(2026, 1, 1)},
        {"began_at": datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)},
    ):
        with pytest.raises(ValueError, match=r"a head is of|whole second"):
            replace(HEAD, **wrong)
    for at_ms, of in ((-1, (1,)), (10**10, (1,)), (0, ())):
        with pytest.raises(ValueError, match="a burst has bytes"):
            Burst(at_ms=at_ms, came=True, octets=of)


def test_the_beginning_is_written_in_utc() -> None:
    eastern = replace(HEAD, began_at=HEAD.began_at.astimezone(timezone(timedelta(hours=3))))
    assert head_text(eastern) == head_text(HEAD)
