"""Whole exchanges of real meters and of the standard: protocols/dlms-and-others, 7.2 and 7.5."""

from typing import Any

import pytest

from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.acse import Context, Mechanism
from kilovatt.wire.protocols.dlms.apdu.initiate import SHORT_NAMES, Conformance
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.apdu.short_names import ShortName
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.hls import Credentials, MechanismNotSupportedError, Side, proof
from kilovatt.wire.protocols.dlms.association.requests import (
    Associate,
    Associated,
    CloseLink,
    DlmsRequest,
    GetAttribute,
    OpenLink,
    ReadVariables,
    SetAttribute,
    WriteVariables,
)
from kilovatt.wire.protocols.dlms.association.server import AssociationServer, ClientProfile
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import (
    DoubleLong,
    DoubleLongUnsigned,
    Enumerate,
    Integer,
    LongUnsigned,
    OctetString,
    Structure,
    Unsigned,
)
from kilovatt.wire.protocols.framing.connection import Answered, Refusal, RefusalReason, SendMore
from kilovatt.wire.protocols.framing.hdlc.link import HdlcLink
from kilovatt.wire.protocols.framing.hdlc.parameters import LinkLimits
from kilovatt.wire.protocols.framing.hdlc.server import HdlcServerLink
from told_dlms import LONG, METER_TITLE, Objects

STANDARD = bytes.fromhex("0221")
"""Logical device 1, physical address 16: the meter of the standard's samples."""
READER_SERVICES = Conformance.BLOCK_GET | Conformance.GET | Conformance.SET | Conformance.SELECTIVE_ACCESS
POWER = Obis.parse("1.0.21.7.0.255")


def follows(connection: DlmsConnection, request: DlmsRequest[Any], *frames: str) -> Any:  # noqa: ANN401  # as asked
    """Carry an exchange whose frames are given, ours and the meter's in turn; return what it brought."""
    wire = [bytes.fromhex(frame) for frame in frames]
    outgoing = connection.send(request)
    for ours, theirs in zip(wire[::2], wire[1::2], strict=True):
        assert outgoing.data == ours
        event = connection.receive(theirs)
        if isinstance(event, Answered):
            return event.value
        assert isinstance(event, SendMore)
        outgoing = event.outgoing
    raise AssertionError("the exchange goes on")


def test_a_reader_associates_as_in_the_standard() -> None:
    # Client 32, physical address 16 in one byte each: SNRM, UA; AARQ with "Reader", AARE.
    connection = DlmsConnection(HdlcLink(bytes.fromhex("0221"), 32))
    follows(connection, OpenLink(), "7EA0080221419350B47E", "7EA008410221732EE97E")

    agreed = follows(
        connection,
        Associate(mechanism=Mechanism.LLS, secret=b"Reader", conformance=READER_SERVICES),
        "7EA043022141100D84E6E6006034A1090607608574050801018A0207808B0760857405080201AC088006526561646572"
        "BE10040E01000000065F1F040000101CFFFF28157E",
        "7EA03841022130604DE6E7006129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F040000101C"
        "0400000706947E",
    )

    assert agreed == Associated(READER_SERVICES, 1024, 7, None)


def on_a_link_in_use(client: int, questions: int, answers: int) -> DlmsConnection:
    """A client whose link has carried so many frames each way already."""
    link = HdlcLink(STANDARD, client)
    link.open()
    link.is_open, link._is_opening = True, False  # a link in the middle of its life
    link._send_number, link._receive_number = questions, answers  # as above
    connection = DlmsConnection(link)
    connection._session.number = 0  # invoke-ids of these samples are 1
    return connection


def test_a_link_is_closed_that_the_meter_does_not_have() -> None:
    connection = DlmsConnection(HdlcLink(STANDARD, 16))

    assert follows(connection, CloseLink(), "7EA0080221215309177E", "7EA0082102211FA0D97E") is None
    assert follows(connection, OpenLink(), "7EA0080221219305D17E", "7EA00821022173CA707E") is None


