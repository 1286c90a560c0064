"""Frames of Mercury V2 in words: every byte has a name."""

import re
from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.explain.fields import ExplainedField, ExplainedFrame, frame_code
from kilovatt.wire.explain.mercury_v2 import explain_exchange
from kilovatt.wire.explain.mercury_v2_words import FIELDS, FRAMES, PROBLEMS
from kilovatt.wire.protocols.framing.crc16 import crc_is_right
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2 import energy, instants, journals, parameters, profile, session, writes
from kilovatt.wire.protocols.mercury_v2.connection import MercuryV2Connection
from kilovatt.wire.protocols.mercury_v2.energy import EnergyArray, EnergyPeriod
from kilovatt.wire.protocols.mercury_v2.hearing import REQUESTS, frame
from kilovatt.wire.protocols.mercury_v2.instants import Measured, PowerKind, Quantity
from kilovatt.wire.protocols.mercury_v2.journals import Journal
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock, ReadClock
from kilovatt.wire.protocols.mercury_v2.profile import RingAddress
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request
from kilovatt.wire.protocols.mercury_v2.schedule import ReadTariffSchedule, ScheduleSelection, TariffMark

ADDRESS = 0x80
TUESDAY = ScheduleSelection(months=frozenset({10}), days=frozenset({2}), half=1)
SINCE_RESET = EnergyPeriod(EnergyArray.SINCE_RESET)


def values(shown: ExplainedFrame | None) -> dict[str, object]:
    """The fields between the address and the checksum, numbered ones by `code number`."""
    assert shown is not None
    return {f"{f.code} {f.number}" if f.number else f.code: f.value for f in shown.fields[1:-1]}


def answered(request: MercuryV2Request[Any], said: str) -> ExplainedFrame:
    """The explanation of an answer with these bytes of data."""
    asked = frame(ADDRESS, request.body())
    explained = explain_exchange(asked, frame(ADDRESS, bytes.fromhex(said))).answer
    assert explained is not None
    return explained


def test_an_exchange_of_the_makers_text_is_told_byte_by_byte() -> None:
    # Section 4.3.1: January, A+ 2.672 kWh, A− not measured, R+ 1.000 kvarh
    explained = explain_exchange(
        bytes.fromhex("80 05 31 00 2C 75"), bytes.fromhex("80 00 00 70 0A FF FF FF FF 00 00 E8 03 00 00 00 00 3F 0F")
    )
    assert explained.request.fields == (
        ExplainedField(start=0, end=1, code="address", value=128),
        ExplainedField(start=1, end=2, code="request_code", value="05h"),
        ExplainedField(start=2, end=3, code="period", value="month 1"),
        ExplainedField(start=3, end=4, code="tariff", value=0),
        ExplainedField(start=4, end=6, code="crc", value=True),
    )
    assert (explained.request.code, explained.request.is_answer) == ("read_energy", False)
    assert explained.answer is not None
    assert explained.answer.fields == (
        ExplainedField(start=0, end=1, code="address", value=128),
        ExplainedField(start=1, end=5, code="a_plus_wh", value=2_672, unit="Wh"),
        ExplainedField(start=5, end=9, code="a_minus_wh", value=None, unit="Wh"),
        ExplainedField(start=9, end=13, code="r_plus_varh", value=1_000, unit="varh"),
        ExplainedField(start=13, end=17, code="r_minus_varh", value=0, unit="varh"),
        ExplainedField(start=17, end=19, code="crc", value=True),
    )
    assert (explained.answer.code, explained.answer.is_answer) == ("read_energy", True)
    assert (explained.answer.crc_is_right, explained.answer.problem) == (True, None)


