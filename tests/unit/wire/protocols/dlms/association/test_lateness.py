"""What is late is seen from what it answers; what is no answer is not late."""

from typing import Any

import pytest

from kilovatt.wire.protocols.dlms.apdu import access_service as several
from kilovatt.wire.protocols.dlms.apdu import get, short_names
from kilovatt.wire.protocols.dlms.apdu.results import AccessResult
from kilovatt.wire.protocols.dlms.association.client import DlmsConnection
from kilovatt.wire.protocols.dlms.association.lateness import is_late
from kilovatt.wire.protocols.dlms.association.requests import (
    AccessAll,
    DlmsRequest,
    GetAttribute,
    OpenLink,
    ReadVariable,
)
from kilovatt.wire.protocols.dlms.values import MalformedError
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineSpeed,
    NumbersAnswers,
    Refusal,
    RefusalReason,
    SendMore,
)
from kilovatt.wire.protocols.framing.hdlc.frames import Frame, Kind, client_address, decode_frame
from kilovatt.wire.protocols.framing.hdlc.link import RESPONSE_LLC, HdlcLink
from kilovatt.wire.protocols.framing.hdlc.optical import CALL_SPEED, OpticalLink
from told_dlms import CLIENT, LONG, METER_ADDRESS, alone, told

FIVE = b"\x11\x05"
ONE_ACCESS = AccessAll((several.AccessAsked(several.AccessKind.GET, LONG),), (None,))
DONE = several.AccessOutcome(several.AccessKind.GET, AccessResult.SUCCESS)
NAME = short_names.ShortName(0xFA08)
GET, NEXT = bytes.fromhex("c001c1000701006301 00ff0200"), bytes.fromhex("c002c100000002")


@pytest.mark.parametrize(
    ("answer", "question", "late"),
    [
        ("c401c10011", GET.hex(), False),
        ("c401810011", GET.hex(), False),
        ("c401c20011", GET.hex(), True),
        ("", GET.hex(), False),
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


US = client_address(CLIENT)


def linked() -> DlmsConnection:
    """A client with an HDLC link."""
    connection = DlmsConnection(HdlcLink(METER_ADDRESS, CLIENT))
    connection.send(OpenLink())
    connection.receive(Frame(US, METER_ADDRESS, Kind.UA, final=True).encode())
    return connection


def said(information: bytes, *, send_number: int = 0, segmented: bool = False) -> bytes:
    """A frame of the meter that acknowledges one of ours."""
    return Frame(US, METER_ADDRESS, Kind.I, True, information, segmented, send_number, 1).encode()


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (GetAttribute(LONG), get.GetResponse(0xC2, FIVE)),
        (ONE_ACCESS, several.AccessResponse(0xC0000002, (None,), (DONE,))),
    ],
)
def test_over_hdlc_an_answer_with_another_invoke_id_is_none(
    request_: DlmsRequest[Any], answer: get.GetResponse
) -> None:
    connection = linked()
    connection.send(request_)
    with pytest.raises(MalformedError, match="an answer to invoke-id 2, and 1 is wanted"):
        connection.receive(said(RESPONSE_LLC + answer.encode()))


def test_two_acknowledgements_may_go_in_one_piece() -> None:
    connection = linked()
    connection.send(GetAttribute(LONG))
    whole = RESPONSE_LLC + get.GetResponse(0xC1, FIVE).encode()
    parts = [said(whole[at : at + 3], send_number=at // 3, segmented=True) for at in (0, 3)]
    event = connection.receive(b"".join(parts))
    assert isinstance(event, SendMore)
    wire = event.outgoing.data
    acknowledged = [decode_frame(wire[at : at + len(wire) // 2]) for at in (0, len(wire) // 2)]
    assert [(one.kind, one.receive_number) for one in acknowledged] == [(Kind.RR, 1), (Kind.RR, 2)]


def test_behind_a_call_the_link_is_asked_for_once_the_line_is_silent() -> None:
    connection = DlmsConnection(OpticalLink(METER_ADDRESS, CLIENT))
    call = connection.send(OpenLink())
    assert (call.data, call.speed) == (b"/?!\r\n", CALL_SPEED)
    chosen = connection.receive(b"/LGZ5\\2ZMG405000b.P07\r\n")
    assert isinstance(chosen, SendMore)
    assert (chosen.outgoing.data, chosen.outgoing.speed) == (b"\x06252\r\n", CALL_SPEED)
    assert connection.receive(b"\x06252\r\n") is None
    asked = connection.quiet()
    assert isinstance(asked, SendMore)
    assert (decode_frame(asked.outgoing.data).kind, asked.outgoing.speed) == (Kind.SNRM, LineSpeed(9600))
    opened = connection.receive(Frame(US, METER_ADDRESS, Kind.UA, final=True).encode())
    assert isinstance(opened, Answered)
    assert connection.send(GetAttribute(LONG)).speed == LineSpeed(9600)


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
