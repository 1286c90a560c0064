"""Reading registers over Modbus TCP: whose turn it is, and how what is no answer is named."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from in_pieces import outcome, pieces_of
from kilovatt.wire.protocols.framing.connection import (
    Answered,
    LineFault,
    LocalProtocolError,
    Refusal,
    RefusalReason,
    Request,
)
from kilovatt.wire.protocols.modbus.connection import ModbusConnection
from kilovatt.wire.protocols.modbus.frames import ErrorCode, Frame, frame_from_bytes
from kilovatt.wire.protocols.modbus.requests import ReadRegisters, Table

TWO = ReadRegisters(Table.HOLDING, 107, 2)


def reply(data: bytes, *, transaction: int = 1, unit: int = 17, function: int = 3) -> bytes:
    return Frame(transaction=transaction, unit=unit, function=function, data=data).encode()


ANSWER = reply(bytes.fromhex("04 02 2B 00 64"))


def asking(request: ReadRegisters = TWO) -> tuple[ModbusConnection, bytes]:
    connection = ModbusConnection(17)
    return connection, connection.send(request).data


def test_the_example_of_the_specification() -> None:
    # Modbus Application Protocol V1.1b3, 6.3: registers 108 and 109 of a device, here two of the three.
    connection, sent = asking()
    assert sent == bytes.fromhex("00 01 00 00 00 06 11 03 00 6B 00 02")
    assert connection.receive(ANSWER[:-1]) is None
    assert connection.receive(ANSWER[-1:]) == Answered(value=(555, 100), data=ANSWER)


def test_input_registers_are_read_by_another_function() -> None:
    # 6.4: input register 9 holds 10.
    connection, sent = asking(ReadRegisters(Table.INPUT, 8, 1))
    assert sent[7:] == bytes.fromhex("04 00 08 00 01")
    answer = reply(bytes.fromhex("02 00 0A"), function=4)
    assert connection.receive(answer) == Answered(value=(10,), data=answer)


def test_each_request_has_a_transaction_of_its_own_and_they_begin_anew_at_the_top() -> None:
    connection = ModbusConnection(17)
    for transaction in (*range(1, 0x1_0000), 1, 2):
        assert connection.send(TWO).data[:2] == transaction.to_bytes(2, "big")
        assert connection.receive(reply(b"\x04" + bytes(4), transaction=transaction)) is not None


WRONG: dict[str, tuple[bytes, LineFault, str]] = {
    "a late answer": (reply(bytes(5), transaction=7), LineFault.NOISE, "wanted the answer to request 1, got one to 7"),
    "another unit": (
        reply(bytes(5), unit=3),
        LineFault.ANOTHER_METER,
        "asked unit 17 for ReadRegisters, and unit 3 answered",
    ),
    "another function": (reply(bytes(5), function=4), LineFault.NOISE, "wanted function 03h, got 04h"),
    "an error of two bytes": (reply(bytes(2), function=0x83), LineFault.NOISE, "wanted function 03h, got 83h"),
    "too little": (
        reply(bytes.fromhex("02 00 0A")),
        LineFault.NOISE,
        "the answer to ReadRegisters says what cannot be: wanted 4 bytes of registers, got 02 00 0a",
    ),
    "a count that lies": (
        reply(bytes.fromhex("06 02 2B 00 64")),
        LineFault.NOISE,
        "the answer to ReadRegisters says what cannot be: wanted 4 bytes of registers, got 06 02 2b 00 64",
    ),
    "another protocol": (
        b"\x00\x01\x00\x01" + ANSWER[4:],
        LineFault.NOISE,
        "no answer to ReadRegisters: the protocol is 0001, wanted 0000",
    ),
    "a length that cannot be": (
        b"\x00\x01\x00\x00\xff\xff",
        LineFault.NOISE,
        "no answer to ReadRegisters: a frame has 8 to 260 bytes, and this one would have 65541",
    ),
    "no end": (ANSWER[:-1], LineFault.NOISE, "no answer to ReadRegisters: the line fell silent within a frame"),
    "nothing": (b"", LineFault.SILENCE, "no answer to ReadRegisters"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_answer_is_named_and_the_line_is_free_again(name: str) -> None:
    came, fault, message = WRONG[name]
    connection, _ = asking()
    assert outcome(connection, [came] if came else []) == (fault, message)
    connection.send(TWO)
    again = reply(bytes.fromhex("04 02 2B 00 64"), transaction=2)
    assert outcome(connection, [again]) == Answered(value=(555, 100), data=again)


def test_an_echo_is_set_aside_and_named_where_nothing_follows() -> None:
    connection, sent = asking()
    assert outcome(connection, [sent[:5], sent[5:]]) == (LineFault.ECHO, "only ReadRegisters itself came back")
    connection, sent = asking()
    assert outcome(connection, [sent + ANSWER]) == Answered(value=(555, 100), data=ANSWER)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (ErrorCode.ILLEGAL_ADDRESS, RefusalReason.UNKNOWN_REQUEST),
        (ErrorCode.DEVICE_FAILURE, RefusalReason.INTERNAL_ERROR),
        (ErrorCode.DEVICE_BUSY, RefusalReason.OTHER),
        (0x77, RefusalReason.OTHER),
    ],
)
def test_an_exception_is_a_refusal_with_its_reason(code: int, reason: RefusalReason) -> None:
    connection, _ = asking()
    answer = reply(bytes([code]), function=0x83)
    assert connection.receive(answer) == Answered(value=Refusal(reason=reason, code=code), data=answer)


@dataclass(frozen=True, slots=True)
class _Foreign(Request[int]):
    pass


def test_what_we_may_not_do_is_our_own_fault() -> None:
    connection, _ = asking()
    with pytest.raises(LocalProtocolError, match="is not answered yet"):
        connection.send(TWO)
    with pytest.raises(LocalProtocolError, match="_Foreign is no request of this language"):
        ModbusConnection(1).send(_Foreign())
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        ModbusConnection(1).receive(ANSWER)
    with pytest.raises(LocalProtocolError, match="a unit is 0 to 247: got 248"):
        ModbusConnection(248)


@pytest.mark.parametrize(("first", "count"), [(0, 0), (0, 126), (-1, 1), (65_535, 2)])
def test_registers_that_no_device_has_are_not_asked_for(first: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"got {count} at {first}"):
        ReadRegisters(Table.INPUT, first, count)


def test_a_device_hears_only_what_is_a_request_for_registers() -> None:
    assert ReadRegisters.parse(3, bytes.fromhex("00 6B 00 02")) == TWO
    with pytest.raises(ValueError, match="4 bytes of data, got 3"):
        ReadRegisters.parse(3, bytes(3))
    with pytest.raises(ValueError, match="6 is not a valid Table"):
        ReadRegisters.parse(6, bytes(4))
    with pytest.raises(ValueError, match="14 bytes are no whole frame"):
        frame_from_bytes(ANSWER + b"\x00")


CUTS = st.lists(st.integers(0, 300), max_size=6)


@given(data=st.one_of(st.binary(max_size=40), st.binary(max_size=20).map(lambda tail: ANSWER[:6] + tail)), cuts=CUTS)
def test_any_bytes_come_to_the_same_however_they_are_cut(data: bytes, cuts: list[int]) -> None:
    whole, _ = asking()
    cut, _ = asking()
    assert outcome(cut, pieces_of(data, cuts)) == outcome(whole, [data] if data else [])


@given(registers=st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125), cuts=CUTS)
def test_registers_survive_the_wire(registers: list[int], cuts: list[int]) -> None:
    request = ReadRegisters(Table.HOLDING, 0, len(registers))
    connection, _ = asking(request)
    answer = reply(request.encode(tuple(registers)))
    assert outcome(connection, pieces_of(answer, cuts)) == Answered(value=tuple(registers), data=answer)
