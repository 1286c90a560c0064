"""Ciphered messages of DLMS explained with their keys: the Green Book's example, and a push of a real meter."""

from dataclasses import replace

import pytest

from kilovatt.wire.explain import ExplainedFrame, OpeningKeys, explain
from kilovatt.wire.explain.words import WORDS
from kilovatt.wire.protocols.dlms.apdu.acse import AssociationRequest, AssociationResponse, AssociationResult, Context
from kilovatt.wire.protocols.dlms.apdu.ciphered import (
    GeneralCiphered,
    GeneralSealed,
    GeneralSigned,
    KeyIs,
    KeyTold,
    Route,
    ServiceSealed,
)
from kilovatt.wire.protocols.dlms.apdu.get import GetBlock
from kilovatt.wire.protocols.dlms.apdu.initiate import Conformance, InitiateRequest
from kilovatt.wire.protocols.dlms.security.sealing import Keys, Protection, Sealer

# The Green Book's example keys.
ENCRYPTION = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
AUTHENTICATION = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
TITLE = bytes.fromhex("4D4D4D0000BC614E")
METER = bytes.fromhex("4D4D4D0000000001")
PLAIN = bytes.fromhex("C0010000080000010000FF0200")
BOTH = bytes.fromhex("C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B")
AUTHENTICATED = bytes.fromhex("C81E1001234567C0010000080000010000FF020006725D910F9221D263877516")
ENCRYPTED = bytes.fromhex("C8122001234567411312FF935A47566827C467BC")
KEYS = OpeningKeys(encryption=ENCRYPTION, authentication=AUTHENTICATION, titles=(METER, TITLE))
# Landis+Gyr E450, a push in three blocks; the frames and their keys are published in
# esphome-libs/dlms_parser, tests/dumps/hdlc_lgz_e450_2.{log,key,gak}.
E450 = (
    (
        "7EA08BCEFF0313EEE1E6E700E04000010000"
        "77DB084C475A67735DD3A982010330000ACC8312647AB92EC2EAFE5C43E8EE96E1660EA3BA192E67A73F96A35A50DD907E8A46120574A6"
        "8ED778EF7F26C32ADE71E4F6B9B3EC5F1F9693FC9B1106FA28006FA312340E146F229A6573674C216879EDC8970D56216A973EF069759B"
        "3C916A051782B231A8B6C1477E"
    ),
    (
        "7EA08BCEFF0313EEE1E04000020000"
        "7AA021B52995C5E9DED30A2C89439E01F04ABDC24504FFEB47054753D162B39A9C7BCAEF58407BF76A61DB32477B0044FD1CD71B49F446"
        "8E42C53E6087F4B390514484F46D355B18C897B094D103737467FB8555F35D2BD3C7030B105B2FA5DA21A03B0FC8FFD6A753E9E76BAD2D"
        "41C993A5CF4B977C00503885ED14187E"
    ),
    ("7EA030CEFF031386F8E0C0000300001F7622079BB81587CBD326E641A07516FDF312F76EE65AE6B0FB5EC3463FEBE00F1E7E"),
)
E450_KEYS = OpeningKeys(
    encryption=bytes.fromhex("5FDE26FE7A1A36B6E1C0BA048FA9A023"),
    authentication=bytes.fromhex("7DA42A44E00BD0AF5E1A911E3CCA64FD"),
)


def sealer(title: bytes = TITLE) -> Sealer:
    return Sealer(Keys(ENCRYPTION, AUTHENTICATION), title=title, counter=7)


def one(message: bytes, keys: OpeningKeys | None = KEYS) -> ExplainedFrame:
    (exchange,) = explain("dlms", [message], keys)
    return exchange.request


def inside(message: bytes, keys: OpeningKeys | None = KEYS) -> ExplainedFrame:
    explained = one(message, keys)
    assert explained.problem is None
    assert explained.within is not None
    return explained.within


