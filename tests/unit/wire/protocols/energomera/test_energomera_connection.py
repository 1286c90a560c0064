"""Whose turn it is with a meter of Энергомера, and how what is no answer is named."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from in_pieces import outcome, pieces_of
from kilovatt.wire.protocols.energomera.checksum import checksum
from kilovatt.wire.protocols.energomera.connection import EnergomeraConnection
from kilovatt.wire.protocols.energomera.errors import ErrorCode
from kilovatt.wire.protocols.energomera.frames import ReplyFrame, RequestFrame
from kilovatt.wire.protocols.energomera.requests import EnergomeraRequest, Ping, ReadClock, ReadTotalRegister
from kilovatt.wire.protocols.framing import slip
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineFault,
    LocalProtocolError,
    Outgoing,
    Refusal,
    RefusalReason,
    RemoteProtocolError,
    Request,
)

ADDRESS = 46_950
PASSWORD = 777_777
TOTAL = ReadTotalRegister(0)


def reply(data: bytes, *, command: int = TOTAL.code, meter: int = ADDRESS, is_error: bool = False) -> bytes:
    return ReplyFrame(reader=253, meter=meter, command=command, data=data, is_error=is_error).encode()


REGISTER = reply(b"\x35\x4a\x00\x00")


def asking(request: EnergomeraRequest[Any] = TOTAL) -> tuple[EnergomeraConnection, bytes]:
    connection = EnergomeraConnection(ADDRESS, PASSWORD)
    return connection, connection.send(request).data


def test_an_answer_is_taken_when_its_mark_comes() -> None:
    connection, _ = asking()
    assert connection.receive(REGISTER[:-1]) is None
    assert connection.receive(REGISTER[-1:]) == Answered(value=18_997, data=REGISTER)


def test_marks_and_escapes_within_an_answer_are_escaped() -> None:
    connection, _ = asking()
    answer = reply(bytes([slip.END, slip.ESC, 0, 0]))
    assert len(answer) == len(REGISTER) + 2
    assert connection.receive(answer) == Answered(value=0xDBC0, data=answer)


def test_an_address_and_a_password_that_look_like_marks_are_escaped_and_masked_whole() -> None:
    outgoing = EnergomeraConnection(0xC0DB, 0x00C0_DBC0).send(TOTAL)
    assert outgoing.data[:18] == bytes.fromhex("C0 48 DB DD DB DC FD 00 DB DC DB DD DB DC 00 D1 01 31")
    assert outgoing.masked[:18] == bytes.fromhex("C0 48 DB DD DB DC FD 00 2A 2A 2A 2A 2A 2A 2A D1 01 31")
    assert outgoing.masked[-2:] == b"\x2a\xc0"


def test_silence_is_named() -> None:
    connection, _ = asking()
    assert outcome(connection, []) == (LineFault.SILENCE, "no answer to ReadTotalRegister")


def test_an_echo_with_nothing_behind_it_is_named_and_keeps_the_password_to_itself() -> None:
    connection, sent = asking()
    assert connection.receive(sent) is None
    with pytest.raises(RemoteProtocolError, match=r"only ReadTotalRegister itself came back$") as echo:
        connection.quiet()
    assert (echo.value.fault, echo.value.data) == (LineFault.ECHO, b"")


def test_an_answer_behind_its_echo_is_taken() -> None:
    connection, sent = asking()
    assert outcome(connection, [sent[:9], sent[9:] + REGISTER]) == Answered(value=18_997, data=REGISTER)


def test_noise_behind_an_echo_is_named() -> None:
    connection, sent = asking()
    spoilt = REGISTER[:9] + b"\x00" + REGISTER[10:]
    assert outcome(connection, [sent + spoilt]) == (
        LineFault.NOISE,
        "no answer to ReadTotalRegister: the checksum does not fit",
    )


def test_a_frame_that_breaks_off_is_noise() -> None:
    connection, _ = asking()
    message = "no answer to ReadTotalRegister: the line fell silent within a frame"
    assert outcome(connection, [REGISTER[:-2]]) == (LineFault.NOISE, message)


def resigned(body: bytes) -> bytes:
    return slip.framed(body + bytes([checksum(body)]))


WRONG: dict[str, tuple[bytes, LineFault, str]] = {
    "another meter": (
        reply(bytes(4), meter=54_633),
        LineFault.ANOTHER_METER,
        "asked 46950 for ReadTotalRegister, and 54633 answered",
    ),
    "for another reader": (
        ReplyFrame(reader=7, meter=ADDRESS, command=0x131, data=bytes(4)).encode(),
        LineFault.NOISE,
        "the answer to ReadTotalRegister is for reader 7, and we are 253",
    ),
    "another command": (
        reply(bytes(4), command=0x130),
        LineFault.NOISE,
        "wanted the answer to ReadTotalRegister (0131h), got one to 0130h",
    ),
    "too little": (
        reply(bytes(3)),
        LineFault.NOISE,
        "wanted 4 bytes of data in the answer to ReadTotalRegister, got 3",
    ),
    "an error of two bytes": (
        reply(bytes(2), is_error=True),
        LineFault.NOISE,
        "an error is one byte: got 2 for ReadTotalRegister",
    ),
    "no mark": (b"\x48", LineFault.NOISE, "no answer to ReadTotalRegister: it does not begin with its mark"),
    "nothing between the marks": (
        b"\xc0\xc0",
        LineFault.NOISE,
        "no answer to ReadTotalRegister: at least 9 bytes are wanted between the marks, got 0",
    ),
    "a lone escape": (
        b"\xc0\x48\xdb\x00\xc0",
        LineFault.NOISE,
        "no answer to ReadTotalRegister: no frame of SLIP has a mark or a lone escape within: got 48 db 00",
    ),
    "no end": (b"\xc0" + bytes(80), LineFault.NOISE, "no answer to ReadTotalRegister: longer than any frame"),
    "a late end": (
        b"\xc0" + bytes(80) + b"\xc0",
        LineFault.NOISE,
        "no answer to ReadTotalRegister: longer than any frame",
    ),
    "another option": (
        resigned(b"\x49" + slip.unescape(REGISTER[1:-1])[1:-1]),
        LineFault.NOISE,
        "no answer to ReadTotalRegister: a frame begins with 48h, got 49h",
    ),
    "a length that lies": (
        resigned(slip.unescape(REGISTER[1:-1])[:-1] + b"\x00"),
        LineFault.NOISE,
        "no answer to ReadTotalRegister: the service byte tells of 4 bytes of data, and there are 5",
    ),
    "another class": (
        resigned(slip.unescape(REGISTER[1:-1])[:5] + b"\x64" + slip.unescape(REGISTER[1:-1])[6:-1]),
        LineFault.NOISE,
        "no answer to ReadTotalRegister: the service byte 64h is not that of an answer",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_answer_is_named_and_the_line_is_free_again(name: str) -> None:
    came, fault, message = WRONG[name]
    connection, sent = asking()
    assert outcome(connection, [came]) == (fault, message)
    assert connection.send(TOTAL).data == sent
    assert outcome(connection, [REGISTER]) == Answered(value=18_997, data=REGISTER)


def test_digits_above_nine_are_noise_however_right_the_checksum() -> None:
    connection, _ = asking(ReadClock())
    answer = reply(bytes.fromhex("3A 04 20 06 04 04 20"), command=0x120)
    with pytest.raises(RemoteProtocolError, match="says what cannot be: clock is 3a 04 20") as noise:
        connection.receive(answer)
    assert (noise.value.fault, noise.value.data) == (LineFault.NOISE, answer)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (ErrorCode.NO_SUCH_COMMAND, RefusalReason.UNKNOWN_REQUEST),
        (ErrorCode.WRONG_FORMAT, RefusalReason.OTHER),
        (ErrorCode.ACCESS_LEVEL, RefusalReason.ACCESS_DENIED),
        (ErrorCode.PARAMETER_COUNT, RefusalReason.UNKNOWN_REQUEST),
        (ErrorCode.CONFIGURATION, RefusalReason.UNKNOWN_REQUEST),
        (ErrorCode.ACCESS_BUTTON, RefusalReason.ACCESS_DENIED),
        (ErrorCode.PARAMETER, RefusalReason.UNKNOWN_REQUEST),
        (ErrorCode.MEMORY_WRITE, RefusalReason.INTERNAL_ERROR),
        (ErrorCode.TARIFF_PROGRAM, RefusalReason.OTHER),
        (ErrorCode.MEMORY_READ, RefusalReason.INTERNAL_ERROR),
        (0x33, RefusalReason.OTHER),
    ],
)
def test_an_error_is_a_refusal_with_its_reason(code: int, reason: RefusalReason) -> None:
    connection, _ = asking()
    answer = reply(bytes([code]), is_error=True)
    assert connection.receive(answer) == Answered(value=Refusal(reason=reason, code=code), data=answer)


@pytest.mark.parametrize("address", [-1, 0xFFFF, 70_000])
def test_the_broadcast_address_and_impossible_ones_are_refused(address: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"an address is 0 to 65534: got {address}"):
        EnergomeraConnection(address, PASSWORD)


def test_a_second_question_before_the_answer_is_our_own_fault() -> None:
    connection, _ = asking()
    with pytest.raises(LocalProtocolError, match="ReadTotalRegister is not answered yet"):
        connection.send(Ping())


def test_nothing_is_answered_when_nothing_was_asked() -> None:
    connection = EnergomeraConnection(ADDRESS, PASSWORD)
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        connection.receive(REGISTER)
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        connection.quiet()


@dataclass(frozen=True, slots=True)
class _Foreign(Request[int]):
    pass


def test_a_request_of_another_language_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="_Foreign is no request of this language"):
        EnergomeraConnection(ADDRESS, PASSWORD).send(_Foreign())


@pytest.mark.parametrize("password", [-1, 1 << 32])
def test_a_password_that_does_not_fit_is_refused_and_not_told(password: int) -> None:
    with pytest.raises(LocalProtocolError, match="a password of four bytes") as refused:
        EnergomeraConnection(ADDRESS, password).send(TOTAL)
    assert str(password) not in str(refused.value)


def test_what_cannot_be_framed_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="cannot be asked: 0 to 255 is wanted, got 256"):
        EnergomeraConnection(ADDRESS, PASSWORD).send(ReadTotalRegister(256))


CUTS = st.lists(st.integers(0, 200), max_size=6)


@given(data=st.binary(max_size=90), cuts=CUTS, is_behind_an_echo=st.booleans())
def test_any_bytes_come_to_the_same_however_they_are_cut(data: bytes, cuts: list[int], is_behind_an_echo: bool) -> None:
    connection, sent = asking()
    came = sent + data if is_behind_an_echo else data
    whole = outcome(connection, [came] if came else [])
    again, _ = asking()
    assert outcome(again, [piece for piece in pieces_of(came, cuts) if piece]) == whole


@given(place=st.integers(0, len(REGISTER) - 1), flip=st.integers(1, 255), cuts=CUTS)
def test_one_spoilt_byte_is_never_a_value(place: int, flip: int, cuts: list[int]) -> None:
    spoilt = bytearray(REGISTER)
    spoilt[place] ^= flip
    connection, _ = asking()
    assert isinstance(outcome(connection, pieces_of(bytes(spoilt), cuts)), tuple)


@given(count=st.integers(0, 0xFFFF_FFFF), depth=st.integers(0, 255), cuts=CUTS)
def test_every_register_survives_the_wire(count: int, depth: int, cuts: list[int]) -> None:
    connection, _ = asking(ReadTotalRegister(depth))
    answer = reply(ReadTotalRegister(depth).says.encode(count))
    assert outcome(connection, pieces_of(answer, cuts)) == Answered(value=count, data=answer)


@given(address=st.integers(0, 0xFFFE), password=st.integers(0, 0xFFFF_FFFF))
def test_no_byte_of_a_password_is_left_when_masked(address: int, password: int) -> None:
    outgoing: Outgoing = EnergomeraConnection(address, password).send(TOTAL)
    (start, end), (crc, crc_end) = outgoing.secret_spans
    assert slip.unescape(outgoing.data[start:end]) == password.to_bytes(4, "little")
    assert (len(slip.unescape(outgoing.data[crc:crc_end])), crc_end) == (1, len(outgoing.data) - 1)


def test_a_frame_carries_at_most_fifteen_bytes() -> None:
    with pytest.raises(ValueError, match="at most 15 bytes"):
        RequestFrame(meter=1, reader=1, password=0, command=1, data=bytes(16)).body()
    with pytest.raises(ValueError, match="at most 15 bytes of data: got 16"):
        ReplyFrame(reader=1, meter=1, command=1, data=bytes(16)).encode()
    with pytest.raises(ValueError, match="an address is 0 to 65535: got 65536"):
        ReplyFrame(reader=1, meter=65_536, command=1, data=b"").encode()
