"""Instants that drivers ask for again and again: when local days begin, and whole seconds."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=4096)
def midnight(day_on: date, zone: ZoneInfo) -> datetime:
    """Return when a local day of a meter begins [UTC]: the same for all meters of a town."""
    return datetime.combine(day_on, time.min, zone).astimezone(UTC)


def whole_second(at: datetime) -> datetime:
    """Return an instant without its fraction of a second. `replace` makes a datetime anew, and takes thrice as long."""
    return at - timedelta(microseconds=at.microsecond)
