"""What meters note of the quality of supply reaches us as events, over real TCP."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.meter import PastEvent, SimulatedMeterPlan
from simulated_spodes import ADDRESS, ENERGY, HOST, NOW, SERIAL, ZONE

HIGH = PastEvent(
    kind=EventKind.VOLTAGE_OUT_OF_LIMITS,
    began_at=(NOW - timedelta(days=2)).replace(second=0, microsecond=0),
    ended_at=(NOW - timedelta(days=2)).replace(second=0, microsecond=0) + timedelta(minutes=7),
)


def events_of(model: MeterModel) -> list[MeterEvent]:
    meter = simulated_meter(
        SimulatedMeterPlan(
            model=model,
            serial=SERIAL,
            address=ADDRESS,
            zone=ZONE,
            energy=ENERGY,
            past_events=(HIGH, replace(HIGH, began_at=HIGH.began_at + timedelta(days=1), ended_at=None)),
            passwords=model.factory_passwords,
        )
    )

    async def job() -> list[MeterEvent]:
        clock = TownClock(NOW, rate=0)
        gateway = LineGateway(Line(Bus([meter]), clock))
        port = await gateway.listen(HOST, 0)
        try:
            address = MeterAddress(model=model, address=ADDRESS, serial=str(SERIAL), zone=ZONE)
            task = ReadingTask(registers_now=False, events=True)
            report = await read_one(f"tcp://{HOST}:{port}", address, task, clock=clock, answer_timeout_s=0.3)
        finally:
            await gateway.close()
        assert (report.outcome, report.detail) == (Outcome.OK, "")
        carried = {exchange.number for exchange in report.exchanges}
        assert {event.exchange for event in report.learnt.events} <= carried
        return [event for event in report.learnt.events if event.kind is EventKind.VOLTAGE_OUT_OF_LIMITS]

    return asyncio.run(job())


@pytest.mark.parametrize(
    ("key", "code"),
    [("spodes-3ph", "spodes:quality:8"), ("mercury-234-artm-01-pob-r", "mercury-v2:23")],
    ids=["spodes", "mercury"],
)
def test_a_voltage_above_its_limit_is_an_event_with_its_end_or_goes_on(key: str, code: str) -> None:
    told = [event for event in events_of(model_by_key(key)) if event.code == code]
    assert [(event.began_at, event.ended_at) for event in told] == [
        (HIGH.began_at, HIGH.ended_at),
        (HIGH.began_at + timedelta(days=1), None),
    ]
