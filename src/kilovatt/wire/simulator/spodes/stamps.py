"""Dates as a СПОДЭС meter writes them: twelve bytes in an octet string (ГОСТ Р 58940-2020; Blue Book 4.1.6.1)."""

from datetime import UTC, datetime, timedelta
from struct import Struct
from zoneinfo import ZoneInfo

from kilovatt.wire.protocols.dlms.values import OctetString

_LAYOUT = Struct(">HBBBBBBBhB")
_SUMMER = 0x80


def stamp_of(shown_at: datetime, zone: ZoneInfo, *, ahead_of_utc: bool) -> OctetString:
    """Return what a meter's clock shows at an instant, with its deviation.

    `ahead_of_utc`: whether the deviation is local time minus UTC, as the samples of the standard have it (+180 in
    Moscow), or the other way about, as the Blue Book says and Energomera's meters send (-180).
    """
    local = shown_at.astimezone(zone)
    offset = local.utcoffset() or timedelta(0)
    minutes = int(offset.total_seconds()) // 60
    return OctetString(
        _LAYOUT.pack(
            local.year,
            local.month,
            local.day,
            local.isoweekday(),
            local.hour,
            local.minute,
            local.second,
            local.microsecond // 10_000,
            minutes if ahead_of_utc else -minutes,
            _SUMMER if local.dst() else 0,
        )
    )


def instant_of(stamp: bytes, zone: ZoneInfo) -> datetime:
    """Return the instant [UTC] of a stamp by its wall time in the meter's zone. Raises ValueError for no date."""
    year, month, day, _, hour, minute, second, _, _, status = _LAYOUT.unpack(stamp)
    wall = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    is_second = wall.replace(fold=1).dst() != wall.dst() and not status & _SUMMER
    return wall.replace(fold=int(is_second)).astimezone(UTC)
