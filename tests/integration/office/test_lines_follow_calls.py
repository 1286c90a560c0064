"""A line moves to the process that its modem calls: at once, bounded, and not for a stranger's word."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kilovatt.office.operations.lines import leases, line_leases
from kilovatt.office.operations.lines.call_leases import MOVES_MAX, MOVES_WITHIN, CallRefusal, follow_call, note_call
from kilovatt.office.operations.lines.leases import FencedOffError
from kilovatt.office.operations.lines.line_leases import HeldLine
from kilovatt.office.records.models import Line, Organisation, Work
from on_record import NOW

HERE, THERE = "host 1", "host 2"


@pytest.fixture
def line(association: Organisation) -> Line:
    line = association.lines.get()
    Line.objects.filter(pk=line.pk).update(url="callin://861234567890123?listen=127.0.0.1:5009&shared=yes")
    return line


def taken(line: Line) -> HeldLine:
    (held,) = line_leases.take_lines(now=NOW, at_most=9, holder=HERE)
    assert held.line_id == line.pk
    return held


def followed(line: Line, *, seconds: float = 1, proof: str = "", holder: str = THERE) -> HeldLine | CallRefusal:
    return follow_call(line.pk, proof=proof, holder=holder, now=NOW + timedelta(seconds=seconds))


def test_whoever_held_the_line_is_fenced_off_and_finds_out_when_it_extends_its_lease(line: Line) -> None:
    before = taken(line)
    after = followed(line)
    assert isinstance(after, HeldLine)
    assert Work.objects.get(kind="line").payload["holder"] == THERE
    with pytest.raises(FencedOffError):
        leases.check(before.lease)
    assert line_leases.extend([before, after], now=NOW + timedelta(seconds=2)) == [before]
    # It does not come back by itself.
    assert line_leases.take_lines(now=NOW + timedelta(seconds=3), at_most=9, holder=HERE) == []


def test_a_line_that_nobody_holds_or_held_too_long_ago_follows_too(line: Line) -> None:
    first = followed(line)
    assert isinstance(first, HeldLine)
    later = line_leases.lease_length().total_seconds() * 2
    assert isinstance(followed(line, seconds=later, proof="another"), HeldLine)


def test_a_line_does_not_follow_a_caller_with_another_password_than_the_one_that_is_connected(line: Line) -> None:
    held = taken(line)
    note_call(held, "true")
    assert followed(line, proof="false") is CallRefusal.ANOTHER_PASSWORD
    assert followed(line, proof="") is CallRefusal.ANOTHER_PASSWORD
    leases.check(held.lease)
    moved = followed(line, proof="true")
    assert isinstance(moved, HeldLine)
    assert followed(line, proof="false", holder=HERE) is CallRefusal.ANOTHER_PASSWORD
    # Once it has hung up, the newest call is the modem's.
    note_call(moved, None)
    assert isinstance(followed(line, proof="false", holder=HERE), HeldLine)
    note_call(held, "stale")
    assert Work.objects.get(kind="line").payload["proof"] == "false"


def test_two_callers_that_take_a_line_from_each_other_are_stopped(line: Line) -> None:
    taken(line)
    each = 0.5
    for number in range(MOVES_MAX):
        assert isinstance(followed(line, seconds=each * number, holder=(HERE, THERE)[number % 2]), HeldLine)
    assert followed(line, seconds=each * MOVES_MAX) is CallRefusal.CONTESTED
    assert isinstance(followed(line, seconds=MOVES_WITHIN.total_seconds() + 0.1), HeldLine)


def test_a_held_line_knows_its_address_as_it_is_now(line: Line) -> None:
    moved = followed(line)
    assert isinstance(moved, HeldLine)
    found = Line.objects.get(pk=line.pk)
    assert moved == replace(moved, url=found.url, answer_timeout_ms=found.answer_timeout_ms, quiet_ms=found.quiet_ms)
    with pytest.raises(Line.DoesNotExist):
        follow_call(line.pk + 99, proof="", holder=HERE, now=NOW)
