"""What fields say, and that reading and writing are two directions of one description."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1 import answers, requests, rings, writes
from kilovatt.wire.protocols.mercury_v1.answers import (
    ApparentPower,
    EnergyLimit,
    MeterClock,
    NetworkValues,
    Parametrisation,
    RingRecord,
    TariffMark,
    YearDay,
)
from kilovatt.wire.protocols.mercury_v1.archive import ReadHalfHours
from kilovatt.wire.protocols.mercury_v1.frames import Frame
from kilovatt.wire.protocols.mercury_v1.hearing import REQUESTS, heard
from kilovatt.wire.protocols.mercury_v1.parameters import ReadApparentPower, ReadModelCode
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request, TariffDay

MOSCOW = ZoneInfo("Europe/Moscow")
digits = st.integers(0, 99).map(lambda number: bytes.fromhex(f"{number:02}"))
either = digits | st.integers(0, 255).map(lambda byte: bytes([byte]))


@given(st.sampled_from(REQUESTS), st.data())
def test_a_request_that_is_heard_is_the_request_that_was_asked(
    request_type: type[MercuryV1Request[Any]], draw: st.DataObject
) -> None:
    size = sum(field.size for field in request_type.asks.values())
    selector = bytes(
        draw.draw(st.sampled_from([[s] for s in request_type.selector] if request_type.selector else [[]]))
    )
    rest = b"".join(draw.draw(st.lists(either, min_size=size - len(selector), max_size=size - len(selector))))
    found = heard(Frame(7, request_type.code, selector + rest).encode())
    if found is not None:
        assert type(found.request) is request_type
        assert heard(Frame(7, found.request.code, found.request.payload()).encode()) == found


@given(st.sampled_from([one for one in REQUESTS if one is not ReadHalfHours]), st.data())
def test_what_is_read_and_written_again_reads_the_same(
    request_type: type[MercuryV1Request[Any]], draw: st.DataObject
) -> None:
    layout = request_type.says
    data = b"".join(draw.draw(st.lists(either, min_size=layout.size, max_size=layout.size)))
    try:
        value = layout.decode(data)
    except ValueError:
        return
    assert layout.decode(layout.encode(value)) == value


@given(st.tuples(*[st.none() | st.integers(0, 9_999_999).map(lambda steps: steps * 10)] * 4))
def test_registers_keep_their_values_and_their_unused_tariffs(registers: tuple[int | None, ...]) -> None:
    assert answers.ACTIVE_REGISTERS.decode(answers.ACTIVE_REGISTERS.encode(registers)) == registers


@pytest.mark.parametrize(
    ("request_asked", "data", "value"),
    [
        # Tuesday, 24 November 2026, 08:32:37
        (
            requests.ReadClock(),
            "02 08 32 37 24 11 26",
            MeterClock(weekday=2, time=WallTime(2026, 11, 24, 8, 32, 37)),
        ),
        # Never: erased and cleared memory
        (requests.ReadLatestCaseOpened(), "00 00 00 00 00 00 00", MeterClock(weekday=0, time=None)),
        (requests.ReadMonthEnergyLimit(), "01 50", 150_000),
        # A relay, one current sensor
        (requests.ReadVariant(), "55 00", b"\x55\x00"),
        # 50.02 Hz, the second tariff, reversed energy
        (requests.ReadNetworkValues(), "50 02 01 02 00 00 00 00 00 00", NetworkValues(50_020, 2, 2)),
        # cos φ −0.957, 1 234 VA; +0.957
        (ReadApparentPower(), "02 89 57 00 12 34", ApparentPower(factor_permille=-957, power_va=1234)),
        (ReadApparentPower(), "02 09 57 00 12 34", ApparentPower(factor_permille=957, power_va=1234)),
        # The case was opened
        (
            rings.ReadCaseRing(0),
            "00 17 25 13 21 08 26",
            RingRecord(code=rings.CaseCode.OPENED, at=WallTime(2026, 8, 21, 17, 25, 13)),
        ),
        (rings.ReadRelayRing(63), "00 00 00 00 00 00 00", RingRecord(code=0, at=None)),
        # The clock (02h), the tariff table (11h) and the relay (71h) were written on 3 May 2026
        (
            rings.ReadParametrisationRing(1),
            "00 02 02 00 04 03 05 26",
            Parametrisation(0x0002, 0x02, 0x0004, date(2026, 5, 3)),
        ),
        # A threshold passed at 23:15:00 (80h beside the hour), and passed back (40h)
        (rings.ReadQualityRing(place=0, kind=1), "A3 15 00 01 02 26", RingRecord(2, WallTime(2026, 2, 1, 23, 15, 0))),
        (rings.ReadQualityRing(place=1, kind=1), "63 16 00 01 02 26", RingRecord(1, WallTime(2026, 2, 1, 23, 16, 0))),
        (rings.ReadQualityRing(place=2, kind=1), "00 00 00 00 00 00", RingRecord(0, None)),
        # New Year and the Eighth of March, six places free
        (
            requests.ReadHolidays(0),
            "01 01 08 03" + "FF FF" * 6,
            (YearDay(1, 1), YearDay(8, 3), None, None, None, None, None, None),
        ),
        (
            requests.ReadEnergyLimits(),
            "00 15 00 AA" + "00 00 00 00" * 3,
            (EnergyLimit(1500, 0xAA), *[EnergyLimit(0, 0)] * 3),
        ),
    ],
)
def test_an_answer_says_what_the_makers_text_says(
    request_asked: MercuryV1Request[Any], data: str, value: object
) -> None:
    raw = bytes.fromhex(data)
    assert request_asked.decode(raw) == value
    assert request_asked.encode(value) == raw


def test_erased_places_are_empty_as_cleared_ones_are() -> None:
    assert rings.ReadCaseRing(9).says.decode(b"\x00" + b"\xff" * 6) == RingRecord(code=0, at=None)
    assert rings.ReadParametrisationRing(9).decode(b"\x00" * 5 + b"\xff" * 3).changed_on is None
    assert rings.ReadQualityRing(place=9, kind=1).decode(b"\xff" * 6) == RingRecord(code=0, at=None)


def test_the_commands_of_a_record_are_named_by_their_codes() -> None:
    assert Parametrisation(0x0002, 0x02, 0x0004, date(2026, 5, 3)).commands == (0x02, 0x11, 0x71)


def test_a_tariff_table_has_its_tariff_in_the_two_high_bits_of_the_hour() -> None:
    # 00:00 T2, 07:00 T1, 23:00 T2, then never (24:00)
    written = bytes.fromhex("40 00 07 00 63 00" + "64 00" * 13)
    marks = (TariffMark(0, 2), TariffMark(7 * 60, 1), TariffMark(23 * 60, 2), *[TariffMark(24 * 60, 2)] * 13)
    assert answers.TARIFF_MARKS.decode(written) == marks
    setting = writes.SetTariffTable(marks=marks, tariff_day=TariffDay(month=11, weekday=answers.HOLIDAY))
    assert setting.payload() == written + b"\xa7"
    assert requests.ReadTariffTable(TariffDay(month=11, weekday=7)).payload() == b"\xa7"


def test_a_table_of_fifteen_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="mark: 16 values are wanted, got 15"):
        answers.TARIFF_MARKS.encode((TariffMark(0, 1),) * 15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TariffMark(1441, 1), "minute 0 to 1440 and tariff 1 to 4: got 1441, 1"),
        (lambda: TariffMark(0, 5), "got 0, 5"),
        (lambda: TariffDay(13, 0), "a month is 1 to 12, a weekday 0 to 7: got 13 and 0"),
        (lambda: TariffDay(1, 8), "got 1 and 8"),
        (lambda: requests.ReadMonthRegisters(13), "a month is 1 to 12, or 16 for the running registers: got 13"),
        (lambda: requests.ReadMaximum(3), "a maximum is of 0 voltage, 1 current or 2 power: got 3"),
        (lambda: rings.ReadCaseRing(64), "a journal has places 0 to 63: got 64"),
        (lambda: rings.ReadQualityRing(place=64, kind=0), "a journal has places 0 to 63: got 64"),
        (lambda: ReadHalfHours(6, date(2026, 1, 1)), "a group of half-hours is 0 to 5: got 6"),
        (lambda: ReadHalfHours(0, date(2026, 1, 1), frozenset()), "at least one layout"),
        (lambda: WallTime(1999, 12, 31, 0, 0, 0), "a year is 2000 to 2099: got 1999"),
        (lambda: WallTime(2026, 2, 30, 0, 0, 0), "day"),
        (lambda: writes.SetPowerLimit(15).payload(), "15 is no whole number of steps of 10 from zero up"),
        (lambda: writes.SetPowerLimit(-10).payload(), "-10 is no whole number of steps"),
        (lambda: writes.SetPowerLimit(100_000).payload(), "does not fit"),
        (lambda: writes.SetRelayMode(256).payload(), "256 does not fit into 1 bytes"),
        (lambda: ReadModelCode().decode(b"\x01\x08\x02"), "parameter is 01, wanted ff"),
        (lambda: requests.ReadVariant().encode(b"\x55"), "2 bytes are wanted, got 1"),
        (lambda: answers.APPARENT_POWER.encode(ApparentPower(8000, 0)), "8000 leaves no place for its sign"),
        (lambda: requests.ReadClock.parse(b"\x00"), "ReadClock has 0 bytes of parameter, got 1"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        Frame(7, 0x27, b"").encode()[:-1] + b"\x00",  # a wrong checksum
        Frame(7, 0x77, b"").encode(),  # a command nobody knows
        Frame(7, 0x86, b"").encode(),  # a parameter without its number
        Frame(7, 0x86, b"\x09").encode(),  # a number of no parameter
        Frame(7, 0x27, b"\x00").encode(),  # a byte too many
        Frame(7, 0x37, bytes.fromhex("16 22 11 26")).encode(),  # the seventh group of six
        Frame(7, 0x37, bytes.fromhex("10 32 11 26")).encode(),  # the 32nd of November
        Frame(7, 0x02, bytes(7)).encode(),  # a clock set to no time at all
    ],
)
def test_what_a_meter_keeps_silent_at_is_no_request(frame: bytes) -> None:
    assert heard(frame) is None


def test_a_journal_of_quality_is_asked_by_kind_and_place() -> None:
    assert rings.ReadQualityRing(place=9, kind=1).payload() == b"\x01\x09"


def test_a_wall_clock_knows_its_instant_by_its_zone() -> None:
    instant = datetime(2026, 11, 24, 5, 32, 37, tzinfo=UTC)
    shown = WallTime.of(instant, MOSCOW)
    assert shown == WallTime(2026, 11, 24, 8, 32, 37)
    assert str(shown) == "2026-11-24 08:32:37"
    assert shown.instant(MOSCOW) == instant
    assert shown.day_on == date(2026, 11, 24)
