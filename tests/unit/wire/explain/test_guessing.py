"""Frames of no named language are taken for the one that makes the most sense of them, and paired as they show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.explain import PROTOCOLS, explain, explainer
from kilovatt.wire.explain.guessing import guess_protocols
from kilovatt.wire.explain.pairing import paired

CALL, SAYS = "2F3F210D0A", "2F454B54354345333031763132 0D0A"
ASSOCIATE = (
    "7EA043022141100D84E6E6006034A1090607608574050801018A0207808B0760857405080201AC0880065265616465"
    "72BE10040E01000000065F1F040000101CFFFF28157E"
)
SNRM, UA = "7EA0080221219305D17E", "7EA00821022173CA707E"
DISC, DM = "7EA0080221215309177E", "7EA0082102211FA0D97E"
GET_UNIT = "7EA01A02216198788BE6E600C0018100030100150700FF03000F847E"
UNIT = "7EA017610221B81EC0E6E700C401810002020FFE161B127A7E"
READY = "7EA008022161717F537E"
PUSH = "0F4000004D0C07E60B03FF0F2619FFFF4CFF0600000010"


def frames(*texts: str) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


@pytest.mark.parametrize(
    ("said", "taken_for"),
    [
        (("0006475E63ECD4", "0006475E63235802640005 8845C6"), ("mercury-v1",)),
        (("43080087D4", "43295A40431606144636"), ("mercury-v2", "nzif")),
        # Two languages of one school share requests; what only one of them knows tells them apart.
        (("430101070308020901DF48",), ("mercury-v2",)),
        (("5301303030303030 4B0D",), ("nzif",)),
        (("C04866B7FD0031DE0B00D0012090C0", "C048FD0066B7570120192123021907221AC0"), ("energomera",)),
        ((CALL, SAYS), ("iec62056-21",)),
        ((SAYS,), ("iec62056-21",)),
        (("01523102564F4C544128 29035F",), ("iec62056-21",)),
        (("000100000006 010400000002",), ("modbus",)),
        ((SNRM, UA), ("dlms",)),
        ((ASSOCIATE,), ("dlms",)),
        ((UNIT,), ("dlms",)),
        ((PUSH,), ("dlms",)),
        (("C0018100030100150700FF0300",), ("dlms",)),
        (("00010020000100 03D80102",), ("dlms",)),
    ],
)
def test_the_language_that_makes_sense_is_found(said: tuple[str, ...], taken_for: tuple[str, ...]) -> None:
    assert guess_protocols(frames(*said)) == taken_for


@pytest.mark.parametrize("said", [("ABCD",), ("FF",), ("",), ()])
def test_what_makes_no_sense_is_taken_for_nothing(said: tuple[str, ...]) -> None:
    assert guess_protocols(frames(*said)) == ()


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_whatever_comes_is_taken_for_something_or_nothing(said: list[bytes]) -> None:
    assert set(guess_protocols(said)) <= set(PROTOCOLS)


def test_a_damaged_frame_does_not_speak_for_its_language() -> None:
    damaged = UNIT[:-6] + "00007E"
    assert guess_protocols(frames(damaged)) == ()
    assert guess_protocols(frames(GET_UNIT, damaged)) == ("dlms",)


@pytest.mark.parametrize(
    ("protocol", "said", "pairs"),
    [
        ("dlms", (SNRM, UA, GET_UNIT, UNIT), [(SNRM, UA), (GET_UNIT, UNIT)]),
        ("dlms", (UNIT, GET_UNIT, UNIT), [(UNIT, None), (GET_UNIT, UNIT)]),
        ("dlms", (SNRM, GET_UNIT, UNIT), [(SNRM, None), (GET_UNIT, UNIT)]),
        ("dlms", (DISC, DM, PUSH, PUSH), [(DISC, DM), (PUSH, None), (PUSH, None)]),
        ("dlms", (READY, UNIT, READY), [(READY, UNIT), (READY, None)]),
        ("dlms", (GET_UNIT, "", SNRM), [(GET_UNIT, None), (SNRM, None)]),
        # What general ciphering hides does not show whose it is.
        ("dlms", ("DB00", "DB01"), [("DB00", "DB01")]),
        ("dlms", ("7E", "7EA0"), [("7E", "7EA0")]),
        ("iec62056-21", (SAYS.replace(" ", ""), CALL), [(SAYS.replace(" ", ""), None), (CALL, None)]),
        ("iec62056-21", (CALL, "06"), [(CALL, "06")]),
        ("mercury-v2", ("01", "02", "03"), [("01", "02"), ("03", None)]),
    ],
)
def test_answers_stand_with_their_requests(
    protocol: str, said: tuple[str, ...], pairs: list[tuple[str, str | None]]
) -> None:
    expected = [(bytes.fromhex(request), answer and bytes.fromhex(answer)) for request, answer in pairs]
    assert paired(protocol, frames(*said)) == expected


def test_a_lone_answer_is_called_one() -> None:
    for protocol, said in (("dlms", UNIT), ("iec62056-21", SAYS)):
        (exchange,) = explain(protocol, frames(said))
        assert exchange.request.is_answer
    (asked,) = explain("iec62056-21", frames(CALL))
    assert not asked.request.is_answer


def test_a_session_of_dlms_that_begins_with_a_call_is_explained_in_both_languages() -> None:
    one = explainer("dlms")
    said = [one(*frames(*pair)) for pair in ((CALL, SAYS), ("063235320D0A", "063235320D0A"), (SNRM, UA))]
    assert [exchange.language for exchange in said] == ["iec62056-21", "iec62056-21", None]
    assert [exchange.request.code for exchange in said] == ["called", "mode_chosen", "link_asked"]
