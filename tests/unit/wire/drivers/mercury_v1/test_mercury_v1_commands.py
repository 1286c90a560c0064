"""Commands to a simulated Mercury V1: relay and clock, and what proves them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import (
    CloseRelay,
    Command,
    CommandKind,
    NotSentReason,
    OpenRelay,
    PermitRelay,
    Proof,
    ReadBack,
    SetClock,
)
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.drivers.conversation import (
    Answer,
    CommandingDriver,
    CommandNotSentError,
    Conversation,
    MeterAddress,
    SendOnce,
)
from kilovatt.wire.drivers.mercury_v1 import commands
from kilovatt.wire.drivers.mercury_v1.driver import MercuryV1Driver
from kilovatt.wire.protocols.framing.connection import Answered
from kilovatt.wire.protocols.mercury_v1.answers import MeterClock
from kilovatt.wire.protocols.mercury_v1.parameters import ReadRelayState
from kilovatt.wire.protocols.mercury_v1.requests import ReadClock, ReadRelayMode
from kilovatt.wire.protocols.mercury_v1.writes import RelayMode, SetRelayMode
from kilovatt.wire.simulator.energy import MeterEnergy, past_of_serial, place_curve, tariff_table_for
from kilovatt.wire.simulator.mercury_v1.meter import MercuryV1Meter
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

DRIVER: CommandingDriver = MercuryV1Driver()
MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 22, 9, 10, tzinfo=UTC)
"""A Sunday, which is day 0."""
ADDRESS = 411_486
M206, M200 = model_by_key("mercury-206-prlsno"), model_by_key("mercury-200-04")
ResultT = TypeVar("ResultT")


class Commanded:
    """A meter and what time it is."""

    def __init__(self, model: MeterModel = M206, ahead: timedelta = timedelta(0)) -> None:
        energy = MeterEnergy(
            curve=place_curve(np.full(48 * 60, 700, dtype=np.int64), NOW, MOSCOW),
            zone=MOSCOW,
            table=tariff_table_for(2),
            past=past_of_serial(ADDRESS, step_wh=10, table=tariff_table_for(2)),
        )
        plan = SimulatedMeterPlan(
            model=model, serial=ADDRESS, address=ADDRESS, zone=MOSCOW, energy=energy, clock_ahead=ahead
        )
        self.meter, self.now = MercuryV1Meter(plan), NOW
        self.address = MeterAddress(model=model, address=ADDRESS, zone=MOSCOW)
        self.told: list[Any] = []
        self.asked: list[Any] = []

    def command(self, command: Command) -> None:
        self.carry(DRIVER.command(self.address, command, now=self.now))

    def read_back(self, command: Command) -> ReadBack:
        return self.carry(DRIVER.read_back(self.address, command))

    def carry(self, conversation: Conversation[ResultT]) -> ResultT:
        connection = DRIVER.connection(self.address)
        answer: Answer[Any] | None = None
        try:
            while True:
                request = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
                if isinstance(request, SendOnce):
                    request = request.request
                    self.told.append(request)
                else:
                    self.asked.append(request)
                heard = self.meter.hear(connection.send(request).data, self.now)
                assert heard is not None
                event = connection.receive(heard) or connection.quiet()
                assert isinstance(event, Answered)
                answer = Answer(event.value, 1, self.now)
        except StopIteration as stop:
            result: ResultT = stop.value
            return result


def test_the_relay_is_opened_and_closed_and_its_state_proves_it() -> None:
    meter = Commanded()
    assert meter.read_back(OpenRelay()).proof is Proof.NOT_SO
    meter.command(OpenRelay())
    assert meter.read_back(OpenRelay()) == ReadBack(proof=Proof.CONFIRMED, shown="closed=false", exchange=1)
    assert meter.read_back(CloseRelay()).proof is Proof.NOT_SO
    meter.command(CloseRelay())
    assert meter.read_back(CloseRelay()) == ReadBack(proof=Proof.CONFIRMED, shown="closed=true", exchange=1)
    assert meter.told == [SetRelayMode(RelayMode.OFF), SetRelayMode(RelayMode.ON)]


def test_the_mode_of_the_relay_is_asked_before_it_is_told() -> None:
    meter = Commanded()
    meter.command(OpenRelay())
    assert meter.asked == [ReadRelayMode()]


def test_a_clock_is_set_to_our_time_or_another() -> None:
    meter = Commanded(M200, ahead=timedelta(hours=2))
    assert meter.read_back(SetClock(NOW)).shown == "ahead_s=7200"
    meter.command(SetClock(NOW))
    assert meter.read_back(SetClock(NOW)).proof is Proof.CONFIRMED
    assert meter.told[0].weekday == 0
    ahead = SetClock(NOW + timedelta(minutes=10), at=NOW)
    assert meter.read_back(ahead).proof is Proof.NOT_SO
    meter.now += timedelta(hours=30)
    meter.command(ahead)
    assert meter.read_back(ahead).shown == "ahead_s=600"
    assert meter.told[1].weekday == 1


def test_what_a_model_does_not_take_is_not_sent() -> None:
    for model, command in ((M206, PermitRelay()), (M200, OpenRelay())):
        meter = Commanded(model)
        with pytest.raises(CommandNotSentError) as refused:
            meter.command(command)
        assert (refused.value.reason, meter.told, meter.asked) == (NotSentReason.NOT_TAKEN, [], [])
    assert Commanded().read_back(PermitRelay()).proof is Proof.CANNOT_TELL


def told(conversation: Conversation[ReadBack], value: object) -> ReadBack:
    """Answer the one question of a conversation."""
    next(conversation)
    with pytest.raises(StopIteration) as stop:
        conversation.send(Answer(value, 7, NOW))
    found: ReadBack = stop.value.value
    return found


def test_a_state_that_is_neither_proves_nothing() -> None:
    address = Commanded().address
    conversation = commands.prove(address, OpenRelay())
    assert next(conversation) == ReadRelayState()
    assert told(commands.prove(address, OpenRelay()), 0x00) == ReadBack(
        proof=Proof.CANNOT_TELL, shown="relay=00h", exchange=7
    )


def test_a_clock_that_was_never_set_is_not_so() -> None:
    conversation = commands.prove(Commanded().address, SetClock(NOW))
    assert told(conversation, MeterClock(0, None)).proof is Proof.NOT_SO
    assert next(commands.prove(Commanded().address, SetClock(NOW))) == ReadClock()


def test_a_kind_that_the_row_has_and_the_language_does_not_is_not_sent() -> None:
    row = replace(M206, commands=frozenset(CommandKind))
    address = MeterAddress(model=row, address=ADDRESS, zone=MOSCOW)
    with pytest.raises(CommandNotSentError):
        next(commands.carry_out(address, PermitRelay()))
