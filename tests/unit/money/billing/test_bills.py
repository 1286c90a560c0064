from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.zones import Zone, ZoneScheme
from kilovatt.money.billing import BillDraft, Unbillable, UnbillableReason, ZoneUse, draft_bill
from kilovatt.money.tariffs import PriceVersion, TariffPlan, ZonePrice
from kilovatt.quantities.money import charge_kopecks

SOURCE = "example tariff, not an official price"
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def plan(scheme: ZoneScheme, *steps: tuple[date, dict[Zone, int]]) -> TariffPlan:
    ends = [*(begins for begins, _ in steps[1:]), None]
    return TariffPlan(
        "example",
        scheme,
        tuple(
            PriceVersion(
                valid_from=begins,
                valid_until=end,
                prices=tuple(ZonePrice(zone, price) for zone, price in prices.items()),
                source=SOURCE,
            )
            for (begins, prices), end in zip(steps, ends, strict=True)
        ),
    )


ONE = plan(ZoneScheme.ONE, (date(2026, 1, 1), {Zone.TOTAL: 7_100_000}), (OCTOBER, {Zone.TOTAL: 7_810_000}))
TWO = plan(ZoneScheme.TWO, (OCTOBER, {Zone.DAY: 8_980_000, Zone.NIGHT: 3_710_000}))
THREE = plan(ZoneScheme.THREE, (OCTOBER, {Zone.PEAK: 10_150_000, Zone.HALF_PEAK: 7_810_000, Zone.NIGHT: 3_710_000}))


def use(zone: Zone, energy_wh: int | None, first_on: date = OCTOBER, until_on: date = NOVEMBER) -> ZoneUse:
    return ZoneUse(zone, energy_wh, first_on, until_on)


def billed(plan: TariffPlan, *uses: ZoneUse) -> BillDraft:
    draft = draft_bill(plan, uses)
    assert isinstance(draft, BillDraft)
    return draft


def refused(plan: TariffPlan, *uses: ZoneUse) -> Unbillable:
    answer = draft_bill(plan, uses)
    assert isinstance(answer, Unbillable)
    return answer


def test_a_bill_of_two_zones_worked_by_hand() -> None:
    # 213.57 kWh × 8.98 ₽ = 1,917.858 6 ₽ and 109.14 kWh × 3.71 ₽ = 404.909 4 ₽: 1,917.86 + 404.91 = 2,322.77 ₽.
    draft = billed(TWO, use(Zone.NIGHT, 109_140), use(Zone.DAY, 213_570))
    assert [(line.zone, line.amount_kopecks) for line in draft.lines] == [(Zone.DAY, 191_786), (Zone.NIGHT, 40_491)]
    assert draft.amount_kopecks == 232_277
    assert (draft.first_on, draft.until_on) == (OCTOBER, NOVEMBER)


def test_a_line_says_which_price_it_stands_on_and_who_set_it() -> None:
    (line,) = billed(ONE, use(Zone.TOTAL, 1_000)).lines
    assert (line.price_microrub_per_kwh, line.price_valid_from, line.price_source) == (7_810_000, OCTOBER, SOURCE)
    assert (line.zone, line.first_on, line.until_on, line.energy_wh) == (Zone.TOTAL, OCTOBER, NOVEMBER, 1_000)


def test_lines_of_three_zones_stand_in_the_order_of_the_plan() -> None:
    draft = billed(THREE, use(Zone.NIGHT, 1), use(Zone.HALF_PEAK, 1), use(Zone.PEAK, 1))
    assert [line.zone for line in draft.lines] == [Zone.PEAK, Zone.HALF_PEAK, Zone.NIGHT]


def test_a_month_without_use_has_a_bill_of_nothing() -> None:
    draft = billed(ONE, use(Zone.TOTAL, 0))
    assert (draft.amount_kopecks, len(draft.lines)) == (0, 1)


def test_a_price_that_changes_within_the_month_gives_a_line_on_either_side() -> None:
    # 100 kWh × 7.10 ₽ = 710 ₽ until 14 October, 100 kWh × 7.81 ₽ = 781 ₽ from the 15th.
    step_on = date(2026, 10, 15)
    changing = plan(ZoneScheme.ONE, (OCTOBER, {Zone.TOTAL: 7_100_000}), (step_on, {Zone.TOTAL: 7_810_000}))
    draft = billed(
        changing,
        use(Zone.TOTAL, 100_000, step_on, NOVEMBER),
        use(Zone.TOTAL, 100_000, OCTOBER, step_on),
    )
    assert [line.amount_kopecks for line in draft.lines] == [71_000, 78_100]
    assert [line.price_valid_from for line in draft.lines] == [OCTOBER, step_on]


