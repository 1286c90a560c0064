"""A simulated concentrator: it answers for itself, and meters answer through it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concentrated_spodus import (
    FIRST_METER,
    KEYS,
    MAGNET,
    NOW,
    SECRETS,
    SERIAL,
    ZONE,
    Client,
    carried,
    concentrator,
    concentrator_address,
    meter,
    meter_address,
    read,
    reader,
    some_behind,
)
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodus import Unreached
from kilovatt.measure.metering.concentrators import ExchangeStatus, Hearing
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.drivers.conversation import MeterAddress, MeterRefusedError, ReadingTask
from kilovatt.wire.drivers.spodus.driver import concentrator_of, hear_concentrator
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor
from kilovatt.wire.protocols.dlms.apdu.acse import Mechanism
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.requests import Associate, GetAttribute, OpenLink
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineFault,
    Refusal,
    RemoteProtocolError,
)
from kilovatt.wire.protocols.framing.hdlc.frames import server_address
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.wrapper import WrapperLink
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.meter import PastEvent
from kilovatt.wire.simulator.spodus import Behind, NoEnergy

STATE = ReadingTask(identity=False, clock=False)
STATUSES = Descriptor(7, Obis.parse("0.0.94.7.134.255"), 2)
CLOCK = Descriptor(8, Obis.parse("0.0.1.0.0.255"), 2)


def test_it_says_who_it_is_and_what_its_clock_shows() -> None:
    served = concentrator()
    learnt = read(served, concentrator_address(served, serial=f"{SERIAL}"))

    assert learnt.identity is not None
    assert (learnt.identity.serial, learnt.identity.variant) == (str(SERIAL), "KLV-USPD, СПОДУС 01.00")
    assert learnt.clock is not None
    assert learnt.clock.deviation == timedelta(0)


def test_another_serial_number_than_expected_is_another_concentrator() -> None:
    served = concentrator()
    with pytest.raises(MeterRefusedError) as refused:
        read(served, concentrator_address(served, serial="24000002"))
    assert refused.value.outcome is Outcome.ANOTHER_METER


def test_it_tells_which_meters_are_behind_it_and_how_it_hears_each() -> None:
    served = concentrator(some_behind(unreached=(1, 2)))
    state = read(served, concentrator_address(served)).concentrator

    assert state is not None
    assert [(one.name, one.addresses, one.channels) for one in state.meters] == [
        (f"KLV{FIRST_METER}", (201,), ("PLC_1",)),
        (f"NRT{FIRST_METER + 1}", (202,), ("PLC_1",)),
        (f"RIM{FIRST_METER + 2}", (203,), ("PLC_1",)),
    ]
    assert [one.model for one in state.meters] == [model_by_key(key).title for key in KEYS]
    assert [one.hearing for one in state.meters] == [Hearing.HEARD, Hearing.NOT_NOW, Hearing.NEVER]
    assert [(one.last_exchange, one.attempts) for one in state.meters] == [
        (ExchangeStatus.DONE, 1),
        (ExchangeStatus.NO_RESPONSE, 3),
        (ExchangeStatus.NO_RESPONSE, 3),
    ]
    # The round of the night begins at 00:10 in Moscow, a quarter of a minute for each.
    began_at = datetime(2026, 11, 23, 21, 10, tzinfo=UTC)
    assert [one.last_heard_at for one in state.meters] == [
        began_at,
        began_at + timedelta(days=-3, seconds=15),
        None,
    ]
    assert [one.last_tried_at for one in state.meters] == [began_at + n * timedelta(seconds=15) for n in range(3)]
    assert state.time_delta_s == 5
    assert state.devices == (
        (1, "KLV0000024000001"),
        *((201 + n, one.name) for n, one in enumerate(state.meters)),
    )


def test_before_its_round_of_the_night_it_tells_of_the_night_before() -> None:
    served = concentrator()
    client = reader(served)
    at_midnight = datetime(2026, 11, 23, 21, 5, tzinfo=UTC)
    said = served.hear(client.says(GetAttribute(STATUSES)), at_midnight)
    assert said is not None
    assert bytes.fromhex("07ea0b17") in said
    assert bytes.fromhex("07ea0b18") not in said


def test_it_tells_what_meters_told_it_by_themselves() -> None:
    served = concentrator(some_behind(events=(MAGNET,)))
    state = read(served, concentrator_address(served)).concentrator

    assert state is not None
    assert [(one.meter, one.code, one.kind) for one in state.events] == [
        (f"KLV{FIRST_METER}", "spodes:external_influence:1", EventKind.MAGNETIC_FIELD),
        (f"KLV{FIRST_METER}", "spodes:external_influence:2", EventKind.OTHER),
    ]
    assert state.events[0].at == MAGNET.began_at
    assert state.events[0].told_at == MAGNET.began_at + timedelta(seconds=15)


@pytest.mark.parametrize(
    "options",
    [
        {"stamps_are_octets": False},
        {"journals_named_as_codes": False},
        {"stamps_ahead_of_utc": True},
        {"takes_ranges": False},
    ],
    ids=str,
)
def test_what_nobody_has_established_is_an_option_and_makes_no_difference_to_what_is_learnt(
    options: dict[str, Any],
) -> None:
    happened = PastEvent(kind=EventKind.CLOCK_SET, began_at=NOW - timedelta(days=2))
    usual, other = (
        concentrator(some_behind(unreached=(1,), events=(MAGNET,)), [happened], **dialect) for dialect in ({}, options)
    )
    told = read(other, concentrator_address(other))
    expected = read(usual, concentrator_address(usual))

    assert told.concentrator is not None
    assert expected.concentrator is not None
    assert told.concentrator.meters == expected.concentrator.meters
    assert told.concentrator.events == expected.concentrator.events
    assert [(event.kind, event.began_at) for event in told.events] == [(EventKind.CLOCK_SET, happened.began_at)]


def test_its_list_of_devices_may_name_only_its_own() -> None:
    served = concentrator(lists_meters_as_devices=False)
    state = read(served, concentrator_address(served), STATE).concentrator

    assert state is not None
    assert state.devices == ((1, "KLV0000024000001"),)
    assert [one.addresses for one in state.meters] == [(201,), (202,), (203,)]


@pytest.mark.parametrize("place", range(3), ids=KEYS)
def test_a_meter_behind_it_is_read_as_one_on_a_line(place: int) -> None:
    key = KEYS[place]
    through = read(concentrator(), meter_address(key, 201 + place, FIRST_METER + place))
    row = model_by_key(key)
    alone = read(meter(key, FIRST_METER + place), meter_address(key, 1, FIRST_METER + place))

    assert through.identity == alone.identity
    assert through.clock == alone.clock
    assert through.registers == alone.registers
    assert {one.quantity for one in through.registers} == row.quantities


def test_a_meter_behind_it_is_reached_by_hdlc_too_where_the_direct_channel_is_the_lower_address() -> None:
    learnt = read(concentrator(), meter_address("spodes-1ph", 201, FIRST_METER))

    assert learnt.identity is not None
    assert learnt.identity.serial == str(FIRST_METER)
    assert Quantity.A_PLUS in {one.quantity for one in learnt.registers}


def test_a_link_of_hdlc_that_is_closed_ends_the_association_behind_it() -> None:
    served = concentrator()
    read(served, meter_address("spodes-1ph", 201, FIRST_METER))
    connection = DlmsConnection(HdlcLink(server_address(1, 201, 4), 32))
    asked: list[Any] = [OpenLink(), GetAttribute(CLOCK)]
    answers: list[Any] = []
    for request in asked:
        event = connection.receive(served.hear(connection.send(request).data, NOW) or b"")
        assert isinstance(event, Answered)
        answers.append(event.value)
    assert isinstance(answers[1], Refusal)


def with_keys(address: MeterAddress, keys: Keys = SECRETS) -> MeterAddress:
    return replace(address, keys=keys, counter=InvocationCounter(7))


def test_who_has_its_keys_reads_it_ciphered() -> None:
    served = concentrator(keys=SECRETS)
    state = read(served, with_keys(concentrator_address(served))).concentrator

    assert state is not None
    assert [one.addresses for one in state.meters] == [(201,), (202,), (203,)]
    client = Client(served, sap=16)
    client.asks(Associate())
    assert client.asks(GetAttribute(Descriptor(1, Obis.parse("0.0.43.1.0.255"), 2))) >= 7


def test_who_has_the_keys_of_a_meter_behind_it_reads_that_ciphered_and_the_concentrator_knows_none_of_them() -> None:
    served = concentrator([Behind(201, meter(KEYS[0], keys=SECRETS))])
    learnt = read(served, with_keys(meter_address(KEYS[0], 201, FIRST_METER)))

    assert learnt.identity is not None
    assert learnt.registers


def test_wrong_keys_are_refused() -> None:
    served = concentrator(keys=SECRETS)
    with pytest.raises((MeterRefusedError, RemoteProtocolError)):
        read(served, with_keys(concentrator_address(served), Keys(bytes(16), bytes(16))))


def test_an_address_of_no_direct_channel_is_answered_by_nobody() -> None:
    for address, key in ((299, "spodes-1ph@uspd"), (299, "spodes-1ph")):
        with pytest.raises(RemoteProtocolError) as fault:
            read(concentrator(), meter_address(key, address))
        assert fault.value.fault is LineFault.SILENCE


def test_for_a_meter_it_does_not_reach_it_is_silent() -> None:
    served = concentrator(some_behind(unreached=(0,)))
    with pytest.raises(RemoteProtocolError) as fault:
        read(served, meter_address(KEYS[0], 201))
    assert fault.value.fault is LineFault.SILENCE
    with pytest.raises(RemoteProtocolError):
        read(served, meter_address("spodes-1ph", 201))


def test_for_a_meter_it_does_not_reach_it_may_say_so_and_the_outcome_names_it() -> None:
    served = concentrator(some_behind(unreached=(0,)), unreached=Unreached.EXCEPTION)
    with pytest.raises(MeterRefusedError) as refused:
        read(served, meter_address(KEYS[0], 201))
    assert refused.value.outcome is Outcome.METER_UNREACHED
    assert "201" in str(refused.value)


@pytest.mark.parametrize("public_sap", [16, 17], ids=["anybody may ask", "nobody may"])
def test_whoever_wonders_whether_it_is_there_asks_its_clock_and_any_answer_will_do(public_sap: int) -> None:
    # One that knows no public client refuses, and is there.
    served = concentrator(some_behind(unreached=(0,)), public_sap=public_sap)
    connection, numbers = concentrator_of(meter_address(KEYS[0], 201)), list[int]()
    assert connection is not None
    carried(hear_concentrator(), connection, served, numbers)
    assert len(numbers) == (2 if public_sap == 16 else 1)


def test_the_password_of_a_meter_behind_it_is_the_meters_own() -> None:
    with pytest.raises(MeterRefusedError) as refused:
        read(concentrator(), replace(meter_address(KEYS[0], 201), password="99999999"))
    assert refused.value.outcome is Outcome.WRONG_PASSWORD


def test_a_wrong_password_is_refused_and_stands_in_its_journal() -> None:
    served = concentrator()
    with pytest.raises(MeterRefusedError) as refused:
        read(served, concentrator_address(served, password="99999999"))
    assert refused.value.outcome is Outcome.WRONG_PASSWORD

    events = read(served, concentrator_address(served)).events
    assert [(event.kind, event.began_at) for event in events] == [(EventKind.ACCESS_REFUSED, NOW)]


def test_a_new_connection_ends_the_associations_of_the_one_before() -> None:
    served = concentrator()
    own, through = reader(served), Client(served, device=201)
    through.asks(Associate(mechanism=Mechanism.LLS, secret=b"00000001"))
    served.connected()

    assert isinstance(own.asks(GetAttribute(CLOCK)), Refusal)
    assert isinstance(through.asks(GetAttribute(CLOCK)), Refusal)


def test_without_meters_it_is_a_concentrator_still() -> None:
    plan = concentrator().plan
    served = simulated_meter(plan)
    state = read(served, MeterAddress(model=plan.model, address=1, zone=ZONE)).concentrator

    assert state is not None
    assert state.meters == ()


def test_two_meters_have_no_address_in_common() -> None:
    twice = [Behind(201, meter(KEYS[0])), Behind(201, meter(KEYS[1]))]
    with pytest.raises(AssertionError, match="two meters at the address 201"):
        concentrator(twice)


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(1, 255))
def test_noise_is_answered_by_silence_or_properly_and_never_by_an_error(noise: bytes, at: int, change: int) -> None:
    served = concentrator()
    wires = (
        DlmsConnection(WrapperLink(client=32, server=201)).send(Associate()).data,
        DlmsConnection(HdlcLink(server_address(1, 201, 4), 32)).send(OpenLink()).data,
    )
    served.hear(noise, NOW)
    for wire in wires:
        changed = bytearray(wire)
        changed[at % len(wire)] ^= change
        served.hear(bytes(changed), NOW)
        served.hear(wire + noise, NOW)


def test_what_counts_nothing_has_an_energy_of_nothing() -> None:
    energy = NoEnergy()
    assert (energy.register_uwh(Quantity.A_PLUS, 0, NOW), energy.flowed_uwh(Quantity.A_PLUS, NOW, NOW)) == (0, 0)
    assert (energy.power_w(Quantity.A_PLUS, NOW), energy.tariff_at(NOW), energy.tariff_table(NOW)) == (0, 1, ((0, 1),))
    assert energy.begins_at < NOW
