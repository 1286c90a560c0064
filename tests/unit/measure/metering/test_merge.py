from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.merge import StoredMeterDay, merge_meter_days, meter_day_digest, slot_winners
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, RANK_MASK, MeterDay, SlotFlag, SlotRank, Source

MISSING, ESTIMATED, ACTUAL, EDITED = SlotRank
ON = date(2026, 10, 5)
STARTS_AT = datetime(2026, 10, 4, 21, tzinfo=UTC)
HEARD_AT = datetime(2026, 10, 6, 3, tzinfo=UTC)
METER = 7
Counts = tuple[int, ...]


def day(
    a_plus: Counts,
    ranks: Sequence[int],
    *,
    hours: int = 0,
    r_plus: Counts | None = None,
    uwh_per_count: int = 500_000,
    step_s: int = 21_600,
    exchange: int = 1,
    source: Source = Source.METER,
) -> MeterDay:
    return MeterDay(
        day_on=ON,
        starts_at=STARTS_AT,
        step_s=step_s,
        uwh_per_count=uwh_per_count,
        a_plus=tuple(count if rank & RANK_MASK else 0 for count, rank in zip(a_plus, ranks, strict=True)),
        a_minus=None,
        r_plus=r_plus,
        r_minus=None,
        qualities=tuple(int(rank) for rank in ranks),
        exchanges=tuple(exchange if rank & RANK_MASK else NO_EXCHANGE for rank in ranks),
        heard_at=HEARD_AT + timedelta(hours=hours),
        source=source,
    )


def stored(one: MeterDay, session: int = 0) -> StoredMeterDay:
    return StoredMeterDay.single(one, digest=meter_day_digest(METER, one), session_id=UUID(int=session))


def merged(*days: MeterDay) -> MeterDay:
    return merge_meter_days([stored(one) for one in days]).day


@st.composite
def meter_days(draw: st.DrawFn) -> StoredMeterDay:
    step_s, slots = draw(st.sampled_from([(21_600, 4), (28_800, 3)]))
    ranks = draw(st.lists(st.integers(0, 3), min_size=slots, max_size=slots))
    counts = draw(st.lists(st.integers(0, 3), min_size=slots, max_size=slots))
    reactive = draw(st.one_of(st.none(), st.just((5,) * slots)))
    one = day(
        tuple(counts),
        ranks,
        hours=draw(st.integers(0, 3)),
        r_plus=reactive,
        uwh_per_count=draw(st.sampled_from([500_000, 200_000])),
        step_s=step_s,
        exchange=draw(st.integers(0, 2)),
        source=draw(st.sampled_from(Source)),
    )
    return stored(one, session=draw(st.integers(0, 1)))


SEVERAL = st.lists(meter_days(), min_size=1, max_size=6)


def test_an_edited_slot_stands_over_an_actual_one_and_that_over_an_estimate() -> None:
    estimated = day((1, 1, 1, 1), [ESTIMATED] * 4, hours=9, source=Source.ESTIMATE)
    actual = day((2, 2, 2, 2), [MISSING, ACTUAL, ACTUAL, ACTUAL], hours=5)
    edited = day((3, 3, 3, 3), [MISSING, MISSING, MISSING, EDITED], source=Source.PERSON)
    result = merged(estimated, actual, edited)
    assert result.a_plus == (1, 2, 2, 3)
    assert result.qualities == (ESTIMATED, ACTUAL, ACTUAL, EDITED)
    assert result.exchanges == (1, 1, 1, 1)
    assert result.heard_at == HEARD_AT + timedelta(hours=9)
    assert result.source is Source.PERSON


def test_of_two_actual_slots_the_later_heard_stands_and_a_gap_is_filled_by_the_earlier() -> None:
    early = day((10, 11, 12, 13), [ACTUAL] * 4)
    late = day((20, 0, 22, 0), [ACTUAL, MISSING, ACTUAL, MISSING], hours=1)
    assert merged(late, early).a_plus == (20, 11, 22, 13)


def test_what_the_meter_said_about_a_slot_does_not_change_its_rank() -> None:
    flagged = day((10, 10, 10, 10), [ACTUAL | SlotFlag.OVERFLOW | SlotFlag.INCOMPLETE] * 4, hours=1)
    plain = day((9, 9, 9, 9), [ACTUAL] * 4)
    assert merged(plain, flagged).qualities == flagged.qualities


def test_each_slot_leads_to_the_session_and_exchange_that_brought_it() -> None:
    early = stored(day((10, 11, 12, 13), [ACTUAL] * 4, exchange=4), session=1)
    late = stored(day((20, 0, 0, 0), [ACTUAL, MISSING, MISSING, MISSING], hours=1, exchange=9), session=2)
    result = merge_meter_days([late, early])
    assert [result.origin(slot).session_id for slot in range(4)] == [UUID(int=2), *[UUID(int=1)] * 3]
    assert [result.origin(slot).digest for slot in (0, 1)] == [late.heard[0].digest, early.heard[0].digest]
    assert result.day.exchanges == (9, 4, 4, 4)


