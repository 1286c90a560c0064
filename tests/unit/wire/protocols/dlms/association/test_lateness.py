"""What is late is seen from what it answers; what is no answer is not late."""

import pytest

from kilovatt.wire.protocols.dlms.apdu import get, short_names
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.lateness import is_late
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute, OpenLink, ReadVariable
from kilovatt.wire.protocols.dlms.values import MalformedError
from kilovatt.wire.protocols.framing.connection import NumbersAnswers, Refusal, RefusalReason
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, Kind, client_address
from kilovatt.wire.protocols.framing.hdlc.link import RESPONSE_LLC, HdlcLink
from told_dlms import CLIENT, LONG, METER_ADDRESS, alone, told

FIVE = b"\x11\x05"
NAME = short_names.ShortName(0xFA08)
GET, NEXT = bytes.fromhex("c001c1000701006301 00ff0200"), bytes.fromhex("c002c100000002")


@pytest.mark.parametrize(
    ("answer", "question", "late"),
    [
        ("c401c10011", GET.hex(), False),
        ("c401810011", GET.hex(), False),
        ("c401c20011", GET.hex(), True),
        ("c4", GET.hex(), False),
        ("c501c100", GET.hex(), True),
        ("6129a109", GET.hex(), True),
        ("d80102", GET.hex(), False),
        ("ff", GET.hex(), False),
        ("c402c1000000000200", NEXT.hex(), True),
        ("c402c1000000000300", NEXT.hex(), False),
        ("c401c10102", NEXT.hex(), False),
        ("da4000000101", "d94000000101", False),
        ("dac000000101", "d94000000101", False),
        ("da4000000201", "d94000000101", True),
        ("0c010011", "050102fa08", False),
        ("0d0100", "050102fa08", True),
        ("6129a109", "6036a109", False),
        ("c401c10011", "6036a109", True),
    ],
)
def test_late_answers_are_told_from_right_ones(answer: str, question: str, *, late: bool) -> None:
    assert is_late(bytes.fromhex(answer), bytes.fromhex(question)) is late


def test_over_hdlc_an_answer_with_another_invoke_id_is_none() -> None:
    connection = DlmsConnection(HdlcLink(METER_ADDRESS, CLIENT))
    connection.send(OpenLink())
    us = client_address(CLIENT)
    connection.receive(Frame(us, METER_ADDRESS, Kind.UA, final=True).encode())
    connection.send(GetAttribute(LONG))
    information = RESPONSE_LLC + get.GetResponse(0xC2, FIVE).encode()
    with pytest.raises(MalformedError, match="an answer to invoke-id 2, and 1 is wanted"):
        connection.receive(Frame(us, METER_ADDRESS, Kind.I, True, information, receive_number=1).encode())


def test_of_most_languages_no_answer_is_known_to_be_late() -> None:
    assert not NumbersAnswers().awaits_beginning


# ── One short name ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_short_name_is_read_as_its_reader_likes() -> None:
    answer = short_names.ReadResponse((FIVE,)).encode()
    assert told(alone(), ReadVariable(NAME), answer) == 5
    assert told(alone(), ReadVariable(NAME, bytes.hex), answer) == FIVE.hex()


def test_one_short_name_is_read_in_blocks() -> None:
    parts = (short_names.ReadPart(False, 1, b"\x01\x00\x11"), short_names.ReadPart(True, 2, b"\x05"))
    blocks = (short_names.ReadResponse((part,)).encode() for part in parts)
    assert told(alone(), ReadVariable(NAME), *blocks) == 5


@pytest.mark.parametrize(
    "results",
    [
        (short_names.ReadResponse((AccessResult.TEMPORARY_FAILURE,)),),
        (
            short_names.ReadResponse((short_names.ReadPart(False, 1, b"\x01"),)),
            short_names.ReadResponse((AccessResult.TEMPORARY_FAILURE,)),
        ),
    ],
)
def test_one_short_name_is_refused(results: tuple[short_names.ReadResponse, ...]) -> None:
    refusal = Refusal(RefusalReason.INTERNAL_ERROR, AccessResult.TEMPORARY_FAILURE)
    assert told(alone(), ReadVariable(NAME), *(one.encode() for one in results)) == refusal