@pytest.mark.parametrize("message", [BOTH, AUTHENTICATED, ENCRYPTED], ids=["both", "authenticated", "encrypted"])
def test_what_is_within_a_ciphered_message_is_told(message: bytes) -> None:
    within = inside(message)
    assert (within.code, within.data, within.problem) == ("get_request", PLAIN, None)
    assert [field.value for field in within.fields if field.code == "name"] == ["0.0.1.0.0.255"]


def test_a_tag_that_is_right_is_called_so_and_one_nobody_can_check_is_not() -> None:
    assert [field.code for field in one(BOTH).fields][-1] == "right_tag"
    without = replace(KEYS, authentication=None, titles=(TITLE,))
    for message in (BOTH, AUTHENTICATED):
        unchecked = one(message, without)
        assert [field.code for field in unchecked.fields][-1] == "authentication_tag"
        assert unchecked.within is not None
        assert unchecked.within.data == PLAIN


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (replace(KEYS, encryption=bytes(16)), "wrong_key"),
        (replace(KEYS, titles=(METER,)), "wrong_key"),
        (replace(KEYS, titles=()), "no_title"),
        (replace(KEYS, encryption=bytes(32), authentication=bytes(32)), "suite"),
        (None, None),
    ],
)
def test_what_cannot_be_opened_is_told_with_the_reason(keys: OpeningKeys | None, problem: str | None) -> None:
    explained = one(BOTH, keys)
    assert (explained.within, explained.problem) == (None, problem)
    assert explained.code == "ciphered"
    words = WORDS["dlms"].problem(explained)
    assert bool(words) is (problem is not None)


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (ServiceSealed(0xC0, sealer().seal(PLAIN), is_dedicated=True).encode(), "dedicated_key"),
        (GeneralSigned(Route(b"1", TITLE, METER), PLAIN, bytes(64)).encode(), "signed"),
        (ServiceSealed(0xC0, b"\x30\x00").encode(), "malformed"),
        (BOTH[:-1], "malformed"),
        (ServiceSealed(0xC0, b"\x37" + sealer().seal(PLAIN)[1:]).encode(), "suite"),
    ],
)
def test_kinds_that_are_not_opened_are_named(message: bytes, problem: str) -> None:
    explained = one(message)
    assert (explained.within, explained.problem) == (None, problem)


def test_general_ciphering_names_its_sender() -> None:
    keys = replace(KEYS, titles=())
    assert inside(GeneralSealed(METER, sealer(METER).seal(PLAIN)).encode(), keys).data == PLAIN
    route = Route(b"\x01", METER, TITLE)
    for key in (None, KeyTold(KeyIs.IDENTIFIED, 0), KeyTold(KeyIs.WRAPPED, 0, b"1"), KeyTold(KeyIs.AGREED, 1, b"2")):
        sealed = sealer(METER).seal(PLAIN, context=route.encode())
        assert inside(GeneralCiphered(route, key, sealed).encode(), keys).data == PLAIN
    # One without a title is by who is known otherwise.
    assert inside(GeneralSealed(b"", sealer().seal(PLAIN)).encode()).data == PLAIN


def test_an_association_tells_the_titles_of_what_follows_and_its_offer_is_opened() -> None:
    client, meter = sealer(TITLE), sealer(METER)
    offer = InitiateRequest(Conformance.GET, 512, dedicated_key=bytes(16)).encode()
    asked = AssociationRequest(
        context=Context.LOGICAL_NAMES_CIPHERED,
        client_title=TITLE,
        initiate=ServiceSealed(1, client.seal(offer)).encode(),
    ).encode()
    agreed = bytes.fromhex("0800065F1F040000101C04000007")
    answered = AssociationResponse(
        context=Context.LOGICAL_NAMES_CIPHERED,
        result=AssociationResult.ACCEPTED,
        diagnostic=0,
        server_title=METER,
        initiate=ServiceSealed(8, meter.seal(agreed)).encode(),
    ).encode()
    value = bytes.fromhex("C401C100060000002A")
    said = [
        asked,
        answered,
        ServiceSealed(0xC0, client.seal(PLAIN)).encode(),
        ServiceSealed(0xC4, meter.seal(value)).encode(),
    ]
    first, second = explain("dlms", said, replace(KEYS, titles=()))
    assert first.answer is not None
    assert second.answer is not None
    frames = (first.request, first.answer, second.request, second.answer)
    assert [frame.problem for frame in frames] == [None] * 4
    withins = [frame.within for frame in frames if frame.within is not None]
    assert [within.code for within in withins] == [
        "initiate_request",
        "initiate_response",
        "get_request",
        "get_response",
    ]
    # A key that is told is not repeated.
    assert [field.value for field in withins[0].fields if field.code == "dedicated_key"] == [None]
    assert [field.value for field in withins[1].fields if field.code == "message_bytes_max"] == [1024]


