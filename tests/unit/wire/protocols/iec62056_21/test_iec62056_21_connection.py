"""Whose turn it is in IEC 62056-21: captured sessions to the byte, sessions begun anew, and what is no answer."""

import pytest

from asked_iec import (
    BREAK,
    CALL,
    CE102M,
    ENERGY,
    GROUP,
    MONTH,
    READOUT,
    SIGN_ON,
    SPEED,
    VOLTA,
    connected,
    exchanged,
    fault_of,
    sent_next,
    signed_on,
)
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineFault,
    LineSpeed,
    LocalProtocolError,
    Outgoing,
    Refusal,
    RefusalReason,
    SendMore,
)
from kilovatt.wire.protocols.iec62056_21.connection import Iec62056Connection
from kilovatt.wire.protocols.iec62056_21.datasets import DataSet
from kilovatt.wire.protocols.iec62056_21.frames import BlockCheck, answer_frame
from kilovatt.wire.protocols.iec62056_21.requests import (
    Break,
    ReadGroup,
    ReadOut,
    ReadParameter,
    SignOn,
)

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