@pytest.mark.parametrize(
    ("request_asked", "said", "expected"),
    [
        (
            profile.ReadRecordAt(RingAddress(0x10)),
            "0A 10 00 05 03 08 1E 04 29 FF FF 00 00 00 00",
            {
                "state": "T1 incomplete=1 winter=1",
                "stamp": "2008-03-05 10:00:00",
                "period_minutes": 30,
                "a_plus": 10_500,
                "a_minus": None,
                "r_plus": 0,
                "r_minus": 0,
            },
        ),
        (
            ReadClock(),
            "43 14 16 03 27 02 08 01",
            {"clock": "2008-02-27 16:14:43 weekday=3 winter=1"},
        ),
        (
            journals.ReadJournal(Journal.CASE, 0),
            "13 25 17 21 08 26 00 00 00 00 00 00",
            {"first": "2026-08-21 17:25:13", "second": None},
        ),
        (
            journals.ReadJournal(Journal.REPROGRAMMING, 5),
            "01 08 18 05 41 10 00 00 00 00 02 00",
            {"day_on": "2018-08-01", "requests": 5, "parameters": "0,6,12,49", "physical_bits": 0},
        ),
        (
            parameters.ReadSerial(),
            "29 5A 40 43 16 06 14",
            {"serial": "41906467", "made_on": "2020-06-22"},
        ),
        (
            parameters.ReadVariant(),
            "B4 E3 C2 97 DF 58",
            {"variant": "b4 e3 c2 97 df 58"},
        ),
        (parameters.ReadTariffState(), "00 04", {"zero": "00", "tariff_state": "T3 single=0"}),
        (parameters.ReadRelayContacts(), "00 39", {"zero": "00", "contacts": "closed=1 without_voltage=1,2,3"}),
        (parameters.ReadErrors(), "00 00 00 00 04 00", {"errors": "3"}),
        (
            energy.ReadPeakPowers(EnergyPeriod(EnergyArray.MONTH, 2), 0),
            "40 5C EE 03 00 08 00 00 40 5C B6 03 80 62 0F 00",
            {
                "a_plus": "count=1006 day=11 17:00",
                "a_minus": "count=0 day=1 00:00",
                "r_plus": "count=950 day=11 17:00",
                "r_minus": "count=15 day=12 10:00",
            },
        ),
        (
            instants.ReadInstants(Measured(Quantity.POWER)),
            "48 87 70 80 01 00 00 02 00 FF FF FF",
            {
                "power_mw 1": "5530950 reversed=reactive",
                "power_mw 2": "10 reversed=active",
                "power_mw 3": 20,
                "power_mw 4": None,
            },
        ),
        (instants.ReadInstant(Measured(Quantity.VOLTAGE, 1)), "00 5B 56", {"voltage_mv": 221_070}),
        (instants.ReadInstant(Measured(Quantity.TEMPERATURE)), "FF F0", {"temperature_c": -16}),
        (
            ReadTariffSchedule(TUESDAY),
            "00 40 00 27 00 69 00 2B 00 72 00 34 00 56 00 38",
            {
                f"mark {number}": mark
                for number, mark in enumerate(
                    ["00:00 T2", "07:00 T1", "09:00 T3", "11:00 T1", "18:00 T3", "20:00 T1", "22:00 T2", "24:00 T1"],
                    start=1,
                )
            },
        ),
        (
            journals.ReadJournal(Journal.SAGS_1, 3),
            "53 31 48 13 10 11 17 02 00 00 27 34",
            {
                "hundredths": 53,
                "at": "2017-11-10 13:48:31",
                "duration_cs": 2,
                "is_sag": False,
                "depth_permyriad": 13_351,
            },
        ),
    ],
    ids=lambda it: type(it).__name__ if isinstance(it, MercuryV2Request) else "",
)
def test_an_answer_says_what_its_bytes_say(
    request_asked: MercuryV2Request[Any], said: str, expected: dict[str, object]
) -> None:
    explained = answered(request_asked, said)
    assert values(explained) == expected
    assert explained.problem is None


