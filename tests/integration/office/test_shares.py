"""Head-end processes share the lines: who comes later gets its part, and who goes leaves it to the others."""

from datetime import datetime, timedelta

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


def there(holder: str, *, lines_max: int = 1_000) -> None:
    """A process that has been there for a while."""
    for at in (NOW - lease_length() / 2, NOW):
        shares.be_there(holder, lines_max=lines_max, now=at)


def share(holder: str, *, lines_max: int = 1_000, now: datetime = NOW) -> int:
    return shares.share_of(holder, lines_max=lines_max, now=now)


@pytest.mark.usefixtures("five_lines")
def test_a_process_alone_holds_all_and_with_another_no_more_than_half_rounded_up() -> None:
    there("one 1")
    assert share("one 1") == 5
    there("two 2")
    assert [share("one 1"), share("two 2")] == [3, 3]


@pytest.mark.usefixtures("five_lines")
def test_what_a_small_process_cannot_hold_is_the_share_of_the_others() -> None:
    there("small 1", lines_max=1)
    there("large 2")
    assert [share("small 1", lines_max=1), share("large 2")] == [1, 4]


@pytest.mark.usefixtures("five_lines")
def test_one_that_has_said_once_that_it_is_there_takes_no_share_from_others_yet() -> None:
    there("one 1")
    # Killed before it could say so again, ten times over.
    for number in range(10):
        shares.be_there(f"killed {number}", lines_max=1_000, now=NOW)
    assert share("one 1") == 5
    # It knows of itself, and leaves the others theirs.
    assert share("killed 0") == 3


@pytest.mark.usefixtures("five_lines")
def test_the_share_of_one_that_fell_silent_is_free_as_soon_as_its_lines_are() -> None:
    there("dead 1")
    there("one 2")
    line_leases.take_lines(now=NOW, at_most=2, holder="dead 1")
    later = NOW + lease_length() + timedelta(seconds=1)
    shares.be_there("one 2", lines_max=1_000, now=later)
    assert share("one 2", now=later) == 5
    assert len(line_leases.take_lines(now=later, at_most=5, holder="one 2")) == 5
    assert list(Work.objects.filter(kind=shares.KIND).values_list("key", flat=True)) == ["one 2"]


@pytest.mark.usefixtures("five_lines")
def test_one_that_leaves_leaves_its_share_at_once() -> None:
    there("one 1")
    there("two 2")
    shares.be_gone("two 2")
    assert share("one 1") == 5


def test_a_new_line_with_a_meter_is_counted_once_it_is_entered(association: Organisation) -> None:
    assert share("one 1") == 0
    line_leases.enter_new_lines(NOW)
    assert share("one 1") == association.lines.filter(meters__isnull=False).distinct().count() == 1


@given(lines=st.integers(0, 10_000), limits=st.lists(st.integers(1, 3_000), min_size=1, max_size=9))
def test_shares_leave_no_line_over_and_none_more_than_another_that_could_hold_more(
    lines: int, limits: list[int]
) -> None:
    each = even_share(lines, limits)
    held = [min(limit, each) for limit in limits]
    assert sum(held) >= min(lines, sum(limits))
    # One less for each would not do.
    assert each == 0 or sum(min(limit, each - 1) for limit in limits) < min(lines, sum(limits))
