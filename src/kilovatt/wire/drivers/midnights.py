"""When local days begin: asked for each meter of a night, and the same for all of a town."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=4096)
def midnight(day_on: date, zone: ZoneInfo) -> datetime:
    """Return when a local day of a meter begins [UTC]."""
    return datetime.combine(day_on, time.min, zone).astimezone(UTC)
