"""Doubts are told one by one, but days of which nothing is known as one span."""

from datetime import date, timedelta

from django.utils import translation

from kilovatt.measure.vee import Rule
from kilovatt.office.console.sentences import doubt_sentences
from kilovatt.office.operations.standing.meter_file import Doubt

NEWEST = date(2026, 11, 23)


def gap(days_ago: int, missing: int = 48) -> Doubt:
    figures = {"missing_slots": missing, "slots_of_day": 48, "step_s": 1800}
    return Doubt(rule=Rule.GAP, day_on=NEWEST - timedelta(days=days_ago), slot=0, figures=figures)


def said(*doubts: Doubt, language: str = "en") -> list[str]:
    with translation.override(language):
        return [sentence.replace("\u00a0", " ") for sentence in doubt_sentences(doubts)]


def test_empty_days_that_follow_one_another_are_one_span() -> None:
    assert said(gap(0), gap(1), gap(2)) == ["21 Nov 2026 to 23 Nov 2026: nothing is known of 3 days."]


def test_a_day_in_between_splits_the_span() -> None:
    assert said(gap(0), gap(1), gap(3)) == [
        "22 Nov 2026 to 23 Nov 2026: nothing is known of 2 days.",
        "20 Nov 2026: 48 of 48 intervals are missing.",
    ]


def test_a_day_with_holes_is_told_by_itself() -> None:
    assert said(gap(0, missing=12), gap(1)) == [
        "23 Nov 2026: 12 of 48 intervals are missing.",
        "22 Nov 2026: 48 of 48 intervals are missing.",
    ]


def test_it_is_told_in_russian_too() -> None:
    assert said(gap(0), gap(1), language="ru") == ["С 22.11.2026 по 23.11.2026: о 2 днях ничего не известно."]
