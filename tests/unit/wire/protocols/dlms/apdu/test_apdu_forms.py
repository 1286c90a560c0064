"""One of each form of message, as bytes: what nobody captured is at least pinned down."""

from collections.abc import Callable

import pytest

from kilovatt.wire.protocols.dlms.apdu import access_service as several
from kilovatt.wire.protocols.dlms.apdu import action, get, notifications, short_names
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.ciphered import (
    GeneralSealed,
    ServiceSealed,
    decode_sealed,
    has_dedicated_tag,
    has_global_tag,
)
from kilovatt.wire.protocols.dlms.apdu.general_block import GeneralBlock
from kilovatt.wire.protocols.dlms.apdu.messages import decode_message
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, ConfirmedServiceError, ExceptionResponse
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import MalformedError, Unsigned

DATA = Descriptor(1, Obis.parse("0.0.96.1.0.255"), 2)
NAME = "00010000600100FF02"
PART, SHORT_NAME = b"\xaa\xbb", short_names.ShortName(0xFA08)
NOTHING, DENIED = AccessResult.SUCCESS, AccessResult.ACCESS_DENIED
FIRST_BYTES = Selection(2, Unsigned(5))
FORMS = [
    (f"C003C101{NAME}00", get.GetListRequest(0xC1, ((DATA, None),))),
    ("C403C102001105 0103", get.GetListResponse(0xC1, (b"\x11\x05", DENIED))),
    ("C402C1010000000201 0E", get.GetBlock(0xC1, True, 2, AccessResult.BLOCK_UNAVAILABLE)),
    (f"C102C1{NAME}000000000001 02AABB", setting.SetBlock(0xC1, False, 1, PART, DATA)),
    ("C103C10100000002 02AABB", setting.SetBlock(0xC1, True, 2, PART)),
    (f"C104C101{NAME}00011105", setting.SetListRequest(0xC1, ((DATA, None),), (Unsigned(5),))),
    (f"C105C101{NAME}01021105000000000102AABB", setting.SetListBlock(0xC1, False, 1, PART, ((DATA, FIRST_BYTES),))),
    ("C502C100000001", setting.SetBlockResponse(0xC1, 1)),
    ("C503C10300000002", setting.SetBlockResponse(0xC1, 2, DENIED)),
    ("C504C102000300000002", setting.SetListBlockResponse(0xC1, 2, (NOTHING, DENIED))),
    ("C505C1020003", setting.SetListResponse(0xC1, (NOTHING, DENIED))),
    (f"C301C1{NAME}00", action.ActionRequest(0xC1, DATA, has_parameter=False)),
    ("C302C100000001", action.ActionNextBlock(0xC1, 1)),
    (f"C303C101{NAME}011105", action.ActionListRequest(0xC1, (DATA,), (Unsigned(5),))),
    (f"C304C1{NAME}000000000102AABB", action.ActionParameterBlock(0xC1, False, 1, PART, DATA)),
    (f"C305C101{NAME}000000000102AABB", action.ActionParameterBlock(0xC1, False, 1, PART, None, (DATA,))),
    ("C306C1010000000202AABB", action.ActionParameterBlock(0xC1, True, 2, PART)),
    ("C701C10001001105", action.ActionResponse(0xC1, NOTHING, b"\x11\x05")),
    ("C701C100010103", action.ActionResponse(0xC1, NOTHING, DENIED)),
    ("C702C1000000000102AABB", action.ActionBlock(0xC1, False, 1, PART)),
    (
        "C703C102000100110503 00",
        action.ActionListResponse(0xC1, (action.ActionEnded(NOTHING, b"\x11\x05"), action.ActionEnded(DENIED))),
    ),
    ("C704C100000001", action.ActionBlockTaken(0xC1, 1)),
    (f"C200{NAME}1105", notifications.EventNotification(None, DATA, Unsigned(5))),
    (
        f"D9C000000100 03 01{NAME} 05{NAME}021105 03{NAME} 03 00 1105 00",
        several.AccessRequest(
            0xC0000001,
            (
                several.AccessAsked(several.AccessKind.GET, DATA),
                several.AccessAsked(several.AccessKind.SET, DATA, FIRST_BYTES),
                several.AccessAsked(several.AccessKind.ACTION, DATA),
            ),
            (None, Unsigned(5), None),
        ),
    ),
    (
        "DAC000000100 00 02 1105 00 02 0100 0203",
        several.AccessResponse(
            0xC0000001,
            (Unsigned(5), None),
            (
                several.AccessOutcome(several.AccessKind.GET, NOTHING),
                several.AccessOutcome(several.AccessKind.SET, DENIED),
            ),
        ),
    ),
    (
        f"DAC000000100 01 01 01{NAME} 01 1105 01 0100",
        several.AccessResponse(
            0xC0000001,
            (Unsigned(5),),
            (several.AccessOutcome(several.AccessKind.GET, NOTHING),),
            (several.AccessAsked(several.AccessKind.GET, DATA),),
        ),
    ),
    (
        "E0C80001000202AABB",
        GeneralBlock(is_last=True, streaming=True, window=8, number=1, acknowledged=2, part=PART),
    ),
    ("050104FA08021105", short_names.ReadRequest((short_names.ParameterizedName(0xFA08, 2, Unsigned(5)),))),
    ("0501050001", short_names.ReadRequest((short_names.NextReadBlock(1),))),
    (
        "0C03001105010302010001 02AABB",
        short_names.ReadResponse((b"\x11\x05", DENIED, short_names.ReadPart(True, 1, PART))),
    ),
    ("060102FA08011105", short_names.WriteRequest((SHORT_NAME,), (Unsigned(5),))),
    ("0D02000103", short_names.WriteResponse((NOTHING, DENIED))),
    ("D80102", ExceptionResponse(1, 2)),
    ("D8010600000007", ExceptionResponse(1, 6, 7)),
    ("D80106", ExceptionResponse(1, 6)),
    ("0E010601", ConfirmedServiceError(1, 6, 1)),
]