@pytest.mark.parametrize(
    ("request_asked", "expected"),
    [
        (
            instants.ReadInstant(Measured(Quantity.POWER, 2, PowerKind.REACTIVE)),
            {"request_code": "08h", "parameter": "11h", "measured": "reactive power phase=2"},
        ),
        (
            instants.ReadInstant(Measured(Quantity.CURRENT, 3)),
            {"request_code": "08h", "parameter": "11h", "measured": "current phase=3"},
        ),
        (instants.ReadEverything(), {"request_code": "08h", "parameter": "16h", "extension": "A0h"}),
        (
            journals.ReadJournal(Journal.MAGNETIC_FIELD, 4),
            {"request_code": "04h", "journal": "magnetic_field", "place": 4},
        ),
        (journals.ReadNewestRecord(Journal.POWER), {"request_code": "04h", "journal": "power", "which": "ff"}),
        (
            energy.ReadStoredEnergy(energy.StoredMoment.DAY, date(2019, 6, 23), 2),
            {"request_code": "18h", "moment": "day", "day_on": "2019-06-23", "tariff": 2},
        ),
        (
            profile.ReadRecordsFrom(RingAddress(0x1_0230)),
            {"request_code": "06h", "place": "main_profile 10230h", "size": "ff"},
        ),
        (
            writes.CorrectClock(time(10, 55, 30)),
            {"request_code": "03h", "parameter": "0Dh", "shown": "10:55:30"},
        ),
        (
            writes.SetClock(MeterClock(3, WallTime(2008, 3, 5, 10, 55, 0), is_winter=False)),
            {"request_code": "03h", "parameter": "0Ch", "clock": "2008-03-05 10:55:00 weekday=3 winter=0"},
        ),
        (writes.SwitchLoad(is_off=True), {"request_code": "03h", "parameter": "31h", "is_off": True}),
        (
            ReadTariffSchedule(TUESDAY),
            {"request_code": "08h", "parameter": "22h", "selection": "months=10 days=2 half=1"},
        ),
        (
            writes.SetTariffSchedule(TUESDAY, (TariffMark(90, 1),) * 8),
            {
                "request_code": "03h",
                "parameter": "1Dh",
                "selection": "months=10 days=2 half=1",
                **{f"mark {number}": "01:30 T1" for number in range(1, 9)},
            },
        ),
    ],
    ids=lambda it: type(it).__name__ if isinstance(it, MercuryV2Request) else "",
)
def test_a_request_says_what_its_bytes_say(request_asked: MercuryV2Request[Any], expected: dict[str, object]) -> None:
    explained = explain_exchange(frame(ADDRESS, request_asked.body()), None)
    assert values(explained.request) == expected
    assert (explained.request.problem, explained.answer) == (None, None)


# ── Passwords ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_masked_password_is_explained_all_the_same() -> None:
    outgoing = MercuryV2Connection(ADDRESS).send(session.OpenChannel(2, b"271828"))
    explained = explain_exchange(outgoing.masked, frame(ADDRESS, b"\x05"))
    assert values(explained.request) == {"request_code": "01h", "access_level": 2, "password": None}
    assert explained.request.fields[-1] == ExplainedField(start=9, end=11, code="crc", value=None)
    assert (explained.request.crc_is_right, explained.request.problem) == (None, None)
    assert explained.answer is not None
    assert explained.answer.problem == "channel_closed"


def test_a_password_that_was_not_masked_is_not_shown_either() -> None:
    request = writes.ChangePassword(1, b"314159", b"161803")
    explained = explain_exchange(frame(ADDRESS, request.body()), None).request
    assert values(explained) == {
        "request_code": "03h",
        "parameter": "1Fh",
        "access_level": 1,
        "old": None,
        "new": None,
    }
    assert explained.crc_is_right is True


# ── What is wrong ────────────────────────────────────────────────────────────────────────────────────────────────────

