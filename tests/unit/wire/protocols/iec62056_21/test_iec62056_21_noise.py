"""What is no answer in the language of IEC 62056-21, and laws of its connection."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asked_iec import (
    BREAK,
    CALL,
    ENERGY,
    MONTH,
    REQUESTS,
    SIGN_ON,
    VOLTA,
    connected,
    exchanged,
    fault_of,
    sent_next,
    signed_on,
)
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Event,
    LineFault,
    LocalProtocolError,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
    SendMore,
)
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.protocols.iec62056_21.connection import ANSWER_MAX
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck, answer_frame
from kilovatt.wire.protocols.iec62056_21.requests import (
    Iec62056Request,
    ReadParameter,
    SignOn,
)

# ── Refusals and what is no answer ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "reason", "code"),
    [
        ("(ERR12)\r\n", RefusalReason.UNKNOWN_REQUEST, 12),
        ("VOLTA(E12)\r\n", RefusalReason.UNKNOWN_REQUEST, 12),
        ("VOLTA(ERR15)\r\n", RefusalReason.ACCESS_DENIED, 15),
        ("(ERR18)", RefusalReason.UNKNOWN_REQUEST, 18),
        ("(ERR32)", RefusalReason.INTERNAL_ERROR, 32),
        ("(ERR99)", RefusalReason.OTHER, 99),
    ],
)
def test_an_error_in_the_place_of_a_value_is_a_refusal(text: str, reason: RefusalReason, code: int) -> None:
    event = exchanged(signed_on(), ReadParameter("VOLTA"), (VOLTA[0], answer_frame(text, BlockCheck.SUM)))
    assert event.value == Refusal(reason, code)


@pytest.mark.parametrize(
    "answer",
    [
        answer_frame("CURRE(1.0)\r\n", BlockCheck.SUM),
        answer_frame("(237.58)", BlockCheck.SUM),
        answer_frame("", BlockCheck.SUM),
        answer_frame("VOLTA(1)CURRE(2)", BlockCheck.SUM),
        answer_frame("VOLTA(237.58)\r\n", BlockCheck.XOR),
        answer_frame("VOLTA", BlockCheck.SUM),
        b"\x06",
        BREAK,
        b"/EKT5CE102Mv01\r\n",
        b"\xff\x00",
        VOLTA[1][:-3],
        b"\x02" + b"1" * ANSWER_MAX,
        b"/" + b"x" * 60,
    ],
    ids=lambda answer: answer[:24].hex(" "),
)
def test_what_is_no_answer_to_a_parameter_is_noise(answer: bytes) -> None:
    connection = signed_on()
    connection.send(ReadParameter("VOLTA"))
    assert fault_of(connection, answer).fault is LineFault.NOISE


def test_another_command_than_the_one_for_a_password_is_noise() -> None:
    connection = connected()
    connection.send(SignOn())
    connection.receive(SIGN_ON[0][1])
    assert "P0 is wanted" in str(fault_of(connection, BREAK))


def test_more_than_an_answer_on_the_way_into_a_session_is_noise() -> None:
    connection = connected()
    connection.send(SignOn())
    assert "more came" in str(fault_of(connection, SIGN_ON[0][1] + b"\x01"))


def test_an_echo_is_named_and_one_before_the_answer_is_set_aside() -> None:
    connection = signed_on()
    connection.send(ReadParameter("VOLTA"))
    assert fault_of(connection, VOLTA[0]).fault is LineFault.ECHO
    connection = signed_on()
    connection.send(ReadParameter("VOLTA"))
    assert connection.receive(VOLTA[0] + VOLTA[1]) == Answered(("237.58",), VOLTA[1])


def test_one_thing_is_asked_at_a_time_and_in_this_language() -> None:
    connection = connected()
    connection.send(SignOn())
    with pytest.raises(LocalProtocolError, match="SignOn is not answered yet"):
        connection.send(SignOn())
    with pytest.raises(LocalProtocolError, match="no request of this language"):
        connected().send(Request())
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        connected().receive(b"\x06")
    with pytest.raises(LocalProtocolError, match="cannot be asked"):
        connected().send(ReadParameter("ж"))


# ── Laws ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def outcome(pieces: list[bytes], request: Iec62056Request[Any]) -> Event | LineFault:
    connection = signed_on() if isinstance(request, ReadParameter) else connected()
    connection.send(request)
    try:
        for piece in pieces:
            event = connection.receive(piece)
            if event is not None:
                return event
        return connection.quiet()
    except RemoteProtocolError as error:
        return error.fault


@given(cuts=st.lists(st.integers(0, 100), max_size=5), parity=st.booleans(), echoed=st.booleans())
def test_any_split_of_an_answer_is_the_same_answer(cuts: list[int], *, parity: bool, echoed: bool) -> None:
    for request, (asked, answer) in ((ReadParameter("VOLTA"), VOLTA), (ReadParameter("ET0PE"), ENERGY)):
        came = with_parity(answer) if parity else answer
        stream = asked + came if echoed else came
        edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
        event = outcome([stream[start:end] for start, end in itertools.pairwise(edges)], request)
        assert isinstance(event, Answered)
        assert event.data == came
        assert event.value[0] in {"237.58", "68.42"}


@given(place=st.integers(0, 200), change=st.integers(1, 255))
def test_a_changed_byte_is_noise_whatever_it_is(place: int, change: int) -> None:
    for request, (_, answer) in ((ReadParameter("VOLTA"), VOLTA), (ReadParameter("ENMPE", "04.22"), MONTH)):
        damaged = bytearray(answer)
        damaged[place % len(answer)] ^= change
        assert outcome([bytes(damaged)], request) is LineFault.NOISE


@given(data=st.binary(max_size=60), which=st.sampled_from(REQUESTS))
def test_noise_brings_nothing_but_faults_of_the_line(data: bytes, which: Iec62056Request[Any]) -> None:
    event = outcome([data], which)
    assert isinstance(event, LineFault | SendMore | Answered)
    if isinstance(event, LineFault):
        assert event in {LineFault.NOISE, LineFault.SILENCE}


def test_what_is_sent_may_bear_its_parity() -> None:
    connection = connected(parity_bits=True)
    assert connection.send(SignOn()).data == with_parity(CALL)
    sent_next(connection, with_parity(SIGN_ON[0][1]))
    password = sent_next(connection, with_parity(SIGN_ON[1][1]))
    assert password.data == with_parity(SIGN_ON[2][0])
    assert with_parity(b"7") not in password.masked


def test_a_wrong_parity_is_noise() -> None:
    connection = signed_on()
    connection.send(ReadParameter("VOLTA"))
    dressed = bytearray(with_parity(VOLTA[1]))
    dressed[3] ^= 0x80
    assert "parity of byte 3" in str(fault_of(connection, bytes(dressed)))
