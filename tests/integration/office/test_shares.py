"""Head-end processes share the lines: who comes later gets its part, and who goes leaves it to the others."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.office.operations.lines import line_leases, shares
from kilovatt.office.operations.lines.line_leases import lease_length
from kilovatt.office.operations.lines.shares import even_share
from kilovatt.office.records.models import Line, Organisation, Work
from on_record import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def five_lines(association: Organisation) -> list[Line]:
    for number in range(5 - association.lines.count()):
        association.lines.create(name=f"line {number}", url=f"tcp://10.0.0.{number + 7}:4001")
    lines = list(association.lines.all())
    Work.objects.bulk_create(Work(kind=line_leases.KIND, key=str(line.pk), due_at=NOW) for line in lines)
    return lines


@pytest.mark.usefixtures("five_lines")
def test_a_process_alone_holds_all_and_with_another_no_more_than_half_rounded_up() -> None:
    shares.be_there("one 1", lines_max=1_000, now=NOW)
    assert shares.share_of("one 1", now=NOW) == 5
    shares.be_there("two 2", lines_max=1_000, now=NOW)
    assert [shares.share_of(holder, now=NOW) for holder in ("one 1", "two 2")] == [3, 3]


@pytest.mark.usefixtures("five_lines")
def test_what_a_small_process_cannot_hold_is_the_share_of_the_others() -> None:
    shares.be_there("small 1", lines_max=1, now=NOW)
    shares.be_there("large 2", lines_max=1_000, now=NOW)
    assert [shares.share_of(holder, now=NOW) for holder in ("small 1", "large 2")] == [1, 4]


@pytest.mark.usefixtures("five_lines")
def test_the_share_of_one_that_fell_silent_is_free_as_soon_as_its_lines_are() -> None:
    shares.be_there("dead 1", lines_max=1_000, now=NOW)
    line_leases.take_lines(now=NOW, at_most=2, holder="dead 1")
    later = NOW + lease_length() + timedelta(seconds=1)
    shares.be_there("one 2", lines_max=1_000, now=NOW)
    shares.be_there("one 2", lines_max=1_000, now=later)
    assert shares.share_of("one 2", now=later) == 5
    assert len(line_leases.take_lines(now=later, at_most=5, holder="one 2")) == 5
    assert list(Work.objects.filter(kind=shares.KIND).values_list("key", flat=True)) == ["one 2"]


@pytest.mark.usefixtures("five_lines")
def test_one_that_leaves_leaves_its_share_at_once() -> None:
    for holder in ("one 1", "two 2"):
        shares.be_there(holder, lines_max=1_000, now=NOW)
    shares.be_gone("two 2")
    assert shares.share_of("one 1", now=NOW) == 5
    assert shares.share_of("two 2", now=NOW) == 0


def test_a_new_line_with_a_meter_is_counted_before_anybody_has_taken_it(association: Organisation) -> None:
    shares.be_there("one 1", lines_max=1_000, now=NOW)
    assert shares.share_of("one 1", now=NOW) == association.lines.filter(meters__isnull=False).distinct().count() == 1


@given(lines=st.integers(0, 10_000), limits=st.lists(st.integers(1, 3_000), min_size=1, max_size=9))
def test_shares_leave_no_line_over_and_none_more_than_another_that_could_hold_more(
    lines: int, limits: list[int]
) -> None:
    each = even_share(lines, limits)
    held = [min(limit, each) for limit in limits]
    assert sum(held) >= min(lines, sum(limits))
    # One less for each would not do.
    assert each == 0 or sum(min(limit, each - 1) for limit in limits) < min(lines, sum(limits))
