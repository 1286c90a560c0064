"""Scalers and units (Blue Book, 4.3.2 and its table of physical units): exact, without a floating point."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from kilovatt.wire.protocols.dlms.objects.shapes import fields, integer
from kilovatt.wire.protocols.dlms.values import DlmsValue, Enumerate, Integer, Structure

_SCALER_FIELDS: Final = 2


class Unit(IntEnum):
    """What a value is counted in."""

    YEAR = 1
    MONTH = 2
    WEEK = 3
    DAY = 4
    HOUR = 5
    MINUTE = 6
    SECOND = 7
    DEGREE = 8
    DEGREE_CELSIUS = 9
    CURRENCY = 10
    METRE = 11
    METRE_PER_SECOND = 12
    CUBIC_METRE = 13
    CUBIC_METRE_CORRECTED = 14
    CUBIC_METRE_PER_HOUR = 15
    CUBIC_METRE_PER_HOUR_CORRECTED = 16
    CUBIC_METRE_PER_DAY = 17
    CUBIC_METRE_PER_DAY_CORRECTED = 18
    LITRE = 19
    KILOGRAM = 20
    NEWTON = 21
    NEWTON_METRE = 22
    PASCAL = 23
    BAR = 24
    JOULE = 25
    JOULE_PER_HOUR = 26
    WATT = 27
    VOLT_AMPERE = 28
    VAR = 29
    WATT_HOUR = 30
    VOLT_AMPERE_HOUR = 31
    VAR_HOUR = 32
    AMPERE = 33
    COULOMB = 34
    VOLT = 35
    VOLT_PER_METRE = 36
    FARAD = 37
    OHM = 38
    OHM_SQUARE_METRE_PER_METRE = 39
    WEBER = 40
    TESLA = 41
    AMPERE_PER_METRE = 42
    HENRY = 43
    HERTZ = 44
    PULSE_PER_WATT_HOUR = 45
    PULSE_PER_VAR_HOUR = 46
    PULSE_PER_VOLT_AMPERE_HOUR = 47
    VOLT_SQUARED_HOUR = 48
    AMPERE_SQUARED_HOUR = 49
    KILOGRAM_PER_SECOND = 50
    SIEMENS = 51
    KELVIN = 52
    PULSE_PER_VOLT_SQUARED_HOUR = 53
    PULSE_PER_AMPERE_SQUARED_HOUR = 54
    PULSE_PER_CUBIC_METRE = 55
    PERCENT = 56
    AMPERE_HOUR = 57
    WATT_HOUR_PER_CUBIC_METRE = 60
    JOULE_PER_CUBIC_METRE = 61
    MOLE_PERCENT = 62
    GRAM_PER_CUBIC_METRE = 63
    PASCAL_SECOND = 64
    JOULE_PER_KILOGRAM = 65
    DECIBEL_MILLIWATT = 70
    DECIBEL_MICROVOLT = 71
    DECIBEL = 72
    RESERVED = 253
    OTHER = 254
    COUNT = 255
    """A number without a unit."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A value in its unit: `numerator` × 10^`exponent`, the exponent 0 or below."""

    numerator: int
    exponent: int

    @property
    def whole(self) -> int | None:
        """The value if it is a whole number of units, else None."""
        quotient, rest = divmod(self.numerator, _power_of_ten(-self.exponent))
        return None if rest else quotient


@dataclass(frozen=True, slots=True)
class ScalerUnit:
    """A power of ten and the number of a unit; a number that the table has not is kept."""

    scaler: int
    unit: int

    def whole(self, value: int, *, of: int = 0) -> int:
        """Return a value in the unit's part 10⁻ᵒᶠ, floored: `of=3` makes milliamperes of amperes."""
        power = self.scaler + of
        return value * _power_of_ten(power) if power >= 0 else value // _power_of_ten(-power)

    def encode(self) -> Structure:
        """Return it as attribute 3 of a register."""
        return Structure((Integer(self.scaler), Enumerate(self.unit)))


def decode_scaler_unit(value: DlmsValue) -> ScalerUnit:
    """Return attribute 3 of a register. Raises MalformedError."""
    scaler, unit = fields(value, _SCALER_FIELDS, "a scaler and a unit")
    return ScalerUnit(integer(scaler, "a scaler", -128, 127), integer(unit, "a unit", 0, 255))


def scaled(value: int, scale: ScalerUnit) -> Scaled:
    """Return what a register's integer is in its unit, exactly."""
    if scale.scaler >= 0:
        return Scaled(int(value) * _power_of_ten(scale.scaler), 0)
    return Scaled(int(value), scale.scaler)


def _power_of_ten(exponent: int) -> int:
    made: int = 10**exponent
    return made