def test_days_of_two_scales_count_in_their_greatest_common_divisor() -> None:
    # 3 × 0.5 Wh = 1.5 Wh = 15 × 0.1 Wh; 4 × 0.2 Wh = 0.8 Wh = 8 × 0.1 Wh.
    halves = day((3, 3, 3, 3), [ACTUAL] * 4)
    fifths = day((4, 0, 0, 0), [ACTUAL, MISSING, MISSING, MISSING], hours=1, uwh_per_count=200_000)
    result = merged(halves, fifths)
    assert result.uwh_per_count == 100_000
    assert result.a_plus == (8, 15, 15, 15)


def test_a_quantity_is_not_made_of_zeros_where_the_day_that_stands_does_not_measure_it() -> None:
    with_reactive = day((1, 1, 1, 1), [ACTUAL] * 4, r_plus=(7, 7, 7, 7))
    without = day((2, 0, 0, 0), [ACTUAL, MISSING, MISSING, MISSING], hours=1)
    assert merged(with_reactive, without).r_plus is None
    assert merged(with_reactive, day((0, 0, 0, 0), [MISSING] * 4, hours=1)).r_plus == (7, 7, 7, 7)


def test_a_slot_nobody_knows_stays_missing_whoever_measures_the_quantity() -> None:
    with_reactive = day((1, 0, 0, 0), [ACTUAL, MISSING, MISSING, MISSING], r_plus=(7, 0, 0, 0))
    result = merged(with_reactive, day((0, 0, 0, 0), [MISSING] * 4, hours=1))
    assert result.r_plus == (7, 0, 0, 0)
    assert result.qualities == (ACTUAL, MISSING, MISSING, MISSING)


def test_of_two_grids_the_one_with_the_best_slot_is_shown_and_the_other_kept() -> None:
    coarse = day((8, 8, 8), [ACTUAL] * 3, step_s=28_800)
    fine = day((6, 6, 6, 6), [ACTUAL] * 4, hours=1)
    both = merge_meter_days([stored(coarse), stored(fine)])
    assert both.day.step_s == 21_600
    assert both.origin(0).day == fine
    edited = stored(day((8, 8, 9), [MISSING, MISSING, EDITED], step_s=28_800))
    assert merge_meter_days([both, edited]).day.a_plus == (8, 8, 9)


def test_a_day_without_slots_merges_into_nothing() -> None:
    empty = day((), ())
    assert merged(empty, day((), (), hours=1)).heard_at == HEARD_AT + timedelta(hours=1)
    assert merged(empty, day((1, 1, 1, 1), [ACTUAL] * 4)).a_plus == (1, 1, 1, 1)


def test_days_of_two_dates_are_not_merged() -> None:
    tomorrow = MeterDay(
        day_on=date(2026, 10, 6),
        starts_at=STARTS_AT + timedelta(days=1),
        step_s=21_600,
        uwh_per_count=500_000,
        a_plus=(),
        a_minus=None,
        r_plus=None,
        r_minus=None,
        qualities=(),
        exchanges=(),
        heard_at=HEARD_AT,
    )
    with pytest.raises(ValueError, match="one day is merged at a time"):
        merge_meter_days([stored(day((), ())), stored(tomorrow)])
    with pytest.raises(ValueError, match="one day is merged at a time: got \\[\\]"):
        merge_meter_days([])


@given(SEVERAL)
def test_the_order_in_which_days_are_heard_changes_nothing(days: list[StoredMeterDay]) -> None:
    results = {merge_meter_days(list(order)) for order in list(permutations(days))[:24]}
    assert len(results) == 1


@given(SEVERAL, SEVERAL, SEVERAL)
def test_merging_in_batches_changes_nothing(
    one: list[StoredMeterDay], two: list[StoredMeterDay], three: list[StoredMeterDay]
) -> None:
    at_once = merge_meter_days([*one, *two, *three])
    left = merge_meter_days([merge_meter_days([merge_meter_days(one), merge_meter_days(two)]), merge_meter_days(three)])
    right = merge_meter_days([*one, merge_meter_days([*two, *three])])
    assert left == at_once
    assert right == at_once


@given(SEVERAL)
def test_the_same_day_again_changes_nothing(days: list[StoredMeterDay]) -> None:
    result = merge_meter_days(days)
    assert merge_meter_days([result, result]) == result
    assert merge_meter_days([result, *days]) == result


@given(SEVERAL)
def test_every_slot_is_one_that_was_heard(days: list[StoredMeterDay]) -> None:
    result = merge_meter_days(days)
    for slot, quality in enumerate(result.day.qualities):
        origin = result.origin(slot).day
        assert quality == origin.qualities[slot]
        assert result.day.a_plus[slot] * result.day.uwh_per_count == origin.a_plus[slot] * origin.uwh_per_count


def test_one_kernel_merges_a_thousand_groups_as_it_merges_one() -> None:
    ranks = np.array([[2, 0], [2, 2], [1, 3], [0, 0]] * 1000, dtype=np.int16)
    starts = np.arange(0, 4000, 4, dtype=np.intp)
    winners = slot_winners(ranks, starts)
    assert (winners - starts[:, np.newaxis] == [1, 2]).all()
