"""Frames of НЗиФ in words: every byte has a name."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.explain.fields import ExplainedField, ExplainedFrame, frame_code
from kilovatt.wire.explain.nzif import explain_exchange
from kilovatt.wire.explain.nzif_words import FIELDS, FRAMES, PROBLEMS
from kilovatt.wire.protocols.nzif import energy, instants, journals, parameters, profile, session
from kilovatt.wire.protocols.nzif.connection import NzifConnection
from kilovatt.wire.protocols.nzif.energy import Beginning, EnergyArray, EnergyPeriod, StoredArray
from kilovatt.wire.protocols.nzif.hearing import REQUESTS, frame
from kilovatt.wire.protocols.nzif.instants import Measured
from kilovatt.wire.protocols.nzif.journals import Journal, read_record
from kilovatt.wire.protocols.nzif.meter_clock import ReadClock
from kilovatt.wire.protocols.nzif.request import NzifRequest

ADDRESS = 0x53


def values(shown: ExplainedFrame | None) -> dict[str, object]:
    """The fields between the address and the checksum, numbered ones by `code number`."""
    assert shown is not None
    return {f"{f.code} {f.number}" if f.number else f.code: f.value for f in shown.fields[1:-1]}


def answered(request: NzifRequest[Any], said: str) -> ExplainedFrame:
    """The explanation of an answer with these bytes of data."""
    asked = frame(ADDRESS, request.body())
    explained = explain_exchange(asked, frame(ADDRESS, bytes.fromhex(said))).answer
    assert explained is not None
    return explained


def test_an_exchange_that_was_captured_is_told_byte_by_byte() -> None:
    explained = explain_exchange(bytes.fromhex("53 08 00 86 11"), bytes.fromhex("53 2F FE 19 57 17 05 18 70 D6"))
    assert explained.request.fields == (
        ExplainedField(start=0, end=1, code="address", value=83),
        ExplainedField(start=1, end=2, code="request_code", value="08h"),
        ExplainedField(start=2, end=3, code="parameter", value="00h"),
        ExplainedField(start=3, end=5, code="crc", value=True),
    )
    assert explained.answer is not None
    assert explained.answer.fields == (
        ExplainedField(start=0, end=1, code="address", value=83),
        ExplainedField(start=1, end=5, code="serial", value=805_181_783),
        ExplainedField(start=5, end=8, code="made_on", value="2018-05-17"),
        ExplainedField(start=8, end=10, code="crc", value=True),
    )
    assert (explained.answer.code, explained.answer.crc_is_right, explained.answer.problem) == (
        "read_serial",
        True,
        None,
    )


@pytest.mark.parametrize(
    ("request_asked", "said", "expected"),
    [
        (
            energy.ReadEnergy(EnergyPeriod(EnergyArray.SINCE_RESET), 0),
            "00 79 EC 85 00 00 00 00 00 0B 76 06 FF FF FF FF",
            {"a_plus": 7_990_405, "a_minus": 0, "r_plus": 751_110, "r_minus": None},
        ),
        (ReadClock(), "11 10 12 02 24 11 26 01", {"clock": "2026-11-24 12:10:11 winter=1"}),
        (ReadClock(), "11 10 12 02 24 11 26", {"clock": "2026-11-24 12:10:11"}),
        (
            read_record(Journal.CASE, 9),
            "11 10 07 02 24 11 26 00 00 00 00 00 00 00",
            {"first": "2026-11-24 07:10:11", "second": None},
        ),
        (
            parameters.ReadVariant(),
            "64 42 80",
            {"variant": "64 42 80 type=СЭТ-4ТМ.02М/03М impulses_per_kwh=1250"},
        ),
        (parameters.ReadVariant(), "64 4F E0", {"variant": "64 4f e0 type=14"}),
        (profile.ReadSearch(), "00 00 00 12 30", {"state": "found", "reserved": "00 00", "memory_address": 0x1230}),
        (profile.ReadPointer(), "B0 09 24 11 26 12 38", {"pointer": "2026-11-24 09:30:00 1238h full=1"}),
        (
            profile.ReadMemoryIndexed(7, 0, 26),
            "07 09 24 11 26 01 1E 83 00 00 10 00 00 00 03 00 00 80 11 00 00 00 04 00 00 09 24",
            {
                "index": "07",
                "line 1": "2026-11-24 09:00 winter period_minutes=30",
                "line 2": "16 0 3 0",
                "line 3": "17 0 4 0 incomplete=1",
                "memory_bytes": "09 24",
            },
        ),
        (profile.ReadMemory(0, 8), "09 24 07 26 00 1E 78 00", {"line 1": "2026-07-24 09:00 summer period_minutes=30"}),
        (instants.ReadInstant(instants.ACTIVE_POWER), "80 30 39", {"power_mw": "12345 reversed=active"}),
        (
            instants.ReadInstants(Measured(0x20)),
            "00 00 00 00 46 50 00 46 51 00 46 52",
            {"each_current_ua 1": 0, "each_current_ua 2": 1_800_000, "each_current_ua 3": 1_800_100}
            | {"each_current_ua 4": 1_800_200},
        ),
        (instants.ReadReal(instants.voltage(1)), "00 80 66 43", {"real": "230.5"}),
        (parameters.ReadTemperature(), "00 18", {"reserved": "00", "temperature_c": 24}),
    ],
)
def test_answers_are_told_by_their_fields(
    request_asked: NzifRequest[Any], said: str, expected: dict[str, object]
) -> None:
    shown = answered(request_asked, said)
    assert values(shown) == expected
    assert shown.problem is None


def test_values_have_their_units() -> None:
    shown = answered(instants.ReadInstant(instants.current(1)), "00 46 50")
    assert (shown.fields[1].value, shown.fields[1].unit) == (1_800_000, "µA")


@pytest.mark.parametrize(
    ("request_asked", "expected"),
    [
        (
            profile.FindHour(date(2021, 5, 27), None, 30),
            {
                "request_code": "03h",
                "parameter": "28h",
                "array": "00",
                "begin": "ff ff",
                "hour": None,
                "day_on": "2021-05-27",
                "season": "ff",
                "period_minutes": 30,
            },
        ),
        (
            energy.ReadStored(Beginning(StoredArray.DAY_START, 9), 1),
            {"request_code": "0Ah", "beginning": "day_start 9", "tariff": 1, "energies": "0f", "zero": "00"},
        ),
        (read_record(Journal.POWER, 9), {"request_code": "04h", "place": "power 9"}),
        (journals.ReadRecordExtended(Journal.CASE, 0), {"request_code": "09h", "journal": "case", "place": 0}),
        (
            instants.ReadReals(Measured(0x10)),
            {"request_code": "08h", "parameter": "1Bh", "extension": "02h", "measured": "voltage phase=0"},
        ),
        (
            energy.ReadEnergy(EnergyPeriod(EnergyArray.MONTH, 3), 2),
            {"request_code": "05h", "period": "month 3", "tariff": 2},
        ),
        (
            profile.ReadMemory(0x1230, 24),
            {"request_code": "06h", "memory": "profile", "memory_address": 0x1230, "size": 24},
        ),
    ],
)
def test_requests_are_told_by_their_fields(request_asked: NzifRequest[Any], expected: dict[str, object]) -> None:
    assert values(explain_exchange(frame(ADDRESS, request_asked.body()), None).request) == expected


def test_a_password_is_never_shown_whether_masked_or_not() -> None:
    outgoing = NzifConnection(ADDRESS).send(session.OpenChannel(b"271828"))
    for data in (outgoing.data, outgoing.masked):
        shown = explain_exchange(data, None).request
        assert values(shown) == {"request_code": "01h", "password": None}
        assert shown.problem is None
    assert explain_exchange(outgoing.masked, None).request.crc_is_right is None


def test_a_long_address_is_five_bytes() -> None:
    asked = frame(805_181_783, parameters.ReadVariant().body())
    shown = explain_exchange(asked, frame(805_181_783, bytes.fromhex("64 42 80")))
    assert shown.request.fields[0] == ExplainedField(start=0, end=5, code="address", value=805_181_783)
    assert values(shown.answer) == {"variant": "64 42 80 type=СЭТ-4ТМ.02М/03М impulses_per_kwh=1250"}


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (1, "unknown_request"),
        (3, "access_denied"),
        (5, "channel_closed"),
        (6, "ask_again"),
        (7, "not_ready"),
        (8, "busy"),
        (9, "overflow"),
        (10, "cannot_control"),
        (15, "other"),
    ],
)
def test_a_refusal_says_why(status: int, problem: str) -> None:
    shown = answered(ReadClock(), f"{status:02X}")
    assert (shown.code, values(shown), shown.problem) == ("refusal", {"status": status}, problem)


ASKED = frame(ADDRESS, ReadClock().body())


@pytest.mark.parametrize(
    ("request_bytes", "answer", "code", "problem"),
    [
        (ASKED, ASKED, "read_clock", "echo"),
        (ASKED, frame(84, bytes.fromhex("11 10 12 02 24 11 26 01")), "read_clock", "another_meter"),
        (ASKED, frame(ADDRESS, bytes(3)), "read_clock", "wrong_size"),
        (ASKED, frame(ADDRESS, bytes.fromhex("1A 10 12 02 24 11 26 01")), "read_clock", "impossible_value"),
        (ASKED, frame(ADDRESS, bytes.fromhex("11 10 12 02 24 11 26 01"))[:-1] + b"\x00", "read_clock", "wrong_crc"),
        (ASKED, b"\x53", "noise", "too_short"),
        (ASKED, b"", "noise", "too_short"),
        (frame(ADDRESS, b"\x77"), frame(ADDRESS, b"\x01"), "unknown_request", "unknown_request"),
    ],
)
def test_what_is_no_answer_is_told_as_such(request_bytes: bytes, answer: bytes, code: str, problem: str) -> None:
    shown = explain_exchange(request_bytes, answer).answer
    assert shown is not None
    assert (shown.code, shown.problem) == (code, problem)


def test_a_meter_asked_at_address_0_may_answer_from_any() -> None:
    shown = explain_exchange(frame(0, session.CheckLink().body()), frame(ADDRESS, b"\x00")).answer
    assert shown is not None
    assert (shown.code, shown.problem) == ("check_link", None)


def test_the_answer_to_a_link_test_is_no_echo() -> None:
    asked = frame(ADDRESS, session.CheckLink().body())
    shown = explain_exchange(asked, asked).answer
    assert shown is not None
    assert shown.problem is None


def test_requests_that_are_none_are_told_as_such() -> None:
    assert explain_exchange(b"\x53\x08", None).request.problem == "too_short"
    assert explain_exchange(frame(ADDRESS, b"\x77"), None).request.problem == "unknown_request"


@given(st.binary(max_size=40), st.one_of(st.none(), st.binary(max_size=40)), st.integers(0, 300), st.booleans())
def test_whatever_the_bytes_every_one_has_a_name_that_has_words(
    request_bytes: bytes, answer: bytes | None, which: int, is_framed: bool
) -> None:
    kind = REQUESTS[which % len(REQUESTS)]
    if is_framed:
        request_bytes = frame(ADDRESS, kind.prefix + request_bytes)
        answer = None if answer is None else frame(ADDRESS, answer)
    exchange = explain_exchange(request_bytes, answer)
    for shown in (exchange.request, exchange.answer):
        if shown is not None:
            assert b"".join(shown.data[field.start : field.end] for field in shown.fields) == shown.data
            assert shown.code in FRAMES
            assert all(field.code in FIELDS for field in shown.fields)
            assert shown.problem is None or shown.problem in PROBLEMS


def test_every_request_and_every_field_has_words_and_no_word_is_without_use() -> None:
    assert {frame_code(kind) for kind in REQUESTS} | {"noise", "unknown_request", "refusal"} == set(FRAMES)
    told = {name for kind in REQUESTS for name in kind.asks}
    told |= {field.code for kind in OF_EACH_LAYOUT for field in answered(kind, _zeros(kind)).fields}
    assert {re.sub(r"_\d+$", "", name) for name in told} <= set(FIELDS)


def _zeros(request: NzifRequest[Any]) -> str:
    return bytes(request.says[-1].size).hex()


OF_EACH_LAYOUT: tuple[NzifRequest[Any], ...] = (
    energy.ReadEnergy(EnergyPeriod(EnergyArray.TODAY), 0),
    parameters.ReadSerial(),
    parameters.ReadTemperature(),
    parameters.ReadRatios(),
    parameters.ReadVariant(),
    *(read_record(journal, 0) for journal in Journal),
    *(instants.ReadInstant(Measured(code)) for code in (0x00, 0x04, 0x08, 0x10, 0x14, 0x20, 0x30, 0x40)),
    *(instants.ReadInstants(Measured(code)) for code in (0x00, 0x04, 0x08, 0x10, 0x14, 0x20, 0x30, 0x40)),
    instants.ReadReal(Measured(0x00)),
    instants.ReadReals(Measured(0x00)),
    profile.ReadSearch(),
    profile.ReadPointer(),
    profile.ReadMemory(0, 26),
)
