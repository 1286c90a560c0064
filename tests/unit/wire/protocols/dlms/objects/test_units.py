"""Scalers and units: exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kilovatt.wire.protocols.dlms.objects import Scaled, ScalerUnit, Unit, decode_scaler_unit, scaled
from kilovatt.wire.protocols.dlms.values import DlmsValue, Enumerate, Integer, MalformedError, Structure, decode, encode

SCALERS = st.builds(ScalerUnit, st.integers(-128, 127), st.integers(0, 255))


def test_a_sample_of_the_standard_counts_in_hundredths_of_a_watt() -> None:
    # ГОСТ Р 58940-2020: the answer to GET 3/1.0.21.7.0.255/3.
    scale = decode_scaler_unit(decode(bytes.fromhex("02020FFE161B")))
    assert scale == ScalerUnit(-2, Unit.WATT)
    assert encode(scale.encode()) == bytes.fromhex("02020FFE161B")


@pytest.mark.parametrize(
    ("value", "scaler", "is_this", "whole"),
    [
        (12_345, 0, Scaled(12_345, 0), 12_345),
        (12_345, 3, Scaled(12_345_000, 0), 12_345_000),
        (12_300, -2, Scaled(12_300, -2), 123),
        (12_345, -2, Scaled(12_345, -2), None),
        (-12_345, -2, Scaled(-12_345, -2), None),
        (-500, -2, Scaled(-500, -2), -5),
    ],
)
def test_a_count_is_so_many_units_exactly(value: int, scaler: int, is_this: Scaled, whole: int | None) -> None:
    found = scaled(value, ScalerUnit(scaler, Unit.WATT_HOUR))
    assert found == is_this
    assert found.whole == whole


@pytest.mark.parametrize(
    ("value", "scaler", "of", "is_this"),
    [(23_758, -2, 3, 237_580), (5_001, -2, 0, 50), (7, 3, 0, 7_000), (-1, -1, 0, -1), (12_345, -6, 3, 12)],
)
def test_parts_of_a_unit_are_floored(value: int, scaler: int, of: int, is_this: int) -> None:
    assert ScalerUnit(scaler, Unit.VOLT).whole(value, of=of) == is_this


@given(SCALERS)
def test_scalers_and_units_come_back_as_they_were(scale: ScalerUnit) -> None:
    assert decode_scaler_unit(decode(encode(scale.encode()))) == scale


@given(st.integers(-(2**63), 2**64), SCALERS)
def test_no_part_of_a_value_is_lost(value: int, scale: ScalerUnit) -> None:
    found = scaled(value, scale)
    power = scale.scaler - found.exponent
    assert found.exponent <= 0 <= power
    assert found.numerator == value * 10**power


@pytest.mark.parametrize(
    "value",
    [
        None,
        Integer(1),
        Structure((Integer(1),)),
        Structure((None, Enumerate(30))),
        Structure((True, Enumerate(30))),
        (Integer(1), Enumerate(30)),
    ],
)
def test_what_is_no_scaler_and_unit_is_refused(value: DlmsValue) -> None:
    with pytest.raises(MalformedError, match="is wanted"):
        decode_scaler_unit(value)
