"""A search over a line: who may have it, that one process does it, and that what was found outlives the process."""

from datetime import timedelta
from uuid import uuid4

import pytest

from kilovatt.measure.metering.scans import ScanState, ScanWishes
from kilovatt.office.operations.lines import leases, line_leases
from kilovatt.office.operations.lines.leases import Lease
from kilovatt.office.operations.reading import scans
from kilovatt.office.operations.reading.scans import ScanRefusedError, ScanTold
from kilovatt.office.operations.registration import (
    OrganisationFacts,
    register_line,
    register_operator,
    register_organisation,
)
from kilovatt.office.records.models import Line, LineScan, Organisation, User, Work
from on_record import NOW


@pytest.fixture
def line(association: Organisation) -> Line:
    return Line.objects.get()


@pytest.fixture
def operator(association: Organisation) -> User:
    return register_operator(association, username="operator", password="op-33333-x")


@pytest.fixture
def stranger(db: None) -> User:
    elsewhere = register_organisation(OrganisationFacts(code="vasilek", name="СНТ «Василёк»", kind="association"))
    return register_operator(elsewhere, username="stranger", password="st-44444-x")


def wished(line: Line, operator: User, **wishes: object) -> LineScan:
    return scans.wish(line, ScanWishes(**wishes), by=operator, now=NOW)  # type: ignore[arg-type]  # named as fields


def held(line: Line, holder: str = "one") -> Lease:
    taken = line_leases.take_lines(now=NOW, at_most=1, holder=holder)
    return taken[0].lease


def told(state: ScanState = ScanState.RUNNING, **shown: object) -> ScanTold:
    return ScanTold(shown=shown, journal={"signs": [["silence", 3]]}, progress={"done": 3}, state=state)


def test_a_search_is_work_of_its_line_until_somebody_holds_it(line: Line, operator: User) -> None:
    scan = wished(line, operator, ways=("short",), addresses="1-3")
    assert (scan.state, scan.asked_by) == (ScanState.WANTED, operator)
    lease = held(line)
    (claimed,) = scans.claim({line.pk: lease.fence}, now=NOW, at_most=8)
    assert claimed.wishes == ScanWishes(ways=("short",), addresses="1-3")
    assert scans.claim({line.pk: lease.fence}, now=NOW, at_most=8) == []
    assert scans.note(scan.pk, told(found=[{"serial": "41000001"}]), lease=lease, now=NOW)
    scan.refresh_from_db()
    assert (scan.state, scan.found, scan.progress) == (ScanState.RUNNING, [{"serial": "41000001"}], {"done": 3})
    assert not scans.note(scan.pk, told(ScanState.OVER, verdict="found"), lease=lease, now=NOW)
    scan.refresh_from_db()
    assert (scan.state, scan.verdict, scan.over_at) == (ScanState.OVER, "found", NOW)


def test_a_line_without_meters_is_held_as_soon_as_it_is_to_be_searched(
    association: Organisation, operator: User
) -> None:
    Work.objects.all().delete()
    new = register_line(association, name="новая", url="tcp://127.0.0.1:4002", answer_timeout_ms=1000, quiet_ms=100)
    assert new.pk not in {one.line_id for one in line_leases.take_lines(now=NOW, at_most=9)}
    wished(new, operator)
    assert new.pk in {one.line_id for one in line_leases.take_lines(now=NOW, at_most=9)}


def test_the_next_holder_goes_on_from_what_a_dead_process_has_told(line: Line, operator: User) -> None:
    scan = wished(line, operator)
    lease = held(line)
    scans.claim({line.pk: lease.fence}, now=NOW, at_most=8)
    scans.note(scan.pk, told(), lease=lease, now=NOW)
    later = NOW + timedelta(minutes=2)
    after = leases.take("line", str(line.pk), now=later, length=timedelta(minutes=1))
    assert after is not None
    (claimed,) = scans.claim({line.pk: after.fence}, now=later, at_most=8)
    assert claimed.journal == {"signs": [["silence", 3]]}
    # Who was taken for dead, and is not, tells nothing any more.
    assert not scans.note(scan.pk, told(ScanState.OVER), lease=lease, now=later)
    scan.refresh_from_db()
    assert (scan.state, scan.takeovers) == (ScanState.RUNNING, 1)


def test_a_search_that_is_stopped_keeps_what_was_found(line: Line, operator: User) -> None:
    scan = wished(line, operator)
    lease = held(line)
    scans.claim({line.pk: lease.fence}, now=NOW, at_most=8)
    assert scans.stop(scan, by=operator, now=NOW)
    assert not scans.note(scan.pk, told(found=[{"serial": "7"}]), lease=lease, now=NOW)
    scan.refresh_from_db()
    assert (scan.state, scan.stopped_by, scan.found) == (ScanState.STOPPED, operator, [{"serial": "7"}])
    assert not scans.stop(scan, by=operator, now=NOW)


def test_a_line_is_searched_once_at_a_time_and_a_form_sent_twice_counts_once(line: Line, operator: User) -> None:
    number = uuid4()
    first = scans.wish(line, ScanWishes(), by=operator, now=NOW, scan_id=number)
    assert scans.wish(line, ScanWishes(), by=operator, now=NOW, scan_id=number) == first
    with pytest.raises(ScanRefusedError, match="being searched already"):
        wished(line, operator)


def test_anothers_line_is_nobodys_to_search(line: Line, operator: User, stranger: User) -> None:
    scan = wished(line, operator)
    with pytest.raises(ScanRefusedError, match="Only an operator"):
        wished(line, stranger)
    assert scans.scan_of(stranger, scan.pk) is None
    assert scans.scan_of(operator, scan.pk) == scan


def test_what_would_take_for_ever_is_refused_before_it_is_planned(line: Line, operator: User) -> None:
    with pytest.raises(ScanRefusedError, match="at most 5000"):
        wished(line, operator, addresses="1-9000")
    Line.objects.update(url="udp://127.0.0.1:4059")
    by_datagrams = Line.objects.get()
    with pytest.raises(ScanRefusedError, match="Nothing of that"):
        wished(by_datagrams, operator, ways=("short",))


def test_the_speeds_of_a_port_can_be_chosen_and_a_gateway_keeps_its_own(line: Line) -> None:
    assert scans.foresee(line, ScanWishes()).speeds == ()
    Line.objects.update(url="serial:///dev/ttyUSB0?baud=2400&format=8N1")
    port = Line.objects.get()
    alone = scans.foresee(port, ScanWishes(ways=("short",)))
    assert alone.own_speed == "2400 8N1"
    assert alone.speeds[:2] == ("2400 8N1", "9600 8N1")
    both = scans.foresee(port, ScanWishes(ways=("short",), speeds=("2400 8N1", "9600 8N1")))
    assert (alone.questions, both.questions) == (1, 2)
    walked = scans.foresee(port, ScanWishes(ways=("short",), addresses="1-100"))
    assert walked.questions == 101
    # The line on record is waited for a second, of which a search takes three fifths.
    assert 60 <= walked.seconds <= 70


def test_what_a_meter_says_is_kept_without_what_a_database_refuses(line: Line, operator: User) -> None:
    scan = wished(line, operator)
    lease = held(line)
    scans.claim({line.pk: lease.fence}, now=NOW, at_most=8)
    scans.note(scan.pk, told(found=[{"told": {"type": "CE\x00102"}}]), lease=lease, now=NOW)
    scan.refresh_from_db()
    assert scan.found == [{"told": {"type": "CE102"}}]
