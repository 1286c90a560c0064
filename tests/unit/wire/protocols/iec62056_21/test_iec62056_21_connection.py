"""Whose turn it is in IEC 62056-21: captured sessions to the byte, sessions begun anew, and what is no answer."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.connection import (
    Answered,
    Event,
    LineFault,
    LineSpeed,
    LocalProtocolError,
    Outgoing,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
    SendMore,
)
from kilovatt.wire.protocols.framing.seven_bits import with_parity
from kilovatt.wire.protocols.framing.sign_on import Identification
from kilovatt.wire.protocols.iec62056_21.connection import ANSWER_MAX, Iec62056Connection
from kilovatt.wire.protocols.iec62056_21.datasets import DataSet
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck, answer_frame
from kilovatt.wire.protocols.iec62056_21.requests import (
    Break,
    Iec62056Request,
    ReadGroup,
    ReadOut,
    ReadParameter,
    SignOn,
)

ADDRESS, PASSWORD = "141628345", "777777"
SPEED = LineSpeed(9600, data_bits=7, parity="E")
CALL = b"/?141628345!\r\n"
BREAK = bytes.fromhex("01 42 30 03 75")
# wb-mqtt-serial: test/energomera_ce102m_test.cpp, the session of a СЕ102М.
SIGN_ON = [
    (CALL, b"/EKT5CE102Mv01\r\n"),
    (b"\x06051\r\n", bytes.fromhex("01 50 30 02 28 31 34 31 36 32 38 33 34 35 29 03 28")),
    (bytes.fromhex("01 50 31 02 28 37 37 37 37 37 37 29 03 21"), b"\x06"),
]
CE102M = Identification("EKT", "5", "CE102Mv01")
VOLTA = (bytes.fromhex("01 52 31 02 56 4F 4C 54 41 28 29 03 5F"), b"\x02VOLTA(237.58)\r\n\x03\x28")
ENERGY = (
    bytes.fromhex("01 52 31 02 45 54 30 50 45 28 29 03 37"),
    b"\x02ET0PE(68.42)\r\n(45.54)\r\n(22.88)\r\n(0.00)\r\n(0.00)\r\n(0.00)\r\n\x03\x0f",
)
# hostcc/energomera-hass-mqtt: tests/conftest.py, answers of a СЕ301.
MONTH = (
    b"\x01R1\x02ENMPE(04.22)\x03D",
    (
        b"\x02ENMPE(16550.0972645)\r\nENMPE(11295.733509)\r\nENMPE(3521.2929754)\r\nENMPE(1733.0707801)\r\n"
        b"ENMPE(0.0)\r\nENMPE(0.0)\r\n\x03*"
    ),
)
# wb-mqtt-serial: test/energomera_test.cpp, values of a СЕ303 without a session.
GROUP = (
    b"/?00000211!\x01R1\x02GROUP(400B(7)400D(1)5003(1))\x03\x68",
    b"\x02400B(E12)(118.8)(121.1)400D(50.01)5003(009114135064195)\x03\x1e",
)
READOUT = answer_frame("0.0.0(38030255)\r\n1.8.0(0001234.567*kWh)\r\n!\r\n", BlockCheck.XOR)
REQUESTS: list[Iec62056Request[Any]] = [
    SignOn(),
    ReadParameter("VOLTA"),
    ReadGroup(((0x400B, 7), (0x400D, 1), (0x5003, 1))),
    ReadOut(),
]


def connected(**options: Any) -> Iec62056Connection:  # noqa: ANN401 - the options of a connection
    options = {"check": BlockCheck.SUM} | options
    return Iec62056Connection(options.pop("address", ADDRESS), options.pop("password", PASSWORD), **options)


def exchanged(connection: Iec62056Connection, request: Request[Any], *turns: tuple[bytes, bytes]) -> Answered:
    """Carry one exchange through, each thing sent being what was expected."""
    outgoing, came = connection.send(request), b""
    for place, (sent, answer) in enumerate(turns, start=1):
        assert outgoing.data == sent
        came += answer
        if place < len(turns):
            outgoing = sent_next(connection, answer)
    event = connection.receive(turns[-1][1])
    assert isinstance(event, Answered)
    assert event.data == came
    return event


def signed_on() -> Iec62056Connection:
    connection = connected()
    exchanged(connection, SignOn(), *SIGN_ON)
    return connection


def fault_of(connection: Iec62056Connection, answer: bytes) -> RemoteProtocolError:
    try:
        event = connection.receive(answer) or connection.quiet()
    except RemoteProtocolError as fault:
        return fault
    pytest.fail(f"it was taken: {event}")


def sent_next(connection: Iec62056Connection, answer: bytes) -> Outgoing:
    """What is sent once an answer on the way came."""
    event = connection.receive(answer)
    assert isinstance(event, SendMore)
    return event.outgoing


# ── Sessions ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_captured_session_is_carried_to_the_byte() -> None:
    connection = connected()
    assert exchanged(connection, SignOn(), *SIGN_ON).value == CE102M
    assert exchanged(connection, ReadParameter("VOLTA"), VOLTA).value == ("237.58",)
    assert exchanged(connection, ReadParameter("ET0PE"), ENERGY).value == (
        "68.42",
        "45.54",
        "22.88",
        "0.00",
        "0.00",
        "0.00",
    )
    assert exchanged(connection, ReadParameter("ENMPE", "04.22"), MONTH).value[:2] == ("16550.0972645", "11295.733509")


def test_the_end_of_a_month_and_the_month_since_then_are_the_running_register() -> None:
    # hostcc's СЕ301: ECMPE, the energy of the month in progress, and ET0PE, in ten-millionths of a kWh.
    total, at_the_end, since = 169_079_477_764, 165_500_972_645, 3_578_505_119
    assert at_the_end + since == total


def test_a_parameter_asked_for_first_begins_a_session() -> None:
    connection = connected()
    assert exchanged(connection, ReadParameter("VOLTA"), *SIGN_ON, VOLTA).value == ("237.58",)
    assert exchanged(connection, ReadParameter("VOLTA"), VOLTA).value == ("237.58",)


def test_a_farewell_is_not_answered_and_ends_the_session() -> None:
    connection = signed_on()
    farewell = connection.send(Break())
    assert (farewell.data, farewell.awaits_answer, farewell.speed) == (BREAK, False, SPEED)
    assert connection.quiet() == Answered(None, b"")
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        connection.quiet()
    assert connection.send(Break()).data == BREAK
    assert exchanged(connection, ReadParameter("VOLTA"), *SIGN_ON, VOLTA).value == ("237.58",)


def test_a_session_that_was_forgotten_is_begun_anew_behind_a_break() -> None:
    connection = signed_on()
    connection.send(ReadParameter("VOLTA"))
    assert fault_of(connection, b"").fault is LineFault.SILENCE
    (call, identification), *rest = SIGN_ON
    again = ((BREAK + call, identification), *rest)
    assert exchanged(connection, ReadParameter("VOLTA"), *again, VOLTA).value == ("237.58",)
    # The line may have rested for what was owed; the session is not trusted to have lasted.
    assert exchanged(connection, ReadParameter("ET0PE"), *again, ENERGY).value[0] == "68.42"
    assert exchanged(connection, ReadParameter("VOLTA"), VOLTA).value == ("237.58",)


def test_noise_within_a_session_does_not_end_it() -> None:
    connection = signed_on()
    connection.send(ReadParameter("VOLTA"))
    assert fault_of(connection, VOLTA[1][:-1] + b"\x29").fault is LineFault.NOISE
    assert connection.send(ReadParameter("VOLTA")).data == VOLTA[0]


def test_noise_on_the_way_into_a_session_begins_it_anew() -> None:
    connection = connected()
    connection.send(SignOn())
    assert isinstance(connection.receive(SIGN_ON[0][1]), SendMore)
    assert fault_of(connection, b"\x02").fault is LineFault.NOISE
    assert connection.send(SignOn()).data == BREAK + CALL


def test_a_call_that_nobody_heard_is_repeated_as_it_was() -> None:
    connection = connected()
    connection.send(SignOn())
    assert fault_of(connection, b"").fault is LineFault.SILENCE
    assert connection.send(SignOn()).data == CALL


# ── The password ────────────────────────────────────────────────────────────────────────────────────────────────────


def given_password(connection: Iec62056Connection) -> Outgoing:
    connection.send(SignOn())
    sent_next(connection, SIGN_ON[0][1])
    return sent_next(connection, SIGN_ON[1][1])


def test_the_password_and_the_check_that_betrays_it_are_secret() -> None:
    outgoing = given_password(connected())
    assert outgoing.data == SIGN_ON[2][0]
    assert outgoing.masked == b"\x01P1\x02(" + b"*" * 9
    assert not any(digit in outgoing.masked for digit in b"7")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (BREAK, 0),
        (b"\x15", 0x15),
        (answer_frame("(ERR15)", BlockCheck.SUM), 15),
        (answer_frame("(E12)", BlockCheck.SUM), 12),
    ],
)
def test_a_wrong_password_is_a_refusal(answer: bytes, code: int) -> None:
    connection = connected()
    given_password(connection)
    event = connection.receive(answer)
    assert isinstance(event, Answered)
    assert event.value == Refusal(RefusalReason.ACCESS_DENIED, code)


def test_a_wrong_password_is_the_answer_to_whatever_began_the_session() -> None:
    event = exchanged(connected(), ReadParameter("VOLTA"), *SIGN_ON[:2], (SIGN_ON[2][0], BREAK))
    assert event.value == Refusal(RefusalReason.ACCESS_DENIED, 0)


@pytest.mark.parametrize("answer", ["B1", "(1)", ""])
def test_what_is_no_answer_to_a_password_is_noise_and_shows_nothing_of_it(answer: str) -> None:
    connection = connected()
    given_password(connection)
    frame = answer_frame(answer, BlockCheck.SUM) if answer != "B1" else b"\x01B1\x03" + bytes([sum(b"B1\x03") & 0x7F])
    fault = fault_of(connection, frame)
    assert fault.fault is LineFault.NOISE
    assert fault.data == SIGN_ON[0][1] + SIGN_ON[1][1] + b"*" * len(frame)


def test_a_damaged_echo_of_the_password_shows_nothing_of_it() -> None:
    connection = connected()
    sent = given_password(connection).data
    fault = fault_of(connection, sent[:1] + b"Q" + sent[2:])
    assert fault.fault is LineFault.NOISE
    assert b"7" not in fault.data
    assert "37" not in str(fault)


@pytest.mark.parametrize("password", ["(1)", "1)", "ж", "1\x03"])
def test_a_password_that_cannot_be_sent_is_refused_and_not_shown(password: str) -> None:
    with pytest.raises(LocalProtocolError) as refused:
        connected(password=password)
    assert password not in str(refused.value)


def test_an_address_that_cannot_be_sent_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="no such meter can be called"):
        connected(address="1!")


# ── Groups and readouts ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_captured_group_is_read_without_a_session() -> None:
    group = ReadGroup(((0x400B, 7), (0x400D, 1), (0x5003, 1)))
    assert exchanged(connected(address="00000211"), group, GROUP).value == (
        DataSet("400B", ("E12", "118.8", "121.1")),
        DataSet("400D", ("50.01",)),
        DataSet("5003", ("009114135064195",)),
    )


def test_a_group_within_a_session_ends_it_first() -> None:
    connection = signed_on()
    group = ReadGroup(((0x400D, 1),))
    assert connection.send(group).data.startswith(BREAK + b"/?141628345!\x01R1\x02GROUP(400D(1))")
    event = connection.receive(answer_frame("400D(50.01)", BlockCheck.SUM))
    assert isinstance(event, Answered)
    assert connection.send(ReadParameter("VOLTA")).data.endswith(CALL)


@pytest.mark.parametrize(
    ("text", "reason"), [("(ERR12)", RefusalReason.UNKNOWN_REQUEST), ("(E22)", RefusalReason.OTHER)]
)
def test_a_group_may_be_refused_whole(text: str, reason: RefusalReason) -> None:
    connection = connected()
    connection.send(ReadGroup(((0x400D, 1),)))
    event = connection.receive(answer_frame(text, BlockCheck.SUM))
    assert isinstance(event, Answered)
    assert isinstance(event.value, Refusal)
    assert event.value.reason is reason


@pytest.mark.parametrize("text", ["400B(1)", "400D(1)400B(2)", "(1)", ""])
def test_another_group_than_was_asked_is_noise(text: str) -> None:
    connection = connected()
    connection.send(ReadGroup(((0x400D, 1),)))
    assert fault_of(connection, answer_frame(text, BlockCheck.SUM)).fault is LineFault.NOISE


def test_a_readout_is_called_slowly_and_comes_fast() -> None:
    connection = connected(address="38030255", password="", check=BlockCheck.XOR)
    call = connection.send(ReadOut())
    assert (call.data, call.speed, call.answer_speed) == (b"/?38030255!\r\n", None, None)
    event = connection.receive(b"/LGZ5\\2ZMG405000b.P07\r\n")
    assert event == SendMore(Outgoing(b"\x06050\r\n", answer_speed=SPEED))
    event = connection.receive(READOUT)
    assert isinstance(event, Answered)
    assert event.value.identification.speaks_dlms
    assert event.value.values("1.8.0") == ("0001234.567*kWh",)
    assert event.value.values("2.8.0") == ()
    assert event.data == b"/LGZ5\\2ZMG405000b.P07\r\n" + READOUT


def test_a_speed_may_be_chosen_and_one_that_is_unknown_is_kept() -> None:
    connection = connected(check=BlockCheck.XOR, baud_letter="0")
    connection.send(ReadOut())
    slow = LineSpeed(300, data_bits=7, parity="E")
    assert connection.receive(b"/LGZ5X\r\n") == SendMore(Outgoing(b"\x06000\r\n", answer_speed=slow))
    connection = connected(check=BlockCheck.XOR)
    connection.send(ReadOut())
    assert connection.receive(b"/LGZFX\r\n") == SendMore(Outgoing(b"\x060F0\r\n"))


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
