"""Associations in a wrapper live as long as their TCP connection."""

import asyncio
from dataclasses import replace
from typing import Any

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import Mechanism
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.requests import Associate, DlmsRequest, GetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.framing.connection import Answered, Refusal, RefusalReason
from kilovatt.wire.protocols.framing.wrapper import WrapperLink
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line, LineGateway
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes import SpodesMeter
from simulated_spodes import ENERGY, HOST, NOW, SERIAL, ZONE

MODEL = model_by_key("rim-289-spodes")
SERIAL_NUMBER = GetAttribute(Descriptor(1, Obis.parse("0.0.96.1.0.255"), 2))


async def asked(port: int, *requests: DlmsRequest[Any]) -> list[object]:
    """Ask over a connection of its own."""
    reader, writer = await asyncio.open_connection(HOST, port)
    connection, values = DlmsConnection(WrapperLink(client=32)), list[object]()
    for request in requests:
        writer.write(connection.send(request).data)
        event = None
        while event is None:
            event = connection.receive(await asyncio.wait_for(reader.read(4096), 10))
        assert isinstance(event, Answered)
        values.append(event.value)
    writer.close()
    await writer.wait_closed()
    return values


def test_a_new_connection_has_no_association() -> None:
    plan = SimulatedMeterPlan(model=replace(MODEL), serial=SERIAL, address=1, zone=ZONE, energy=ENERGY)

    async def job() -> tuple[list[object], list[object]]:
        gateway = LineGateway(Line(Bus([SpodesMeter(plan)]), TownClock(NOW, rate=0)))
        port = await gateway.listen(HOST, 0)
        try:
            associate = Associate(mechanism=Mechanism.LLS, secret=b"00000001")
            return await asked(port, associate, SERIAL_NUMBER), await asked(port, SERIAL_NUMBER)
        finally:
            await gateway.close()

    (_, serial), (refusal,) = asyncio.run(job())
    assert serial == f"{SERIAL:08}".encode()
    assert refusal == Refusal(RefusalReason.OTHER, 1)
