"""Sessions that have come together share a transaction; each is accepted whole, and none costs another anything."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import InstantValues, Learnt, SessionReport
from kilovatt.office.operations.intake import ingest
from kilovatt.office.operations.intake.ingest import Delivered, accept_all
from kilovatt.office.operations.keeping import keeper
from kilovatt.office.operations.keeping.judging import judge_each_day
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.lines.leases import FencedOffError, Lease
from kilovatt.office.operations.reading import visits
from kilovatt.office.records.models import (
    Batch,
    ClockDeviation,
    Finding,
    IntakeFrame,
    IntakeMeterDay,
    IntakeRegister,
    LatestRegister,
    Meter,
    MeterStanding,
    Session,
)
from on_record import NOW, clock, meter_day, register, report_of

ON = date(2026, 11, 20)


@pytest.fixture
def both(meter: Meter) -> tuple[Meter, Meter]:
    return meter, Meter.objects.exclude(pk=meter.pk).get()


def told(meter: Meter, *, name: str = "first", value: int = 5_000) -> SessionReport:
    learnt = Learnt(
        clock=clock(),
        instant=InstantValues(taken_at=NOW, power_w=412, exchange=30),
        registers=(register(value),),
        meter_days=(meter_day(ON, [2] * 48),),
    )
    return report_of(meter, learnt, name=name)


def test_each_of_several_is_accepted_as_if_it_had_come_alone(both: tuple[Meter, Meter]) -> None:
    first, second = both
    visits.ask_for(second, now=NOW)
    accepted = accept_all([Delivered(told(first)), Delivered(told(second, value=7_000))], now=NOW)
    assert [acceptance.is_new for acceptance in accepted] == [True, True]
    assert dict(LatestRegister.objects.values_list("meter_id", "value")) == {first.pk: 5_000, second.pk: 7_000}
    for model, each in ((IntakeRegister, 1), (IntakeMeterDay, 1), (IntakeFrame, 3), (ClockDeviation, 1)):
        assert model.objects.filter(meter=first).count() == model.objects.filter(meter=second).count() == each
    assert {standing.last_outcome for standing in MeterStanding.objects.all()} == {"ok"}
    assert visits.asked_for([second.line_id or 0], now=NOW) == {}


def test_one_that_is_known_and_one_whose_line_was_lost_leave_the_others_as_they_are(both: tuple[Meter, Meter]) -> None:
    first, second = both
    (held,) = line_leases.take_lines(now=NOW, at_most=1)
    old = Lease(held.lease.kind, held.lease.key, held.lease.fence - 1)
    known = told(first)
    accept_all([Delivered(known)], now=NOW)
    again, lost = accept_all([Delivered(known, held.lease), Delivered(told(second), old)], now=NOW)
    assert (again.is_new, again.fenced_off) == (False, None)
    assert isinstance(lost.fenced_off, FencedOffError)
    assert not Session.objects.filter(meter=second).exists()
    (kept,) = accept_all([Delivered(told(second), held.lease)], now=NOW)
    assert kept == ingest.Acceptance(is_new=True)


def test_who_is_accepted_twice_in_one_transaction_is_a_mistake_of_ours(meter: Meter) -> None:
    with pytest.raises(AssertionError):
        accept_all([Delivered(told(meter)), Delivered(told(meter, name="second"))], now=NOW)


def test_a_meter_that_tells_something_is_tried_again_soon_however_often_it_fails(meter: Meter) -> None:
    at = NOW
    for number in range(4):
        at = NOW + timedelta(seconds=number)
        noisy = report_of(meter, Learnt(registers=(register(number, at=at),)), name=f"{at}", at=at)
        accept_all([Delivered(replace(noisy, outcome=Outcome.NOISE))], now=at)
    standing = MeterStanding.objects.get(meter=meter)
    assert standing.next_due_at == at + timedelta(seconds=1, minutes=1)
    assert standing.failures == 4


def test_the_intake_is_carried_hourly_or_when_it_is_much(meter: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    accept_all([Delivered(told(meter))], now=NOW)
    assert keeper.is_ripe(now=NOW)
    assert keeper.carry_to_the_lake(now=NOW) is not None
    accept_all([Delivered(told(meter, name="second", value=6_000))], now=NOW)
    assert not keeper.is_ripe(now=NOW + timedelta(minutes=59))
    assert keeper.is_ripe(now=NOW + timedelta(hours=1))
    monkeypatch.setattr(keeper, "RIPE_ROWS", 2)
    assert keeper.is_ripe(now=NOW)


def test_the_meters_of_a_batch_are_judged_before_it_is_settled(meter: Meter) -> None:
    accept_all([Delivered(told(meter))], now=NOW)
    judged: list[tuple[set[int], bool]] = []

    def judge(meter_ids: object) -> None:
        judged.append((set(meter_ids), Batch.objects.filter(settled_at=None).exists()))  # type: ignore[call-overload]

    assert keeper.carry_to_the_lake(now=NOW, judge=judge) is not None
    assert judged == [({meter.pk}, True)]


def test_every_meter_is_judged_once_a_day(meter: Meter) -> None:
    assert judge_each_day(now=NOW) > 0
    before = Finding.objects.count()
    Finding.objects.all().delete()
    assert judge_each_day(now=NOW + timedelta(hours=1)) == 0
    assert judge_each_day(now=NOW + timedelta(days=1)) == before + 2
