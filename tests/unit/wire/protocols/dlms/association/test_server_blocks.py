"""The answering end, asked by hand: long answers, long values, short names."""

from typing import Any

import pytest

from answering_dlms import NOT_ALLOWED, NOT_SUPPORTED, SUCCESS, TEXT, Meter
from kilovatt.wire.protocols.dlms.apdu import access_service as several
from kilovatt.wire.protocols.dlms.apdu import action, get, short_names
from kilovatt.wire.protocols.dlms.apdu import set as setting
from kilovatt.wire.protocols.dlms.apdu.access import Selection
from kilovatt.wire.protocols.dlms.apdu.acse import Context
from kilovatt.wire.protocols.dlms.apdu.general_block import GeneralBlock
from kilovatt.wire.protocols.dlms.apdu.initiate import (
    SHORT_NAMES,
    Conformance,
    decode_initiate_response,
)
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult, ExceptionResponse
from kilovatt.wire.protocols.dlms.association import services
from kilovatt.wire.protocols.dlms.association.server import CONFORMANCE, ClientProfile
from kilovatt.wire.protocols.dlms.values import OctetString, Unsigned, encode
from told_dlms import (
    ECHO,
    EVERYTHING,
    KEPT,
    LONG,
    LONG_VALUE,
    UNKNOWN,
)

# ── Long answers ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_blocks_come_only_in_order() -> None:
    meter = Meter(size=300)
    first = meter.ask(get.GetRequest(0xC1, LONG))
    assert (first.block, first.is_last) == (1, False)

    assert meter.ask(get.GetNextBlock(0xC1, 2)).result is AccessResult.BLOCK_NUMBER_INVALID
    assert meter.ask(get.GetNextBlock(0xC1, 1)).result is AccessResult.NO_LONG_GET


def test_another_question_ends_a_long_answer() -> None:
    meter = Meter(size=300)
    meter.ask(get.GetRequest(0xC1, LONG))
    meter.ask(get.GetRequest(0xC2, UNKNOWN))

    assert meter.ask(get.GetNextBlock(0xC1, 1)).result is AccessResult.NO_LONG_GET


def test_what_a_method_returns_is_no_long_read() -> None:
    meter = Meter(size=100)
    first = meter.ask(action.ActionRequest(0xC1, ECHO, OctetString(bytes(300))))
    assert isinstance(first, action.ActionBlock)

    assert meter.ask(get.GetNextBlock(0xC1, 1)).result is AccessResult.NO_LONG_GET
    assert meter.ask(action.ActionNextBlock(0xC1, 5)).result is AccessResult.NO_LONG_GET
    assert meter.ask(action.ActionNextBlock(0xC1, 1)).result is AccessResult.NO_LONG_GET


def test_what_does_not_fit_and_cannot_be_cut_is_said() -> None:
    meter = Meter(ClientProfile(conformance=CONFORMANCE & ~Conformance.BLOCK_GET | Conformance.ACCESS), size=100)
    big = OctetString(bytes(300))
    access = several.AccessRequest(1, (several.AccessAsked(several.AccessKind.GET, LONG),), (None,))

    assert meter.ask(get.GetRequest(0xC1, LONG)).result is AccessResult.OTHER_REASON
    ended = meter.ask(action.ActionRequest(0xC1, ECHO, big))
    assert (ended.result, ended.returned) == (SUCCESS, AccessResult.OTHER_REASON)
    assert meter.ask(action.ActionListRequest(0xC1, (ECHO,), (big,))).ended == (action.ActionEnded(SUCCESS),)
    assert meter.ask(access) == ExceptionResponse(2, 1)


def test_a_part_of_a_value_needs_to_be_agreed_upon() -> None:
    meter = Meter(ClientProfile(conformance=Conformance.GET | Conformance.SET), size=300)

    assert meter.ask(get.GetRequest(0xC1, LONG, Selection(2, None))).result is AccessResult.SCOPE_VIOLATED
    assert meter.ask(setting.SetRequest(0xC1, KEPT, TEXT, Selection(2, None))).result is AccessResult.SCOPE_VIOLATED


def test_a_long_answer_goes_in_general_blocks_where_only_these_were_agreed_upon() -> None:
    meter = Meter(ClientProfile(conformance=Conformance.GET | Conformance.GENERAL_BLOCK_TRANSFER), size=300)

    first = meter.ask(get.GetRequest(0xC1, LONG))

    assert isinstance(first, GeneralBlock)
    wrong = GeneralBlock(is_last=True, streaming=False, window=1, number=9, acknowledged=9, part=b"")
    assert meter.ask(wrong) == NOT_ALLOWED


def test_a_general_block_may_hold_a_whole_message() -> None:
    meter = Meter(size=100)
    part = get.GetRequest(0xC1, UNKNOWN).encode()

    said = meter.ask(GeneralBlock(is_last=True, streaming=False, window=1, number=1, acknowledged=0, part=part))

    assert said.part == get.GetResponse(0xC1, AccessResult.OBJECT_UNDEFINED).encode()


def test_a_general_block_may_hold_what_is_answered_by_silence() -> None:
    meter = Meter(size=100)
    meter.server._serve = lambda *_: None  # type: ignore[method-assign]  # a meter that says nothing

    block = GeneralBlock(is_last=True, streaming=False, window=1, number=1, acknowledged=0, part=b"\xc0")
    assert meter.say(block.encode()) is None
    assert meter.say(b"\xc0") is None


# ── Long values ─────────────────────────────────────────────────────────────────────────────────────────────────────

FIRST = setting.SetBlock(0xC1, False, 1, encode(TEXT)[:20], KEPT)
REST = setting.SetBlock(0xC1, True, 2, encode(TEXT)[20:])
FIRST_PARAMETER = action.ActionParameterBlock(0xC1, False, 1, encode(TEXT)[:20], ECHO)


