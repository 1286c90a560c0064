"""Frames in turn, in any language that is spoken here."""

import pytest

from kilovatt.wire.explain import PROTOCOLS, ExplainedField, UnknownProtocolError, explain
from kilovatt.wire.explain.words import WORDS

V1 = ("00 06 47 5E 63 EC D4", "00 06 47 5E 63 23 58 02 64 00 05 88 45 C6")
NZIF = ("53 08 00 86 11", "53 2F FE 19 57 17 05 18 70 D6")
CE = (
    "C0 48 66 B7 FD 00 31 DE 0B 00 D0 01 20 90 C0",
    "C0 48 FD 00 66 B7 57 01 20 19 21 23 02 19 07 22 1A C0",
)
V2 = ("80 04 00 72 E8", "80 43 14 16 03 27 02 08 01 50 90")


def frames(*texts: str) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


def test_requests_and_answers_come_in_turn() -> None:
    first, second = explain("mercury-v2", frames(*V2, "80 02 E1 B1", "80 00 60 70"))
    assert [it.code if it else None for it in (first.answer, second.answer)] == ["read_clock", "close_channel"]


def test_a_request_without_an_answer_stands_alone() -> None:
    (alone,) = explain("mercury-v2", frames(V2[0]))
    assert alone.answer is None
    silent, answered = explain("mercury-v2", [*frames(V2[0]), b"", *frames(*V2)])
    assert silent.answer is None
    assert answered.answer is not None


def test_each_language_explains_its_own() -> None:
    (v1,) = explain("mercury-v1", frames(*V1))
    assert v1.answer is not None
    assert v1.answer.code == "read_phase_values"


def test_an_unknown_language_is_named() -> None:
    with pytest.raises(UnknownProtocolError, match=r"mercury-v1, mercury-v2, nzif, .*: got 'morse'"):
        explain("morse", frames(*V2))


@pytest.mark.parametrize(
    ("protocol", "told"), [("mercury-v1", V1), ("mercury-v2", V2), ("nzif", NZIF), ("energomera", CE)]
)
def test_every_language_has_words(protocol: str, told: tuple[str, str]) -> None:
    words = WORDS[protocol]
    (exchange,) = explain(protocol, frames(*told))
    assert exchange.answer is not None
    assert words.frame(exchange.answer)
    assert all(words.field(field) for field in exchange.answer.fields)
    assert words.problem(exchange.answer) is None
    (damaged,) = explain(protocol, frames(told[0], told[1][:-5] + "00" + told[1][-3:]))
    assert damaged.answer is not None
    assert words.problem(damaged.answer) == "The checksum does not fit"


def test_the_languages_with_words_are_those_that_are_explained() -> None:
    assert set(WORDS) == set(PROTOCOLS)
    assert WORDS["mercury-v2"].field(ExplainedField(start=0, end=1, code="address", value=1)) == "Address of the meter"