@pytest.mark.parametrize(("written", "said"), FORMS)
def test_a_message_has_this_form(written: str, said: object) -> None:
    wire = bytes.fromhex(written)

    assert decode_message(wire) == said
    assert said.encode() == wire  # type: ignore[attr-defined]  # every message can be encoded


def test_results_that_came_in_blocks_are_read() -> None:
    results = (b"\x11\x05", DENIED)

    assert get.decode_results(get.encode_results(results)) == results
    assert short_names.decode_read_results(short_names.encode_read_results(results)) == results
    assert setting.decode_values(setting.encode_values((Unsigned(5), None))) == (Unsigned(5), None)


@pytest.mark.parametrize("decoder", [get.decode_results, short_names.decode_read_results, setting.decode_values])
def test_bytes_after_results_are_refused(decoder: Callable[[bytes], object]) -> None:
    with pytest.raises(MalformedError, match="1 bytes after the message"):
        decoder(b"\x00\xff")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("C802AABB", ServiceSealed(0xC0, PART)),
        ("D002AABB", ServiceSealed(0xC0, PART, is_dedicated=True)),
        ("2802AABB", ServiceSealed(0x08, PART)),
        ("4C02AABB", ServiceSealed(0x0C, PART, is_dedicated=True)),
        ("DB01CC02AABB", GeneralSealed(b"\xcc", PART)),
        ("DC01CC02AABB", GeneralSealed(b"\xcc", PART, is_dedicated=True)),
    ],
)
def test_a_sealed_message_has_the_tag_of_its_service_or_a_general_one(written: str, said: object) -> None:
    wire = bytes.fromhex(written)

    assert decode_sealed(wire) == said
    assert said.encode() == wire


def test_an_association_begins_under_the_global_key() -> None:
    assert (has_global_tag(0x01), has_dedicated_tag(0x01)) == (True, False)
