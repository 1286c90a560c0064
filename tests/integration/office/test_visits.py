"""Whose turn it is, which process holds which line, and that one fenced off can accept nothing any more."""

from datetime import time, timedelta

import pytest
from pytest_django import Settings

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.office.operations.intake.ingest import accept
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.lines.leases import FencedOffError
from kilovatt.office.operations.reading import visits
from kilovatt.office.records.models import (
    ClockDeviation,
    IntakeRegister,
    Line,
    Meter,
    MeterStanding,
    Organisation,
    ReadingPlan,
    Session,
    Work,
)
from on_record import NOW, clock, register, report_of


@pytest.fixture
def line(meter: Meter) -> Line:
    return Line.objects.get()


def due(line: Line, **options: object) -> list[str]:
    options.setdefault("now", NOW)
    ids = visits.due_meters([line.pk], at_most=10, **options)  # type: ignore[arg-type]
    return [Meter.objects.get(pk=pk).serial for pk in ids]


def read(meter: Meter, *, name: str, outcome: Outcome = Outcome.OK, at_s: int = 0) -> None:
    accept(report_of(meter, Learnt(), name=name, outcome=outcome, at=NOW + timedelta(seconds=at_s)), now=NOW)


def test_a_meter_never_visited_is_due_and_one_that_was_read_is_not(meter: Meter, line: Line) -> None:
    assert due(line) == ["41000001", "41000002"]
    read(meter, name="first")
    assert due(line) == ["41000002"]
    assert due(line, now=NOW + timedelta(minutes=31)) == ["41000002", "41000001"]


def test_a_meter_of_another_line_or_one_in_hand_is_not_handed_out(meter: Meter, line: Line) -> None:
    assert visits.due_meters([line.pk + 1], now=NOW, at_most=10) == []
    assert due(line, but_not=[meter.pk]) == ["41000002"]
    assert len(visits.due_meters([line.pk], now=NOW, at_most=1)) == 1


def test_a_meter_that_fails_is_tried_sooner_and_then_ever_later(meter: Meter) -> None:
    waits = []
    for number in range(4):
        read(meter, name=f"failed {number}", outcome=Outcome.SILENCE, at_s=number)
        standing = MeterStanding.objects.get(meter=meter)
        assert standing.next_due_at is not None
        waits.append(round((standing.next_due_at - NOW).total_seconds() / 60))
    assert waits == [1, 2, 4, 8]
    read(meter, name="answers", at_s=10)
    assert MeterStanding.objects.get(meter=meter).failures == 0


def test_an_organisation_reads_by_its_own_plan(meter: Meter, association: Organisation) -> None:
    ReadingPlan.objects.create(organisation=association, every_minutes=1440, opens=time(1), closes=time(5))
    read(meter, name="first")
    standing = MeterStanding.objects.get(meter=meter)
    assert standing.next_due_at is not None
    # 25 November, 01:00 in Moscow is 22:00 of the day before; spread over two hours.
    assert timedelta(hours=37) <= standing.next_due_at - NOW < timedelta(hours=39)


def test_without_a_plan_the_sites_interval_holds(meter: Meter, settings: Settings) -> None:
    settings.READ_EVERY_MINUTES = 60
    read(meter, name="first")
    assert due(Line.objects.get(), now=NOW + timedelta(minutes=59)) == ["41000002"]


def test_who_waits_for_a_meter_waits_until_a_visit_that_began_after_the_request(meter: Meter, line: Line) -> None:
    key = visits.ask_for(meter, now=NOW)
    assert visits.asked_for([line.pk], now=NOW) == {key: meter.pk}
    assert visits.asked_for([line.pk + 1], now=NOW) == {}
    read(meter, name="began before", at_s=-5)
    assert visits.asked_for([line.pk], now=NOW) == {key: meter.pk}
    read(meter, name="began after", at_s=5)
    assert visits.asked_for([line.pk], now=NOW) == {}
    assert Work.objects.get(key=key).done_at == NOW


def test_a_request_nobody_could_carry_out_is_forgotten(meter: Meter, line: Line) -> None:
    key = visits.ask_for(meter, now=NOW)
    assert visits.asked_for([line.pk], now=NOW + timedelta(minutes=11)) == {}
    # Nor does a visit of the next day answer it.
    tomorrow = NOW + timedelta(days=1)
    accept(report_of(meter, Learnt(), name="tomorrow", at=tomorrow), now=tomorrow)
    assert Work.objects.get(key=key).done_at is None


def test_requests_are_forgotten_days_after_nobody_looks_at_them(meter: Meter) -> None:
    key = visits.ask_for(meter, now=NOW)
    assert visits.forget_requests(now=NOW + timedelta(days=1)) == 0
    line_leases.take_lines(now=NOW, at_most=1)
    assert visits.forget_requests(now=NOW + timedelta(days=3)) == 1
    # What is no request stays.
    assert set(Work.objects.values_list("kind", flat=True)) == {line_leases.KIND}
    assert not Work.objects.filter(key=key).exists()


def test_the_deviation_of_a_clock_is_kept_by_day(meter: Meter) -> None:
    for day, ahead in ((0, 3), (0, 4), (1, 9)):
        at = NOW + timedelta(days=day, seconds=ahead)
        learnt = Learnt(clock=clock(ahead=timedelta(seconds=ahead), at=at))
        accept(report_of(meter, learnt, name=f"{day} {ahead}", at=at), now=at)
    assert list(ClockDeviation.objects.order_by("day_on").values_list("deviation_s", flat=True)) == [4, 9]


# ── Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_line_is_held_by_one_and_moves_on_when_its_holder_falls_silent(line: Line) -> None:
    (held,) = line_leases.take_lines(now=NOW, at_most=10)
    assert (held.line_id, held.url) == (line.pk, line.url)
    assert line_leases.take_lines(now=NOW, at_most=10) == []
    assert line_leases.extend([held], now=NOW + timedelta(seconds=30)) == []
    assert line_leases.take_lines(now=NOW + timedelta(seconds=60), at_most=10) == []
    (taken,) = line_leases.take_lines(now=NOW + timedelta(seconds=90), at_most=10)
    assert line_leases.extend([held], now=NOW + timedelta(seconds=91)) == [held]
    assert line_leases.extend([taken], now=NOW + timedelta(seconds=91)) == []


def test_a_line_given_back_is_free_at_once(line: Line) -> None:
    held = line_leases.take_lines(now=NOW, at_most=10)
    line_leases.give_back(held)
    assert len(line_leases.take_lines(now=NOW, at_most=10)) == 1


def test_no_more_lines_are_taken_than_wanted(line: Line, association: Organisation) -> None:
    other = Line.objects.create(organisation=association, name="линия 2", url="tcp://127.0.0.1:4002")
    Meter.objects.filter(serial="41000002").update(line=other)
    assert len(line_leases.take_lines(now=NOW, at_most=1)) == 1
    assert len(line_leases.take_lines(now=NOW, at_most=5)) == 1
    assert line_leases.take_lines(now=NOW, at_most=0) == []


def test_a_process_that_was_fenced_off_can_accept_nothing(meter: Meter, line: Line) -> None:
    (held,) = line_leases.take_lines(now=NOW, at_most=1)
    assert accept(report_of(meter, Learnt(registers=(register(1),))), now=NOW, lease=held.lease)
    line_leases.take_lines(now=NOW + timedelta(minutes=2), at_most=1)
    with pytest.raises(FencedOffError):
        accept(report_of(meter, Learnt(registers=(register(2),)), name="late"), now=NOW, lease=held.lease)
    assert (Session.objects.count(), IntakeRegister.objects.count()) == (1, 1)
