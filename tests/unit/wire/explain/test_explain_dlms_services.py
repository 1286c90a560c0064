"""Every service of DLMS is followed to its last byte, in each of its kinds."""

from typing import Protocol

import pytest

from kilovatt.wire.explain import ExplainedFrame
from kilovatt.wire.explain.dlms import explain_frame
from kilovatt.wire.explain.words import WORDS
from kilovatt.wire.protocols.dlms.apdu import access_service as access
from kilovatt.wire.protocols.dlms.apdu import action, get
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu import short_names as short
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.apdu.general_block import GeneralBlock
from kilovatt.wire.protocols.dlms.apdu.notifications import DataNotification, EventNotification
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, ConfirmedServiceError, ExceptionResponse
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.values import Unsigned

CLOCK = Descriptor(8, Obis.parse("0.0.1.0.0.255"), 2)
SEVEN = Unsigned(7)
VALUE = bytes.fromhex("1107")
STAMP = bytes.fromhex("07E60B03040F2619FFFF4C00")
PART = Selection(2, SEVEN)
DONE, DENIED = AccessResult.SUCCESS, AccessResult.ACCESS_DENIED
SEVERAL = ((CLOCK, None), (CLOCK, PART))


class Said(Protocol):
    def encode(self) -> bytes: ...


MESSAGES: tuple[tuple[str, Said], ...] = (
    ("get_request", get.GetRequest(0xC1, CLOCK, PART)),
    ("get_request", get.GetNextBlock(0xC1, 3)),
    ("get_request", get.GetListRequest(0xC1, SEVERAL)),
    ("get_response", get.GetResponse(0xC1, DENIED)),
    ("get_response", get.GetBlock(0xC1, True, 1, DENIED)),
    ("get_response", get.GetListResponse(0xC1, (VALUE, DENIED))),
    ("set_request", setting.SetRequest(0xC1, CLOCK, SEVEN)),
    ("set_request", setting.SetBlock(0xC1, False, 1, VALUE, CLOCK, PART)),
    ("set_request", setting.SetBlock(0xC1, True, 2, VALUE)),
    ("set_request", setting.SetListRequest(0xC1, SEVERAL, (SEVEN, SEVEN))),
    ("set_request", setting.SetListBlock(0xC1, False, 1, VALUE, SEVERAL)),
    ("set_response", setting.SetResponse(0xC1, DONE)),
    ("set_response", setting.SetBlockResponse(0xC1, 1)),
    ("set_response", setting.SetBlockResponse(0xC1, 2, DONE)),
    ("set_response", setting.SetListResponse(0xC1, (DONE, DENIED))),
    ("set_response", setting.SetListBlockResponse(0xC1, 2, (DONE, DENIED))),
    ("action_request", action.ActionRequest(0xC1, CLOCK, SEVEN)),
    ("action_request", action.ActionNextBlock(0xC1, 2)),
    ("action_request", action.ActionListRequest(0xC1, (CLOCK, CLOCK), (SEVEN, SEVEN))),
    ("action_request", action.ActionParameterBlock(0xC1, False, 1, VALUE, CLOCK)),
    ("action_request", action.ActionParameterBlock(0xC1, False, 1, VALUE, methods=(CLOCK, CLOCK))),
    ("action_request", action.ActionParameterBlock(0xC1, True, 2, VALUE)),
    ("action_response", action.ActionResponse(0xC1, DONE, VALUE)),
    ("action_response", action.ActionBlock(0xC1, True, 1, VALUE)),
    (
        "action_response",
        action.ActionListResponse(0xC1, (action.ActionEnded(DONE, VALUE), action.ActionEnded(DENIED))),
    ),
    ("action_response", action.ActionBlockTaken(0xC1, 1)),
    ("read_request", short.ReadRequest((short.ShortName(0xFA08), short.ParameterizedName(0xFA10, 1, SEVEN)))),
    ("read_request", short.ReadRequest((short.NextReadBlock(2),))),
    ("read_response", short.ReadResponse((VALUE, DENIED))),
    ("read_response", short.ReadResponse((short.ReadPart(True, 2, VALUE),))),
    ("write_request", short.WriteRequest((short.ShortName(0xFA08),), (SEVEN,))),
    ("write_response", short.WriteResponse((DONE, DENIED))),
    (
        "access_request",
        access.AccessRequest(
            1,
            (access.AccessAsked(access.AccessKind.GET, CLOCK), access.AccessAsked(access.AccessKind.SET, CLOCK, PART)),
            (None, SEVEN),
            STAMP,
        ),
    ),
    ("access_response", access.AccessResponse(1, (SEVEN,), (access.AccessOutcome(access.AccessKind.GET, DONE),))),
    (
        "access_response",
        access.AccessResponse(
            1,
            (SEVEN,),
            (access.AccessOutcome(access.AccessKind.GET, DONE),),
            (access.AccessAsked(access.AccessKind.GET, CLOCK),),
        ),
    ),
    (
        "general_block",
        GeneralBlock(is_last=False, streaming=True, window=1, number=1, acknowledged=0, part=VALUE),
    ),
    ("data_notification", DataNotification(1, STAMP, SEVEN)),
    ("event_notification", EventNotification(STAMP, CLOCK, SEVEN)),
    ("event_notification", EventNotification(None, CLOCK, SEVEN)),
    ("exception", ExceptionResponse(1, 2)),
    ("exception", ExceptionResponse(1, 6, 100)),
    ("service_error", ConfirmedServiceError(1, 6, 3)),
)


