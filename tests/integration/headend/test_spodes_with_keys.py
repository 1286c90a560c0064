"""The head-end and СПОДЭС meters that know keys: everything a reader reads, proved and ciphered, over real TCP."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodes import ConfiguratorProof, SpodesDialect
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.drivers.spodes_opening import counter_by_clock
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys
from kilovatt.wire.protocols.framing.connection import LocalProtocolError
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes import SpodesMeter
from simulated_spodes import ADDRESS, ENERGY, HOST, KEYS, NOW, SERIAL, ZONE, interval, register_wh

SECRET = b"0000000100000001"
DAY_ON = date(2026, 11, 22)
WHOLE = ReadingTask(
    instant=True,
    register_days=(date(2026, 11, 24),),
    register_months=(date(2026, 11, 1),),
    profile_days=(DAY_ON,),
    events=True,
)


def row(**dialect: Any) -> MeterModel:  # noqa: ANN401  # options of a dialect
    return replace(model_by_key("spodes-3ph"), dialect=SpodesDialect(**dialect))


def simulated(model: MeterModel, keys: Keys | None = KEYS, **plan: Any) -> SpodesMeter:  # noqa: ANN401  # of a plan
    return SpodesMeter(
        SimulatedMeterPlan(
            model=model, serial=SERIAL, address=ADDRESS, zone=ZONE, energy=ENERGY, keys=keys, **plan
        )
    )


def address(model: MeterModel, **more: Any) -> MeterAddress:  # noqa: ANN401  # fields of an address
    given = {"keys": KEYS, "counter": InvocationCounter(counter_by_clock(NOW))} | more
    return MeterAddress(model=model, address=ADDRESS, serial=str(SERIAL), zone=ZONE, **given)


def read(
    meter: SpodesMeter,
    *addresses: MeterAddress,
    task: ReadingTask = WHOLE,
    through: Callable[[bytes], bytes] | None = None,
) -> list[SessionReport]:
    """Read a meter by one address after another. `through`: what becomes of its answers on their way."""
    answers = meter.hear

    def heard(frame: bytes, now: datetime) -> bytes | None:
        answer = answers(frame, now)
        return answer if answer is None or through is None else through(answer)

    async def job() -> list[SessionReport]:
        meter.hear = heard  # type: ignore[method-assign]  # a line that changes what goes over it
        gateway = LineGateway(Line(Bus([meter]), TownClock(NOW, rate=0)))
        port = await gateway.listen(HOST, 0)
        try:
            url = f"tcp://{HOST}:{port}"
            clock = TownClock(NOW, rate=0)
            return [await read_one(url, one, task, clock=clock, answer_timeout_s=0.3) for one in addresses]
        finally:
            await gateway.close()

    return asyncio.run(job())


@pytest.mark.parametrize("over_wrapper", [False, True], ids=["hdlc", "wrapper"])
@pytest.mark.parametrize("general", [False, True], ids=["service tags", "general ciphering"])
def test_everything_is_read_by_a_configurator_with_his_keys(over_wrapper: bool, general: bool) -> None:
    model = row(over_wrapper=over_wrapper, general_ciphering=general)
    (report,) = read(simulated(model), address(model))
    assert (report.outcome, report.detail) == (Outcome.OK, "")
    (total,) = [
        one
        for one in report.learnt.registers
        if (one.quantity, one.tariff, one.taken_at) == (Quantity.A_PLUS, 0, NOW)
    ]
    assert total.value == register_wh(Quantity.A_PLUS)
    (day,) = [one for one in report.learnt.meter_days if one.day_on == DAY_ON]
    assert day.a_plus is not None
    midnight = datetime(2026, 11, 21, 21, tzinfo=UTC)
    assert list(day.a_plus) == [interval(midnight + timedelta(minutes=30) * slot)[0] for slot in range(1, 49)]
    kept = b"".join(exchange.request + exchange.answer for exchange in report.exchanges)
    assert KEYS.encryption not in kept
    assert str(SERIAL).encode() not in kept
