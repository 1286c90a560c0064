"""Every way to have no data has its words: a name, what it means, and what to do first."""

import gettext
from pathlib import Path

import pytest

from kilovatt.measure.metering.outcomes import Condition, Outcome, SessionPart
from kilovatt.office.pages.outcomes import ADVICE, PARTS, reason_of

REASONS = [*Outcome, *Condition]


def test_no_outcome_is_without_words_and_no_words_are_without_an_outcome() -> None:
    assert set(ADVICE) == set(REASONS)
    assert set(PARTS) == set(SessionPart)


@pytest.mark.parametrize("reason", REASONS)
def test_the_words_are_a_name_and_whole_sentences(reason: Outcome | Condition) -> None:
    advice = ADVICE[reason]
    assert advice.name
    assert not advice.name.endswith(".")
    assert advice.means.endswith(".")
    assert advice.first.endswith(".")


def test_no_two_reasons_are_told_by_the_same_words() -> None:
    assert len({advice.name for advice in ADVICE.values()}) == len(REASONS)
    assert len({advice.means for advice in ADVICE.values()}) == len(REASONS)


@pytest.mark.parametrize("reason", REASONS)
def test_the_words_are_russian_for_a_russian_reader(repository: Path, reason: Outcome | Condition) -> None:
    russian = gettext.translation("django", repository / "src/kilovatt/locale", ["ru"]).gettext
    advice = ADVICE[reason]
    for text in (advice.name, advice.means, advice.first):
        assert russian(text) != text


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_is_known_by_its_stable_name(reason: Outcome | Condition) -> None:
    assert reason_of(reason.value) is reason


def test_an_unknown_name_is_no_reason() -> None:
    with pytest.raises(ValueError, match="sunspots"):
        reason_of("sunspots")
