"""A simulated Landis+Gyr: what it agrees to, what its short names show, when it waits for a call."""

from datetime import timedelta
from typing import Any

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.drivers.conversation import MeterAddress
from kilovatt.wire.drivers.landis_gyr.driver import SHORT_NAME_SERVICES, LandisGyrDriver
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import SHORT_NAMES, Conformance
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.apdu.short_names import ShortName
from kilovatt.wire.protocols.dlms.association.requests import (
    Associate,
    Associated,
    OpenLink,
    ReadVariable,
    ReadVariables,
    WriteVariables,
)
from kilovatt.wire.protocols.dlms.objects.short_listed import decode_short_list
from kilovatt.wire.protocols.dlms.values import Unsigned, decode
from kilovatt.wire.protocols.framing.connection import Answered, Connection, SendMore
from kilovatt.wire.simulator.landis_gyr import LandisGyrMeter
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from simulated_spodes import ADDRESS, ENERGY, NOW, SERIAL, ZONE

SHORT, OPTICAL, LOGICAL = (model_by_key(f"landis-gyr-zmg405-{kind}") for kind in ("sn", "sn-optical", "ln"))
ASSOCIATE = Associate(
    mechanism=Mechanism.LLS, context=Context.SHORT_NAMES, secret=b"00000000", conformance=SHORT_NAME_SERVICES
)


def made(model: Any = SHORT) -> LandisGyrMeter:  # noqa: ANN401  # a row
    return LandisGyrMeter(SimulatedMeterPlan(model=model, serial=SERIAL, address=ADDRESS, zone=ZONE, energy=ENERGY))


def client(model: Any = SHORT) -> Connection:  # noqa: ANN401  # a row
    return LandisGyrDriver().connection(MeterAddress(model=model, address=ADDRESS, zone=ZONE))


def ask(connection: Connection, meter: LandisGyrMeter, request: Any) -> Any:  # noqa: ANN401  # whatever it brings
    outgoing = connection.send(request)
    while True:
        said = meter.hear(outgoing.data, NOW)
        event = (connection.receive(said) if said else None) or connection.quiet()
        if isinstance(event, Answered):
            return event.value
        assert isinstance(event, SendMore)
        outgoing = event.outgoing


def associated(meter: LandisGyrMeter) -> Connection:
    connection = client()
    ask(connection, meter, OpenLink())
    ask(connection, meter, ASSOCIATE)
    return connection


def test_it_agrees_to_what_the_captured_meter_agrees_to() -> None:
    meter, connection = made(), client()
    ask(connection, meter, OpenLink())
    agreed = ask(connection, meter, ASSOCIATE)
    assert agreed == Associated(Conformance(0x180220), 2400, SHORT_NAMES, None)


def test_each_attribute_has_its_short_name() -> None:
    meter = made()
    connection = associated(meter)
    listed = ask(connection, meter, ReadVariable(ShortName(0xFA08), lambda data: decode_short_list(decode(data))))
    assert (listed[0].base_name, listed[0].class_id, str(listed[0].obis)) == (0xFA00, 12, "0.0.40.0.0.255")
    assert len({one.base_name for one in listed}) == len(listed) > 40
    for one in listed:
        # The first attribute of every object is its logical name.
        assert ask(connection, meter, ReadVariable(ShortName(one.base_name))) == bytes(one.obis)


def test_nothing_is_written_and_what_is_not_there_is_undefined() -> None:
    meter = made()
    connection = associated(meter)
    listed = ask(connection, meter, ReadVariable(ShortName(0xFA08), lambda data: decode_short_list(decode(data))))
    clock = next(one.base_name for one in listed if one.class_id == 8)
    written = ask(connection, meter, WriteVariables((ShortName(clock + 8), ShortName(0xFA08)), (Unsigned(1),) * 2))
    assert written == (AccessResult.ACCESS_DENIED, AccessResult.OBJECT_UNDEFINED)
    assert ask(connection, meter, ReadVariables((ShortName(0x0001),))) == (AccessResult.OBJECT_UNDEFINED,)


def test_it_waits_for_a_call_again_after_a_rest() -> None:
    meter = made(OPTICAL)
    assert (meter.baud, made().baud) == (300, None)
    assert meter.hear(b"/?!\r\n", NOW) == b"/LGZ5\\2ZMG405000b.P07\r\n"
    assert meter.hear(b"\x06252\r\n", NOW) == b"\x06252\r\n"
    assert meter.baud == 9600
    later = NOW + timedelta(seconds=121)
    assert meter.hear(b"/?!\r\n", later) == b"/LGZ5\\2ZMG405000b.P07\r\n"
    assert meter.baud == 300


@pytest.mark.parametrize("model", [SHORT, OPTICAL, LOGICAL])
def test_a_new_connection_means_nothing_to_hdlc(model: Any) -> None:  # noqa: ANN401  # a row
    meter = made(model)
    meter.connected()
    assert ask(client(model), meter, OpenLink()) is None
