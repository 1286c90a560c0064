"""A simulated concentrator and meters behind it, and conversations carried to it without any line."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodus import SpodusDialect
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import Answer, Conversation, MeterAddress, ReadingTask
from kilovatt.wire.protocols.dlms.apdu.acse import Mechanism
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.requests import Associate
from kilovatt.wire.protocols.dlms.security.sealing import Keys
from kilovatt.wire.protocols.framing.connection import Answered, Connection, Refusal, Request, SendMore
from kilovatt.wire.protocols.framing.wrapper import WrapperLink
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.energy import MeterEnergy, past_of_serial, place_curve, tariff_table_for
from kilovatt.wire.simulator.meter import PastEvent, SimulatedMeter, SimulatedMeterPlan
from kilovatt.wire.simulator.spodus import Behind, NoEnergy, SpodusConcentrator

ResultT = TypeVar("ResultT")
NOW = datetime(2026, 11, 24, 9, 10, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Moscow")
SERIAL = 24_000_001
FIRST_METER = 38_030_255
ENERGY = MeterEnergy(
    curve=place_curve(np.arange(48 * 60, dtype=np.int64) % 700, NOW, ZONE),
    zone=ZONE,
    table=tariff_table_for(2),
    past=past_of_serial(FIRST_METER, step_wh=1, table=tariff_table_for(2)),
)
SECRETS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
MAGNET = PastEvent(
    kind=EventKind.MAGNETIC_FIELD, began_at=NOW - timedelta(days=5), ended_at=NOW - timedelta(days=4, hours=3)
)
KEYS = ("spodes-1ph@uspd", "nartis-i300@uspd", "rim-489-spodes@uspd")


def meter(
    key: str, serial: int = FIRST_METER, events: Sequence[PastEvent] = (), keys: Keys | None = None
) -> SimulatedMeter:
    row = model_by_key(key)
    plan = SimulatedMeterPlan(
        model=row, serial=serial, address=1, zone=ZONE, energy=ENERGY, past_events=tuple(events), keys=keys
    )
    return simulated_meter(plan)


def some_behind(*, unreached: Sequence[int] = (), events: Sequence[PastEvent] = ()) -> list[Behind]:
    """Three meters at 201, 202 and 203; the last was never heard if it is not reached."""
    return [
        Behind(
            201 + place,
            meter(key, FIRST_METER + place, events if place == 0 else ()),
            is_reached=place not in unreached,
            lost_days=None if place == 2 else 3,
        )
        for place, key in enumerate(KEYS)
    ]


def concentrator(
    behind: Sequence[Behind] | None = None,
    events: Sequence[PastEvent] = (),
    keys: Keys | None = None,
    **options: Any,  # noqa: ANN401  # options of a dialect
) -> SpodusConcentrator:
    row = replace(model_by_key("spodus-uspd"), dialect=SpodusDialect(**options))
    plan = SimulatedMeterPlan(
        model=row, serial=SERIAL, address=1, zone=ZONE, energy=NoEnergy(), past_events=tuple(events), keys=keys
    )
    return SpodusConcentrator(plan, some_behind() if behind is None else behind)


def concentrator_address(served: SpodusConcentrator, **more: Any) -> MeterAddress:  # noqa: ANN401  # fields of an address
    return MeterAddress(model=served.plan.model, address=1, zone=ZONE, **more)


def meter_address(key: str, address: int, serial: int | None = None) -> MeterAddress:
    return MeterAddress(
        model=model_by_key(key), address=address, serial=None if serial is None else str(serial), zone=ZONE
    )


def carried(
    conversation: Conversation[ResultT], connection: Connection, heard_by: SimulatedMeter, numbers: list[int]
) -> ResultT:
    """Carry a conversation; silence and noise raise what the connection raises."""
    answer: Answer[Any] | None = None
    try:
        while True:
            outgoing = connection.send(conversation.send(answer))  # type: ignore[arg-type]  # None starts it
            said = heard_by.hear(outgoing.data, NOW)
            event = (connection.receive(said) if said else None) or connection.quiet()
            while isinstance(event, SendMore):
                said = heard_by.hear(event.outgoing.data, NOW)
                event = (connection.receive(said) if said else None) or connection.quiet()
            assert isinstance(event, Answered)
            numbers.append(len(numbers) + 1)
            answer = Answer(event.value, numbers[-1], NOW)
    except StopIteration as stop:
        result: ResultT = stop.value
        return result


def read(served: SimulatedMeter, address: MeterAddress, task: ReadingTask | None = None) -> Learnt:
    """A whole session: what it learns."""
    driver = driver_for(address.model)
    connection, numbers, learnt = driver.connection(address), list[int](), Learnt()
    carried(driver.opening(address), connection, served, numbers)
    for part in driver.parts(address, task or ReadingTask(events=True)):
        learnt += carried(part.conversation, connection, served, numbers)
    carried(driver.closing(address), connection, served, numbers)
    return learnt


class Client:
    """A client of a concentrator that asks one thing after another."""

    def __init__(self, served: SpodusConcentrator, *, sap: int = 32, device: int = 1) -> None:
        self._served = served
        self._connection = DlmsConnection(WrapperLink(client=sap, server=device))

    def says(self, request: Request[Any]) -> bytes:
        return self._connection.send(request).data

    def asks(self, request: Request[Any]) -> Any:  # noqa: ANN401  # whatever is answered
        said = self._served.hear(self.says(request), NOW)
        event = (self._connection.receive(said) if said else None) or self._connection.quiet()
        while isinstance(event, SendMore):
            said = self._served.hear(event.outgoing.data, NOW)
            event = (self._connection.receive(said) if said else None) or self._connection.quiet()
        assert isinstance(event, Answered)
        return event.value


def reader(served: SpodusConcentrator) -> Client:
    client = Client(served)
    assert not isinstance(client.asks(Associate(mechanism=Mechanism.LLS, secret=b"00000001")), Refusal)
    return client
