"""A simulated СПОДЭС meter under commands, in memory: sessions of a configurator, and a clock that a test moves."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.commands import Command, ReadBack
from kilovatt.measure.metering.events import MeterEvent
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterAddress, ReadingTask, SendOnce
from kilovatt.wire.drivers.spodes.driver import SpodesDriver
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute, SetAttribute
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter
from kilovatt.wire.protocols.framing.connection import Answered, Request, SendMore
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes import SpodesMeter
from simulated_spodes import ADDRESS, ENERGY, KEYS, NOW, SERIAL, ZONE

ResultT = TypeVar("ResultT")
DRIVER = SpodesDriver()


class Commanded:
    """One meter, and what time it is."""

    def __init__(self, *, now: datetime = NOW, model: MeterModel | None = None, **plan: Any) -> None:  # noqa: ANN401  # of a plan
        self.now = now
        self.model = model or model_by_key("spodes-3ph")
        self.keys = KEYS
        given: dict[str, Any] = {"energy": ENERGY, "keys": KEYS} | plan
        self.meter = SpodesMeter(
            SimulatedMeterPlan(model=self.model, serial=SERIAL, address=ADDRESS, zone=ZONE, **given)
        )
        self.counter = InvocationCounter(1)
        self.told: list[Request[Any]] = []
        """What was sent that changes the meter."""

    def address(self, **more: Any) -> MeterAddress:  # noqa: ANN401  # fields of an address
        given: dict[str, Any] = {"keys": self.keys, "counter": self.counter} | more
        return MeterAddress(model=self.model, address=ADDRESS, zone=ZONE, **given)

    def command(self, command: Command, **at: Any) -> None:  # noqa: ANN401  # fields of an address
        address = self.address(**at)
        self.session(address, DRIVER.command(address, command, now=self.now))

    def read_back(self, command: Command, **at: Any) -> ReadBack:  # noqa: ANN401  # fields of an address
        address = self.address(**at)
        return self.session(address, DRIVER.read_back(address, command))

    def get(self, request: GetAttribute) -> Any:  # noqa: ANN401  # any value
        def ask() -> Conversation[Any]:
            answer = yield request
            return answer.value

        return self.session(self.address(), ask())

    def set(self, request: SetAttribute) -> Any:  # noqa: ANN401  # None, or a refusal
        def tell() -> Conversation[Any]:
            answer = yield request
            return answer.value

        return self.session(self.address(), tell())

    def read(self, **wanted: Any) -> Learnt:  # noqa: ANN401  # fields of a task
        task = ReadingTask(**({"identity": False, "clock": True, "registers_now": False} | wanted))
        address, learnt = self.address(), Learnt()
        for part in DRIVER.parts(address, task):
            learnt += self.session(address, part.conversation)
        return learnt

    def codes(self, journal: str) -> list[int]:
        """The codes of a journal by now, the oldest first."""
        events: tuple[MeterEvent, ...] = self.read(events=True).events
        listed = [one for one in events if one.code.startswith(f"spodes:{journal}:")]
        return [int(one.code.rpartition(":")[2]) for one in listed]

    def session(self, address: MeterAddress, conversation: Conversation[ResultT]) -> ResultT:
        """Open a session, carry a conversation, take leave."""
        connection = DRIVER.connection(address)
        self._carry(connection, DRIVER.opening(address))
        result = self._carry(connection, conversation)
        self._carry(connection, DRIVER.closing(address))
        return result

    def _carry(self, connection: Any, conversation: Conversation[ResultT]) -> ResultT:  # noqa: ANN401  # of DLMS
        answer: Answer[Any] | None = None
        count = 0
        try:
            while True:
                request = conversation.send(answer)  # type: ignore[arg-type]  # None starts a generator
                if isinstance(request, SendOnce):
                    request = request.request
                    self.told.append(request)
                count += 1
                answer = Answer(self._exchange(connection, request), count, self.now)
        except StopIteration as stop:
            result: ResultT = stop.value
            return result

    def _exchange(self, connection: Any, request: Request[Any]) -> object:  # noqa: ANN401  # of DLMS
        outgoing = connection.send(request)
        for _ in range(10_000):
            heard = self.meter.hear(outgoing.data, self.now) if outgoing.data else None
            event = connection.receive(heard) if heard else connection.quiet()
            if isinstance(event, Answered):
                return event.value
            assert isinstance(event, SendMore), event
            outgoing = event.outgoing
        raise AssertionError("an exchange without an end")

    def later(self, **by: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**by)
        return self.now


def with_dialect(key: str = "spodes-3ph", **options: Any) -> MeterModel:  # noqa: ANN401  # options of a dialect
    row = model_by_key(key)
    assert isinstance(row.dialect, SpodesDialect)
    return replace(row, dialect=replace(row.dialect, **options))
