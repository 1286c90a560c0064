"""The call, the identification and the choice of IEC 62056-21."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.connection import LineSpeed
from kilovatt.wire.protocols.framing.sign_on import (
    IDENTIFICATION_MAX,
    Identification,
    Mode,
    OptionSelect,
    Procedure,
    address_called,
    identification_of,
    option_select_of,
    request_message,
)

LETTERS = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
TYPES = st.text(st.sampled_from("ABCDEFabcdef0123456789.-_ "), max_size=16)

# wb-mqtt-serial's and hostcc's captures; a public mock of the ZMG405; a real ZMD (pwitab/iec62056-21#16).
IDENTIFICATIONS = {
    b"/EKT5CE102Mv01\r\n": Identification("EKT", "5", "CE102Mv01"),
    b"/EKT5CE301v12\r\n": Identification("EKT", "5", "CE301v12"),
    b"/LGZ5\\2ZMG405000b.P07\r\n": Identification("LGZ", "5", "ZMG405000b.P07", "2"),
    b"/LGZ5\\2ZMD4054459.B40\r\n": Identification("LGZ", "5", "ZMD4054459.B40", "2"),
}


def test_a_call_bears_the_address_or_none() -> None:
    assert request_message("141628345") == b"/?141628345!\r\n"
    assert request_message() == b"/?!\r\n"
    assert address_called(b"/?000000211!\r\n") == "211"
    assert address_called(b"/?!\r\n") == ""


@pytest.mark.parametrize("address", ["1!2", "a/b", "x?", "(1)", "ж", "1\n", "9" * 33])
def test_an_address_that_would_end_the_call_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="an address is at most 32 printable characters"):
        request_message(address)


@pytest.mark.parametrize("message", [b"", b"/?1!", b"?1!\r\n", b"/?1!2!\r\n", b"/?\xff!\r\n", b"/?(1)!\r\n"])
def test_what_is_no_call_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        address_called(message)


@pytest.mark.parametrize("line", IDENTIFICATIONS, ids=bytes.decode)
def test_captured_identifications_are_understood_and_written(line: bytes) -> None:
    assert identification_of(line) == IDENTIFICATIONS[line]
    assert IDENTIFICATIONS[line].encode() == line


def test_an_identification_tells_speed_dlms_and_haste() -> None:
    zmg, ce301 = identification_of(b"/LGZ5\\2ZMG405000b.P07\r\n"), identification_of(b"/EKT5CE301v12\r\n")
    assert (zmg.baud, zmg.speaks_dlms, zmg.answers_fast) == (9600, True, False)
    assert (ce301.baud, ce301.speaks_dlms) == (9600, False)
    assert identification_of(b"/LGz0X\r\n").answers_fast
    # Letters of mode B, and what is reserved.
    assert identification_of(b"/ABCE\r\n").baud is None


@given(
    maker=st.text(LETTERS, min_size=3, max_size=3),
    letter=st.sampled_from("0123456AF"),
    type_name=TYPES,
    marks=st.text(st.sampled_from("2@W"), max_size=2),
)
def test_identifications_are_written_and_understood(maker: str, letter: str, type_name: str, marks: str) -> None:
    identification = Identification(maker, letter, type_name, marks)
    assert identification_of(identification.encode()) == identification


@given(data=st.binary(max_size=60))
def test_noise_is_no_identification(data: bytes) -> None:
    with pytest.raises(ValueError, match="identification"):
        identification_of(b"/EKT5\x01" + data + b"\r\n")


@pytest.mark.parametrize(
    "line",
    [
        b"/EKT5CE301\r",
        b"EKT5CE301\r\n",
        b"/EKT\r\n",
        b"/E1T5CE\r\n",
        b"/EKT+CE\r\n",
        b"/EKT5C\x05\r\n",
        b"/EKT5C/E\r\n",
        b"/EKT5CE!\r\n",
        b"/EKT5CE\\\r\n",
        b"/EKT5" + b"x" * 33 + b"\r\n",
        b"/EKT5" + b"x" * IDENTIFICATION_MAX + b"\r\n",
    ],
)
def test_what_is_no_identification_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"identification|type"):
        identification_of(line)


def test_choices_are_written_and_understood() -> None:
    assert OptionSelect(Procedure.NORMAL, "5", Mode.PROGRAMMING).encode() == b"\x06051\r\n"
    assert OptionSelect(Procedure.HDLC, "5", Mode.BINARY).encode() == b"\x06252\r\n"
    for procedure in Procedure:
        for mode in Mode:
            choice = OptionSelect(procedure, "4", mode)
            assert option_select_of(choice.encode()) == choice


def test_a_choice_changes_speed_and_for_hdlc_to_eight_bits() -> None:
    assert OptionSelect(Procedure.NORMAL, "5", Mode.READ_OUT).speed == LineSpeed(9600, data_bits=7, parity="E")
    assert OptionSelect(Procedure.HDLC, "5", Mode.BINARY).speed == LineSpeed(9600)
    assert OptionSelect(Procedure.NORMAL, "F", Mode.READ_OUT).speed is None


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x06051\r",
        b"\x15051\r\n",
        b"\x06051\n\r",
        b"\x060\xb51\r\n",
        b"\x06951\r\n",
        b"\x06059\r\n",
        b"\x060 1\r\n",
    ],
)
def test_what_is_no_choice_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"choice|speed|not a valid"):
        option_select_of(message)
