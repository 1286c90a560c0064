"""Tariff calendars and special days."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.objects.limiter import ScriptChoice
from kilovatt.wire.protocols.dlms.objects.tariffs import (
    TARIFF_SCRIPTS,
    Day,
    Season,
    SpecialDay,
    Switch,
    Week,
    decode_days,
    decode_seasons,
    decode_special_days,
    decode_weeks,
    encode_table,
)
from kilovatt.wire.protocols.dlms.values import (
    Array,
    DlmsValue,
    MalformedError,
    OctetString,
    Structure,
    Unsigned,
    decode,
    encode,
)
from kilovatt.wire.protocols.dlms.values.patterns import DatePattern, DateTimePattern, TimePattern

_NAMES, _DAYS = st.binary(max_size=8), st.integers(0, 0xFF)
_ON = st.builds(DatePattern, st.none() | st.integers(2000, 2100), st.integers(1, 12), st.integers(1, 28))
_AT = st.builds(TimePattern, st.integers(0, 23), st.integers(0, 59), st.none() | st.just(0), st.none() | st.just(0))
_SEASONS = st.builds(Season, _NAMES, st.builds(DateTimePattern, _ON, _AT), _NAMES)
_WEEKS = st.builds(Week, _NAMES, st.tuples(*(_DAYS,) * 7))
_SWITCHES = st.builds(Switch, _AT, st.builds(ScriptChoice, st.just(TARIFF_SCRIPTS), st.integers(0, 0xFFFF)))
_TARIFF_DAYS = st.builds(Day, _DAYS, st.lists(_SWITCHES, max_size=4).map(tuple))
_SPECIAL_DAYS = st.builds(SpecialDay, st.integers(0, 0xFFFF), _ON, _DAYS)

Decoder = Callable[[DlmsValue], tuple[object, ...]]


def test_a_day_and_night_tariff_is_these_bytes() -> None:
    day = Day(
        1,
        (
            Switch(TimePattern(7, 0, 0, 0), ScriptChoice(TARIFF_SCRIPTS, 1)),
            Switch(TimePattern(23, 0, 0, 0), ScriptChoice(TARIFF_SCRIPTS, 2)),
        ),
    )
    wire = bytes.fromhex(
        "0101020211010102"
        "0203090407000000090600000A0064FF120001"
        "0203090417000000090600000A0064FF120002"
    )  # fmt: skip
    assert encode(encode_table((day,))) == wire
    assert decode_days(decode(wire)) == (day,)


def test_a_year_without_seasons_has_one_that_begins_whenever() -> None:
    wire = bytes.fromhex("01010203090131090CFFFFFFFFFFFFFFFFFF8000FF090131")
    assert decode_seasons(decode(wire)) == (Season(b"1", DateTimePattern(), b"1"),)


def test_a_holiday_of_each_year_leaves_the_year_open() -> None:
    holiday = SpecialDay(1, DatePattern(None, 5, 9), 2)
    assert encode(encode_table((holiday,))) == bytes.fromhex("010102031200010905FFFF0509FF1102")


@given(st.data())
@pytest.mark.parametrize(
    ("rows", "decoded"),
    [
        (_SEASONS, decode_seasons),
        (_WEEKS, decode_weeks),
        (_TARIFF_DAYS, decode_days),
        (_SPECIAL_DAYS, decode_special_days),
    ],
)
def test_tables_come_back_as_they_were(rows: st.SearchStrategy[Season], decoded: Decoder, data: st.DataObject) -> None:
    table = data.draw(st.lists(rows, max_size=4).map(tuple))
    assert decoded(decode(encode(encode_table(table)))) == table


def test_a_week_has_seven_days() -> None:
    with pytest.raises(ValueError, match="seven days: got 6"):
        Week(b"1", (1,) * 6)


_SHORT_TIME = Structure((OctetString(bytes(3)), OctetString(TARIFF_SCRIPTS), Unsigned(1)))
_HOUR_24 = Structure((OctetString(bytes((24, 0, 0, 0))), OctetString(TARIFF_SCRIPTS), Unsigned(1)))


@pytest.mark.parametrize(
    ("decoded", "value"),
    [
        (decode_seasons, Unsigned(1)),
        (decode_seasons, Array((Structure((OctetString(b"1"), OctetString(bytes(5)), OctetString(b"1"))),))),
        (decode_weeks, Array((Structure((OctetString(b"1"), *(Unsigned(1),) * 6)),))),
        (decode_weeks, Array((Structure((Unsigned(1), *(Unsigned(1),) * 7)),))),
        (decode_days, Array((Structure((Unsigned(1), Unsigned(1))),))),
        (decode_days, Array((Structure((Unsigned(1), Array((_SHORT_TIME,)))),))),
        (decode_days, Array((Structure((Unsigned(1), Array((_HOUR_24,)))),))),
        (decode_special_days, Array((Structure((Unsigned(1), OctetString(bytes(5)), Unsigned(1))),))),
    ],
)
def test_tables_of_another_shape_are_refused(decoded: Decoder, value: DlmsValue) -> None:
    with pytest.raises(MalformedError, match=r"is wanted|is no "):
        decoded(value)
