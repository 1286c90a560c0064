"""Commands to a simulated СПОДЭС meter over real TCP: sent once, whatever becomes of the answer, then read back."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest

from carried import carry_over
from commanded_spodes import with_dialect
from kilovatt.measure.metering.commands import (
    ChangePassword,
    Command,
    OpenRelay,
    Proof,
    ReadBack,
    SetClock,
    SetPowerLimit,
    SetTariffTable,
    ShiftClock,
    TariffMark,
)
from kilovatt.wire.drivers.conversation import MeterAddress
from kilovatt.wire.drivers.spodes.driver import SpodesDriver
from kilovatt.wire.headend.record import ExchangeFailedError
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes import SpodesMeter
from simulated_spodes import ADDRESS, ENERGY, HOST, KEYS, NOW, SERIAL, ZONE

DRIVER = SpodesDriver()
CLOCK = TownClock(NOW, rate=0)
ACTION = 0xCB
COMMANDS: list[Command] = [
    OpenRelay(),
    SetPowerLimit(7000),
    SetTariffTable((TariffMark(0, 2), TariffMark(420, 1), TariffMark(1380, 2))),
    SetClock(NOW),
    ShiftClock(30, ahead_s=0),
]
Hears = Callable[[bytes, datetime], bytes | None]


def addressed(*, over_wrapper: bool, **more: Any) -> MeterAddress:  # noqa: ANN401  # fields of an address
    given: dict[str, Any] = {"keys": KEYS, "counter": InvocationCounter(1)} | more
    return MeterAddress(model=with_dialect(over_wrapper=over_wrapper), address=ADDRESS, zone=ZONE, **given)


def simulated(meter: MeterAddress) -> SpodesMeter:
    return SpodesMeter(
        SimulatedMeterPlan(model=meter.model, serial=SERIAL, address=ADDRESS, zone=ZONE, energy=ENERGY, keys=KEYS)
    )


async def done(served: SpodesMeter, meter: MeterAddress, command: Command) -> ReadBack:
    """Give a command in one session, and read it back in another."""
    gateway = LineGateway(Line(Bus([served]), CLOCK))
    url = f"tcp://{HOST}:{await gateway.listen(HOST, 0)}"
    try:
        # Whether the command was heard is what reading back is for.
        with suppress(ExchangeFailedError):
            await carry_over(url, meter, DRIVER.command(meter, command, now=NOW), clock=CLOCK)
        return await carry_over(url, meter, DRIVER.read_back(meter, command), clock=CLOCK)
    finally:
        await gateway.close()


@pytest.mark.parametrize("over_wrapper", [False, True], ids=["hdlc", "wrapper"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.kind)
def test_a_command_is_carried_out_and_proved(over_wrapper: bool, command: Command) -> None:
    meter = addressed(over_wrapper=over_wrapper)
    found = asyncio.run(done(simulated(meter), meter, command))
    assert found.proof is Proof.CONFIRMED, found.shown
    assert found.exchange is not None


def test_a_new_password_is_proved_by_a_session_with_it() -> None:
    meter, command = addressed(over_wrapper=True), ChangePassword(1, "87654321")
    served = simulated(meter)
    assert asyncio.run(done(served, meter, command)).proof is Proof.CANNOT_TELL

    async def proved() -> ReadBack:
        gateway = LineGateway(Line(Bus([served]), CLOCK))
        url = f"tcp://{HOST}:{await gateway.listen(HOST, 0)}"
        reader = addressed(over_wrapper=True, keys=None, counter=None, password="87654321")
        try:
            return await carry_over(url, reader, DRIVER.read_back(reader, command), clock=CLOCK)
        finally:
            await gateway.close()

    assert asyncio.run(proved()).proof is Proof.CONFIRMED


@pytest.mark.parametrize("is_heard", [True, False], ids=["the answer is lost", "the command is lost"])
def test_a_command_without_an_answer_is_sent_once_and_reading_back_tells(is_heard: bool) -> None:
    meter = addressed(over_wrapper=True)
    served = simulated(meter)
    hears: Hears = served.hear
    commands: list[bytes] = []

    def lossy(frame: bytes, now: datetime) -> bytes | None:
        # The first method that is run is the proof of the association, and the second opens the relay.
        if frame[8:9] != bytes((ACTION,)):
            return hears(frame, now)
        commands.append(frame)
        if len(commands) != 2:
            return hears(frame, now)
        if is_heard:
            hears(frame, now)
        return None

    served.hear = lossy  # type: ignore[method-assign]  # a line that loses
    found = asyncio.run(done(served, meter, OpenRelay()))
    # Two, and the proof of the second session.
    assert len(commands) == 3
    assert found.proof is (Proof.CONFIRMED if is_heard else Proof.NOT_SO)
