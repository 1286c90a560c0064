"""What a meter counts whose tariff table is changed: nothing is lost, whatever the marks."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.simulator.energy import Marks
from kilovatt.wire.simulator.tariffed_energy import TariffedEnergy
from simulated_spodes import ENERGY, NOW, ZONE

A_PLUS = Quantity.A_PLUS
EVENING: Marks = ((0, 4), (1080, 3))


def marks() -> st.SearchStrategy[Marks]:
    later = st.dictionaries(st.integers(1, 1439), st.integers(1, 4), max_size=4)
    return st.builds(lambda first, more: ((0, first), *sorted(more.items())), st.integers(1, 4), later)


@given(
    changes=st.lists(st.tuples(marks(), st.integers(0, 5000)), max_size=3),
    until_min=st.integers(-3000, 20_000),
    quantity=st.sampled_from([A_PLUS, Quantity.R_PLUS]),
)
def test_tariffs_add_up_to_the_total_whatever_changes_when(
    changes: list[tuple[Marks, int]], until_min: int, quantity: Quantity
) -> None:
    energy = TariffedEnergy(ENERGY, ZONE)
    for table, after_min in changes:
        energy.count_by(lambda _, table=table: table, NOW + timedelta(minutes=after_min))  # type: ignore[misc]  # bound now
    at = NOW + timedelta(minutes=until_min)
    parts = sum(energy.register_uwh(quantity, tariff, at) for tariff in (1, 2, 3, 4))
    # What a half-hour of the source cuts off, once a half-hour at most, in reactive energy only.
    assert 0 <= abs(energy.register_uwh(quantity, 0, at) - parts) <= 4 * (len(changes) + 1)


def test_the_marks_in_force_tell_the_tariff() -> None:
    energy = TariffedEnergy(ENERGY, ZONE)
    energy.count_by(lambda _: EVENING, NOW)
    before, after = NOW - timedelta(minutes=1), NOW + timedelta(hours=8)
    assert energy.tariff_table(before) == ENERGY.tariff_table(before)
    assert energy.tariff_table(NOW) == EVENING
    assert (energy.tariff_at(NOW), energy.tariff_at(after)) == (4, 3)
    assert energy.begins_at == ENERGY.begins_at
    assert energy.power_w(A_PLUS, NOW) == ENERGY.power_w(A_PLUS, NOW)
    assert energy.flowed_uwh(A_PLUS, NOW, after) == ENERGY.flowed_uwh(A_PLUS, NOW, after)


def test_a_change_that_comes_before_another_counts_from_that_one_on() -> None:
    energy = TariffedEnergy(ENERGY, ZONE)
    energy.count_by(lambda _: ((0, 1),), NOW)
    energy.count_by(lambda _: ((0, 2),), NOW - timedelta(days=1))
    later = NOW + timedelta(days=2)
    assert energy.register_uwh(A_PLUS, 1, later) == ENERGY.register_uwh(A_PLUS, 1, NOW)
    grown = energy.register_uwh(A_PLUS, 2, later) - ENERGY.register_uwh(A_PLUS, 2, NOW)
    assert grown == ENERGY.flowed_uwh(A_PLUS, NOW, later)
