"""Frames of Энергомера in words: every byte has a name, and the password none."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.explain.energomera import explain_exchange
from kilovatt.wire.explain.energomera_words import FIELDS, FRAMES, PROBLEMS
from kilovatt.wire.explain.fields import ExplainedField, ExplainedFrame, frame_code
from kilovatt.wire.protocols.energomera import requests
from kilovatt.wire.protocols.energomera.checksum import checksum
from kilovatt.wire.protocols.energomera.connection import EnergomeraConnection
from kilovatt.wire.protocols.energomera.errors import ErrorCode
from kilovatt.wire.protocols.energomera.fields import ArchiveStamp
from kilovatt.wire.protocols.energomera.frames import ReplyFrame, RequestFrame
from kilovatt.wire.protocols.energomera.requests import REQUESTS, EnergomeraRequest
from kilovatt.wire.protocols.framing import slip
from kilovatt.wire.protocols.framing.layout import Field

ADDRESS = 46_950
PASSWORD = 777_777


def asked(request: EnergomeraRequest[Any]) -> bytes:
    return EnergomeraConnection(ADDRESS, PASSWORD).send(request).data


def reply(command: int, data: bytes, *, meter: int = ADDRESS, is_error: bool = False) -> bytes:
    return ReplyFrame(reader=253, meter=meter, command=command, data=data, is_error=is_error).encode()


def answered(request: EnergomeraRequest[Any], value: object) -> bytes:
    return reply(request.code, request.says.encode(value))


def told(frame: ExplainedFrame | None) -> dict[str, object]:
    """The fields between the command and the checksum, numbered ones by `code number`."""
    assert frame is not None
    start = [field.code for field in frame.fields].index("command") + 1
    return {f"{f.code} {f.number}" if f.number else f.code: f.value for f in frame.fields[start:-2]}


def test_an_exchange_with_a_real_meter_is_told_byte_by_byte() -> None:
    # KotNaKiske/Energomera-CE102R5.1-Arduino: 189.97 kWh
    explained = explain_exchange(
        bytes.fromhex("C0 48 69 D5 FD 00 31 DE 0B 00 D2 01 30 00 00 1F C0"),
        bytes.fromhex("C0 48 FD 00 69 D5 57 01 30 00 04 20 35 4A 00 00 BC C0"),
    )
    assert explained.request.fields == (
        ExplainedField(start=0, end=1, code="mark", value="C0h"),
        ExplainedField(start=1, end=2, code="option", value="48h"),
        ExplainedField(start=2, end=4, code="meter", value=54_633),
        ExplainedField(start=4, end=6, code="reader", value=253),
        ExplainedField(start=6, end=10, code="password", value=None),
        ExplainedField(start=10, end=11, code="service", value="D2h"),
        ExplainedField(start=11, end=13, code="command", value="0130h"),
        ExplainedField(start=13, end=14, code="depth", value=0),
        ExplainedField(start=14, end=15, code="tariff", value=0),
        ExplainedField(start=15, end=16, code="crc", value=True),
        ExplainedField(start=16, end=17, code="mark", value="C0h"),
    )
    assert explained.answer is not None
    assert (explained.answer.code, explained.answer.problem) == ("read_stamped_register", None)
    assert explained.answer.fields[6:9] == (
        ExplainedField(start=9, end=12, code="stamp", value="2020-04"),
        ExplainedField(start=12, end=16, code="count", value=18_997),
        ExplainedField(start=16, end=17, code="crc", value=True),
    )


@pytest.mark.parametrize(
    ("request_asked", "value", "expected"),
    [
        (requests.ReadTariffRegister(2, 1), 18_997, {"count": 18_997}),
        (
            requests.ReadClock(),
            requests.ReadClock().says.decode(bytes.fromhex("36042006040420")),
            {"clock": "2020-04-04 20:04:36"},
        ),
        (
            requests.ReadVersion(),
            requests.Version(1, 23, 4, date(2017, 3, 14)),
            {"kernel": 1, "kind": 23, "major": 4, "released_on": "2017-03-14"},
        ),
        (requests.ReadConfiguration(), requests.Configuration(bytes(5)), {"word": "00 00 00 00 00"}),
        (requests.ReadSerial(0), "41906467", {"serial_half": "41906467"}),
        (requests.ReadVoltages(), (23_000,), {"voltage_count 1": 23_000}),
        (requests.ReadVoltages(3), (1, 2, 3), {"voltage_count 1": 1, "voltage_count 2": 2, "voltage_count 3": 3}),
        (requests.ReadCurrents(), (1000,), {"current_count 1": 1000}),
        (
            requests.ReadIntervals(date(2026, 11, 22), 0, 2),
            (5, None),
            {"interval_count 1": 5, "interval_count 2": None},
        ),
    ],
)
def test_answers_are_told_in_values(
    request_asked: EnergomeraRequest[Any], value: object, expected: dict[str, object]
) -> None:
    assert told(explain_exchange(asked(request_asked), answered(request_asked, value)).answer) == expected


def test_which_dialect_a_question_is_in_its_answer_tells() -> None:
    request = asked(requests.ReadTariffRegister(tariff=2, depth=0))
    assert told(explain_exchange(request, None).request) == {"tariff": 2, "depth": 0}
    register = requests.ReadStampedRegister(depth=1, tariff=0)
    explained = explain_exchange(request, answered(register, requests.StampedCount(ArchiveStamp(2026, 10, 0), 5)))
    assert told(explained.request) == {"depth": 1, "tariff": 0}
    assert told(explained.answer) == {"stamp": "2026-10", "count": 5}


@pytest.mark.parametrize("address", [ADDRESS, 0xC0DB])
@pytest.mark.parametrize("password", [PASSWORD, 0x00C0_DBC0, 0xC0C0_C0C0])
def test_a_masked_request_is_told_but_for_what_is_masked(address: int, password: int) -> None:
    outgoing = EnergomeraConnection(address, password).send(requests.ReadTariffRegister(tariff=1, depth=0xC0))
    frame = explain_exchange(outgoing.masked, None).request
    assert (frame.code, frame.problem, frame.crc_is_right) == ("read_tariff_register", None, None)
    by_code = {field.code: field for field in frame.fields}
    assert (by_code["meter"].value, by_code["tariff"].value, by_code["depth"].value) == (address, 1, 0xC0)
    assert (by_code["password"].value, by_code["crc"].value) == (None, None)
    spans = [(by_code[code].start, by_code[code].end) for code in ("password", "crc")]
    assert tuple(spans) == outgoing.secret_spans


def test_a_byte_that_is_escaped_is_told_with_both_of_its_bytes() -> None:
    answer = answered(requests.ReadTotalRegister(0), 0xC0)
    explained = explain_exchange(asked(requests.ReadTotalRegister(0)), answer).answer
    assert explained is not None
    (count,) = (field for field in explained.fields if field.code == "count")
    assert (count.value, answer[count.start : count.end].hex(" ")) == (192, "db dc 00 00 00")


TOTAL = requests.ReadTotalRegister(0)
REGISTER = answered(TOTAL, 18_997)
BODY = slip.unescape(REGISTER[1:-1])


def signed(body: bytes) -> bytes:
    return slip.framed(body + bytes([checksum(body)]))


UNKNOWN = slip.framed(RequestFrame(meter=ADDRESS, reader=253, password=0, command=0x777, data=b"\x01").body())
FAULTS: tuple[tuple[bytes, bytes, str | None], ...] = (
    (asked(TOTAL), REGISTER, None),
    (asked(TOTAL), b"", "no_frame"),
    (asked(TOTAL), REGISTER[:-1], "no_frame"),
    (asked(TOTAL), REGISTER[1:], "no_frame"),
    (asked(TOTAL), b"\xc0\x48\xdb\x00\xc0", "no_frame"),
    (asked(TOTAL), b"\xc0\x48\xc0", "no_frame"),
    (asked(TOTAL), REGISTER[:9] + b"\x00" + REGISTER[10:], "wrong_crc"),
    (asked(TOTAL), asked(TOTAL), "echo"),
    (asked(TOTAL), reply(0x130, bytes(4)), "another_command"),
    (asked(TOTAL), reply(0x131, bytes(4), meter=7), "another_meter"),
    (asked(TOTAL), reply(0x131, bytes(3)), "wrong_size"),
    (asked(TOTAL), reply(0x131, bytes(2), is_error=True), "wrong_size"),
    (asked(TOTAL), signed(BODY[:5] + b"\x53" + BODY[6:-1]), "length_lies"),
    (asked(requests.ReadClock()), reply(0x120, b"\xff" * 7), "impossible_value"),
    (UNKNOWN, reply(0x777, b""), "unknown_request"),
    (UNKNOWN, reply(0x777, b"\x01"), "unknown_request"),
    (b"\x00", REGISTER, "unknown_request"),
    *((asked(TOTAL), reply(0x131, bytes([code]), is_error=True), code.name.lower()) for code in ErrorCode),
    (UNKNOWN, reply(0x777, b"\x00", is_error=True), "no_such_command"),
    (asked(TOTAL), reply(0x131, b"\x33", is_error=True), "other"),
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


def test_a_refusal_is_told_with_its_code() -> None:
    explained = explain_exchange(asked(TOTAL), reply(0x131, b"\x02", is_error=True)).answer
    assert explained is not None
    assert (explained.code, told(explained)) == ("refusal", {"error_code": "02h"})


@pytest.mark.parametrize(
    ("request_data", "problem"),
    [
        (asked(TOTAL), None),
        (asked(TOTAL)[:-2] + b"\x00\xc0", "wrong_crc"),
        (UNKNOWN, "unknown_request"),
        (b"\x00\x01", "no_frame"),
    ],
)
def test_a_request_is_told_without_an_answer(request_data: bytes, problem: str | None) -> None:
    explained = explain_exchange(request_data, None)
    assert explained.request.problem == problem
    assert explained.answer is None


CONTENT = st.binary(max_size=40)


@given(st.one_of(CONTENT, CONTENT.map(slip.framed)), st.one_of(CONTENT, CONTENT.map(slip.framed)))
def test_every_byte_of_anything_is_told(request_data: bytes, answer: bytes) -> None:
    explained = explain_exchange(request_data, answer)
    assert explained.answer is not None
    for frame, data in ((explained.request, request_data), (explained.answer, answer)):
        assert b"".join(data[f.start : f.end] for f in frame.fields) == data


@given(st.sampled_from(REQUESTS), st.data())
def test_every_answer_that_a_command_can_have_is_told(
    request_type: type[EnergomeraRequest[Any]], draw: st.DataObject
) -> None:
    payload = b"\x01" * sum(field.size for field in request_type.asks.values())
    size = request_type.parse(payload).says.size
    frame = RequestFrame(meter=ADDRESS, reader=253, password=PASSWORD, command=request_type.code, data=payload)
    answer = reply(request_type.code, draw.draw(st.binary(min_size=size, max_size=size)))
    explained = explain_exchange(slip.framed(frame.body()), answer)
    assert explained.answer is not None
    assert explained.answer.problem in {None, "impossible_value"}


def leaves(layout: Mapping[str, Field]) -> set[str]:
    return {re.sub(r"_\d+$", "", name) for name in layout}


def test_there_are_words_for_every_command_and_every_field() -> None:
    assert {frame_code(request) for request in REQUESTS} | {"noise", "unknown_request", "refusal"} == set(FRAMES)
    parsed = [request.parse(b"\x01" * sum(f.size for f in request.asks.values())) for request in REQUESTS]
    named = {code for request in parsed for code in leaves(request.asks) | leaves(request.says.fields)}
    head = {"mark", "option", "meter", "reader", "password", "service", "command", "crc", "data", "error_code"}
    assert named | head == set(FIELDS)


def test_there_are_words_for_every_problem() -> None:
    assert {problem for _, _, problem in FAULTS} - {None} == set(PROBLEMS)
