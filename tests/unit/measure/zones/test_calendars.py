from datetime import UTC, date, datetime
from itertools import pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.zones import (
    DAY_PARTS,
    HOUSEHOLD_CALENDARS,
    MINUTES_PER_DAY,
    CalendarDoesNotFitError,
    NoCalendarError,
    Zone,
    ZoneCalendar,
    ZoneMark,
    ZoneScheme,
    calendars,
    part_at,
    tariff_map,
    tariff_marks,
    zone_at,
    zone_calendar,
    zone_marks,
    zones_of_parts,
)

MOSCOW = ZoneInfo("Europe/Moscow")
VOLGOGRAD = ZoneInfo("Europe/Volgograd")
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("clock", "two", "three"),
    [
        ("00:00", Zone.NIGHT, Zone.NIGHT),
        ("06:59", Zone.NIGHT, Zone.NIGHT),
        ("07:00", Zone.DAY, Zone.PEAK),
        ("09:59", Zone.DAY, Zone.PEAK),
        ("10:00", Zone.DAY, Zone.HALF_PEAK),
        ("16:59", Zone.DAY, Zone.HALF_PEAK),
        ("17:00", Zone.DAY, Zone.PEAK),
        ("20:59", Zone.DAY, Zone.PEAK),
        ("21:00", Zone.DAY, Zone.HALF_PEAK),
        ("22:59", Zone.DAY, Zone.HALF_PEAK),
        ("23:00", Zone.NIGHT, Zone.NIGHT),
        ("23:59", Zone.NIGHT, Zone.NIGHT),
    ],
)
def test_zones_switch_on_the_minute_in_moscow(clock: str, two: Zone, three: Zone) -> None:
    at = datetime.fromisoformat(f"2026-11-24T{clock}+03:00")
    assert zone_at(ZoneScheme.ONE, at, MOSCOW) is Zone.TOTAL
    assert zone_at(ZoneScheme.TWO, at, MOSCOW) is two
    assert zone_at(ZoneScheme.THREE, at, MOSCOW) is three


def test_zones_are_of_the_wall_clock_also_when_it_is_moved() -> None:
    # Volgograd, 28 October 2018: UTC+3 until 02:00, UTC+4 from 03:00. 07:00 local is 03:00 UTC, no longer 04:00.
    assert zone_at(ZoneScheme.TWO, datetime(2018, 10, 28, 2, 59, tzinfo=UTC), VOLGOGRAD) is Zone.NIGHT
    assert zone_at(ZoneScheme.TWO, datetime(2018, 10, 28, 3, 0, tzinfo=UTC), VOLGOGRAD) is Zone.DAY


def test_a_calendar_says_since_when_and_by_which_order() -> None:
    assert "1473-э" in zone_calendar(TODAY).source
    assert "393-э/1" in zone_calendar(date(2013, 12, 31)).source
    assert zone_calendar(date(2014, 1, 1)) is HOUSEHOLD_CALENDARS[1]


def test_no_zones_are_invented_for_days_before_the_first_calendar() -> None:
    with pytest.raises(NoCalendarError, match="no zones are known for 2012-12-31"):
        zone_marks(ZoneScheme.TWO, date(2012, 12, 31))


def test_calendars_ascend_and_marks_begin_at_midnight() -> None:
    starts = [calendar.valid_from_on for calendar in HOUSEHOLD_CALENDARS]
    assert starts == sorted(set(starts))
    for calendar in HOUSEHOLD_CALENDARS:
        for scheme, marks in calendar.marks.items():
            minutes = [mark.minute for mark in marks]
            assert minutes[0] == 0
            assert minutes == sorted(set(minutes))
            assert {mark.zone for mark in marks} == set(scheme.zones)


def test_the_parts_of_the_day_tile_it() -> None:
    assert DAY_PARTS[0].from_minute == 0
    assert DAY_PARTS[-1].until_minute == MINUTES_PER_DAY
    assert all(one.until_minute == after.from_minute for one, after in pairwise(DAY_PARTS))


def test_one_two_and_three_zones_are_made_of_day_parts() -> None:
    night, day, peak, half_peak = Zone.NIGHT, Zone.DAY, Zone.PEAK, Zone.HALF_PEAK
    assert zones_of_parts(ZoneScheme.ONE, TODAY) == (Zone.TOTAL,) * 6
    assert zones_of_parts(ZoneScheme.TWO, TODAY) == (night, day, day, day, day, night)
    assert zones_of_parts(ZoneScheme.THREE, TODAY) == (night, peak, half_peak, peak, half_peak, night)


@given(minute=st.integers(0, MINUTES_PER_DAY - 1), scheme=st.sampled_from(ZoneScheme))
def test_a_minute_has_the_zone_of_its_part(minute: int, scheme: ZoneScheme) -> None:
    at = datetime(2026, 11, 24, *divmod(minute, 60), tzinfo=MOSCOW)
    assert zones_of_parts(scheme, TODAY)[part_at(minute)] is zone_at(scheme, at, MOSCOW)


def test_a_calendar_that_switches_inside_a_part_goes_to_the_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    late = ZoneCalendar(
        valid_from_on=date(2030, 1, 1),
        source="a test",
        marks=MappingProxyType({ZoneScheme.TWO: (ZoneMark(0, Zone.NIGHT), ZoneMark(8 * 60, Zone.DAY))}),
    )
    monkeypatch.setattr(calendars, "HOUSEHOLD_CALENDARS", (*HOUSEHOLD_CALENDARS, late))
    with pytest.raises(CalendarDoesNotFitError, match="switch at minute 480"):
        zones_of_parts(ZoneScheme.TWO, date(2030, 1, 1))


def test_the_day_is_peak_and_half_peak_together() -> None:
    assert Zone.DAY.includes(Zone.PEAK)
    assert Zone.DAY.includes(Zone.HALF_PEAK)
    assert not Zone.DAY.includes(Zone.NIGHT)
    assert not Zone.PEAK.includes(Zone.DAY)
    assert all(Zone.TOTAL.includes(zone) for zone in Zone)


def test_moscow_meters_count_the_peak_in_t1_the_night_in_t2_and_the_half_peak_in_t3() -> None:
    assert tariff_map(ZoneScheme.THREE) == {1: Zone.PEAK, 2: Zone.NIGHT, 3: Zone.HALF_PEAK}
    assert tariff_map(ZoneScheme.TWO) == {1: Zone.DAY, 2: Zone.NIGHT}
    assert tariff_map(ZoneScheme.ONE) == {1: Zone.TOTAL}


@pytest.mark.parametrize("scheme", ZoneScheme)
def test_a_tariff_table_switches_where_the_zones_do(scheme: ZoneScheme) -> None:
    table = tariff_marks(scheme, TODAY)
    assert tuple((minute, tariff_map(scheme)[tariff]) for minute, tariff in table) == zone_marks(scheme, TODAY)
