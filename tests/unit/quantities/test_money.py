import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.quantities.money import charge_kopecks

WH = st.integers(0, 10**12)
PRICES = st.integers(0, 10**9)


def test_energy_at_its_price_is_rounded_once_to_the_kopeck() -> None:
    # 123.456 kWh × 7.44 ₽/kWh = 918.512 64 ₽ → 918.51 ₽.
    assert charge_kopecks(energy_wh=123_456, price_microrub_per_kwh=7_440_000) == 91_851


@pytest.mark.parametrize(
    ("energy_wh", "kopecks"),
    [
        (0, 0),
        (4, 0),  # 0.004 kWh × 1 ₽ = 0.4 kopecks
        (5, 1),  # exactly half a kopeck goes up
        (14, 1),
        (15, 2),  # half up, not half to even: 1.5 → 2, and
        (25, 3),  # 2.5 → 3
    ],
)
def test_half_a_kopeck_goes_up(energy_wh: int, kopecks: int) -> None:
    assert charge_kopecks(energy_wh=energy_wh, price_microrub_per_kwh=1_000_000) == kopecks


def test_a_charge_beyond_two_to_the_sixty_third_is_exact() -> None:
    # 10¹⁵ Wh × 10⁹ µ₽/kWh = 10²⁴ n₽ = 10¹⁷ kopecks: a product above 2⁶³.
    assert charge_kopecks(energy_wh=10**15, price_microrub_per_kwh=10**9) == 10**17


@pytest.mark.parametrize(("energy_wh", "price"), [(-1, 1), (1, -1)])
def test_a_negative_energy_or_price_is_refused(energy_wh: int, price: int) -> None:
    with pytest.raises(ValueError, match="are not negative"):
        charge_kopecks(energy_wh=energy_wh, price_microrub_per_kwh=price)


@given(WH, PRICES)
def test_a_charge_is_within_half_a_kopeck_of_the_exact_product(energy_wh: int, price: int) -> None:
    exact_nano = energy_wh * price
    assert (
        -5_000_000
        < charge_kopecks(energy_wh=energy_wh, price_microrub_per_kwh=price) * 10_000_000 - exact_nano
        <= (5_000_000)
    )


@given(WH, WH, PRICES)
def test_more_energy_never_costs_less(one_wh: int, other_wh: int, price: int) -> None:
    less, more = sorted((one_wh, other_wh))
    assert charge_kopecks(energy_wh=less, price_microrub_per_kwh=price) <= charge_kopecks(
        energy_wh=more, price_microrub_per_kwh=price
    )
