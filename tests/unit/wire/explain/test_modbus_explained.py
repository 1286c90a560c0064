"""Frames of Modbus in words: every byte has a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.explain import explain
from kilovatt.wire.explain.fields import ExplainedFrame
from kilovatt.wire.explain.modbus import explain_exchange
from kilovatt.wire.explain.modbus_words import FIELDS, FRAMES, PROBLEMS
from kilovatt.wire.protocols.modbus.frames import ErrorCode, Frame

REQUEST = bytes.fromhex("00 01 00 00 00 06 11 03 00 6B 00 02")
ANSWER = bytes.fromhex("00 01 00 00 00 07 11 03 04 02 2B 00 64")


def reply(data: bytes, *, transaction: int = 1, unit: int = 17, function: int = 3) -> bytes:
    return Frame(transaction=transaction, unit=unit, function=function, data=data).encode()


def told(frame: ExplainedFrame | None) -> dict[str, object]:
    assert frame is not None
    return {f"{f.code} {f.number}" if f.number else f.code: f.value for f in frame.fields}


def test_an_exchange_is_told_byte_by_byte() -> None:
    (explained,) = explain("modbus", [REQUEST, ANSWER])
    assert told(explained.request) == {
        "transaction": 1,
        "protocol": 0,
        "length": 6,
        "unit": 17,
        "function": "03h",
        "first_register": 107,
        "register_count": 2,
    }
    assert told(explained.answer) == {
        "transaction": 1,
        "protocol": 0,
        "length": 7,
        "unit": 17,
        "function": "03h",
        "byte_count": 4,
        "register 1": 555,
        "register 2": 100,
    }


UNKNOWN = reply(b"\x00\x01\x00\x02", function=6)
FAULTS: tuple[tuple[bytes, bytes, str | None], ...] = (
    (REQUEST, ANSWER, None),
    (REQUEST, b"", "no_frame"),
    (REQUEST, ANSWER[:-1], "no_frame"),
    (REQUEST, REQUEST, "echo"),
    (REQUEST, reply(ANSWER[8:], transaction=2), "another_request"),
    (REQUEST, reply(ANSWER[8:], unit=2), "another_unit"),
    (REQUEST, reply(ANSWER[8:], function=4), "another_function"),
    (REQUEST, reply(b""), "wrong_size"),
    (REQUEST, reply(bytes(2), function=0x83), "wrong_size"),
    (UNKNOWN, UNKNOWN, "unknown_request"),
    (b"\x00", ANSWER, "unknown_request"),
    *((REQUEST, reply(bytes([code]), function=0x83), code.name.lower()) for code in ErrorCode),
    (REQUEST, reply(b"\x77", function=0x83), "other"),
)


@pytest.mark.parametrize(("request_data", "answer", "problem"), FAULTS)
def test_what_is_no_answer_is_told_all_the_same_and_why(
    request_data: bytes, answer: bytes, problem: str | None
) -> None:
    explained = explain_exchange(request_data, answer)
    assert explained.answer is not None
    assert explained.answer.problem == problem
    assert explained.answer.is_answer
    assert b"".join(answer[f.start : f.end] for f in explained.answer.fields) == answer


@pytest.mark.parametrize(
    ("request_data", "problem"), [(REQUEST, None), (UNKNOWN, "unknown_request"), (b"\x01", "no_frame")]
)
def test_a_request_is_told_without_an_answer(request_data: bytes, problem: str | None) -> None:
    explained = explain_exchange(request_data, None)
    assert (explained.request.problem, explained.answer) == (problem, None)


BYTES = st.one_of(st.binary(max_size=30), st.binary(max_size=20).map(reply))


@given(BYTES, BYTES)
def test_every_byte_of_anything_is_told(request_data: bytes, answer: bytes) -> None:
    explained = explain_exchange(request_data, answer)
    assert explained.answer is not None
    for frame, data in ((explained.request, request_data), (explained.answer, answer)):
        assert b"".join(data[f.start : f.end] for f in frame.fields) == data
        assert {f.code for f in frame.fields} <= set(FIELDS)
        assert frame.code in FRAMES


def test_there_are_words_for_every_problem() -> None:
    assert {problem for _, _, problem in FAULTS} - {None} == set(PROBLEMS)
