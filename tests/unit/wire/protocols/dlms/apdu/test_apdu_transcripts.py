"""Messages of real meters and of the standards: protocols/dlms-and-others, 7.2, 7.3, 7.5."""

import pytest

from kilovatt.wire.protocols.dlms.apdu import access, action, get, notifications, short_names
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.acse import (
    AssociationRequest,
    AssociationResponse,
    AssociationResult,
    Context,
    Mechanism,
    decode_association_request,
    decode_association_response,
)
from kilovatt.wire.protocols.dlms.apdu.initiate import (
    LOGICAL_NAMES,
    SHORT_NAMES,
    Conformance,
    InitiateRequest,
    InitiateResponse,
    decode_initiate_request,
    decode_initiate_response,
)
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DoubleLongUnsigned,
    Integer,
    LongUnsigned,
    OctetString,
    Structure,
    decode,
)

MONTHLY = Obis.parse("1.0.98.1.0.255")
POWER = Obis.parse("1.0.21.7.0.255")
FIRST_OF_FEBRUARY = OctetString.fromhex("07DF020100000000FF000000")

EXCHANGED = [
    # Public client: the name of the current association, and its answer.
    (
        "C001C1000F0000280000FF0100",
        get.GetRequest(0xC1, Descriptor(15, Obis.parse("0.0.40.0.0.255"), 1)),
    ),
    ("C401C10009060000280000FF", get.GetResponse(0xC1, bytes.fromhex("09060000280000FF"))),
    # Configurator: active power of a phase, name, value, scaler and unit.
    ("C0018100030100150700FF0100", get.GetRequest(0x81, Descriptor(3, POWER, 1))),
    ("C40181000500000000", get.GetResponse(0x81, bytes.fromhex("0500000000"))),
    ("C401810002020FFE161B", get.GetResponse(0x81, bytes.fromhex("02020FFE161B"))),
    # Setting the clock, and the ratio of current transformers.
    (
        "C1018100080000010000FF0200090C07E00A1FFF082E2601000000",
        setting.SetRequest(
            0x81,
            Descriptor(8, Obis.parse("0.0.1.0.0.255"), 2),
            OctetString.fromhex("07E00A1FFF082E2601000000"),
        ),
    ),
    ("C5018100", setting.SetResponse(0x81, AccessResult.SUCCESS)),
    (
        "C1018100010100000402FF0200120002",
        setting.SetRequest(0x81, Descriptor(1, Obis.parse("1.0.0.4.2.255"), 2), LongUnsigned(2)),
    ),
    # The monthly profile: entries 3 to 5, and a range by the clock.
    (
        "C0018100070100620100FF020102020406000000030600000005120001120000",
        get.GetRequest(
            0x81,
            Descriptor(7, MONTHLY, 2),
            Selection(2, Structure((DoubleLongUnsigned(3), DoubleLongUnsigned(5), LongUnsigned(1), LongUnsigned(0)))),
        ),
    ),
    (
        (
            "C0018100070100620100FF0201010204020412000809060000010000FF0F02120000090C07DE0C0902000000FF000000"
            "090C07DF020100000000FF0000000100"
        ),
        get.GetRequest(
            0x81,
            Descriptor(7, MONTHLY, 2),
            Selection(
                1,
                Structure(
                    (
                        Structure((LongUnsigned(8), OctetString.fromhex("0000010000FF"), Integer(2), LongUnsigned(0))),
                        OctetString.fromhex("07DE0C0902000000FF000000"),
                        FIRST_OF_FEBRUARY,
                        Array(),
                    )
                ),
            ),
        ),
    ),
    # The next blocks of a long answer.
    ("C0028100000001", get.GetNextBlock(0x81, 1)),
    ("C0028100000002", get.GetNextBlock(0x81, 2)),
    # The relay off; the standard's frames around these are wrong, the messages are right.
    (
        "C301C100460000600301FF01010F00",
        action.ActionRequest(0xC1, Descriptor(70, Obis.parse("0.0.96.3.1.255"), 1), Integer(0)),
    ),
    ("C701C10000", action.ActionResponse(0xC1, AccessResult.SUCCESS)),
    # A short name is read: the object list of an older Landis+Gyr.
    ("050102FA08", short_names.ReadRequest((short_names.ShortName(0xFA08),))),
]


@pytest.mark.parametrize(("written", "said"), EXCHANGED)
def test_a_real_message_is_read_and_written_to_the_byte(written: str, said: object) -> None:
    message = bytes.fromhex(written)

    assert decode_message(message) == said
    assert said.encode() == message  # type: ignore[attr-defined]  # every message can be encoded


def test_an_object_list_comes_in_blocks() -> None:
    # Gurux/GXDLMSDirector#4: the first block of a list; it ends within its first object.
    message = bytes.fromhex("C402810000000001001C01010204120008110009060000010000FF0202010102030F01160100")

    said = decode_message(message)

    assert said == get.GetBlock(
        0x81, is_last=False, block=1, result=bytes.fromhex("01010204120008110009060000010000FF0202010102030F01160100")
    )
    assert said.encode() == message


