"""What can be set and commanded (section 3, requests 03h). Every write is answered by a status.

Not here, and not to be: writes to physical memory (07h), resets of energy and maxima, initialising of profiles,
restarts. Numbers are written with the highest byte first, whatever order the matching read has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import ClassVar

from kilovatt.wire.protocols.framing.bcd import bcd_from_int, int_from_bcd
from kilovatt.wire.protocols.framing.layout import Field, nested, raw
from kilovatt.wire.protocols.mercury_v2.fields import high_first, low_first, small
from kilovatt.wire.protocols.mercury_v2.meter_clock import CLOCK, MeterClock
from kilovatt.wire.protocols.mercury_v2.request import Command
from kilovatt.wire.protocols.mercury_v2.schedule import DAYS_OF_MONTH, MARKS, SELECTION, ScheduleSelection, TariffMark
from kilovatt.wire.protocols.mercury_v2.session import LEVEL_MAX, LEVEL_MIN, PASSWORD_SIZE

ADDRESS_MIN, ADDRESS_MAX = 0x01, 0xF0


def _time_from(data: bytes) -> time:
    second, minute, hour = (int_from_bcd(data[i : i + 1]) for i in range(3))
    return time(hour, minute, second)


_TIME = Field(
    size=3,
    read=_time_from,
    write=lambda shown: b"".join(bcd_from_int(part, 1) for part in (shown.second, shown.minute, shown.hour)),
)
_FLAG = Field(size=1, read=lambda data: bool(small(0, 1).read(data)), write=lambda value: bytes([value]))


@dataclass(frozen=True, slots=True)
class SetAddress(Command):
    """Give the meter another address; it answers from that one."""

    new_address: int
    prefix = b"\x03\x05"
    asks: ClassVar[Mapping[str, Field]] = {"new_address": small(ADDRESS_MIN, ADDRESS_MAX)}

    def answering_address(self, address: int) -> int:  # noqa: ARG002 - it does not depend on where it was asked
        return self.new_address


@dataclass(frozen=True, slots=True)
class Freeze(Command):
    """Keep the values of this moment; done a tenth of a second later."""

    prefix = b"\x03\x08"
    level = 0


@dataclass(frozen=True, slots=True)
class SetClock(Command):
    """Set the clock, which breaks the order of time in the profile."""

    clock: MeterClock
    prefix = b"\x03\x0c"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {"clock": nested(CLOCK)}


@dataclass(frozen=True, slots=True)
class CorrectClock(Command):
    """Correct the clock by at most four minutes, once a day; it is slewed, not stepped."""

    shown: time
    prefix = b"\x03\x0d"
    asks: ClassVar[Mapping[str, Field]] = {"shown": _TIME}


@dataclass(frozen=True, slots=True)
class SetTariffSchedule(Command):
    """Set the marks of half a day, for months and kinds of day."""

    selection: ScheduleSelection
    marks: tuple[TariffMark, ...]
    prefix = b"\x03\x1d"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {"selection": SELECTION, "marks": nested(MARKS)}


@dataclass(frozen=True, slots=True)
class SetHolidays(Command):
    """Set which days of a month count as holidays."""

    month: int
    holidays: frozenset[int]
    prefix = b"\x03\x1e"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {"month": small(1, 12), "holidays": DAYS_OF_MONTH}


@dataclass(frozen=True, slots=True)
class ChangePassword(Command):
    """Change the password of an access level."""

    access_level: int
    old: bytes = field(repr=False)
    new: bytes = field(repr=False)
    prefix = b"\x03\x1f"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {
        "access_level": small(LEVEL_MIN, LEVEL_MAX),
        "old": raw(PASSWORD_SIZE),
        "new": raw(PASSWORD_SIZE),
    }
    secret_fields = frozenset({"old", "new"})


@dataclass(frozen=True, slots=True)
class SetLimitTime(Command):
    """Set for how long the power limit may be exceeded before it counts [s]."""

    seconds: int
    prefix = b"\x03\x26"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {"seconds": high_first(2)}


@dataclass(frozen=True, slots=True)
class SetReclosing(Command):
    """Set after how long [s] and how often the relay closes by itself."""

    delay_s: int
    attempts: int
    prefix = b"\x03\x26\x00"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {"delay_s": high_first(2), "attempts": low_first(1)}


@dataclass(frozen=True, slots=True)
class SetPowerLimit(Command):
    """Set the limit of active power [mW], in steps of 10 mW."""

    limit_mw: int
    prefix = b"\x03\x2c"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {"limit_mw": high_first(3, step=10)}


@dataclass(frozen=True, slots=True)
class ControlPowerLimit(Command):
    """Have the power limit watched, or not."""

    is_on: bool
    prefix = b"\x03\x2d"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {"is_on": _FLAG}


@dataclass(frozen=True, slots=True)
class SetEnergyLimit(Command):
    """Set the limit of active energy of a tariff [Wh]."""

    tariff: int
    limit_wh: int
    prefix = b"\x03\x2e"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {"tariff": small(1, 4), "limit_wh": high_first(4)}


@dataclass(frozen=True, slots=True)
class ControlEnergyLimit(Command):
    """Have the energy limits watched, or not."""

    is_on: bool
    prefix = b"\x03\x2f"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {"is_on": _FLAG}


@dataclass(frozen=True, slots=True)
class SwitchLoad(Command):
    """Open the relay (off) or close it."""

    is_off: bool
    prefix = b"\x03\x31"
    level = 2
    asks: ClassVar[Mapping[str, Field]] = {"is_off": _FLAG}
