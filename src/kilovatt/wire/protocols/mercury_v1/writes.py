"""What can be set. A meter of this language asks for no password; some firmware asks for a jumper, and is silent."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from kilovatt.wire.protocols.framing.layout import Field, nested
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1.answers import TARIFF_MARKS, TariffMark
from kilovatt.wire.protocols.mercury_v1.fields import bcd, binary, wall_time
from kilovatt.wire.protocols.mercury_v1.requests import MercuryV1Request, TariffDay, tariff_day_byte


class RelayMode(IntEnum):
    """What the relay obeys; any other byte is as ON."""

    ON = 0x00
    BY_LIMITS = 0x55
    BUTTON = 0x5A
    """As if the button were pressed (firmware 6.4 and newer)."""
    OFF = 0xAA


@dataclass(frozen=True, slots=True)
class SetGroupAddress(MercuryV1Request[None]):
    """Give the address that several meters obey together; 0 is none."""

    group_address: int
    code = 0x01
    asks: ClassVar[Mapping[str, Field]] = {"group_address": binary(4)}


@dataclass(frozen=True, slots=True)
class SetClock(MercuryV1Request[None]):
    """Set the clock, in the meter's local time: a leap, which the load profile shows."""

    weekday: int
    time: WallTime
    code = 0x02
    asks: ClassVar[Mapping[str, Field]] = {"weekday": bcd(1), "time": wall_time()}


@dataclass(frozen=True, slots=True)
class SetPowerLimit(MercuryV1Request[None]):
    """Set the power limit [W], in steps of 10 W."""

    power_w: int
    code = 0x03
    asks: ClassVar[Mapping[str, Field]] = {"power_w": bcd(2, step=10)}


@dataclass(frozen=True, slots=True)
class SetTariffTable(MercuryV1Request[None]):
    """Set the sixteen marks of a kind of day."""

    marks: tuple[TariffMark, ...]
    tariff_day: TariffDay
    code = 0x11
    asks: ClassVar[Mapping[str, Field]] = {"marks": nested(TARIFF_MARKS), "tariff_day": tariff_day_byte()}


@dataclass(frozen=True, slots=True)
class SetRelayMode(MercuryV1Request[None]):
    """Switch the relay, or hand it to the limits."""

    mode: int
    code = 0x71
    asks: ClassVar[Mapping[str, Field]] = {"mode": binary(1)}
