"""Dates and times any part of which is left open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.values import MalformedError
from kilovatt.wire.protocols.dlms.values.patterns import (
    LAST_DAY,
    MONTH_WHERE_SUMMER_BEGINS,
    ClockStatus,
    DatePattern,
    DateTimePattern,
    TimePattern,
    decode_date,
    decode_date_time,
    decode_time,
)

DATES = st.builds(
    DatePattern,
    st.none() | st.integers(0, 0xFFFE),
    st.none() | st.integers(1, 12) | st.sampled_from([0xFD, 0xFE]),
    st.none() | st.integers(1, 31) | st.sampled_from([0xFD, 0xFE]),
    st.none() | st.integers(0, 7),
)
TIMES = st.builds(
    TimePattern,
    st.none() | st.integers(0, 23),
    st.none() | st.integers(0, 59),
    st.none() | st.integers(0, 59),
    st.none() | st.integers(0, 99),
)
DATE_TIMES = st.builds(
    DateTimePattern,
    DATES,
    TIMES,
    st.none() | st.integers(-0x7FFF, 0x7FFF),
    st.none() | st.integers(0, 0xFE).map(ClockStatus),
)


@pytest.mark.parametrize(
    ("wire", "pattern"),
    [
        ("FFFFFFFFFFFFFFFFFF8000FF", DateTimePattern()),
        # The push of an Energomera meter: weekday, hundredths and status are left open.
        (
            "07E60B03FF0F2619FFFF4CFF",
            DateTimePattern(DatePattern(2022, 11, 3), TimePattern(15, 38, 25), -180),
        ),
        # The end of the range in a sample of ГОСТ Р 58940-2020: a weekday 0, which is none.
        (
            "07DF020100000000FF000000",
            DateTimePattern(DatePattern(2015, 2, 1, 0), TimePattern(0, 0, 0), 0, ClockStatus(0)),
        ),
        (
            "FFFFFEFE07020000008000" + "80",
            DateTimePattern(
                DatePattern(None, MONTH_WHERE_SUMMER_BEGINS, LAST_DAY, 7),
                TimePattern(2, 0, 0, 0),
                None,
                ClockStatus.SUMMER_TIME,
            ),
        ),
        (
            "07E0020101000000000000" + "0B",
            DateTimePattern(
                DatePattern(2016, 2, 1, 1),
                TimePattern(0, 0, 0, 0),
                0,
                ClockStatus.INVALID_VALUE | ClockStatus.DOUBTFUL_VALUE | ClockStatus.INVALID_STATUS,
            ),
        ),
    ],
)
def test_these_bytes_are_this_date_and_time_and_back(wire: str, pattern: DateTimePattern) -> None:
    assert decode_date_time(bytes.fromhex(wire)) == pattern
    assert pattern.encode() == bytes.fromhex(wire)


@given(DATE_TIMES)
def test_a_date_and_time_comes_back_as_it_was(pattern: DateTimePattern) -> None:
    assert decode_date_time(pattern.encode()) == pattern
    assert decode_date(pattern.date.encode()) == pattern.date
    assert decode_time(pattern.time.encode()) == pattern.time


@given(st.binary(min_size=11, max_size=13) | DATE_TIMES.map(DateTimePattern.encode))
def test_any_bytes_are_a_date_and_time_or_malformed(data: bytes) -> None:
    try:
        pattern = decode_date_time(data)
    except MalformedError:
        return
    assert pattern.encode() == data


@pytest.mark.parametrize("wire", ["07E00D0103", "07E0000103", "07E0010003", "07E0012003", "07E0010108", "07E00101"])
def test_what_is_no_date_is_refused(wire: str) -> None:
    with pytest.raises(MalformedError, match=r"is no date|5 bytes are wanted"):
        decode_date(bytes.fromhex(wire))


@pytest.mark.parametrize("wire", ["18000000", "003C0000", "00003C00", "00000064", "0000"])
def test_what_is_no_time_of_day_is_refused(wire: str) -> None:
    with pytest.raises(MalformedError, match=r"is no time of day|4 bytes are wanted"):
        decode_time(bytes.fromhex(wire))
