from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.zones import Zone, ZoneScheme
from kilovatt.money.tariffs import NoPriceError, PlanError, PlanSlice, PriceVersion, TariffPlan, ZonePrice
from kilovatt.money.tariffs.plans import plans_by_code

SOURCE = "example tariff, not an official price"
STEP_ON = date(2026, 10, 1)


def prices(**microrub: int) -> tuple[ZonePrice, ...]:
    return tuple(ZonePrice(Zone(zone), price) for zone, price in microrub.items())


def version(valid_from: date, valid_until: date | None = None, **microrub: int) -> PriceVersion:
    return PriceVersion(valid_from=valid_from, valid_until=valid_until, prices=prices(**microrub), source=SOURCE)


BEFORE = version(date(2026, 1, 1), STEP_ON, day=8_160_000, night=3_370_000)
AFTER = version(STEP_ON, None, day=8_980_000, night=3_710_000)
PLAN = TariffPlan("two-zones", ZoneScheme.TWO, (BEFORE, AFTER))


def test_a_price_holds_from_its_first_day_to_the_day_before_the_next() -> None:
    assert PLAN.version_on(date(2026, 1, 1)) is BEFORE
    assert PLAN.version_on(date(2026, 9, 30)) is BEFORE
    assert PLAN.version_on(STEP_ON) is AFTER
    assert PLAN.version_on(date(2100, 1, 1)) is AFTER


def test_a_version_tells_the_price_of_its_zones_and_of_no_other() -> None:
    assert AFTER.price_of(Zone.NIGHT) == 3_710_000
    with pytest.raises(NoPriceError, match="have none for zone peak"):
        AFTER.price_of(Zone.PEAK)


def test_a_day_before_the_plan_began_has_no_price() -> None:
    with pytest.raises(NoPriceError, match=r"no prices for 2025-12-31: it begins on 2026-01-01\."):
        PLAN.version_on(date(2025, 12, 31))


def test_a_day_after_the_plan_ended_has_no_price() -> None:
    plan = TariffPlan("ended", ZoneScheme.TWO, (BEFORE,))
    with pytest.raises(NoPriceError, match="begins on 2026-01-01 and ends on 2026-10-01"):
        plan.version_on(STEP_ON)


def test_days_are_cut_where_the_price_changes() -> None:
    assert PLAN.versions_within(date(2026, 9, 15), date(2026, 10, 15)) == (
        PlanSlice(date(2026, 9, 15), STEP_ON, BEFORE),
        PlanSlice(STEP_ON, date(2026, 10, 15), AFTER),
    )


def test_days_with_one_price_are_not_cut() -> None:
    assert PLAN.versions_within(STEP_ON, date(2026, 11, 1)) == (PlanSlice(STEP_ON, date(2026, 11, 1), AFTER),)
    assert PLAN.versions_within(date(2026, 9, 1), STEP_ON) == (PlanSlice(date(2026, 9, 1), STEP_ON, BEFORE),)


@pytest.mark.parametrize(
    ("first_on", "until_on"),
    [
        (date(2025, 12, 1), date(2026, 2, 1)),  # begins before the plan
        (date(2026, 9, 1), date(2026, 11, 1)),  # ends after it
        (date(2027, 1, 1), date(2027, 2, 1)),  # wholly after it
    ],
)
def test_days_without_a_price_are_refused(first_on: date, until_on: date) -> None:
    plan = TariffPlan("ended", ZoneScheme.TWO, (BEFORE,))
    with pytest.raises(NoPriceError, match="does not price all days"):
        plan.versions_within(first_on, until_on)


def test_no_days_at_all_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="end after they begin"):
        PLAN.versions_within(STEP_ON, STEP_ON)


@given(st.integers(0, 800), st.integers(1, 400))
def test_slices_follow_each_other_from_the_first_day_to_the_last(offset_days: int, days: int) -> None:
    first_on = date(2026, 1, 1) + timedelta(days=offset_days)
    until_on = first_on + timedelta(days=days)
    slices = PLAN.versions_within(first_on, until_on)
    assert [slices[0].first_on, *(piece.until_on for piece in slices)] == [
        *(piece.first_on for piece in slices),
        until_on,
    ]
    assert slices[0].first_on == first_on
    assert all(piece.version.holds_on(piece.first_on) for piece in slices)


@pytest.mark.parametrize("price", [-1, 10**12 + 1])
def test_a_price_out_of_range_is_refused(price: int) -> None:
    with pytest.raises(PlanError, match=f"is {price} microroubles per kWh"):
        ZonePrice(Zone.TOTAL, price)


def test_prices_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(PlanError, match="the end must be later"):
        version(STEP_ON, STEP_ON, total=1)


def test_a_zone_priced_twice_is_refused() -> None:
    twice = (ZonePrice(Zone.TOTAL, 1), ZonePrice(Zone.TOTAL, 2))
    with pytest.raises(PlanError, match="price zone total twice"):
        PriceVersion(valid_from=STEP_ON, valid_until=None, prices=twice, source=SOURCE)


def test_prices_without_a_source_are_refused() -> None:
    with pytest.raises(PlanError, match="name no source"):
        PriceVersion(valid_from=STEP_ON, valid_until=None, prices=prices(total=1), source=" ")


@pytest.mark.parametrize(
    ("versions", "complaint"),
    [
        ((), "has no prices"),
        ((version(STEP_ON, day=1),), "does not price zone night"),
        ((version(STEP_ON, day=1, night=1, peak=1),), "prices zone peak"),
        ((AFTER, BEFORE), "are out of order"),
        ((version(date(2026, 1, 1), None, day=1, night=1), AFTER), "has two prices from 2026-10-01"),
        ((version(date(2026, 1, 1), date(2026, 11, 1), day=1, night=1), AFTER), "has two prices from 2026-10-01"),
        ((version(date(2026, 1, 1), date(2026, 9, 1), day=1, night=1), AFTER), "no price from 2026-09-01 until 2026"),
    ],
)
def test_a_plan_that_does_not_hold_together_is_refused(versions: tuple[PriceVersion, ...], complaint: str) -> None:
    with pytest.raises(PlanError, match=complaint):
        TariffPlan("broken", ZoneScheme.TWO, versions)


def test_a_plan_without_a_code_is_refused() -> None:
    with pytest.raises(PlanError, match="needs a code"):
        TariffPlan("", ZoneScheme.TWO, (AFTER,))


def test_plans_are_found_by_their_codes_and_two_of_one_code_are_refused() -> None:
    assert plans_by_code([PLAN])["two-zones"] is PLAN
    with pytest.raises(PlanError, match="Two tariff plans have the code two-zones"):
        plans_by_code([PLAN, PLAN])
