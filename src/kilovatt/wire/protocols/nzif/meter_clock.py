"""The clock (section 2.4.1): local time, weekday and season; some answer without the season."""

from dataclasses import dataclass

from kilovatt.wire.protocols.framing.layout import Field, Layout, Single
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif.fields import stamp_from, stamp_to
from kilovatt.wire.protocols.nzif.request import NzifRequest

_STAMP_SIZE = 7


@dataclass(frozen=True, slots=True)
class MeterClock:
    """What the clock shows; `is_winter` is None where the season is not told."""

    time: WallTime
    is_winter: bool | None


def _with_season(data: bytes) -> MeterClock:
    if data[_STAMP_SIZE] > 1:
        raise ValueError(f"a season is 0 summer or 1 winter: got {data[_STAMP_SIZE]}")
    return MeterClock(stamp_from(data[:_STAMP_SIZE]), bool(data[_STAMP_SIZE]))


_SHORT: Layout[MeterClock] = Single(
    {
        "clock": Field(
            size=_STAMP_SIZE,
            read=lambda data: MeterClock(stamp_from(data), None),
            write=lambda clock: stamp_to(clock.time),
        )
    }
)
CLOCK: Layout[MeterClock] = Single(
    {
        "clock": Field(
            size=_STAMP_SIZE + 1,
            read=_with_season,
            write=lambda clock: stamp_to(clock.time) + bytes([bool(clock.is_winter)]),
        )
    }
)


@dataclass(frozen=True, slots=True)
class ReadClock(NzifRequest[MeterClock]):
    """What the clock shows."""

    prefix = b"\x04\x00"

    @property
    def says(self) -> tuple[Layout[MeterClock], ...]:
        return (_SHORT, CLOCK)
