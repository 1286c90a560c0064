"""The limits of a supply's voltage, by the standards in force on a day."""

from datetime import date

import pytest

from kilovatt.measure.metering.supply_voltage import STANDARDS, voltage_standard


@pytest.mark.parametrize(
    ("on", "nominal_mv", "lowest_mv", "highest_mv"),
    [
        (date(2010, 1, 1), 220_000, 198_000, 242_000),
        (date(2015, 9, 30), 220_000, 198_000, 242_000),
        # Ten percent of 230 V either way: 230 - 23 and 230 + 23.
        (date(2015, 10, 1), 230_000, 207_000, 253_000),
        (date(2026, 11, 24), 230_000, 207_000, 253_000),
    ],
)
def test_the_limits_are_those_of_the_standard_in_force(
    on: date, nominal_mv: int, lowest_mv: int, highest_mv: int
) -> None:
    standard = voltage_standard(on)
    assert (standard.nominal_mv, standard.lowest_mv, standard.highest_mv) == (nominal_mv, lowest_mv, highest_mv)


def test_each_standard_says_where_it_stands_and_follows_the_one_before() -> None:
    assert all(standard.source.startswith("ГОСТ ") for standard in STANDARDS)
    days = [standard.valid_from for standard in STANDARDS]
    assert days == sorted(set(days))
