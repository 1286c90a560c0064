from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.matrices import MeterDayMatrix, matrix_of
from kilovatt.measure.metering.meter_days import MeterDay, SlotFlag, SlotRank
from kilovatt.measure.vee import (
    UNKNOWN_W,
    Finding,
    Findings,
    Limits,
    Rule,
    future_slots,
    gaps,
    limits_on,
    spikes,
)

FIRST_ON = date(2026, 10, 1)
MIDNIGHT_AT = datetime(2026, 9, 30, 21, tzinfo=UTC)
LIMITS = Limits(
    valid_from_on=FIRST_ON,
    source="a test",
    connection_permille=1450,
    spike_factor=4,
    spike_window_days=5,
    spike_days_min=3,
    spike_floor_w=4000,
    clock_limit_s=120,
)
MISSING, ACTUAL = int(SlotRank.MISSING), int(SlotRank.ACTUAL)


def day(
    counts: list[int],
    *,
    number: int = 0,
    missing: frozenset[int] = frozenset(),
    heard: timedelta = timedelta(days=3),
    step_s: int = 21_600,
    uwh_per_count: int = 1_000_000,
) -> MeterDay:
    starts_at = MIDNIGHT_AT + timedelta(days=number)
    return MeterDay(
        day_on=FIRST_ON + timedelta(days=number),
        starts_at=starts_at,
        step_s=step_s,
        uwh_per_count=uwh_per_count,
        a_plus=tuple(0 if slot in missing else count for slot, count in enumerate(counts)),
        a_minus=None,
        r_plus=None,
        r_minus=None,
        qualities=tuple(MISSING if slot in missing else ACTUAL for slot in range(len(counts))),
        exchanges=(0,) * len(counts),
        heard_at=starts_at + heard,
    )


def matrix(*days: MeterDay, meter_id: int = 1, width: int = 0) -> MeterDayMatrix:
    return matrix_of([(meter_id, one) for one in days], width=width)


def found(findings: Findings) -> list[tuple[int, date, int | None, dict[str, int]]]:
    return [(one.meter_id, one.day_on, one.slot, dict(one.figures)) for one in findings]


def test_each_run_of_missing_slots_is_one_gap() -> None:
    findings = gaps(matrix(day([1] * 6, missing=frozenset({0, 3, 4}), step_s=14_400), width=8))
    assert list(findings) == [
        Finding(
            rule=Rule.GAP,
            meter_id=1,
            day_on=FIRST_ON,
            slot=0,
            figures=(("missing_slots", 1), ("slots_of_day", 6), ("step_s", 14_400)),
        ),
        Finding(
            rule=Rule.GAP,
            meter_id=1,
            day_on=FIRST_ON,
            slot=3,
            figures=(("missing_slots", 2), ("slots_of_day", 6), ("step_s", 14_400)),
        ),
    ]


def test_slots_that_had_not_ended_are_no_gap_yet() -> None:
    # Four slots of six hours, heard at 12:30: the third and fourth are still to come.
    today = day([1] * 4, missing=frozenset({1, 2, 3}), heard=timedelta(hours=12, minutes=30))
    assert found(gaps(matrix(today))) == [(1, FIRST_ON, 1, {"missing_slots": 1, "slots_of_day": 4, "step_s": 21_600})]


def test_a_whole_day_of_silence_is_one_gap_and_the_next_day_another() -> None:
    silent = frozenset(range(4))
    findings = gaps(matrix(day([0] * 4, missing=silent), day([0] * 4, number=1, missing=silent)))
    assert [(slot, figures["missing_slots"]) for _, _, slot, figures in found(findings)] == [(0, 4), (0, 4)]


def test_a_full_day_has_no_gap_and_the_padding_of_a_short_one_is_none() -> None:
    assert len(gaps(matrix(day([1] * 3), day([1] * 4, number=1)))) == 0


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=5))
def test_gaps_cover_the_missing_slots_exactly(known: list[list[bool]]) -> None:
    days = [
        day([1] * 4, number=number, missing=frozenset(slot for slot in range(4) if not row[slot]))
        for number, row in enumerate(known)
    ]
    covered = {
        (one.day_on, slot)
        for one in gaps(matrix(*days))
        if one.slot is not None
        for slot in range(one.slot, one.slot + dict(one.figures)["missing_slots"])
    }
    assert covered == {
        (days[row].day_on, slot) for row in range(len(known)) for slot in range(4) if not known[row][slot]
    }


def test_slots_that_end_after_they_were_heard_are_of_the_future() -> None:
    # Heard at 11:57: the slot 06–12 ends 180 s later, the slot 12–18 six hours and 180 s.
    ahead = day([1] * 4, heard=timedelta(hours=11, minutes=57), missing=frozenset({3}))
    assert found(future_slots(matrix(ahead), limits=LIMITS)) == [
        (1, FIRST_ON, 1, {"future_slots": 2, "ahead_s": 6 * 3600 + 180, "limit_s": 120})
    ]


def test_a_clock_within_its_limit_makes_no_future() -> None:
    assert len(future_slots(matrix(day([1] * 2, heard=timedelta(hours=11, minutes=58))), limits=LIMITS)) == 0
    assert len(future_slots(matrix(), limits=LIMITS)) == 0


