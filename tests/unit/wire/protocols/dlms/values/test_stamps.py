"""Dates and times of twelve bytes: what a clock showed, and which instant that was."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from struct import pack
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.values import MalformedError, stamps
from kilovatt.wire.protocols.dlms.values.stamps import (
    DeviationSense,
    Stamp,
    continued,
    decode_stamp,
    encode_stamp,
    instants,
    instants_and_order,
)

MOSCOW, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Berlin")
ZONES = [MOSCOW, BERLIN, ZoneInfo("Asia/Kamchatka"), ZoneInfo("Europe/Kaliningrad"), ZoneInfo("America/St_Johns")]


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("wire", "stamp"),
    [
        # ГОСТ Р 58940-2020, a row of its monthly profile; its SET of a clock; the push of an Energomera meter.
        ("07DE0101050000000001A400", Stamp(wall("2014-01-01"), 420, is_summer=False)),
        ("07E00A1FFF082E2601000000", Stamp(wall("2016-10-31T08:46:38"), 0, is_summer=False)),
        ("07E60B03FF0F2619FFFF4CFF", Stamp(wall("2022-11-03T15:38:25"), -180, is_summer=False)),
        ("07EA0718060C0000FF800080", Stamp(wall("2026-07-24T12:00:00"), None, is_summer=True)),
        ("07EA0718060C00FFFF800000", Stamp(wall("2026-07-24T12:00:00"), None, is_summer=False)),
    ],
)
def test_a_stamp_says_what_the_clock_showed(wire: str, stamp: Stamp) -> None:
    assert decode_stamp(bytes.fromhex(wire)) == stamp


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        ("07DE0101050000000001A4", "has 12 bytes: got 11"),
        ("FFFF0101050000000001A400", "is no date and time"),
        ("00000101050000000001A400", "is no date and time"),
        ("00010101050000000001A400", "is no date and time"),
        ("270F0C1F050000000001A400", "is no date and time"),
        ("07DEFF01050000000001A400", "is no date and time"),
        ("07DE021D050000000001A400", "is no date and time"),
        ("07DE010105FF00000001A400", "is no date and time"),
        ("07DE01010500003C0001A400", "is no date and time"),
    ],
)
def test_what_is_no_date_or_leaves_it_open_is_refused(wire: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        decode_stamp(bytes.fromhex(wire))


@pytest.mark.parametrize(
    ("zone", "shown", "is_summer", "instant"),
    [
        (MOSCOW, "2026-11-24T12:00", False, "2026-11-24T09:00"),
        # A meter that claims summer time in a country without any.
        (MOSCOW, "2026-07-24T12:00", True, "2026-07-24T09:00"),
        # Clocks put back in a country that left its time, not its summer: the first of both.
        (MOSCOW, "2014-10-26T01:30", False, "2014-10-25T21:30"),
        (BERLIN, "2026-10-25T02:30", True, "2026-10-25T00:30"),
        (BERLIN, "2026-10-25T02:30", False, "2026-10-25T01:30"),
        # An hour that was left out, shown by a meter that goes by winter time or by summer time all the year.
        (BERLIN, "2026-03-29T02:30", False, "2026-03-29T01:30"),
        (BERLIN, "2026-03-29T02:30", True, "2026-03-29T00:30"),
    ],
)
def test_the_zone_tells_the_instant_and_the_mark_of_summer_which_of_two(
    zone: ZoneInfo, shown: str, is_summer: bool, instant: str
) -> None:
    stamp = Stamp(wall(shown), None, is_summer=is_summer)
    assert stamp.instant(zone) == wall(instant).replace(tzinfo=UTC)


def test_a_written_stamp_leaves_its_deviation_open() -> None:
    assert encode_stamp(datetime(2026, 11, 24, 9, 10, 5, tzinfo=UTC), MOSCOW).hex() == "07ea0b18020c0a0500800000"
    assert encode_stamp(datetime(2026, 7, 24, 9, 10, 5, tzinfo=UTC), BERLIN).hex() == "07ea0718050b0a0500800080"


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # hypothesis wants them so
    st.sampled_from(ZONES),
)
def test_an_instant_comes_back_from_its_stamp(at: datetime, zone: ZoneInfo) -> None:
    assert decode_stamp(encode_stamp(at, zone)).instant(zone) == at.replace(microsecond=0)


_BYTES = st.integers(0, 255)


@given(
    st.integers(0, 65_535) | st.integers(1, 4) | st.integers(9_996, 9_999),
    st.tuples(st.integers(0, 13), st.integers(0, 32), _BYTES, st.integers(0, 24), st.integers(0, 60), _BYTES, _BYTES),
    st.integers(-32_768, 32_767),
    _BYTES,
    st.sampled_from(ZONES),
)
def test_any_twelve_bytes_are_an_instant_or_malformed(
    year: int, rest: tuple[int, ...], deviation: int, status: int, zone: ZoneInfo
) -> None:
    try:
        stamp = decode_stamp(pack(">H7BhB", year, *rest, deviation, status))
    except MalformedError:
        return
    assert stamp.instant(zone).tzinfo is UTC
    assert stamp.wall.year == year


@pytest.mark.parametrize(
    ("wire", "sense", "instant"),
    [
        # The push of an Energomera meter: local time is 180 minutes ahead, and it sends -180.
        ("07E60B03FF0F2619FFFF4CFF", DeviationSense.UTC_IS_LOCAL_PLUS_DEVIATION, "2022-11-03T12:38:25"),
        # A sample of ГОСТ Р 58940-2020: local time is 420 minutes ahead, and it has +420.
        ("07DE0101050000000001A400", DeviationSense.LOCAL_IS_UTC_PLUS_DEVIATION, "2013-12-31T17:00:00"),
    ],
)
def test_makers_differ_in_the_sense_of_the_deviation(wire: str, sense: DeviationSense, instant: str) -> None:
    stamp = decode_stamp(bytes.fromhex(wire))
    assert stamp.instant_by_deviation(sense) == wall(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize("sense", DeviationSense)
def test_a_deviation_that_is_left_open_tells_no_instant(sense: DeviationSense) -> None:
    assert Stamp(wall("2026-07-24T12:00:00"), None, is_summer=False).instant_by_deviation(sense) is None


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # hypothesis wants them so
    st.sampled_from(ZONES),
    st.sampled_from(DeviationSense),
)
def test_an_instant_comes_back_by_its_deviation(at: datetime, zone: ZoneInfo, sense: DeviationSense) -> None:
    stamp = decode_stamp(encode_stamp(at, zone, sense=sense))
    assert stamp.instant_by_deviation(sense) == at.replace(microsecond=0)


def test_a_deviation_is_written_in_the_sense_of_the_maker() -> None:
    at = datetime(2026, 11, 24, 9, 10, 5, tzinfo=UTC)
    blue, gost = (encode_stamp(at, MOSCOW, sense=sense).hex() for sense in DeviationSense)
    assert blue == "07ea0b18020c0a0500ff4c00"
    assert gost == "07ea0b18020c0a050000b400"


def one_by_one(column: list[object], zone: ZoneInfo) -> list[datetime | None]:
    found: list[datetime | None] = []
    for stamp in column:
        try:
            found.append(decode_stamp(stamp if isinstance(stamp, bytes) else b"").instant(zone))
        except MalformedError:
            found.append(None)
    return found


# Days on which clocks were put forward or back, at night and at midnight, with summer time and without.
_CHANGING = [
    (BERLIN, 2026, 3, 29),
    (BERLIN, 2026, 10, 25),
    (MOSCOW, 2011, 3, 27),
    (MOSCOW, 2014, 10, 26),
    (ZoneInfo("Europe/Volgograd"), 2020, 12, 27),
    (ZoneInfo("Europe/Volgograd"), 2018, 10, 28),
    (ZoneInfo("Asia/Amman"), 2021, 10, 29),
    (ZoneInfo("America/Sao_Paulo"), 2018, 11, 4),
    (ZoneInfo("America/Sao_Paulo"), 2018, 2, 17),
    (ZoneInfo("Pacific/Apia"), 2011, 12, 30),
    (ZoneInfo("Australia/Lord_Howe"), 2026, 4, 5),
]


@pytest.mark.parametrize(("zone", "year", "month", "day"), _CHANGING)
@pytest.mark.parametrize("status", [0, 0x80])
def test_a_column_is_the_instants_of_its_stamps_on_days_that_are_not_24_hours(
    zone: ZoneInfo, year: int, month: int, day: int, status: int
) -> None:
    column: list[object] = [
        pack(">H7BhB", year, month, of_month, 0xFF, hour, minute, 0, 0, -0x8000, status)
        for of_month in range(day - 1, day + 2)
        for hour in range(24)
        for minute in (0, 30)
    ]
    assert instants(column, zone) == one_by_one(column, zone)


@given(
    st.lists(
        st.builds(
            lambda year, parts: pack(">H7BhB", year, *parts, -0x8000, 0),
            st.integers(2009, 2016) | st.sampled_from([0, 1, 2, 9998, 9999, 0xFFFF]),
            st.tuples(
                st.integers(0, 13),
                st.integers(0, 32),
                st.just(0xFF),
                st.integers(0, 24) | st.just(0xFF),
                st.sampled_from([0, 30, 59, 60, 0xFF]),
                st.sampled_from([0, 1, 59, 60, 0xFF]),
                st.just(0),
            ),
        )
        | st.none()
        | st.binary(max_size=13)
        | st.integers(),
        max_size=12,
    ),
    st.sampled_from(ZONES),
)
def test_a_column_is_the_instants_of_its_stamps(column: list[object], zone: ZoneInfo) -> None:
    assert instants(column, zone) == one_by_one(column, zone)
    assert instants_and_order(column, zone)[1] == rise(one_by_one(column, zone))


def rise(found: Sequence[datetime | None]) -> bool:
    return None not in found and all(a < b for a, b in itertools.pairwise(found) if a is not None and b is not None)


@given(st.lists(st.integers(0, 3), max_size=4), st.sampled_from([30, 60]), st.integers(0, 3))
def test_whether_days_rise_is_told_of_whole_days_in_any_order(days: list[int], step_min: int, cut: int) -> None:
    column: list[object] = [
        encode_stamp(datetime(2026, 11, 20 + day, tzinfo=MOSCOW) + minute * timedelta(minutes=step_min), MOSCOW)
        for day in days
        for minute in range(24 * 60 // step_min)
    ]
    column = column[: len(column) - cut]
    wanted = one_by_one(column, MOSCOW)
    assert instants_and_order(column, MOSCOW) == (wanted, rise(wanted))


def test_null_stamps_follow_by_the_period_where_a_meter_means_that() -> None:
    half_hour = timedelta(minutes=30)
    first = datetime(2026, 11, 23, 21, tzinfo=UTC)
    stamp, broken = encode_stamp(first, MOSCOW), bytes(12)
    column = [None, stamp, None, None, broken, None]
    found = instants(column, MOSCOW)
    assert found == [None, first, None, None, None, None]
    assert continued(found, column, half_hour) == [None, first, first + half_hour, first + 2 * half_hour, None, None]


def half_hours(count: int, first: datetime, step: timedelta = timedelta(minutes=30)) -> list[datetime]:
    return [first + place * step for place in range(count)]


@pytest.mark.parametrize("step_min", [1, 7, 15, 30, 60, 180, 1439])
@pytest.mark.parametrize(
    "begins_at", [datetime(2026, 11, 22, 21, tzinfo=UTC), datetime(2026, 11, 23, 20, 59, tzinfo=UTC)]
)
def test_days_of_equal_steps_are_known_whole_and_the_same_the_second_time(step_min: int, begins_at: datetime) -> None:
    written = half_hours(150, begins_at, timedelta(minutes=step_min))
    column = [encode_stamp(at, MOSCOW) for at in written]
    stamps.series_of.cache_clear()
    assert instants(column, MOSCOW) == written
    assert instants(column, MOSCOW) == written


def test_a_day_on_which_clocks_are_moved_is_no_series_and_its_stamps_are_right() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    written = half_hours(3 * 48, datetime(2026, 10, 23, 22, tzinfo=UTC))
    column = [encode_stamp(at, berlin) for at in written]
    assert instants(column, berlin) == written
    moved = column[48:50]
    assert stamps.series_of(moved[0], moved[1], berlin) is None


@pytest.mark.parametrize("place", [0, 1, 2, 30, 47, 48, 60, 95])
def test_no_flipped_bit_of_a_stamp_is_passed_over_in_a_series(place: int) -> None:
    """Known or not: what is compared with a day's stamps is every byte of each."""
    column: list[object] = [encode_stamp(at, MOSCOW) for at in half_hours(96, datetime(2026, 11, 22, 21, tzinfo=UTC))]
    stamp = column[place]
    assert isinstance(stamp, bytes)
    for bit in range(8 * len(stamp)):
        flipped = bytearray(stamp)
        flipped[bit // 8] ^= 1 << bit % 8
        spoiled = [*column[:place], bytes(flipped), *column[place + 1 :]]
        assert instants(spoiled, MOSCOW) == one_by_one(spoiled, MOSCOW)


def test_stamps_of_other_lengths_that_are_the_same_bytes_together_are_no_series() -> None:
    column: list[object] = [encode_stamp(at, MOSCOW) for at in half_hours(8, datetime(2026, 11, 23, 9, tzinfo=UTC))]
    third, fourth = column[2], column[3]
    assert isinstance(third, bytes)
    assert isinstance(fourth, bytes)
    column[2:4] = [third + fourth[:1], fourth[1:]]
    assert instants(column, MOSCOW) == one_by_one(column, MOSCOW)
