"""The head-end reads the project's own simulated meters over TCP and over a terminal, in fair weather and foul.

Both ends are ours, so this proves that they fit, not that either is right: transcripts and strangers do that.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.addresses import factory_address
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.session import Errand
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.faults import FaultKind
from kilovatt.wire.simulator.gateway import Line
from kilovatt.wire.simulator.plan import TownPlan
from kilovatt.wire.simulator.serial_line import SerialLine
from kilovatt.wire.simulator.single import plan_single
from kilovatt.wire.simulator.town import Town, build_meter, homes_of

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
SERIAL = 41_906_467
V1 = model_by_key("mercury-206-prlsno")
TASK = ReadingTask(
    instant=True,
    register_days=(date(2026, 11, 23),),
    register_months=(date(2026, 11, 1),),
    profile_days=tuple(date(2026, 11, day) for day in range(14, 24)),
    events=True,
)


def address_of(model: MeterModel) -> MeterAddress:
    return MeterAddress(
        model=model,
        address=factory_address(model, SERIAL),
        serial=str(SERIAL),
        password=model.factory_passwords.get(1),
        zone=MOSCOW,
    )


def plan_of(model: MeterModel, *faults: FaultKind, seed: int = 1) -> TownPlan:
    return plan_single(
        model, now=NOW, port=0, serial=SERIAL, faults=frozenset(faults), seed=seed, late_by_s=0.15, baud=None
    )


async def read_over_tcp(plan: TownPlan, address: MeterAddress, task: ReadingTask = TASK) -> SessionReport:
    """Read the one meter of a plan, with a patience fit for this machine: late answers come within the window."""
    reports: list[SessionReport] = []

    async def sink(report: SessionReport) -> None:
        reports.append(report)

    town = Town(plan)
    ports = await town.listen()
    try:
        spec = LineSpec(
            line_id=1,
            url=f"tcp://127.0.0.1:{ports['line-01']}",
            answer_timeout_s=0.12,
            quiet_s=0.03,
            late_window_s=0.18,
        )
        await Headend(TownClock(NOW)).read([(spec, [Errand(1, address, task)])], sink)
    finally:
        await town.close()
    (report,) = reports
    return report


def said(report: SessionReport) -> dict[str, object]:
    """What a meter said of its past, without the instants at which it was heard."""
    learnt = report.learnt
    return {
        "frozen": sorted(
            (r.quantity, r.tariff, r.taken_at, r.value) for r in learnt.registers if r.moment.value != "now"
        ),
        "days": [(d.day_on, d.a_plus, d.a_minus, d.r_plus, d.qualities) for d in learnt.meter_days],
        "events": [(e.kind, e.began_at, e.ended_at, e.detail) for e in learnt.events],
        "serial": learnt.identity and learnt.identity.serial,
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.key)
def test_every_model_is_read_whole_over_tcp(model: MeterModel) -> None:
    report = asyncio.run(read_over_tcp(plan_of(model), address_of(model)))
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    learnt = report.learnt
    assert learnt.identity is not None
    assert learnt.clock is not None
    assert learnt.instant is not None or not (model.instant_values or model.relay)
    assert learnt.registers
    assert [day.day_on for day in learnt.meter_days] == (list(TASK.profile_days) if model.has_profile else [])
    assert {exchange.number for exchange in report.exchanges} == learnt.exchanges
    assert report.retries == 0


@pytest.mark.parametrize(
    "model",
    [
        V1,
        model_by_key("mercury-234-art-03"),
        model_by_key("psch-4tm-05mk-16-02"),
        model_by_key("energomera-ce102-r5"),
    ],
    ids=lambda model: model.key,
)
@pytest.mark.parametrize(
    "faults",
    [
        (FaultKind.NOISE,),
        (FaultKind.DROP,),
        (FaultKind.LATE,),
        (FaultKind.ECHO,),
        (FaultKind.ECHO, FaultKind.NOISE, FaultKind.DROP, FaultKind.LATE),
    ],
    ids="+".join,
)
def test_in_foul_weather_the_same_is_read_as_in_fair(model: MeterModel, faults: tuple[FaultKind, ...]) -> None:
    async def both() -> tuple[SessionReport, SessionReport]:
        fair = await read_over_tcp(plan_of(model), address_of(model))
        return fair, await read_over_tcp(plan_of(model, *faults), address_of(model))

    fair, foul = asyncio.run(both())
    assert (foul.outcome, foul.failed_part) == (Outcome.OK, None)
    assert said(foul) == said(fair)
    assert ("echoes" in foul.detail) == (FaultKind.ECHO in faults)
    if set(faults) & {FaultKind.DROP, FaultKind.LATE}:
        assert foul.retries > 0


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (FaultKind.DEAD, Outcome.SILENCE),
        (FaultKind.ECHO_ONLY, Outcome.ECHO),
        (FaultKind.UNREACHABLE, Outcome.NO_ROUTE),
    ],
)
def test_why_there_is_no_data_is_named(fault: FaultKind, outcome: Outcome) -> None:
    report = asyncio.run(read_over_tcp(plan_of(V1, fault), address_of(V1)))
    assert report.outcome is outcome
    assert report.learnt.is_empty


@pytest.mark.parametrize("key", ["mercury-234-art-03", "energomera-ce102-r5", "energomera-ce307-r33"])
def test_a_wrong_password_is_named(key: str) -> None:
    model = model_by_key(key)
    report = asyncio.run(read_over_tcp(plan_of(model, FaultKind.WRONG_PASSWORD), address_of(model)))
    assert (report.outcome, report.failed_part) == (Outcome.WRONG_PASSWORD, SessionPart.OPENING)
    assert report.learnt.is_empty
    assert model.factory_passwords[1] not in report.detail


def test_another_serial_number_than_expected_is_another_meter() -> None:
    model = model_by_key("mercury-234-art-03")
    report = asyncio.run(read_over_tcp(plan_of(model), replace(address_of(model), serial="12345678")))
    assert report.outcome is Outcome.ANOTHER_METER
    assert report.learnt.is_empty


def test_one_meter_is_read_over_a_terminal_without_any_database() -> None:
    async def job() -> SessionReport:
        plan = plan_of(V1)
        meter = build_meter(plan.meters[0], plan, homes_of(plan))
        terminal = SerialLine(Line(Bus([meter]), TownClock(NOW)))
        try:
            url = f"serial://{terminal.path}?baud=9600&format=8N1"
            return await read_one(url, address_of(V1), ReadingTask(instant=True), clock=TownClock(NOW))
        finally:
            terminal.close()

    report = asyncio.run(job())
    assert (report.outcome, report.meter_id) == (Outcome.OK, 0)
    assert report.learnt.identity is not None
    assert report.learnt.identity.serial == str(SERIAL)
    assert report.learnt.registers


def test_an_address_no_meter_of_the_model_can_have_is_refused_before_the_line_is_opened() -> None:
    impossible = replace(address_of(V1), address=4_294_967_296)
    with pytest.raises(LocalProtocolError):
        asyncio.run(read_one("tcp://127.0.0.1:1", impossible, TASK))
