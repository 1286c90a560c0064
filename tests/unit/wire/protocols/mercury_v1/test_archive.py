"""The archive of half-hours, in each layout that the maker's text leaves open."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kilovatt.wire.protocols.framing.crc16 import append_crc
from kilovatt.wire.protocols.mercury_v1.archive import (
    ANY_LAYOUT,
    HalfHourLayout,
    HalfHours,
    ReadDaySlice,
    ReadHalfHours,
)

DAY_ON = date(2026, 11, 22)
counts = st.tuples(*[st.none() | st.integers(0, 0xFFFF)] * 8)


def asked(layout: HalfHourLayout, *, day_on: date = DAY_ON) -> ReadHalfHours:
    return ReadHalfHours(group=2, day_on=day_on, layouts=frozenset({layout}))


@given(st.sampled_from(HalfHourLayout), counts)
def test_every_layout_is_read_by_one_who_takes_any(layout: HalfHourLayout, half_hours: HalfHours) -> None:
    data = asked(layout).encode(half_hours)
    assert asked(layout).decode(data) == half_hours
    # A lone one may be another group's, see below.
    assume(len(half_hours) - half_hours.count(None) != 1)
    assert ReadHalfHours(group=2, day_on=DAY_ON).decode(data) == half_hours


def test_half_hours_that_are_all_there_in_one_layout_are_not_looked_for_in_another() -> None:
    data = asked(HalfHourLayout.CRC_BY_GROUP).encode((1000,) * 8)
    assert ReadHalfHours(group=2, day_on=DAY_ON).decode(data) == (1000,) * 8


def test_the_structure_of_the_makers_text_is_an_energy_and_its_checksum() -> None:
    # Group 12h of 22.11.26, 0.2 Wh × 1000: the checksum is over 12 22 11 26 03 E8.
    record = append_crc(bytes.fromhex("12 22 11 26 03 E8"))[4:]
    data = asked(HalfHourLayout.CRC_BY_GROUP).encode((1000,) + (None,) * 7)
    assert data == record + b"\xff" * 28
    assert asked(HalfHourLayout.CRC_BY_GROUP).answer_sizes == (32,)


def test_the_length_of_the_makers_text_is_an_energy_and_a_byte_of_validity() -> None:
    data = asked(HalfHourLayout.VALIDITY).encode((1000,) + (None,) * 7)
    assert data == bytes.fromhex("03 E8 00") + b"\xff" * 21
    assert asked(HalfHourLayout.VALIDITY).answer_sizes == (24,)
    assert ReadHalfHours(group=2, day_on=DAY_ON).answer_sizes == (24, 32)


def test_the_checksum_may_be_by_the_number_of_the_half_hour() -> None:
    # The half-hours of group 2 are those from 16 to 23.
    record = append_crc(bytes.fromhex("10 22 11 26 03 E8"))[4:]
    assert asked(HalfHourLayout.CRC_BY_HALF_HOUR).encode((1000,) + (None,) * 7)[:4] == record


@pytest.mark.parametrize("layout", [HalfHourLayout.CRC_BY_GROUP, HalfHourLayout.CRC_BY_HALF_HOUR])
def test_what_a_place_still_holds_of_another_day_is_no_record_of_this_one(layout: HalfHourLayout) -> None:
    stale = asked(layout, day_on=date(2026, 5, 26)).encode((1000,) * 8)
    assert asked(layout).decode(stale) == (None,) * 8


def test_a_record_the_meter_calls_wrong_is_not_taken() -> None:
    data = bytes.fromhex("03 E8 00" + "03 E8 55" * 7)
    assert asked(HalfHourLayout.VALIDITY).decode(data) == (1000,) + (None,) * 7


def test_a_layout_that_is_not_accepted_is_not_read() -> None:
    by_half_hour, by_group = (
        ReadHalfHours(group=3, day_on=DAY_ON, layouts=frozenset({layout}))
        for layout in (HalfHourLayout.CRC_BY_HALF_HOUR, HalfHourLayout.CRC_BY_GROUP)
    )
    assert by_group.decode(by_half_hour.encode((1000,) * 8)) == (None,) * 8


def test_one_who_answers_in_several_layouts_answers_in_the_first() -> None:
    request = ReadHalfHours(group=2, day_on=DAY_ON, layouts=ANY_LAYOUT)
    assert request.encode((1,) * 8) == asked(HalfHourLayout.CRC_BY_GROUP).encode((1,) * 8)


def test_a_request_is_the_group_and_the_day() -> None:
    assert asked(HalfHourLayout.VALIDITY).payload() == bytes.fromhex("12 22 11 26")


def test_a_slice_of_a_day_has_its_registers_and_its_day() -> None:
    data = bytes.fromhex("00 06 21 42 00 02 08 34 FF FF FF FF FF FF FF FF 22 11 26 AB CD 00 00 00")
    kept = ReadDaySlice(DAY_ON).decode(data)
    assert (kept.energy_wh_1, kept.energy_wh_2, kept.energy_wh_3, kept.energy_wh_4) == (621_420, 208_340, None, None)
    assert (kept.slice_on, kept.checksum) == (DAY_ON, 0xABCD)
    assert ReadDaySlice(DAY_ON).encode(kept) == data


def test_what_was_answered_of_one_group_is_no_half_hour_of_another() -> None:
    """Group 1 is called 17, and so may the eighteenth half-hour be, which is in group 2: both have one checksum."""
    crc_by_group = frozenset({HalfHourLayout.CRC_BY_GROUP})
    for group, other in ((1, 2), (0, 2), (5, 2), (2, 2)):
        answer = ReadHalfHours(group=group, day_on=DAY_ON, layouts=crc_by_group).encode((1000,) * 8)
        taken = ReadHalfHours(group=other, day_on=DAY_ON).decode(answer)
        assert taken == ((1000,) * 8 if group == other else (None,) * 8)
    by_half_hour = frozenset({HalfHourLayout.CRC_BY_HALF_HOUR})
    answer = ReadHalfHours(group=2, day_on=DAY_ON, layouts=by_half_hour).encode((1000,) * 8)
    assert ReadHalfHours(group=1, day_on=DAY_ON).decode(answer) == (None,) * 8


def test_a_lone_half_hour_that_can_be_nobody_elses_is_taken() -> None:
    lone = (None, 7, *[None] * 6)
    request = ReadHalfHours(group=4, day_on=DAY_ON)
    assert request.decode(request.encode(lone)) == lone
