"""The head-end reads a simulated concentrator and the meters behind it over TCP, one after another on one connection.

Both ends are ours, so this proves that they fit, not that either is right; a stranger reads one in tests/peers.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.concentrators import ExchangeStatus, Hearing
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.session import Errand
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.faults import FaultKind, LineFaults
from kilovatt.wire.simulator.plan import BuiltInHomes, TownPlan
from kilovatt.wire.simulator.planning import FaultPlan, plan_town
from kilovatt.wire.simulator.single import plan_concentrator, plan_single
from kilovatt.wire.simulator.town import Town

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
CONCENTRATOR = MeterAddress(model=model_by_key("spodus-uspd"), address=1, zone=MOSCOW)
TASK = ReadingTask(
    instant=True,
    register_days=(date(2026, 11, 23),),
    register_months=(date(2026, 11, 1),),
    profile_days=(date(2026, 11, 22), date(2026, 11, 23)),
    events=True,
)


def addresses(plan: TownPlan) -> list[MeterAddress]:
    return [
        MeterAddress(
            model=model_by_key(meter.model),
            address=meter.address,
            serial=str(meter.serial),
            password=model_by_key(meter.model).factory_passwords[1],
            zone=MOSCOW,
        )
        for meter in plan.meters
    ]


def read(plan: TownPlan, asked: list[MeterAddress]) -> list[SessionReport]:
    """Read a town of one line over TCP, one session after another."""
    return asyncio.run(_read(plan, asked))


async def _read(plan: TownPlan, asked: list[MeterAddress]) -> list[SessionReport]:
    reports: list[SessionReport] = []

    async def sink(report: SessionReport) -> None:
        reports.append(report)

    town = Town(plan)
    ports = await town.listen()
    try:
        url = f"tcp://127.0.0.1:{ports[plan.lines[0].name]}"
        spec = LineSpec(line_id=1, url=url, answer_timeout_s=0.15, quiet_s=0.03, late_window_s=0.2)
        errands = [Errand(number, address, TASK) for number, address in enumerate(asked)]
        await Headend(TownClock(NOW)).read([(spec, errands)], sink)
    finally:
        await town.close()
    return reports


def planned(meters: int = 4, *faults: FaultKind) -> TownPlan:
    return plan_concentrator(model_by_key("spodus-uspd"), meters=meters, now=NOW, port=0, faults=frozenset(faults))


def test_every_meter_behind_a_concentrator_is_read_whole_and_so_is_it_itself() -> None:
    plan = planned()
    own, *reports = read(plan, [CONCENTRATOR, *addresses(plan)])

    assert [report.outcome for report in (own, *reports)] == [Outcome.OK] * 5
    assert own.learnt.concentrator is not None
    told = {one.addresses: one for one in own.learnt.concentrator.meters}
    assert set(told) == {(meter.address,) for meter in plan.meters}
    assert {one.hearing for one in told.values()} == {Hearing.HEARD}
    assert {exchange.number for exchange in own.exchanges} == own.learnt.exchanges
    for meter, report in zip(plan.meters, reports, strict=True):
        learnt = report.learnt
        assert learnt.identity is not None
        assert learnt.identity.serial == str(meter.serial)
        assert told[meter.address,].name == f"KLV{meter.serial}"
        assert [day.day_on for day in learnt.meter_days] == list(TASK.profile_days)
        assert learnt.registers


def test_a_meter_that_its_concentrator_does_not_reach_is_told_from_a_silent_concentrator() -> None:
    plan = planned(3, FaultKind.UNREACHED)
    own, first, second, third = read(plan, [CONCENTRATOR, *addresses(plan)])

    assert [report.outcome for report in (own, first, second)] == [Outcome.OK] * 3
    assert (third.outcome, third.failed_part) == (Outcome.METER_UNREACHED, SessionPart.OPENING)
    assert third.learnt.is_empty
    assert own.learnt.concentrator is not None
    unreached = own.learnt.concentrator.meters[-1]
    assert (unreached.hearing, unreached.last_exchange) == (Hearing.NOT_NOW, ExchangeStatus.NO_RESPONSE)


def test_the_meters_after_an_unreached_one_are_read_as_ever() -> None:
    plan = planned(3)
    first, *others = plan.meters
    unreached = replace(plan, meters=(replace(first, faults=frozenset({FaultKind.UNREACHED})), *others))
    outcomes = [report.outcome for report in read(unreached, addresses(unreached))]
    assert outcomes == [Outcome.METER_UNREACHED, Outcome.OK, Outcome.OK]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [(FaultKind.DEAD, Outcome.CONCENTRATOR_SILENT), (FaultKind.UNREACHABLE, Outcome.NO_ROUTE)],
)
def test_where_the_concentrator_itself_is_silent_or_gone_no_meter_is_blamed(fault: FaultKind, outcome: Outcome) -> None:
    plan = planned(1, fault)
    (report,) = read(plan, addresses(plan))
    assert report.outcome is outcome


def test_a_silent_concentrator_is_asked_once_and_not_after_each_of_its_meters() -> None:
    plan = planned(3, FaultKind.DEAD)
    reports = read(plan, addresses(plan))
    first, second, third = ((report.ended_at - report.started_at).total_seconds() for report in reports)

    assert [report.outcome for report in reports] == [Outcome.CONCENTRATOR_SILENT] * 3
    # Three tries of 0.15 s for the meter, and as many for its concentrator.
    assert first > 0.8
    assert max(second, third) < 0.8


def test_an_address_that_is_no_direct_channel_of_it_is_a_meter_it_does_not_reach() -> None:
    plan = planned(1)
    (report,) = read(plan, [replace(addresses(plan)[0], address=16_000)])
    assert report.outcome is Outcome.METER_UNREACHED


def test_a_wrong_password_of_a_meter_behind_a_concentrator_is_named() -> None:
    plan = planned(2, FaultKind.WRONG_PASSWORD)
    outcomes = [report.outcome for report in read(plan, addresses(plan))]
    assert outcomes == [Outcome.OK, Outcome.WRONG_PASSWORD]


def test_another_meter_at_an_address_than_expected_is_another_meter() -> None:
    plan = planned(2)
    first, second = addresses(plan)
    exchanged = [replace(first, address=second.address)]
    assert [report.outcome for report in read(plan, exchanged)] == [Outcome.ANOTHER_METER]


@pytest.mark.parametrize("kinds", [{FaultKind.DROP}, {FaultKind.LATE}], ids=str)
def test_where_answers_are_lost_or_late_meters_behind_a_concentrator_are_read_as_in_fair_weather(
    kinds: set[FaultKind],
) -> None:
    plan = planned(3)
    foul = replace(
        plan,
        lines=tuple(
            replace(line, faults=LineFaults(kinds=frozenset(kinds), seed=3, late_by_s=0.2)) for line in plan.lines
        ),
    )
    fair = read(plan, addresses(plan))
    for expected, report in zip(fair, read(foul, addresses(plan)), strict=True):
        assert report.outcome is Outcome.OK
        assert report.learnt.meter_days[0].a_plus == expected.learnt.meter_days[0].a_plus


@pytest.mark.parametrize("key", ["nartis-i100@uspd", "energomera-ce208-spds@uspd", "rim-489-spodes@uspd"])
def test_a_meter_of_any_make_is_read_through_a_concentrator(key: str) -> None:
    plan = plan_single(model_by_key(key), now=NOW, port=0)
    (report,) = read(plan, addresses(plan))
    assert report.outcome is Outcome.OK
    assert report.learnt.registers


def test_a_town_has_a_concentrator_and_its_meters_are_read() -> None:
    names = [f"home_{number:03d}_wh" for number in range(1, len(MODELS) + 1)]
    homes = BuiltInHomes(count=len(names), days=92, seed=1)
    plan = plan_town(names, now=NOW, homes=homes, seed=1, faults=FaultPlan.NONE)
    (line,) = (line for line in plan.lines if line.concentrator is not None)
    alone = replace(plan, lines=(line,), meters=tuple(meter for meter in plan.meters if meter.line == line.name))
    own, *reports = read(alone, [CONCENTRATOR, *addresses(alone)])

    assert own.learnt.identity is not None
    assert line.concentrator is not None
    assert own.learnt.identity.serial == str(line.concentrator.serial)
    assert reports
    assert {report.outcome for report in reports} == {Outcome.OK}
