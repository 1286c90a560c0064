"""Dates and times of twelve bytes (Blue Book, 4.1.6.1), under a tag of their own or as octet strings."""

from dataclasses import dataclass
from datetime import UTC, datetime
from struct import Struct
from zoneinfo import ZoneInfo

from kilovatt.wire.protocols.dlms.values.errors import MalformedError

STAMP_BYTES = 12
_LAYOUT = Struct(">HBBBBBBBhB")
_ANY, _NO_DEVIATION = 0xFF, -0x8000
_SUMMER = 0x80
_YEAR_MIN, _YEAR_MAX = 2, 9998
"""Beyond them there may be no instant in UTC."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a meter's clock showed. `deviation_min` is as it was sent, None where not specified.

    Makers disagree whether the deviation is UTC minus local time (Blue Book) or the other way about.
    """

    wall: datetime
    """Without a zone."""
    deviation_min: int | None
    is_summer: bool

    def instant(self, zone: ZoneInfo) -> datetime:
        """Return the instant [UTC] at which a clock in a zone shows this.

        The zone counts, not the deviation, whose sense is not to be relied on; of the two hours when clocks are put
        back, the mark of summer time tells which.
        """
        first = self.wall.replace(tzinfo=zone)
        second = first.replace(fold=1)
        if first.dst() == second.dst():
            return _utc(first)
        # Put back, the first of the two is summer's; put forward, the hour that is left out is summer's by the second.
        summer, winter = (first, second) if _utc(first) < _utc(second) else (second, first)
        return _utc(summer if self.is_summer else winter)


def _utc(local: datetime) -> datetime:
    return local.astimezone(UTC)


def decode_stamp(data: bytes) -> Stamp:
    """Return what twelve bytes say. A second or hundredth that is not specified is none.

    Raises MalformedError for what is no date, or leaves day, hour or minute open.
    """
    if len(data) != STAMP_BYTES:
        raise MalformedError(f"a date and time has {STAMP_BYTES} bytes: got {len(data)}", bytes(data), 0)
    year, month, day, _, hour, minute, second, _, deviation, status = _LAYOUT.unpack(data)
    if not _YEAR_MIN <= year <= _YEAR_MAX:
        raise MalformedError(f"{bytes(data).hex()} is no date and time", bytes(data), 0)
    try:
        wall = datetime(year, month, day, hour, minute, 0 if second == _ANY else second)  # noqa: DTZ001  # a meter's clock
    except ValueError as error:
        raise MalformedError(f"{bytes(data).hex()} is no date and time", bytes(data), 0) from error
    is_summer = status != _ANY and bool(status & _SUMMER)
    return Stamp(wall, None if deviation == _NO_DEVIATION else deviation, is_summer)


def encode_stamp(at: datetime, zone: ZoneInfo) -> bytes:
    """Return an instant as a clock in a zone shows it, its deviation not specified.

    Meters have been seen to refuse ranges whose deviation is specified (Gurux/gurux.dlms.java#25).
    """
    local = at.astimezone(zone)
    status = _SUMMER if local.dst() else 0
    return _LAYOUT.pack(
        local.year,
        local.month,
        local.day,
        local.isoweekday(),
        local.hour,
        local.minute,
        local.second,
        0,
        _NO_DEVIATION,
        status,
    )