def test_the_public_client_reads_the_name_of_its_association() -> None:
    connection = on_a_link_in_use(16, 2, 1)

    value = follows(
        connection,
        GetAttribute(Descriptor(15, Obis.parse("0.0.40.0.0.255"), 1)),
        "7EA01A0221213478A2E6E600C001C1000F0000280000FF0100F9797E",
        "7EA0192102217247DEE6E700C401C10009060000280000FFB66E7E",
    )

    assert value == Obis.parse("0.0.40.0.0.255")


@pytest.mark.parametrize(
    ("number", "frame", "value"),
    [
        (1, "7EA01961022174C6ADE6E700C401810009060100150700FF9E707E", OctetString(POWER)),
        (2, "7EA016610221962603E6E700C40181000500000000B7C27E", DoubleLong(0)),
        (3, "7EA017610221B81EC0E6E700C401810002020FFE161B127A7E", Structure((Integer(-2), Enumerate(27)))),
    ],
)
def test_a_configurator_is_answered_about_active_power(number: int, frame: str, value: object) -> None:
    sent, heard = {1: (2, 2), 2: (3, 3), 3: (4, 4)}[number]
    connection = on_a_link_in_use(48, sent, heard)
    connection.send(GetAttribute(Descriptor(3, POWER, number)))

    event = connection.receive(bytes.fromhex(frame))

    assert isinstance(event, Answered)
    assert event.value == value


def test_the_clock_and_a_ratio_are_set_and_only_the_clock_is_answered_in_the_sample() -> None:
    connection = on_a_link_in_use(48, 2, 2)
    clock = Descriptor(8, Obis.parse("0.0.1.0.0.255"), 2)
    connection.send(SetAttribute(clock, OctetString.fromhex("07E00A1FFF082E2601000000")))

    event = connection.receive(bytes.fromhex("7EA01161022174E6F7E6E700C501810036CF7E"))

    assert isinstance(event, Answered)
    assert event.value is None


def test_three_months_come_in_segments() -> None:
    connection = on_a_link_in_use(48, 2, 2)
    entries = Structure((DoubleLongUnsigned(3), DoubleLongUnsigned(5), LongUnsigned(1), LongUnsigned(0)))
    connection.send(GetAttribute(Descriptor(7, Obis.parse("1.0.98.1.0.255"), 2), Selection(2, entries)))
    segments = (
        (
            "7EA88A6102217447AFE6E700C401810001030213090C07DE0101050000000001A40006000000000600000000060000000006"
            "0000000006000000000600000000060000000006000000000600000000060000000006000000000600000000060000000006"
            "0000002C090C07DD0C01050000000001A4000600000000060000000006000000270213090C8D637E"
        ),
        (
            "7EA88A61022176558C07DE0201050000000001A4000600000000060000000006000000000600000000060000000006000000"
            "000600000000060000000006000000000600000000060000000006000000000600000000060000002C090C07DE0101050000"
            "000001A4000600000000060000000006000000270213090C07DE0301050000000001A4000631847E"
        ),
        (
            "7EA06C610221780D540000000006000000000600000000060000000006000000000600000000060000000006000000000600"
            "0000000600000000060000000006000000000600000000060000002C090C07DE0201050000000001A4000600000000060000"
            "00000600000027317A7E"
        ),
    )

    acknowledged = []
    for segment in segments[:2]:
        event = connection.receive(bytes.fromhex(segment))
        assert isinstance(event, SendMore)
        acknowledged.append(event.outgoing.data.hex().upper())
    event = connection.receive(bytes.fromhex(segments[2]))

    assert acknowledged == ["7EA008022161717F537E", "7EA0080221619171B47E"]
    assert isinstance(event, Answered)
    assert [len(row) for row in event.value] == [19, 19, 19]


