"""The clock (class 8; Blue Book, 4.5.1): where its time comes from, and how it is told another."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from kilovatt.wire.protocols.dlms.objects.shapes import fields, octets
from kilovatt.wire.protocols.dlms.values import DlmsValue, OctetString, Structure
from kilovatt.wire.protocols.dlms.values.patterns import DATE_TIME_BYTES

SHIFT_S_MAX: Final = 900
"""How far method 6 shifts a clock, either way [s]."""
_PRESET_FIELDS = 3


class ClockMethod(IntEnum):
    """What a clock can be told to do."""

    TO_QUARTER = 1
    TO_MEASURING_PERIOD = 2
    TO_MINUTE = 3
    TO_PRESET_TIME = 4
    PRESET_TIME = 5
    SHIFT_TIME = 6


class ClockBase(IntEnum):
    """What a clock goes by (attribute 9)."""

    NOT_DEFINED = 0
    CRYSTAL = 1
    MAINS_50_HZ = 2
    MAINS_60_HZ = 3
    GPS = 4
    RADIO = 5


@dataclass(frozen=True, slots=True)
class PresetTime:
    """A time to be set by method 4, if that comes within an interval; each is twelve bytes."""

    time: bytes
    valid_from: bytes
    valid_until: bytes

    def encode(self) -> Structure:
        """Return the parameter of method 5."""
        return Structure(map(OctetString, (self.time, self.valid_from, self.valid_until)))


def decode_preset_time(value: DlmsValue) -> PresetTime:
    """Return the parameter of method 5. Raises MalformedError."""
    parts = fields(value, _PRESET_FIELDS, "a preset time")
    return PresetTime(*(octets(part, "a date and time", DATE_TIME_BYTES) for part in parts))
