"""Whose turn it is, and how what is no answer is named."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from in_pieces import outcome, pieces_of
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineFault,
    LocalProtocolError,
    RemoteProtocolError,
    Request,
)
from kilovatt.wire.protocols.framing.crc16 import append_crc
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1 import requests
from kilovatt.wire.protocols.mercury_v1.archive import HalfHourLayout, ReadHalfHours
from kilovatt.wire.protocols.mercury_v1.connection import MercuryV1Connection
from kilovatt.wire.protocols.mercury_v1.frames import Frame
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request, ReadBattery, ReadPhaseValues, ReadRegisters
from kilovatt.wire.protocols.mercury_v1.writes import SetClock, SetRelayMode

ADDRESS = 411_486
BATTERY = Frame(ADDRESS, 0x29, bytes.fromhex("0305")).encode()
REGISTERS = Frame(ADDRESS, 0x27, bytes.fromhex("00062142 00020834 00000000 00000000")).encode()
HALF_HOURS = ReadHalfHours(group=2, day_on=date(2026, 11, 22))


def asking(request: MercuryV1Request[Any]) -> tuple[MercuryV1Connection, bytes]:
    connection = MercuryV1Connection(ADDRESS)
    return connection, connection.send(request).data


def test_an_answer_is_taken_when_its_last_byte_comes() -> None:
    connection, _ = asking(ReadBattery())
    assert connection.receive(BATTERY[:-1]) is None
    assert connection.receive(BATTERY[-1:]) == Answered(value=3050, data=BATTERY)


def test_a_write_is_answered_by_address_and_command_alone() -> None:
    done = Frame(ADDRESS, 0x71, b"").encode()
    connection, _ = asking(SetRelayMode(0xAA))
    assert connection.receive(done) == Answered(value=None, data=done)


def test_silence_is_named() -> None:
    connection, _ = asking(ReadBattery())
    with pytest.raises(RemoteProtocolError, match="no answer to ReadBattery") as silence:
        connection.quiet()
    assert silence.value.fault is LineFault.SILENCE


def test_an_echo_with_nothing_behind_it_is_named() -> None:
    connection, sent = asking(ReadBattery())
    assert connection.receive(sent) is None
    with pytest.raises(RemoteProtocolError, match="only ReadBattery itself came back") as echo:
        connection.quiet()
    assert echo.value.fault is LineFault.ECHO


@pytest.mark.parametrize("request_asked", [ReadBattery(), SetClock(weekday=2, time=WallTime(2026, 11, 24, 12, 0, 0))])
def test_an_answer_behind_its_echo_is_taken(request_asked: MercuryV1Request[Any]) -> None:
    connection, sent = asking(request_asked)
    answer = Frame(ADDRESS, request_asked.code, b"\x03\x05" if request_asked.code == 0x29 else b"").encode()
    event = outcome(connection, [sent[:9], sent[9:] + answer])
    assert isinstance(event, Answered)
    assert event.data == answer


def test_noise_behind_an_echo_is_named() -> None:
    connection, sent = asking(ReadBattery())
    assert outcome(connection, [sent + BATTERY[:-1] + b"\x00"]) == (
        LineFault.NOISE,
        "no answer to ReadBattery: the checksum does not fit",
    )


def test_registers_that_begin_like_an_echo_are_still_registers() -> None:
    # The checksum of the request stands where the first digits of T1 do: no echo has the length of the answer.
    connection, sent = asking(ReadRegisters())
    crc = sent[-2:]
    data = crc + bytes(14)
    answer = Frame(ADDRESS, 0x27, data).encode()
    assert answer.startswith(sent)
    try:
        int(crc.hex())
    except ValueError:
        fault = outcome(connection, [answer[:9], answer[9:]])
        assert isinstance(fault, tuple)
        assert "says what cannot be" in fault[1]
    else:
        assert isinstance(outcome(connection, [answer[:9], answer[9:]]), Answered)


def test_an_answer_of_another_meter_is_named() -> None:
    connection, _ = asking(ReadBattery())
    other = Frame(38_030_255, 0x29, b"\x03\x05").encode()
    with pytest.raises(RemoteProtocolError, match="asked 411486 for ReadBattery, and 38030255 answered") as another:
        connection.receive(other)
    assert another.value.fault is LineFault.ANOTHER_METER
    assert another.value.data == other


def test_an_answer_to_another_command_is_noise() -> None:
    connection, _ = asking(ReadBattery())
    late = Frame(ADDRESS, 0x22, b"\x99\x99").encode()
    assert outcome(connection, [late]) == (LineFault.NOISE, "wanted the answer to ReadBattery (29h), got one to 22h")


def test_a_right_answer_of_a_wrong_length_is_noise() -> None:
    connection, _ = asking(ReadBattery())
    short = Frame(ADDRESS, 0x29, b"\x03").encode()
    message = "wanted 2 bytes of data in the answer to ReadBattery, got 1"
    assert outcome(connection, [short]) == (LineFault.NOISE, message)


def test_digits_above_nine_are_noise_however_right_the_checksum() -> None:
    connection, _ = asking(ReadBattery())
    answer = Frame(ADDRESS, 0x29, b"\x0a\x91").encode()
    with pytest.raises(RemoteProtocolError, match="says what cannot be: voltage_mv is 0a 91") as noise:
        connection.receive(answer)
    assert noise.value.fault is LineFault.NOISE


def test_a_half_hour_answer_that_fits_no_layout_is_named() -> None:
    connection, _ = asking(HALF_HOURS)
    answer = Frame(ADDRESS, 0x37, bytes(16)).encode()
    message = "wanted 24 or 32 bytes of data in the answer to ReadHalfHours, got 16"
    assert outcome(connection, [answer]) == (LineFault.NOISE, message)


def test_a_shorter_layout_is_taken_only_when_the_line_falls_silent() -> None:
    connection, _ = asking(HALF_HOURS)
    answer = Frame(ADDRESS, 0x37, bytes.fromhex("0001 00") * 8).encode()
    assert connection.receive(answer) is None
    assert connection.quiet() == Answered(value=(1,) * 8, data=answer)


def test_the_shortest_prefix_with_a_fitting_checksum_is_not_the_answer() -> None:
    # The 24 bytes of the short layout with their checksum are a whole frame; they are also how this long one begins.
    request = ReadHalfHours(2, date(2026, 11, 22), frozenset({HalfHourLayout.CRC_BY_GROUP}))
    records = bytearray(request.encode((7,) * 8))
    head = Frame(ADDRESS, 0x37, b"").encode()[:5]
    records[24:26] = append_crc(head + bytes(records[:24]))[-2:]
    whole = Frame(ADDRESS, 0x37, bytes(records)).encode()

    connection, _ = asking(HALF_HOURS)
    assert connection.receive(whole[:31]) is None
    assert connection.receive(whole[31:]) == Answered(value=(7, 7, 7, 7, 7, 7, None, 7), data=whole)


def test_one_question_at_a_time() -> None:
    connection, _ = asking(ReadBattery())
    with pytest.raises(LocalProtocolError, match="ReadBattery is not answered yet"):
        connection.send(ReadRegisters())


def test_nothing_is_received_before_something_is_asked() -> None:
    connection = MercuryV1Connection(ADDRESS)
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        connection.receive(BATTERY)
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        connection.quiet()


def test_after_a_fault_one_may_ask_again() -> None:
    connection, _ = asking(ReadBattery())
    assert isinstance(outcome(connection, [b"\x00" * 9]), tuple)
    connection.send(ReadBattery())
    assert connection.receive(BATTERY) == Answered(value=3050, data=BATTERY)


def test_bytes_of_an_earlier_exchange_do_not_count_for_the_next() -> None:
    connection, _ = asking(ReadBattery())
    assert isinstance(outcome(connection, [BATTERY[:4]]), tuple)
    connection.send(ReadBattery())
    assert connection.receive(BATTERY[4:]) is None


class _Stranger(Request[None]):
    pass


def test_a_request_of_another_language_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="_Stranger is no request of this language"):
        MercuryV1Connection(ADDRESS).send(_Stranger())


def test_a_request_that_does_not_fit_is_refused_and_leaves_the_line_free() -> None:
    connection = MercuryV1Connection(ADDRESS)
    with pytest.raises(LocalProtocolError, match="cannot be asked"):
        connection.send(SetRelayMode(0x1AA))
    connection.send(ReadBattery())
    assert connection.receive(BATTERY) is not None


@pytest.mark.parametrize("address", [0, -1, 0x1_0000_0000])
def test_an_address_that_no_meter_can_have_is_refused(address: int) -> None:
    with pytest.raises(LocalProtocolError, match="an address is 1 to 4294967295"):
        MercuryV1Connection(address)


CASES: list[tuple[MercuryV1Request[Any], bytes]] = [
    (ReadBattery(), BATTERY),
    (ReadRegisters(), REGISTERS),
    (ReadRegisters(), Frame(7, 0x27, bytes(16)).encode()),
    (ReadBattery(), Frame(ADDRESS, 0x22, b"\x99\x99").encode()),
    (ReadPhaseValues(), b"\xff" * 20),
    (SetRelayMode(0xAA), Frame(ADDRESS, 0x71, b"").encode()),
    (HALF_HOURS, Frame(ADDRESS, 0x37, bytes(24)).encode()),
    (HALF_HOURS, Frame(ADDRESS, 0x37, bytes(32)).encode()),
    (requests.ReadMonthRegisters(3), Frame(ADDRESS, 0x32, b"\xff" * 16).encode()),
]


@given(
    case=st.sampled_from(CASES),
    echoes=st.booleans(),
    damage=st.none() | st.tuples(st.integers(0, 40), st.integers(1, 255)),
    trailing=st.binary(max_size=6),
    cuts=st.lists(st.integers(0, 80), max_size=12),
)
def test_any_split_of_what_comes_gives_the_same_outcome(
    case: tuple[MercuryV1Request[Any], bytes],
    echoes: bool,
    damage: tuple[int, int] | None,
    trailing: bytes,
    cuts: list[int],
) -> None:
    request, answer = case
    connection, sent = asking(request)
    came = bytearray((sent if echoes else b"") + answer + trailing)
    if damage is not None:
        came[damage[0] % len(came)] ^= damage[1]

    whole = outcome(connection, [bytes(came)])
    split = outcome(asking(request)[0], pieces_of(bytes(came), cuts))

    assert split == whole


@given(position=st.integers(0, len(REGISTERS) - 1), mask=st.integers(1, 255))
def test_one_damaged_byte_is_never_taken_for_an_answer(position: int, mask: int) -> None:
    damaged = bytearray(REGISTERS)
    damaged[position] ^= mask
    connection, _ = asking(ReadRegisters())
    assert isinstance(outcome(connection, [bytes(damaged)]), tuple)


@given(st.binary(max_size=80))
def test_noise_is_never_taken_for_an_answer(noise: bytes) -> None:
    connection, _ = asking(ReadRegisters())
    assert isinstance(outcome(connection, [noise]), tuple)