def test_a_value_is_set_once_all_blocks_are_there() -> None:
    meter = Meter(size=0xFFFF)

    assert meter.ask(FIRST) == setting.SetBlockResponse(0xC1, 1)
    assert meter.objects.done == []
    assert meter.ask(REST) == setting.SetBlockResponse(0xC1, 2, SUCCESS)
    assert meter.objects.kept == TEXT


@pytest.mark.parametrize(
    ("asked", "result"),
    [
        ([REST], AccessResult.NO_LONG_SET),
        ([FIRST, setting.SetBlock(0xC1, True, 3, b"")], AccessResult.BLOCK_NUMBER_INVALID),
        ([FIRST, setting.SetBlock(0xC1, True, 3, b""), REST], AccessResult.NO_LONG_SET),
        ([setting.SetBlock(0xC1, True, 1, b"\xff", KEPT)], AccessResult.TYPE_UNMATCHED),
        ([FIRST, get.GetRequest(0xC1, UNKNOWN), REST], AccessResult.NO_LONG_SET),
        ([FIRST_PARAMETER, REST], AccessResult.NO_LONG_SET),
        ([FIRST, action.ActionParameterBlock(0xC1, True, 2, b"")], AccessResult.NO_LONG_SET),
        ([action.ActionParameterBlock(0xC1, True, 1, b"\xff", ECHO)], AccessResult.TYPE_UNMATCHED),
        ([FIRST_PARAMETER, action.ActionParameterBlock(0xC1, True, 7, b"")], AccessResult.BLOCK_NUMBER_INVALID),
    ],
)
def test_blocks_that_do_not_follow_change_nothing(asked: list[Any], result: AccessResult) -> None:
    meter = Meter(size=0xFFFF)

    said = [meter.ask(one) for one in asked]

    assert said[-1].result is result
    assert meter.objects.done == []


def test_a_value_without_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_VALUE_BYTES_MAX", 10)

    assert Meter(size=0xFFFF).ask(FIRST).result is AccessResult.LONG_SET_ABORTED


@pytest.mark.parametrize(
    ("whole", "results"),
    [
        (b"\x01" + encode(Unsigned(5)), (SUCCESS,)),
        (b"\x00", (AccessResult.TYPE_UNMATCHED,)),
        (b"\x01\xff", (AccessResult.TYPE_UNMATCHED,)),
    ],
)
def test_a_list_of_long_values_is_set_one_by_one(whole: bytes, results: tuple[AccessResult, ...]) -> None:
    said = Meter(size=0xFFFF).ask(setting.SetListBlock(0xC1, True, 1, whole, ((KEPT, None),)))

    assert said == setting.SetListBlockResponse(0xC1, 1, results)


def test_lists_of_methods_in_blocks_are_not_built_and_said_so() -> None:
    block = action.ActionParameterBlock(0xC1, True, 1, b"\x00", None, ())

    assert Meter(size=0xFFFF).ask(block) == NOT_SUPPORTED


# ── Short names ─────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = {0xFA08: LONG, 0x2710: KEPT}
SHORT = ClientProfile(context=Context.SHORT_NAMES, conformance=EVERYTHING)
NAME, KEPT_NAME = short_names.ShortName(0xFA08), short_names.ShortName(0x2710)


def test_short_names_are_read_and_written() -> None:
    meter = Meter(SHORT, short_names=NAMES)
    said = meter.associate(context=Context.SHORT_NAMES)
    assert decode_initiate_response(said.initiate or b"").vaa_name == SHORT_NAMES

    unknown = short_names.ShortName(1)
    written = meter.ask(short_names.WriteRequest((KEPT_NAME, unknown), (Unsigned(5), None)))
    assert written.results == (SUCCESS, AccessResult.OBJECT_UNDEFINED)
    part = short_names.ParameterizedName(0xFA08, 2, None)
    read = meter.ask(short_names.ReadRequest((KEPT_NAME, unknown, part)))
    assert read.results == (encode(Unsigned(5)), AccessResult.OBJECT_UNDEFINED, encode(OctetString(LONG_VALUE[:2])))
    assert meter.ask(short_names.WriteRequest((part,), (None,))).results == (AccessResult.SCOPE_VIOLATED,)
    nothing = short_names.NextReadBlock(1)
    assert meter.ask(short_names.ReadRequest((nothing, NAME))).results[0] is AccessResult.OBJECT_UNDEFINED


def test_a_long_answer_to_short_names_comes_in_parts() -> None:
    meter = Meter(SHORT, short_names=NAMES, size=500)
    first = meter.ask(short_names.ReadRequest((NAME,))).results[0]
    assert (first.is_last, first.block) == (False, 1)

    following = short_names.ReadRequest((short_names.NextReadBlock(2),))
    assert meter.ask(following).results == (AccessResult.BLOCK_NUMBER_INVALID,)
    assert meter.ask(following).results == (AccessResult.NO_LONG_GET,)


def test_short_names_are_served_as_agreed_upon() -> None:
    meter = Meter(
        ClientProfile(context=Context.SHORT_NAMES, conformance=Conformance.READ), short_names=NAMES, size=0xFFFF
    )

    part = short_names.ParameterizedName(0xFA08, 2, None)
    assert meter.ask(short_names.ReadRequest((part,))).results == (AccessResult.SCOPE_VIOLATED,)
    assert meter.ask(short_names.WriteRequest((NAME,), (None,))) == NOT_SUPPORTED
    assert meter.ask(get.GetRequest(0xC1, LONG)) == NOT_SUPPORTED
