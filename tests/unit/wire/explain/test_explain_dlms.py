"""DLMS in words: frames of the standard's samples, byte by byte; what is cut, damaged or ciphered stays covered."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.explain import ExplainedField, ExplainedFrame, explain
from kilovatt.wire.explain.dlms import Explainer, explain_frame
from kilovatt.wire.explain.words import WORDS
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, Kind
from kilovatt.wire.protocols.framing.wrapper import wrapped

# ГОСТ Р 58940-2020, clauses 12 and 13.
SNRM, UA = "7EA0080221219305D17E", "7EA00821022173CA707E"
DISC, DM = "7EA0080221215309177E", "7EA0082102211FA0D97E"
GET_UNIT = "7EA01A02216198788BE6E600C0018100030100150700FF03000F847E"
UNIT = "7EA017610221B81EC0E6E700C401810002020FFE161B127A7E"
SET_CLOCK = "7EA028022161544145E6E600C1018100080000010000FF0200090C07E00A1FFF082E2601000000F66D7E"
DONE = "7EA01161022174E6F7E6E700C501810036CF7E"
AARQ = (
    "7EA043022141100D84E6E6006034A1090607608574050801018A0207808B0760857405080201AC0880065265616465"
    "72BE10040E01000000065F1F040000101CFFFF28157E"
)
AARE = (
    "7EA03841022130604DE6E7006129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F04"
    "0000101C0400000706947E"
)
BY_RANGE = (
    "7EA04C0361547823E6E600C0018100070100620100FF0201010204020412000809060000010000FF0F02120000090C07DE0C0902000000FF"
    "000000090C07DF020100000000FF000000010092497E"
)
NEXT_BLOCK = "7EA0130361768746E6E600C0028100000001737F7E"
# Three segments of one answer: three months of nineteen columns.
MONTHS = (
    (
        "7EA88A6102217447AFE6E700C401810001030213090C07DE0101050000000001A40006000000000600000000060000000006000000"
        "00060000000006000000000600000000060000000006000000000600000000060000000006000000000600000000060000002C090C"
        "07DD0C01050000000001A4000600000000060000000006000000270213090C8D637E"
    ),
    (
        "7EA88A61022176558C07DE0201050000000001A4000600000000060000000006000000000600000000060000000006000000000600"
        "000000060000000006000000000600000000060000000006000000000600000000060000002C090C07DE0101050000000001A40006"
        "00000000060000000006000000270213090C07DE0301050000000001A4000631847E"
    ),
    (
        "7EA06C610221780D540000000006000000000600000000060000000006000000000600000000060000000006000000000600000000"
        "0600000000060000000006000000000600000000060000002C090C07DE0201050000000001A4000600000000060000000006000000"
        "27317A7E"
    ),
)
# A real push of an Энергомера begins so; bare, as it was captured.
PUSH = "0F4000004D0C07E60B03FF0F2619FFFF4CFF02020600000010060000FFFF"
# The Green Book's example of a ciphered GET.
CIPHERED = "C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B"
RELAY_OFF, RELAY_DONE = "C301C1004600006003 01FF01010F00".replace(" ", ""), "C701C10000"


def frame(text: str, *, is_answer: bool = False) -> ExplainedFrame:
    return explain_frame(bytes.fromhex(text), is_answer=is_answer)


def found(explained: ExplainedFrame, code: str) -> list[ExplainedField]:
    return [field for field in explained.fields if field.code == code]


def value(explained: ExplainedFrame, code: str) -> object:
    (field,) = found(explained, code)
    return field.value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (SNRM, "link_asked"),
        (UA, "link_agreed"),
        (DISC, "link_closing"),
        (DM, "link_closed"),
        (AARQ, "association_request"),
        (AARE, "association_response"),
        (GET_UNIT, "get_request"),
        (UNIT, "get_response"),
        (SET_CLOCK, "set_request"),
        (DONE, "set_response"),
        (NEXT_BLOCK, "get_request"),
        (RELAY_OFF, "action_request"),
        (RELAY_DONE, "action_response"),
        (PUSH, "data_notification"),
        (CIPHERED, "ciphered"),
        ("D80102", "exception"),
        ("6203800100", "release_request"),
        ("A000", "other_message"),
    ],
)
def test_each_message_is_named_and_covered(text: str, code: str) -> None:
    explained = frame(text)
    assert (explained.code, explained.problem) == (code, None)
    assert explained.crc_is_right is (True if text.startswith("7E") else None)
    words = WORDS["dlms"]
    assert words.frame(explained)
    assert all(words.field(field) for field in explained.fields)
    assert words.problem(explained) is None


def test_a_scaler_and_a_unit_are_told_with_their_object() -> None:
    (exchange,) = explain("dlms", [bytes.fromhex(GET_UNIT), bytes.fromhex(UNIT)])
    assert exchange.answer is not None
    assert value(exchange.request, "name") == "1.0.21.7.0.255"
    assert (value(exchange.request, "class"), value(exchange.request, "attribute")) == (3, 3)
    assert value(exchange.answer, "structure") == 2
    assert [field.value for field in found(exchange.answer, "value")] == [-2, 27]


def test_a_request_without_an_answer_stands_alone() -> None:
    (exchange,) = explain("dlms", [bytes.fromhex(GET_UNIT)])
    assert exchange.answer is None


def test_a_password_is_never_shown() -> None:
    explained = frame(AARQ)
    assert value(explained, "proof") is None
    assert not any("52 65 61 64 65 72" in str(field.value) for field in explained.fields)


def test_a_range_is_told_with_its_ends() -> None:
    explained = frame(BY_RANGE)
    assert value(explained, "selection") == 1
    assert [field.value for field in found(explained, "stamp")] == ["2014-12-09 00:00:00", "2015-02-01 00:00:00"]


def test_an_answer_in_segments_is_put_together_and_cut_again_where_frames_end() -> None:
    whole = frame("".join(MONTHS), is_answer=True)
    assert (whole.code, whole.problem, whole.crc_is_right) == ("get_response", None, True)
    stamps = [field.value for field in found(whole, "stamp")]
    assert stamps[::2] == ["2014-01-01 00:00:00", "2014-02-01 00:00:00", "2014-03-01 00:00:00"]
    assert len(found(whole, "structure")) == 3
    # A stamp and a count stand across the borders.
    assert len(found(whole, "continued")) == 2
    assert len(found(whole, "flag")) == 6


def test_segments_of_an_answer_are_told_one_by_one_each_from_where_the_one_before_ended() -> None:
    session = Explainer()
    parts = [session.frame(bytes.fromhex(segment), is_answer=True) for segment in MONTHS]
    assert [(part.code, part.problem) for part in parts] == [
        ("get_response", None),
        ("continued_message", None),
        ("continued_message", None),
    ]
    whole = frame("".join(MONTHS), is_answer=True)
    # The stamp that is cut by a border cannot be told before its end has come.
    assert [field.value for field in found(parts[1], "stamp")] == ["2014-01-01 00:00:00"]
    assert parts[2].fields[-3] == replace(
        whole.fields[-3], start=parts[2].fields[-3].start, end=parts[2].fields[-3].end
    )
    # Who has not seen the beginning cannot follow.
    assert frame(MONTHS[1], is_answer=True).code == "other_message"


def test_a_block_is_told_with_its_number() -> None:
    explained = frame("C40281010000000200030102FF")
    assert (value(explained, "block"), value(explained, "block_length")) == (2, 3)
    assert value(explained, "block_data") == "01 02 ff"
    refused = frame("C402810100000002010F")
    assert value(refused, "result") == 15
    empty = frame("C4028101000000020000")
    assert not found(empty, "block_data")


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("C401810103", "result", 3),
        ("C70181000100090141", "text", "A"),
        ("C701810001010B", "result", [0, 11]),
        ("C301810046000060030AFF0100", "parameter_mark", 0),
        ("C40181000900", "text", ""),
        ("C40181000902FFFE", "text", "ff fe"),
        ("C40181000301", "value", True),
        ("C401810000", "value", None),
        ("C40181001740000000", "value", "Float32(2.0)"),
        ("C4018100090CFFFFFFFFFFFFFFFFFFFFFFFF", "text", "ff ff ff ff ff ff ff ff ff ff ff ff"),
        ("0F00000001001105", "push_stamp", None),
    ],
)
def test_values_of_every_kind_are_told(text: str, code: str, expected: object) -> None:
    told = [field.value for field in found(frame(text), code)]
    assert told == (expected if isinstance(expected, list) else [expected])


@pytest.mark.parametrize(
    "text", ["C003810000", "C40381010005", "C10281000800", "C503810001", "C302C100000001", "C702C1"]
)
def test_kinds_that_are_not_followed_stay_covered(text: str) -> None:
    explained = frame(text)
    assert explained.fields[-1].end == len(bytes.fromhex(text))


def test_ciphering_is_told_apart_from_what_it_hides() -> None:
    explained = frame(CIPHERED)
    assert value(explained, "security_control") == "30h suite 0, authenticated, encrypted"
    assert value(explained, "invocation_counter") == 0x01234567
    assert value(explained, "authentication_tag") == "7d 82 5c 3b e4 a7 7c 3f cc 05 6b 6b"
    general = frame("DB084D4D4D0000BC614E072001234567AABB")
    assert value(general, "system_title") == "4d 4d 4d 00 00 bc 61 4e"
    assert value(general, "ciphertext") == "aa bb"
    only_a_header = frame("C8053001234567")
    assert not found(only_a_header, "ciphertext")


def test_wrapped_messages_are_told_with_their_ports() -> None:
    message = bytes.fromhex("C401810002020FFE161B")
    data = wrapped(message, source=1, destination=32)
    explained = explain_frame(data, is_answer=True)
    assert (value(explained, "wrapper_source"), value(explained, "wrapper_destination")) == (1, 32)
    assert explained.code == "get_response"
    cut = explain_frame(data[:-1], is_answer=True)
    assert cut.problem == "no_frame"
    more = explain_frame(data + b"\x55", is_answer=True)
    assert (more.problem, value(more, "noise")) == ("no_frame", "55")


def test_noise_is_told_and_what_stands_in_it_too() -> None:
    explained = frame("7E00FF" + UNIT)
    assert explained.problem == "no_frame"
    assert [field.value for field in found(explained, "value")] == [-2, 27]
    ended = frame(UNIT + "7E01")
    assert ended.problem == "no_frame"
    assert explain_frame(b"", is_answer=False).problem == "no_frame"
    assert frame("7E7E").problem == "no_frame"


def test_a_wrong_checksum_is_named_and_the_frame_explained_all_the_same() -> None:
    explained = frame(UNIT[:-6] + "0000" + "7E")
    assert (explained.problem, explained.crc_is_right) == ("checksum", False)
    assert [field.value for field in found(explained, "value")] == [-2, 27]
    second = frame(UNIT + UNIT[:-6] + "0000" + "7E")
    assert second.crc_is_right is False


def test_link_parameters_and_short_informations_are_told() -> None:
    ua = frame("7EA01E4103738E7F81801205018006013E07040000000108040000000107227E")
    assert value(ua, "link_parameters") == "transmit 128 B × 1, receive 62 B × 1"
    odd = frame("7EA00A02212193000005D17E")
    assert value(odd, "data") == "00 00"
    nothing = Frame(destination=b"\x21", source=b"\x41", kind=Kind.I, final=True, information=b"\xe6\xe7\x00")
    assert value(explain_frame(nothing.encode(), is_answer=True), "message_mark") == "E6 E7 00"


@given(st.binary(max_size=80) | st.builds(lambda cut: bytes.fromhex(UNIT)[:cut], st.integers(0, 25)))
def test_whatever_comes_is_covered_to_the_last_byte(data: bytes) -> None:
    explained = explain_frame(data, is_answer=True)
    assert sum(field.end - field.start for field in explained.fields) == len(data)


@given(st.integers(0, 300), st.integers(0, 255))
def test_a_changed_byte_is_explained_all_the_same(place: int, byte: int) -> None:
    data = bytearray(bytes.fromhex("".join(MONTHS)))
    data[place % len(data)] = byte
    explained = explain_frame(bytes(data), is_answer=True)
    assert explained.fields[-1].end == len(data)
