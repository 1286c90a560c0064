"""What is wrong with a clock that is far off: what it showed and how it went say which of its parts has failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_YEAR = 2010
"""No meter that is read was made before: a clock that shows an earlier year shows the one it starts with."""
STANDS_FOR_MIN = timedelta(minutes=30)
"""Two readings that are closer together do not tell a clock that stands from one that is late."""
_SHARE_OF_STANDING = 10
"""A clock that has gone for less than this part of the time stands."""
_ZONES_WITHIN = timedelta(hours=12)
_WHOLE_HOUR_WITHIN = timedelta(minutes=5)
_HOUR = timedelta(hours=1)


class ClockFault(StrEnum):
    """In which way a clock is wrong."""

    STARTED_ANEW = "started_anew"
    """It shows the year that its calendar starts with: it was without any power."""
    STOOD_STILL = "stood_still"
    OTHER_ZONE = "other_zone"
    """It is whole hours off: it was set by the time of another zone, or by summer time."""
    AHEAD = "ahead"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class ClockHeard:
    """What a clock showed, and when we heard it."""

    showed_at: datetime
    heard_at: datetime


def clock_fault(last: ClockHeard, *, earlier: ClockHeard | None = None) -> ClockFault:
    """Return in which way a clock is wrong that is known to be; `earlier` is what it showed some time before."""
    if earlier is not None and _stands(earlier, last):
        return ClockFault.STOOD_STILL
    if last.showed_at.year < FIRST_YEAR:
        return ClockFault.STARTED_ANEW
    ahead = last.showed_at - last.heard_at
    hours = (ahead + _HOUR // 2) // _HOUR
    if hours and abs(ahead) <= _ZONES_WITHIN and abs(ahead - hours * _HOUR) <= _WHOLE_HOUR_WITHIN:
        return ClockFault.OTHER_ZONE
    return ClockFault.AHEAD if ahead > timedelta(0) else ClockFault.BEHIND


def _stands(earlier: ClockHeard, last: ClockHeard) -> bool:
    passed, went = last.heard_at - earlier.heard_at, last.showed_at - earlier.showed_at
    return passed >= STANDS_FOR_MIN and abs(went) * _SHARE_OF_STANDING < passed
