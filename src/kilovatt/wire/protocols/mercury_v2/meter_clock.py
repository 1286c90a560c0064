"""The clock (section 4.2, request 04 00)."""

from dataclasses import dataclass

from kilovatt.wire.protocols.framing.layout import Field, Layout, Single
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2.fields import small, wall_time
from kilovatt.wire.protocols.mercury_v2.request import MercuryV2Request


@dataclass(frozen=True, slots=True)
class MeterClock:
    """What the clock shows; weekday 1 Monday … 7 Sunday."""

    weekday: int
    time: WallTime
    is_winter: bool


def _clock_from(data: bytes) -> MeterClock:
    time: WallTime | None = _WALL_TIME.read(data[:3] + data[4:7])
    if time is None:
        raise ValueError("the clock was never set")
    return MeterClock(weekday=_WEEKDAY.read(data[3:4]), time=time, is_winter=_SEASON.read(data[7:8]) == 1)


def _clock_to(clock: MeterClock) -> bytes:
    time = _WALL_TIME.write(clock.time)
    return bytes(time[:3] + _WEEKDAY.write(clock.weekday) + time[3:] + _SEASON.write(int(clock.is_winter)))


_WALL_TIME = wall_time()
_WEEKDAY = small(1, 7)
_SEASON = small(0, 1)
CLOCK: Layout[MeterClock] = Single({"clock": Field(size=8, read=_clock_from, write=_clock_to)})


@dataclass(frozen=True, slots=True)
class ReadClock(MercuryV2Request[MeterClock]):
    """The clock."""

    prefix = b"\x04\x00"

    @property
    def says(self) -> tuple[Layout[MeterClock], ...]:
        return (CLOCK,)