def test_a_slot_above_what_the_connection_lets_through_is_a_spike() -> None:
    # 15 kW × 1.45 = 21.75 kW. In six hours 130,500 Wh are just that; 6 Wh more are 21,751 W.
    days = matrix(day([130_500, 130_505, 130_506, 0]))
    findings = spikes(days, connection_w=np.array([15_000]), limits=LIMITS)
    assert found(findings) == [
        (1, FIRST_ON, 2, {"power_w": 21_751, "connection_limit_w": 21_750, "recent_limit_w": UNKNOWN_W})
    ]
    assert len(spikes(days, connection_w=np.array([UNKNOWN_W]), limits=LIMITS)) == 0


def test_a_slot_far_above_the_meters_own_recent_days_is_a_spike() -> None:
    # The highest of three known days is 7,200 Wh in six hours: 1,200 W. Four times that is 4,800 W = 28,800 Wh.
    history = [day([600, 7200, 600, 600]), day([600] * 4, number=1), day([600] * 4, number=2)]
    quiet, loud = day([28_800] * 4, number=3), day([600, 28_806, 600, 600], number=3)
    unknown = np.zeros(4, dtype=np.int64)
    assert len(spikes(matrix(*history, quiet), connection_w=unknown, limits=LIMITS)) == 0
    assert found(spikes(matrix(*history, loud), connection_w=unknown, limits=LIMITS)) == [
        (1, FIRST_ON + timedelta(days=3), 1, {"power_w": 4801, "connection_limit_w": 0, "recent_limit_w": 4800})
    ]


def test_a_kettle_in_an_empty_house_is_no_spike() -> None:
    # Three days of 10 W; then 4 kW, which is the floor, and 4,001 W, which is above it.
    history = [day([60] * 4, number=number) for number in range(3)]
    at_floor, above = day([24_000] * 4, number=3), day([24_006] + [0] * 3, number=3)
    unknown = np.zeros(4, dtype=np.int64)
    assert len(spikes(matrix(*history, at_floor), connection_w=unknown, limits=LIMITS)) == 0
    assert len(spikes(matrix(*history, above), connection_w=unknown, limits=LIMITS)) == 1


@pytest.mark.parametrize(
    "history",
    [
        [day([60] * 4, number=1), day([60] * 4, number=2)],  # too few days
        [day([60] * 4), day([60] * 4, number=1), day([0] * 4, number=2, missing=frozenset(range(4)))],  # not known
        [day([60] * 4, number=-3), day([60] * 4, number=-4), day([60] * 4, number=2)],  # too long ago
    ],
)
def test_without_enough_recent_days_nothing_is_far_above_them(history: list[MeterDay]) -> None:
    days = matrix(*history, day([600_000] * 4, number=3))
    assert len(spikes(days, connection_w=np.zeros(4, dtype=np.int64), limits=LIMITS)) == 0


def test_a_neighbours_days_say_nothing_about_a_meter() -> None:
    neighbour = [(1, day([60] * 4, number=number)) for number in range(3)]
    days = matrix_of([*neighbour, (2, day([600_000] * 4, number=3))])
    assert len(spikes(days, connection_w=np.zeros(4, dtype=np.int64), limits=LIMITS)) == 0


@given(st.permutations(range(8)))
def test_the_order_of_rows_changes_no_finding(order: list[int]) -> None:
    rows = [
        (meter, day([60 + meter, 60, 60, 60] if number < 3 else [30_000 + meter, 0, 0, 0], number=number))
        for meter in (1, 2)
        for number in range(4)
    ]
    connection_w = np.array([meter * 3000 for meter, _ in rows])
    in_order = spikes(matrix_of(rows), connection_w=connection_w, limits=LIMITS)
    shuffled = matrix_of([rows[place] for place in order])
    assert list(spikes(shuffled, connection_w=connection_w[order], limits=LIMITS)) == list(in_order)
    assert len(in_order) == 2


@given(st.data())
def test_one_kernel_judges_a_town_as_it_judges_each_meter(data: st.DataObject) -> None:
    counts = st.lists(st.integers(0, 200_000), min_size=4, max_size=4)
    town = {meter: [day(data.draw(counts), number=number) for number in range(5)] for meter in (1, 2, 3)}
    rows = [(meter, one) for meter, days in town.items() for one in days]
    limit_w = 5000
    together = spikes(matrix_of(rows), connection_w=np.full(len(rows), limit_w), limits=LIMITS)
    apart = [
        finding
        for meter, days in town.items()
        for finding in spikes(matrix(*days, meter_id=meter), connection_w=np.full(5, limit_w), limits=LIMITS)
    ]
    assert list(together) == apart


def test_what_the_meter_said_about_a_slot_hides_no_finding() -> None:
    flagged = matrix(day([200_000] * 4))
    flagged.qualities[:] |= SlotFlag.OVERFLOW
    assert len(spikes(flagged, connection_w=np.array([1000]), limits=LIMITS)) == 4


def test_the_limits_in_use_are_dated() -> None:
    assert limits_on(date(2026, 11, 24)).connection_permille == 1450
    with pytest.raises(LookupError, match="no limits are known for 1999-12-31"):
        limits_on(date(1999, 12, 31))


def test_findings_of_several_rules_stand_together() -> None:
    days = matrix(day([200_000] * 4, missing=frozenset({1})))
    together = Findings.together([gaps(days), spikes(days, connection_w=np.array([1000]), limits=LIMITS)])
    assert [one.rule for one in together] == [Rule.GAP, *[Rule.SPIKE] * 3]
