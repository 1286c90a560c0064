"""Datagrams are spaced so that no number of a question is used again while an answer to it may come."""

import random
from itertools import pairwise

import pytest

from kilovatt.wire.headend.udp import NUMBERS, Spacing

WITHIN_S = 2.5


def asked(spacing: Spacing, now: float) -> float:
    at = spacing.next_at(now)
    spacing.sent(at)
    return at


def test_a_meter_near_by_is_asked_almost_as_fast_as_it_answers() -> None:
    spacing, now = Spacing(WITHIN_S), 100.0
    for _ in range(64):
        now = asked(spacing, now) + 0.002
        spacing.heard(now)
    # 64 questions of 2 ms, and 50 ms for each sixteen of them: without spacing it were 0.13 s, with an even one 10 s.
    assert 0.128 < now - 100.0 < 0.3


def test_a_meter_far_away_is_asked_without_any_wait() -> None:
    spacing, now = Spacing(WITHIN_S), 100.0
    for _ in range(64):
        assert asked(spacing, now) == now
        now += 0.6
        spacing.heard(now)


def test_where_nothing_is_answered_no_more_than_there_are_numbers_go_while_an_answer_may_come() -> None:
    spacing = Spacing(WITHIN_S)
    times = [asked(spacing, 0.0)]
    while len(times) < 64:
        times.append(asked(spacing, times[-1]))
    for earlier, later in zip(times, times[NUMBERS:], strict=False):
        assert later - earlier == pytest.approx(WITHIN_S)
    # Spread, not held up: no wait is as long as an answer is waited for.
    assert max(later - earlier for earlier, later in pairwise(times)) < WITHIN_S / 5


@pytest.mark.parametrize("seed", range(20))
def test_a_number_is_free_when_it_is_used_again(seed: int) -> None:
    dice = random.Random(seed)
    spacing, now = Spacing(WITHIN_S), 0.0
    sent: list[tuple[float, float]] = []
    for _ in range(200):
        at = asked(spacing, now)
        assert at - now < WITHIN_S / 5
        took_s = dice.choice((0.002, 0.05, 0.6))
        is_lost = dice.random() < 0.1
        sent.append((at, at + WITHIN_S if is_lost else at + took_s))
        now = at + (1.0 if is_lost else took_s)
        if not is_lost:
            spacing.heard(now)
    for (_, earlier_until), (later, _) in zip(sent, sent[NUMBERS:], strict=False):
        assert later >= earlier_until - 1e-9


def test_while_two_questions_are_open_what_comes_shortens_neither() -> None:
    spacing = Spacing(WITHIN_S)
    asked(spacing, 0.0)
    asked(spacing, 1.0)
    spacing.heard(1.001)
    now = 1.001
    for _ in range(NUMBERS - 2):
        now = asked(spacing, now)
        spacing.heard(now)
    assert asked(spacing, now) >= WITHIN_S
    assert asked(spacing, now) >= 1.0 + WITHIN_S