def test_three_months_of_nineteen_columns_are_read_from_a_reassembled_answer() -> None:
    message = bytes.fromhex(
        "C401810001030213090C07DE0101050000000001A4000600000000060000000006000000000600000000060000000006000000000600"
        "000000060000000006000000000600000000060000000006000000000600000000060000002C090C07DD0C01050000000001A4000600"
        "000000060000000006000000270213090C07DE0201050000000001A40006000000000600000000060000000006000000000600000000"
        "06000000000600000000060000000006000000000600000000060000000006000000000600000000060000002C090C07DE0101050000"
        "000001A4000600000000060000000006000000270213090C07DE0301050000000001A400060000000006000000000600000000060000"
        "0000060000000006000000000600000000060000000006000000000600000000060000000006000000000600000000060000002C090C"
        "07DE0201050000000001A400060000000006000000000600000027"
    )

    rows = decode(decode_message(message).result)

    assert len(message) == 351
    assert isinstance(rows, tuple)
    assert [len(row) for row in rows] == [19, 19, 19]  # type: ignore[arg-type]  # rows are structures
    assert [row[0].hex()[:8] for row in rows] == ["07de0101", "07de0201", "07de0301"]  # type: ignore[index,union-attr]


def test_the_reader_associates_with_its_password() -> None:
    request = bytes.fromhex(
        "6034A1090607608574050801018A0207808B0760857405080201AC088006526561646572BE10040E01000000065F1F040000101CFFFF"
    )
    response = bytes.fromhex("6129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F040000101C04000007")
    services = Conformance.BLOCK_GET | Conformance.GET | Conformance.SET | Conformance.SELECTIVE_ACCESS
    offer = InitiateRequest(services, 0xFFFF)
    agreement = InitiateResponse(services, 1024, LOGICAL_NAMES)
    asked = AssociationRequest(
        context=Context.LOGICAL_NAMES, mechanism=Mechanism.LLS, secret=b"Reader", initiate=offer.encode()
    )
    answered = AssociationResponse(
        context=Context.LOGICAL_NAMES,
        result=AssociationResult.ACCEPTED,
        diagnostic=0,
        initiate=agreement.encode(),
    )

    assert decode_association_request(request) == asked
    assert asked.encode() == request
    assert decode_initiate_request(asked.initiate) == offer
    assert decode_association_response(response) == answered
    assert answered.encode() == response
    assert decode_initiate_response(agreement.encode()) == agreement
    assert "Reader" not in repr(asked)


def test_an_older_meter_agrees_to_short_names() -> None:
    # pastebin XY1PSdHw.
    request = bytes.fromhex(
        "6036A1090607608574050801028A0207808B0760857405080201AC0A80083030303030303030"
        "BE10040E01000000065F1F04001C0320FFFF"
    )
    response = bytes.fromhex("6128A109060760857405080102A203020100A305A103020100BE0F040D0800065F1F04001802200960FA00")

    asked, answered = decode_association_request(request), decode_association_response(response)
    assert asked.encode() == request
    assert (asked.context, asked.secret) == (Context.SHORT_NAMES, b"00000000")
    # All lengths around its agreement are one too low, and its checksum is right: so it is, and so it is read.
    assert answered.encode() == response.replace(bytes.fromhex("6128"), bytes.fromhex("6129")).replace(
        bytes.fromhex("BE0F040D"), bytes.fromhex("BE10040E")
    )
    agreed = decode_initiate_response(answered.initiate or b"")
    assert (agreed.message_bytes_max, agreed.vaa_name) == (2400, SHORT_NAMES)
    assert agreed.conformance == (
        Conformance.READ | Conformance.WRITE | Conformance.MULTIPLE_REFERENCES | Conformance.PARAMETERIZED_ACCESS
    )


def test_a_meter_pushes_that_its_terminal_cover_is_open() -> None:
    # esphome-libs/dlms_parser, raw_energomera: 2022-11-03 15:38:25, flags, and the code of the event.
    message = bytes.fromhex(
        "0F4000004D0C07E60B03FF0F2619FFFF4CFF02070107020612002809060000190900FF0F021200000202160000010002061200010906"
        "0000600586FF0F02120000020216000001000206120001090600002A0000FF0F0212000002021600000100020612000109060000600100"
        "FF0F0212000002021600000100020612000109060000616200FF0F021200000202160000010002061200010906000061620AFF0F02120000"
        "02021600000100020612000109060000600587FF0F021200000202160000010016010910454D5230323232313733363038373130092030"
        "313234313531373336303837313000000000000000000000000000000000000600000010060000FFFF020209060000636204FF120003"
    )

    said = decode_message(message)

    assert isinstance(said, notifications.DataNotification)
    assert said.encode() == message
    assert (said.invoke, said.stamp.hex()) == (0x4000004D, "07e60b03ff0f2619ffff4cff")
    assert isinstance(said.body, tuple)
    objects, _, name, serial, flags, _, event = said.body
    assert (len(said.body), len(objects)) == (7, 7)  # type: ignore[arg-type]  # a list of objects
    assert (name, bytes(serial).rstrip(b"\0")) == (b"EMR0222173608710", b"012415173608710")  # type: ignore[arg-type]
    assert flags == 0x10
    assert event == Structure((OctetString(Obis.parse("0.0.99.98.4.255")), LongUnsigned(3)))


def test_an_attribute_is_told_by_class_name_and_number() -> None:
    assert access.Descriptor(3, POWER, -1).encode().hex() == "00030100150700ffff"
