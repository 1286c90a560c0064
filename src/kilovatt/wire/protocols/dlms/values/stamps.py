"""Dates and times of twelve bytes (Blue Book, 4.1.6.1), under a tag of their own or as octet strings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from operator import lt
from struct import Struct
from typing import Any, NamedTuple, TypeGuard
from zoneinfo import ZoneInfo

from kilovatt.wire.protocols.dlms.values.errors import MalformedError

STAMP_BYTES = 12
_LAYOUT = Struct(">HBBBBBBBhB")
_ANY, _NO_DEVIATION = 0xFF, -0x8000
_SUMMER = 0x80
_YEAR_MIN, _YEAR_MAX = 2, 9998
"""Beyond them there may be no instant in UTC."""
_MINUTES = tuple(timedelta(minutes=minute) for minute in range(24 * 60))
_QUARTERS_OF_A_DAY = tuple(timedelta(hours=hour) for hour in (0, 6, 12, 18, 24))
_CLOCKS = tuple(bytes(divmod(minute, 60)) for minute in range(24 * 60))
"""Each minute of a day as a stamp shows it: hour, minute."""
_HOUR_AT, _SECOND_AT = 5, 7


class DeviationSense(StrEnum):
    """What a maker takes the deviation for."""

    UTC_IS_LOCAL_PLUS_DEVIATION = "utc_is_local_plus_deviation"
    """As in the Blue Book: -180 in Moscow. A real Энергомера pushes so."""
    LOCAL_IS_UTC_PLUS_DEVIATION = "local_is_utc_plus_deviation"
    """As in the samples of ГОСТ Р 58940-2020: +180 in Moscow."""


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

    def instant_by_deviation(self, sense: DeviationSense) -> datetime | None:
        """Return the instant [UTC] by the deviation, None where it is not specified; the zone is not asked."""
        if self.deviation_min is None:
            return None
        ahead = timedelta(minutes=self.deviation_min)
        local = self.wall.replace(tzinfo=UTC)
        return local + ahead if sense is DeviationSense.UTC_IS_LOCAL_PLUS_DEVIATION else local - ahead


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


def encode_stamp(at: datetime, zone: ZoneInfo, *, sense: DeviationSense | None = None) -> bytes:
    """Return an instant as a clock in a zone shows it; without a sense, its deviation is not specified.

    Meters have been seen to refuse ranges whose deviation is specified (Gurux/gurux.dlms.java#25).
    """
    local = at.astimezone(zone)
    deviation = _NO_DEVIATION
    if sense is not None:
        ahead = (local.utcoffset() or timedelta(0)) // timedelta(minutes=1)
        deviation = ahead if sense is DeviationSense.LOCAL_IS_UTC_PLUS_DEVIATION else -ahead
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
        deviation,
        status,
    )


def instants(stamps: Sequence[object], zone: ZoneInfo) -> list[datetime | None]:
    """Return of each stamp of a column what `Stamp.instant` does, None for what is no date and time."""
    return instants_and_order(stamps, zone)[0]


def instants_and_order(stamps: Sequence[object], zone: ZoneInfo) -> tuple[list[datetime | None], bool]:
    """Return the instants of a column as `instants` does, and whether each is there and later than the one before.

    Stamps of a local day in equal steps are reckoned once, and compared with what such a day shows, byte for byte;
    the days of the latest are known, for the same half-hours come from every meter of a zone. From the first gap on,
    and on days whose clocks are put forward or back, each stamp is reckoned by itself.
    """
    found: list[datetime | None] = []
    count, is_rising = len(stamps), True
    while (at := len(found)) < count - 1:
        first, second = stamps[at], stamps[at + 1]
        if not (_is_stamp(first) and _is_stamp(second)):
            break
        series = series_of(first, second, zone)
        if series is None or stamps[at : at + len(series.stamps)] != series.stamps[: count - at]:
            break
        # Within a day in steps they rise; the last of the day before may still be later.
        is_rising = is_rising and (not found or _are_rising([found[-1], series.instants[0]]))
        found += series.instants[: count - at]
    rest = [_instant(stamp, zone) if _is_stamp(stamp) else None for stamp in stamps[len(found) :]]
    if rest:
        is_rising = is_rising and _are_rising(found[-1:] + rest)
        found += rest
    return found, is_rising


def _are_rising(found: list[Any]) -> bool:
    return None not in found and all(map(lt, found, found[1:]))


class Series(NamedTuple):
    """Stamps from one to the end of its day, and their instants [UTC]."""

    stamps: list[bytes]
    instants: list[datetime | None]


@lru_cache(maxsize=256)
def series_of(first: bytes, second: bytes, zone: ZoneInfo) -> Series | None:
    """Return the stamps of a local day that go on as its first two do; None where they are not of one such day.

    The latest are kept; they may be forgotten at any time.
    """
    midnight, minute = _midnight(first[:4], zone), _minute(first)
    step = _minute(second) - minute
    head, tail = first[:_HOUR_AT], first[_SECOND_AT:]
    if midnight is None or minute < 0 or step <= 0 or (head, tail) != (second[:_HOUR_AT], second[_SECOND_AT:]):
        return None
    ends = _ends_of(minute, step, tail)
    return Series(list(map(head.__add__, ends)), list(map(midnight.__add__, _MINUTES[minute::step])))


@lru_cache(maxsize=64)
def _ends_of(minute: int, step: int, tail: bytes) -> list[bytes]:
    """Return what stamps from a minute of the day on show after the day: the same every day."""
    return [clock + tail for clock in _CLOCKS[minute::step]]


def _is_stamp(value: object) -> TypeGuard[bytes]:
    return isinstance(value, bytes) and len(value) == STAMP_BYTES


def _minute(stamp: bytes) -> int:
    """Return which minute of its day a stamp is; less than nought for what is none, or has seconds."""
    hour, minute = stamp[_HOUR_AT], stamp[_HOUR_AT + 1]
    is_whole = hour < 24 and minute < 60 and stamp[_SECOND_AT] in (0, _ANY)  # a clock's
    return hour * 60 + minute if is_whole else -len(_MINUTES)


def continued(found: Sequence[datetime | None], column: Sequence[object], period: timedelta) -> list[datetime | None]:
    """Return instants with those of null stamps a period after the row before; other gaps stay.

    For a meter known to leave out stamps that follow from the period. `column` is what the instants were made of.
    """
    full: list[datetime | None] = []
    for at, stamp in zip(found, column, strict=True):
        before = full[-1] if full else None
        full.append(before + period if stamp is None and before is not None else at)
    return full


def _instant(stamp: bytes, zone: ZoneInfo) -> datetime | None:
    # Where a zone keeps one time all day, it is that day's midnight and the minutes since.
    midnight, minute = _midnight(stamp[:4], zone), _minute(stamp)
    if midnight is not None and minute >= 0:
        return midnight + _MINUTES[minute]
    try:
        return decode_stamp(stamp).instant(zone)
    except MalformedError:
        return None


@lru_cache(maxsize=4096)
def _midnight(day: bytes, zone: ZoneInfo) -> datetime | None:
    """Return when a day begins [UTC]; None for no day, and for one on which clocks are put forward or back."""
    year = int.from_bytes(day[:2], "big")
    if not _YEAR_MIN <= year <= _YEAR_MAX:
        return None
    try:
        first = datetime(year, day[2], day[3], tzinfo=zone)
    except ValueError:
        return None
    offsets = {(first + hours).utcoffset() for hours in _QUARTERS_OF_A_DAY} | {first.replace(fold=1).utcoffset()}
    return _utc(first) if len(offsets) == 1 else None