ENERGY = energy.ReadEnergy(SINCE_RESET, 0)
ASKED = frame(ADDRESS, ENERGY.body())


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (1, "unknown_request"),
        (2, "internal_error"),
        (3, "access_denied"),
        (4, "clock_already_corrected"),
        (5, "channel_closed"),
        (0xA9, "other"),
    ],
)
def test_a_refusal_says_why(status: int, problem: str) -> None:
    explained = answered(ENERGY, f"{status:02x}")
    assert (explained.code, values(explained), explained.problem) == ("refusal", {"status": status & 0x0F}, problem)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "too_short"),
        (b"\x80\x00\x60", "too_short"),
        (ASKED, "echo"),
        (frame(ADDRESS, bytes(12)), "wrong_size"),
        (frame(ADDRESS, b"\x00"), "wrong_size"),
        (frame(ADDRESS + 1, bytes(16)), "another_meter"),
        (frame(ADDRESS + 1, bytes(12)), "another_meter"),
        (frame(ADDRESS + 1, b"\x05"), "another_meter"),
        (frame(ADDRESS, bytes(16))[:-1] + b"\x00", "wrong_crc"),
        (frame(ADDRESS, bytes(12))[:-1] + b"\x00", "wrong_crc"),
    ],
)
def test_what_is_no_right_answer_says_why(answer: bytes, problem: str) -> None:
    explained = explain_exchange(ASKED, answer).answer
    assert explained is not None
    assert explained.problem == problem


def test_a_field_that_cannot_be_is_shown_as_its_bytes_where_it_stands() -> None:
    explained = answered(journals.ReadJournal(Journal.CASE, 0), "13 25 17 21 08 26 4A 00 00 01 01 26")
    assert explained.problem == "impossible_value"
    assert explained.fields[1:3] == (
        ExplainedField(start=1, end=7, code="first", value="2026-08-21 17:25:13"),
        ExplainedField(start=7, end=13, code="second", value="4a 00 00 01 01 26"),
    )


def test_the_answer_to_a_link_test_is_no_echo() -> None:
    asked = frame(ADDRESS, session.CheckLink().body())
    explained = explain_exchange(asked, asked).answer
    assert explained is not None
    assert (values(explained), explained.problem) == ({"status": "00"}, None)


def test_a_meter_that_took_another_address_is_the_one_that_was_asked() -> None:
    asked = frame(ADDRESS, writes.SetAddress(0x40).body())
    explained = explain_exchange(asked, frame(0x40, b"\x00")).answer
    assert explained is not None
    assert (explained.fields[0].value, explained.problem) == (0x40, None)


@pytest.mark.parametrize("request_sent", [b"", b"\x80", frame(ADDRESS, b"\x7f\x00"), frame(ADDRESS, b"\x05")])
def test_after_what_is_no_request_nothing_can_be_explained(request_sent: bytes) -> None:
    explained = explain_exchange(request_sent, frame(ADDRESS, bytes(16)))
    assert explained.request.problem in ("too_short", "unknown_request")
    assert explained.answer is not None
    assert explained.answer.problem == "unknown_request"


# ── Laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.sampled_from(REQUESTS), st.binary(max_size=24), st.binary(max_size=260))
def test_whatever_was_heard_every_byte_has_a_name_that_has_words(
    kind: type[MercuryV2Request[Any]], rest: bytes, answer: bytes
) -> None:
    explained = explain_exchange(frame(ADDRESS, kind.prefix + rest), answer)
    for shown in (explained.request, explained.answer):
        assert shown is not None
        assert b"".join(shown.data[f.start : f.end] for f in shown.fields) == shown.data
        assert shown.code in FRAMES
        assert shown.problem is None or shown.problem in PROBLEMS
        for field in shown.fields:
            assert FIELDS[field.code].format(number=field.number)


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda it: it.__name__)
def test_every_request_has_words(kind: type[MercuryV2Request[Any]]) -> None:
    assert frame_code(kind) in FRAMES
    assert re.fullmatch(r"[a-z_]+", frame_code(kind))
    assert {re.sub(r"^marks$", "mark", name) for name in kind.asks} <= set(FIELDS) | {"mark"}


@given(st.binary(min_size=4, max_size=30))
def test_the_verdict_on_the_checksum_is_that_of_the_checksum(data: bytes) -> None:
    explained = explain_exchange(data, None).request
    assert explained.crc_is_right in (crc_is_right(data), None)
