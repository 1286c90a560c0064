"""What a reading says of a register, by the step of its model."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.models import MeterModel

IN_TENS = model_by_key("mercury-206-prlsno")
IN_WATT_HOURS = model_by_key("mercury-234-art-03")
IN_FRACTIONS = model_by_key("psch-4tm-05mk-16-02")


@pytest.mark.parametrize(
    ("model", "counted_uwh", "reading_wh"),
    [
        (IN_TENS, 19_999_999, 10),
        (IN_WATT_HOURS, 19_999_999, 19),
        # 19.999999 Wh are 49 counts of 0.4 Wh: 19.6 Wh.
        (IN_FRACTIONS, 19_999_999, 19),
        # 1 Wh are two counts of 0.4 Wh: 0.8 Wh.
        (IN_FRACTIONS, 1_000_000, 0),
        (replace(IN_FRACTIONS, register_step_uwh=78_125), 1_000_000, 0),
        (replace(IN_FRACTIONS, register_step_uwh=78_125), 1_015_625, 1),
    ],
)
def test_a_reading_is_floored_to_the_meters_own_step_and_then_to_watt_hours(
    model: MeterModel, counted_uwh: int, reading_wh: int
) -> None:
    assert model.reading_wh(counted_uwh) == reading_wh


@given(st.sampled_from(MODELS), st.integers(0, 10**15))
def test_a_reading_lacks_less_than_its_row_says_and_never_exceeds(model: MeterModel, counted_uwh: int) -> None:
    assert 0 <= counted_uwh - model.reading_wh(counted_uwh) * 1_000_000 < model.reading_lacks_wh * 1_000_000