def test_an_older_landis_gyr_associates_and_lists_its_objects_by_short_names() -> None:
    # pastebin XY1PSdHw: client 32, LLS, one-byte addresses, 128 and 62 bytes of information.
    connection = DlmsConnection(HdlcLink(bytes.fromhex("03"), 32))
    services = (
        Conformance.READ
        | Conformance.WRITE
        | Conformance.UNCONFIRMED_WRITE
        | Conformance.MULTIPLE_REFERENCES
        | Conformance.INFORMATION_REPORT
        | Conformance.PARAMETERIZED_ACCESS
    )
    opened = "7EA01E4103738E7F81801205018006013E07040000000108040000000107227E"
    follows(connection, OpenLink(), "7EA0070341935A647E", opened)

    agreed = follows(
        connection,
        Associate(mechanism=Mechanism.LLS, secret=b"00000000", context=Context.SHORT_NAMES, conformance=services),
        "7EA044034110B3E1E6E6006036A1090607608574050801028A0207808B0760857405080201AC0A80083030303030303030"
        "BE10040E01000000065F1F04001C0320FFFF0B877E",
        "7EA0374103302179E6E7006128A109060760857405080102A203020100A305A103020100BE0F040D0800065F1F04001802200960FA"
        "000AA87E",
    )

    assert (agreed.message_bytes_max, agreed.vaa_name) == (2400, SHORT_NAMES)
    listed = connection.send(ReadVariables((ShortName(0xFA08),)))
    assert listed.data.hex().upper() == "7EA011034132E258E6E600050102FA08189E7E"


@pytest.mark.parametrize("size", [128, 0xFFFF])
def test_short_names_are_read_and_written_over_a_narrow_link(size: int) -> None:
    # Our own meter of short names, as narrow as the one above.
    secret, objects = b"00000000", Objects()
    server = AssociationServer(
        objects,
        {32: ClientProfile(mechanism=Mechanism.LLS, secret=secret, context=Context.SHORT_NAMES, conformance=_ALL)},
        title=METER_TITLE,
        challenge=bytes,
        short_names={0xFA08: LONG, 0x2710: Descriptor(1, LONG.obis, 3)},
    )
    meter = HdlcServerLink(frozenset({b"\x03"}), server, LinkLimits(transmit_info=62, receive_info=128))
    connection = DlmsConnection(HdlcLink(b"\x03", 32))

    def ask(request: DlmsRequest[Any]) -> Any:  # noqa: ANN401  # as asked
        outgoing = connection.send(request)
        while True:
            event = connection.receive(meter.hear(outgoing.data) or b"")
            if isinstance(event, Answered):
                return event.value
            assert isinstance(event, SendMore)
            outgoing = event.outgoing

    ask(OpenLink())
    ask(
        Associate(
            mechanism=Mechanism.LLS,
            secret=secret,
            context=Context.SHORT_NAMES,
            conformance=_ALL,
            message_bytes_max=size,
        )
    )
    kept, unknown = ShortName(0x2710), ShortName(1)
    assert ask(WriteVariables((kept, unknown), (Unsigned(5), None))) == (
        AccessResult.SUCCESS,
        AccessResult.OBJECT_UNDEFINED,
    )
    read = ask(ReadVariables((ShortName(0xFA08), kept, unknown)))
    assert [bytes(read[0][:2]), *read[1:]] == [b"\x00\x01", Unsigned(5), AccessResult.OBJECT_UNDEFINED]
    assert ask(GetAttribute(LONG)) == Refusal(RefusalReason.OTHER, 2)


_ALL = Conformance(0x7FFFFF)


def test_no_proof_is_made_up_for_a_mechanism_that_is_not_built() -> None:
    side = Side(METER_TITLE, b"12345678")

    with pytest.raises(MechanismNotSupportedError):
        proof(Mechanism.HLS_STREEBOG, Credentials(secret=b"secret"), prover=side, other=side)