def explained(data: bytes) -> ExplainedFrame:
    return explain_frame(data, is_answer=False)


@pytest.mark.parametrize(("code", "message"), MESSAGES, ids=lambda it: it if isinstance(it, str) else type(it).__name__)
def test_every_kind_of_every_service_is_followed_to_its_end(code: str, message: Said) -> None:
    frame = explained(message.encode())
    assert (frame.code, frame.problem) == (code, None)
    words = WORDS["dlms"]
    assert all(words.field(field) for field in frame.fields)
    assert "data" not in {field.code for field in frame.fields}


@pytest.mark.parametrize(("code", "message"), MESSAGES, ids=lambda it: it if isinstance(it, str) else type(it).__name__)
def test_what_is_cut_or_goes_on_is_called_malformed_and_stays_covered(code: str, message: Said) -> None:
    whole = message.encode()
    for data in (whole[:-1], whole + b"\x00"):
        frame = explained(data)
        assert (frame.code, frame.problem) == (code, "malformed")


@pytest.mark.parametrize("text", ["C00981", "C10981", "C30981", "C40981", "C50981", "C70981", "050109"])
def test_a_kind_that_nobody_knows_is_told_as_one(text: str) -> None:
    frame = explained(bytes.fromhex(text))
    assert frame.problem is None
    assert 9 in [field.value for field in frame.fields if field.code in {"kind", "variable_kind"}]


def test_a_hidden_password_and_its_checksum_are_told_as_hidden() -> None:
    frame = explained(
        bytes.fromhex(
            "7EA043022141100D84E6E6006034A1090607608574050801018A0207808B0760857405080201AC0880062A2A2A2A2A2A"
            "BE10040E01000000065F1F040000101CFFFF2A2A2A"
        )
    )
    assert (frame.code, frame.problem, frame.crc_is_right) == ("association_request", None, None)


def test_short_names_are_told_as_numbers() -> None:
    # Of an E550 by Landis+Gyr (pastebin XY1PSdHw): the list of its objects is asked for.
    frame = explained(bytes.fromhex("7EA011034132E258E6E600050102FA08189E7E"))
    told = {field.code: field.value for field in frame.fields}
    assert (frame.code, frame.problem, frame.crc_is_right) == ("read_request", None, True)
    assert (told["short_name"], told["source"], told["destination"]) == ("FA08h", "32", "1")
    assert told["control"] == "I N(S)=1 N(R)=1 P/F"


def test_an_agreement_that_is_counted_one_byte_short_is_followed_to_its_end() -> None:
    # As the same meter answers: its lengths leave out a byte of the tag of the conformance bits.
    frame = explained(
        bytes.fromhex(
            "7EA0374103302179E6E7006128A109060760857405080102A203020100A305A103020100"
            "BE0F040D0800065F1F04001802200960FA000AA87E"
        )
    )
    told = {field.code: field.value for field in frame.fields}
    assert (frame.code, frame.problem) == ("association_response", None)
    assert (told["context"], told["association_result"], told["diagnostic"]) == ("short_names", "accepted", 0)
    assert (told["vaa_name"], told["message_bytes_max"]) == ("FA00h", 2400)
    assert told["conformance"] == "read, write, multiple_references, parameterized_access"


@pytest.mark.parametrize(
    ("text", "code", "value"),
    [
        # A context nobody knows; a diagnostic of nothing; an offer that is none, or empty, or of a tag nobody knows.
        ("600BA109060760857405080109", "context", "06 07 60 85 74 05 08 01 09"),
        ("6102A100", "context", ""),
        ("6102A300", "diagnostic", None),
        ("6004BE020500", "offer", "05 00"),
        ("6004BE020400", "offer", 0),
        ("6006BE0404027777", "ciphered_offer", "77 77"),
        ("60048502AABB", "association_field", "85h aa bb"),
        ("600EA60A04084D4D4D0000BC614E8000", "system_title", "4d 4d 4d 00 00 bc 61 4e"),
    ],
)
def test_odd_fields_of_an_association_are_told_as_they_are(text: str, code: str, value: object) -> None:
    frame = explained(bytes.fromhex(text))
    assert (code, value) in [(field.code, field.value) for field in frame.fields]


def test_an_offer_tells_what_it_allows() -> None:
    frame = explained(bytes.fromhex("01011000112233445566778899AABBCCDDEEFF0101010106" + "5F0400007E1F0400"))
    told = {field.code: field.value for field in frame.fields}
    assert frame.problem is None
    # Never shown.
    assert told["dedicated_key"] is None
    assert (told["response_allowed"], told["quality"], told["dlms_version"]) == (1, 1, 6)
    assert told["message_bytes_max"] == 0x0400
