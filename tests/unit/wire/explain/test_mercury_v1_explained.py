"""Frames of Mercury V1 in words: every byte has a name."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.explain.fields import ExplainedField, ExplainedFrame, frame_code
from kilovatt.wire.explain.mercury_v1 import explain_exchange
from kilovatt.wire.explain.mercury_v1_words import FIELDS, FRAMES, PROBLEMS
from kilovatt.wire.protocols.framing.layout import Field
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1 import parameters, requests, rings, writes
from kilovatt.wire.protocols.mercury_v1.answers import Parametrisation, RingRecord, TariffMark, YearDay
from kilovatt.wire.protocols.mercury_v1.archive import HalfHourLayout, ReadHalfHours
from kilovatt.wire.protocols.mercury_v1.frames import Frame
from kilovatt.wire.protocols.mercury_v1.hearing import REQUESTS
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request, TariffDay

ADDRESS = 411_486


def asked(request: MercuryV1Request[Any]) -> bytes:
    return Frame(ADDRESS, request.code, request.payload()).encode()


def answered(request: MercuryV1Request[Any], value: object) -> bytes:
    return Frame(ADDRESS, request.code, request.encode(value)).encode()


def values(frame: ExplainedFrame | None) -> dict[str, object]:
    """The fields between the command and the checksum, numbered ones by `code number`."""
    assert frame is not None
    return {f"{f.code} {f.number}" if f.number else f.code: f.value for f in frame.fields[2:-1]}


def test_an_exchange_with_a_real_meter_is_told_byte_by_byte() -> None:
    # mrkrasser/MercuryStats: 235.8 V, 2.64 A, 588 W
    explained = explain_exchange(
        bytes.fromhex("00 06 47 5E 63 EC D4"), bytes.fromhex("00 06 47 5E 63 23 58 02 64 00 05 88 45 C6")
    )
    assert explained.request.fields == (
        ExplainedField(start=0, end=4, code="address", value=411_486),
        ExplainedField(start=4, end=5, code="command", value="63h"),
        ExplainedField(start=5, end=7, code="crc", value=True),
    )
    assert explained.answer is not None
    assert explained.answer.fields[2:] == (
        ExplainedField(start=5, end=7, code="voltage_mv", value=235_800, unit="mV"),
        ExplainedField(start=7, end=9, code="current_ma", value=2_640, unit="mA"),
        ExplainedField(start=9, end=12, code="power_w", value=588, unit="W"),
        ExplainedField(start=12, end=14, code="crc", value=True),
    )
    assert (explained.answer.code, explained.answer.is_answer) == ("read_phase_values", True)
    assert (explained.answer.crc_is_right, explained.answer.problem) == (True, None)


@pytest.mark.parametrize(
    ("request_asked", "value", "expected"),
    [
        (
            requests.ReadMonthRegisters(11),
            (621_420, 208_340, None, None),
            {"energy_wh 1": 621_420, "energy_wh 2": 208_340, "energy_wh 3": None, "energy_wh 4": None},
        ),
        (
            rings.ReadCaseRing(0),
            RingRecord(0, WallTime(2026, 8, 21, 17, 25, 13)),
            {"code": 0, "at": "2026-08-21 17:25:13"},
        ),
        (
            rings.ReadQualityRing(place=0, kind=1),
            RingRecord(2, WallTime(2026, 2, 1, 23, 15, 0)),
            {"crossing": "2 2026-02-01 23:15:00"},
        ),
        (rings.ReadQualityRing(place=0, kind=1), RingRecord(0, None), {"crossing": None}),
        (
            rings.ReadParametrisationRing(0),
            Parametrisation(0, 2, 4, date(2026, 5, 3)),
            {"bits_from_70h": 0, "bits_from_10h": 2, "bits_from_00h": 4, "changed_on": "2026-05-03"},
        ),
        (requests.ReadVariant(), b"\x55\x00", {"variant": "55 00"}),
        (
            requests.ReadHolidays(0),
            (YearDay(1, 1), YearDay(8, 3)) + (None,) * 6,
            {"holiday 1": "01-01", "holiday 2": "03-08"} | {f"holiday {n}": None for n in range(3, 9)},
        ),
        (parameters.ReadRelayState(), 0x55, {"parameter": "01", "relay_state": 0x55}),
    ],
)
def test_values_are_told_in_the_units_of_the_house(
    request_asked: MercuryV1Request[Any], value: object, expected: dict[str, object]
) -> None:
    explained = explain_exchange(asked(request_asked), answered(request_asked, value))
    assert values(explained.answer) == expected


def test_a_write_is_told_with_what_it_writes() -> None:
    marks = (TariffMark(0, 2), TariffMark(420, 1)) + (TariffMark(1440, 1),) * 14
    write = writes.SetTariffTable(marks=marks, tariff_day=TariffDay(month=11, weekday=7))
    explained = explain_exchange(asked(write), answered(write, None))
    told = values(explained.request)
    assert (told["mark 1"], told["mark 2"], told["mark 16"]) == ("00:00 T2", "07:00 T1", "24:00 T1")
    assert told["tariff_day"] == "11/7"
    assert values(explained.answer) == {}
    assert explained.answer is not None
    assert explained.answer.problem is None


def test_energy_limits_are_told_by_tariff() -> None:
    request = requests.ReadEnergyLimits()
    explained = explain_exchange(asked(request), Frame(ADDRESS, 0x6E, bytes.fromhex("001500AA" * 4)).encode())
    told = values(explained.answer)
    assert (told["limit 3"], told["flag 3"]) == (1500, 0xAA)
    assert len(told) == 8


@pytest.mark.parametrize("layout", HalfHourLayout)
def test_half_hours_are_told_in_whichever_layout_they_came(layout: HalfHourLayout) -> None:
    request = ReadHalfHours(3, date(2026, 11, 22), frozenset({layout}))
    explained = explain_exchange(asked(request), answered(request, (1003, None) + (0,) * 6))
    told = values(explained.answer)
    assert (told["half_hour 1"], told["half_hour_check 1"]) == ("200.6", True)
    assert (told["half_hour 2"], told["half_hour_check 2"]) == (None, False)
    assert (told["half_hour 3"], told["half_hour_check 3"]) == ("0.0", True)
    assert values(explained.request) == {"group": 3, "day_on": "2026-11-22"}


BATTERY = answered(requests.ReadBattery(), 3_050)


FAULTS: tuple[tuple[bytes, bytes, str | None], ...] = (
    (asked(requests.ReadBattery()), BATTERY, None),
    (asked(requests.ReadBattery()), b"", "too_short"),
    (asked(requests.ReadBattery()), b"\x00\x01", "too_short"),
    (asked(requests.ReadBattery()), BATTERY[:-1] + b"\x00", "wrong_crc"),
    (asked(requests.ReadBattery()), BATTERY[:5] + b"\xaa" + BATTERY[6:], "wrong_crc"),
    (asked(requests.ReadBattery()), asked(requests.ReadBattery()), "echo"),
    (asked(requests.ReadBattery()), asked(requests.ReadClock()), "another_command"),
    (asked(requests.ReadBattery()), Frame(7, 0x29, b"\x03\x05").encode(), "another_meter"),
    (asked(requests.ReadBattery()), Frame(ADDRESS, 0x29, b"\x03").encode(), "wrong_size"),
    (asked(requests.ReadBattery()), Frame(ADDRESS, 0x29, b"\x0a\x05").encode(), "impossible_value"),
    (asked(parameters.ReadRelayState()), Frame(ADDRESS, 0x86, b"\x00\x55").encode(), "impossible_value"),
    (Frame(ADDRESS, 0x77, b"").encode(), BATTERY, "unknown_request"),
    (b"\x00", BATTERY, "unknown_request"),
)


@pytest.mark.parametrize(("request_data", "answer", "problem"), FAULTS)
def test_what_is_no_answer_is_told_all_the_same_and_why(
    request_data: bytes, answer: bytes, problem: str | None
) -> None:
    explained = explain_exchange(request_data, answer)
    assert explained.answer is not None
    assert explained.answer.problem == problem
    assert b"".join(answer[f.start : f.end] for f in explained.answer.fields) == answer


def test_what_cannot_be_is_shown_as_its_bytes() -> None:
    explained = explain_exchange(asked(requests.ReadBattery()), Frame(ADDRESS, 0x29, b"\x0a\x05").encode())
    assert explained.answer is not None
    assert explained.answer.fields[2] == ExplainedField(start=5, end=7, code="voltage_mv", value="0a 05")


@pytest.mark.parametrize(
    ("request_data", "problem"),
    [
        (asked(requests.ReadBattery()), None),
        (asked(requests.ReadBattery())[:-1] + b"\x00", "wrong_crc"),
        (Frame(ADDRESS, 0x77, b"\x01").encode(), "unknown_request"),
        (b"\x00\x01", "too_short"),
    ],
)
def test_a_request_is_told_without_an_answer(request_data: bytes, problem: str | None) -> None:
    explained = explain_exchange(request_data, None)
    assert explained.request.problem == problem
    assert explained.answer is None


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_every_byte_of_anything_is_told(request_data: bytes, answer: bytes) -> None:
    explained = explain_exchange(request_data, answer)
    assert explained.answer is not None
    for frame, data in ((explained.request, request_data), (explained.answer, answer)):
        assert b"".join(data[f.start : f.end] for f in frame.fields) == data


@given(st.sampled_from(REQUESTS), st.data())
def test_every_answer_that_a_command_can_have_is_told(
    request_type: type[MercuryV1Request[Any]], draw: st.DataObject
) -> None:
    size = sum(field.size for field in request_type.asks.values())
    selected = bytes(request_type.selector[:1]) if request_type.selector else b""
    request = Frame(ADDRESS, request_type.code, selected + b"\x01" * (size - len(selected))).encode()
    data = draw.draw(st.binary(min_size=request_type.says.size, max_size=request_type.says.size))
    explained = explain_exchange(request, Frame(ADDRESS, request_type.code, data).encode())
    assert explained.answer is not None
    assert explained.answer.problem in {None, "impossible_value", "wrong_size"}


def leaves(layout: dict[str, Field]) -> set[str]:
    found: set[str] = set()
    for name, field in layout.items():
        found |= {re.sub(r"_\d+$", "", name)} if field.parts is None else leaves(dict(field.parts))
    return found


def test_there_are_words_for_every_command_and_every_field() -> None:
    assert {frame_code(request) for request in REQUESTS} | {"noise", "unknown_request"} == set(FRAMES)
    named = {code for request in REQUESTS for code in leaves(dict(request.asks)) | leaves(dict(request.says.fields))}
    assert named | {"address", "command", "crc", "data", "half_hour", "half_hour_check"} == set(FIELDS)


def test_there_are_words_for_every_problem() -> None:
    assert {problem for _, _, problem in FAULTS} - {None} == set(PROBLEMS)