def test_two_months_in_one_bill_are_rounded_each_by_itself() -> None:
    # 5 Wh at 1 ₽/kWh are half a kopeck, which goes up in October and again in November.
    cheap = plan(ZoneScheme.ONE, (OCTOBER, {Zone.TOTAL: 1_000_000}))
    december = date(2026, 12, 1)
    draft = billed(cheap, use(Zone.TOTAL, 5), use(Zone.TOTAL, 5, NOVEMBER, december))
    assert [line.amount_kopecks for line in draft.lines] == [1, 1]


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=31), st.integers(0, 10**8))
def test_a_month_cut_into_days_costs_what_it_costs_uncut(days_wh: list[int], price: int) -> None:
    any_price = plan(ZoneScheme.ONE, (OCTOBER, {Zone.TOTAL: price}))
    ends = [*(date(2026, 10, day) for day in range(2, len(days_wh) + 1)), NOVEMBER]
    cut = billed(
        any_price,
        *(
            use(Zone.TOTAL, energy_wh, date(2026, 10, day), until_on)
            for day, (energy_wh, until_on) in enumerate(zip(days_wh, ends, strict=True), start=1)
        ),
    )
    uncut = billed(any_price, use(Zone.TOTAL, sum(days_wh)))
    assert cut.amount_kopecks == uncut.amount_kopecks
    assert uncut.amount_kopecks == charge_kopecks(energy_wh=sum(days_wh), price_microrub_per_kwh=price)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_the_sum_of_a_bill_is_the_sum_of_its_lines(day_wh: int, night_wh: int) -> None:
    draft = billed(TWO, use(Zone.DAY, day_wh), use(Zone.NIGHT, night_wh))
    assert draft.amount_kopecks == sum(line.amount_kopecks for line in draft.lines)
    assert sum(line.energy_wh for line in draft.lines) == day_wh + night_wh


def test_no_use_at_all_makes_no_bill() -> None:
    answer = refused(ONE)
    assert (answer.reason, dict(answer.detail)) == (UnbillableReason.NOTHING_USED, {"plan": "example"})


def test_energy_that_is_not_known_makes_no_bill() -> None:
    answer = refused(TWO, use(Zone.DAY, 100), use(Zone.NIGHT, None))
    assert answer.reason is UnbillableReason.ENERGY_NOT_KNOWN
    assert dict(answer.detail) == {"zone": "night", "first_on": "2026-10-01", "until_on": "2026-11-01"}


def test_a_zone_that_nobody_read_makes_no_bill() -> None:
    answer = refused(TWO, use(Zone.DAY, 100))
    assert (answer.reason, dict(answer.detail)) == (UnbillableReason.ZONE_WITHOUT_ENERGY, {"zone": "night"})


def test_a_zone_the_plan_does_not_have_makes_no_bill() -> None:
    answer = refused(ONE, use(Zone.TOTAL, 100), use(Zone.PEAK, 100))
    assert answer.reason is UnbillableReason.ZONE_NOT_IN_PLAN
    assert dict(answer.detail) == {"plan": "example", "zone": "peak"}


@pytest.mark.parametrize(
    ("night_uses", "reason", "first_on", "until_on"),
    [
        ([(5, 32)], UnbillableReason.DAYS_MISSING, "2026-10-01", "2026-10-05"),
        ([(1, 20)], UnbillableReason.DAYS_MISSING, "2026-10-20", "2026-11-01"),
        ([(1, 10), (12, 32)], UnbillableReason.DAYS_MISSING, "2026-10-10", "2026-10-12"),
        ([(1, 12), (10, 32)], UnbillableReason.DAYS_TWICE, "2026-10-10", "2026-10-12"),
    ],
)
def test_days_left_out_or_counted_twice_make_no_bill(
    night_uses: list[tuple[int, int]], reason: UnbillableReason, first_on: str, until_on: str
) -> None:
    def day(number: int) -> date:
        return NOVEMBER if number == 32 else date(2026, 10, number)

    nights = (use(Zone.NIGHT, 1, day(first), day(until)) for first, until in night_uses)
    answer = refused(TWO, use(Zone.DAY, 1), *nights)
    assert answer.reason is reason
    assert dict(answer.detail) == {"zone": "night", "first_on": first_on, "until_on": until_on}


def test_days_without_a_price_make_no_bill() -> None:
    september = date(2026, 9, 1)
    answer = refused(TWO, use(Zone.DAY, 1, september, OCTOBER), use(Zone.NIGHT, 1, september, OCTOBER))
    assert answer.reason is UnbillableReason.NO_PRICE
    assert dict(answer.detail) == {"plan": "example", "first_on": "2026-09-01", "until_on": "2026-10-01"}


def test_a_price_that_changes_inside_a_use_makes_no_bill_and_says_on_which_day_to_read() -> None:
    step_on = date(2026, 10, 15)
    changing = plan(ZoneScheme.ONE, (OCTOBER, {Zone.TOTAL: 7_100_000}), (step_on, {Zone.TOTAL: 7_810_000}))
    answer = refused(changing, use(Zone.TOTAL, 100))
    assert answer.reason is UnbillableReason.PRICE_CHANGES_WITHIN
    assert dict(answer.detail) == {"zone": "total", "price_from": "2026-10-15"}


@pytest.mark.parametrize(
    ("energy_wh", "first_on", "until_on", "complaint"),
    [
        (-1, OCTOBER, NOVEMBER, "not negative: got -1 Wh for zone total"),
        (1, NOVEMBER, NOVEMBER, "ends after it begins"),
        (1, OCTOBER, date(2026, 11, 2), "lies within one month"),
        (1, OCTOBER, date(2027, 11, 1), "lies within one month"),
    ],
)
def test_a_use_that_does_not_hold_together_is_refused(
    energy_wh: int, first_on: date, until_on: date, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        ZoneUse(Zone.TOTAL, energy_wh, first_on, until_on)