def test_a_title_of_the_wrong_length_is_none() -> None:
    assert one(GeneralSealed(b"12", sealer().seal(PLAIN)).encode(), replace(KEYS, titles=())).problem == "no_title"


@pytest.mark.parametrize("joined", [False, True], ids=["frame by frame", "in one burst"])
def test_a_push_in_blocks_of_a_real_meter_is_put_together_and_opened(*, joined: bool) -> None:
    frames = [bytes.fromhex(frame) for frame in E450]
    exchanges = explain("dlms", [b"".join(frames)] if joined else frames, E450_KEYS)
    shown = [frame for one in exchanges for frame in (one.request, one.answer) if frame is not None]
    assert all((frame.crc_is_right, frame.problem) == (True, None) for frame in shown)
    assert {frame.code for frame in shown} == {"general_block"}
    ciphered = shown[-1].within
    assert ciphered is not None
    assert (ciphered.code, ciphered.problem, ciphered.fields[-1].code) == ("ciphered", None, "right_tag")
    push = ciphered.within
    assert push is not None
    assert (push.code, push.problem) == ("data_notification", None)
    assert [field.value for field in push.fields if field.code == "stamp"] == ["2023-11-10 10:58:50"]
    numbers = [field.value for field in push.fields if field.code == "value"]
    assert {12_048_950, 8_768_040, 3_280_910, 545, 18_054, 9_801_363} <= set(numbers)


def test_a_value_in_blocks_is_put_together_once_its_last_has_come() -> None:
    asked = bytes.fromhex("C002C100000001")
    blocks = [
        GetBlock(0xC1, False, 1, bytes.fromhex("010206")).encode(),
        GetBlock(0xC1, True, 2, bytes.fromhex("000000070600000008")).encode(),
    ]
    first, second = explain("dlms", [asked, blocks[0], asked, blocks[1]])
    assert first.answer is not None
    assert first.answer.within is None
    assert second.answer is not None
    assert second.answer.within is not None
    assert second.answer.within.code == "whole_value"
    assert [field.value for field in second.answer.within.fields] == [2, 7, 8]
    # Without its beginning a value is not told.
    (alone,) = explain("dlms", [asked, blocks[1]])
    assert alone.answer is not None
    assert alone.answer.within is None
    empty = GetBlock(0xC1, True, 1, b"").encode()
    (nothing,) = explain("dlms", [asked, empty])
    assert nothing.answer is not None
    assert nothing.answer.within is None


def test_messages_are_opened_to_a_stated_depth_only() -> None:
    nested = PLAIN
    for _ in range(5):
        nested = GeneralSealed(TITLE, sealer().seal(nested)).encode()
    depth, frame = 0, one(nested)
    while frame.within is not None:
        depth, frame = depth + 1, frame.within
    assert depth == 3


def test_protection_is_told_in_words() -> None:
    sealed = sealer().seal(PLAIN, Protection.AUTHENTICATED)
    broadcast = ServiceSealed(0xC0, bytes((0xD0,)) + sealed[1:]).encode()
    (control,) = [field.value for field in one(broadcast).fields if field.code == "security_control"]
    assert control == "D0h suite 0, authenticated, broadcast key, compressed"
    assert one(broadcast).problem == "wrong_key"
