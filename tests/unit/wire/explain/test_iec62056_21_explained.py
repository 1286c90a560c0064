"""Lines and blocks of IEC 62056-21 in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.explain import explain_exchange
from kilovatt.wire.explain.words import WORDS

VOLTS = (b"\x01R1\x02VOLTA()\x03_", b"\x02VOLTA(237.58)\r\n\x03(")
WORD = WORDS["iec62056-21"]


@pytest.mark.parametrize(
    ("request_", "answer", "codes"),
    [
        (b"/?141628345!\r\n", b"/EKT5CE102Mv01\r\n", ("called", "identification", None)),
        (b"/?!\r\n", b"/LGZ5\\2ZMG405000b.P07\r\n", ("called", "identification", None)),
        (b"/?!\r\n", b"/LGZ5\r\n", ("called", "identification", None)),
        (b"\x06051\r\n", b"\x01P0\x02(141628345)\x03(", ("mode_chosen", "operand", None)),
        (b"\x01P1\x02(777777)\x03!", b"\x06", ("password_given", "yes", None)),
        (b"\x01P1\x02(******)\x03*", b"\x15", ("password_given", "no", None)),
        (b"\x01P1\x02(*********", b"\x06", ("password_given", "yes", None)),
        (b"\x01P1\x02(**", b"\x06", ("noise", "yes", None)),
        # A meter agrees to HDLC by repeating the choice (mode E); nothing else may come back.
        (b"\x06252\r\n", b"\x06252\r\n", ("mode_chosen", "mode_chosen", None)),
        (b"\x06051\r\n", b"\x06051\r\n", ("mode_chosen", "mode_chosen", "echo")),
        (*VOLTS, ("read_parameter", "readout", None)),
        (VOLTS[0], VOLTS[1][:-1] + b")", ("read_parameter", "readout", "wrong_crc")),
        (VOLTS[0], VOLTS[0], ("read_parameter", "read_parameter", "echo")),
        (VOLTS[0], b"\x02(ERR12)\x035", ("read_parameter", "refusal", "wrong_crc")),
        (VOLTS[0], b"\x02(E12)\x03\x7c", ("read_parameter", "refusal", "unknown_name")),
        (VOLTS[0], b"\x02(E19)\x03\x03", ("read_parameter", "refusal", "other")),
        (VOLTS[0], b"/LGZ5\r\n", ("read_parameter", "identification", "another_answer")),
        (b"\x01B0\x03q", b"\x02\x03\x03", ("farewell", "readout", None)),
        (b"\x01X9\x02\x03\x19", b"", ("unknown_command", "noise", "no_frame")),
        (b"\x01X9A\x03\x19", b"\x02abc", ("noise", "noise", "no_frame")),
    ],
)
def test_every_frame_is_named(request_: bytes, answer: bytes, codes: tuple[str, str, str | None]) -> None:
    told = explain_exchange("iec62056-21", request_, answer)
    assert told.answer is not None
    problem = told.answer.problem
    if codes[2] != "wrong_crc" and problem == "wrong_crc":
        pytest.fail(f"the check character of {answer!r} was to be right")
    assert (told.request.code, told.answer.code, problem) == codes
    for frame in (told.request, told.answer):
        assert WORD.frame(frame)
        assert all(WORD.field(field) for field in frame.fields)
    assert (WORD.problem(told.answer) is None) == (problem is None)


def test_silence_has_no_answer() -> None:
    assert explain_exchange("iec62056-21", VOLTS[0], None).answer is None


def test_a_password_is_never_shown() -> None:
    told = explain_exchange("iec62056-21", b"\x01P1\x02(777777)\x03!", b"\x06")
    assert "777777" not in "".join(str(field.value) for field in told.request.fields)


@given(request=st.binary(max_size=40), answer=st.binary(max_size=40))
def test_whatever_comes_is_explained_to_its_last_byte(request: bytes, answer: bytes) -> None:
    told = explain_exchange("iec62056-21", request, answer)
    assert told.answer is not None
    assert sum(field.end - field.start for field in told.answer.fields) == len(answer)


IDENTIFICATION = b"/EKT5CE102Mv01\r\n"
ASKED_FOR_PASSWORD = bytes.fromhex("01 50 30 02 28 31 34 31 36 32 38 33 34 35 29 03 28")
BREAK_AND_CALL = bytes.fromhex("01 42 30 03 75") + b"/?141628345!\r\n"
GROUP = (
    b"/?00000211!\x01R1\x02GROUP(400B(7)400D(1)5003(1))\x03\x68",
    b"\x02400B(E12)(118.8)(121.1)400D(50.01)5003(009114135064195)\x03\x1e",
)


@pytest.mark.parametrize(
    ("request_", "answer", "codes"),
    [
        # A session begun anew for a value: identification, request of the password, ACK, and the value.
        (BREAK_AND_CALL, IDENTIFICATION + ASKED_FOR_PASSWORD + b"\x06" + VOLTS[1], ("called", "readout", None)),
        (b"/?!\r\n", b"/LGZ5X\r\n" + b"\x020.0.0(1)\r\n!\r\n\x03\x22", ("called", "readout", None)),
        (VOLTS[0], b"\x02A\x03\x42", ("read_parameter", "readout", None)),
        (b"/?!\r\n", IDENTIFICATION + ASKED_FOR_PASSWORD[:-1] + b")" + VOLTS[1], ("called", "readout", "wrong_crc")),
        (*GROUP, ("read_parameter", "readout", None)),
        (b"/?1", IDENTIFICATION[:-1], ("noise", "noise", "no_frame")),
        (b"\x01R1", b"\x02", ("noise", "noise", "no_frame")),
    ],
)
def test_what_is_several_messages_is_told_one_by_one(
    request_: bytes, answer: bytes, codes: tuple[str, str, str | None]
) -> None:
    exchange = explain_exchange("iec62056-21", request_, answer)
    assert exchange.answer is not None
    assert (exchange.request.code, exchange.answer.code, exchange.answer.problem) == codes
