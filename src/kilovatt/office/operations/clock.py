"""The clock of a site. In earnest it is the machine's; a demonstration may live ahead of it or behind."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings


@dataclass(frozen=True, slots=True)
class SiteClock:
    """The machine's clock, shifted by a constant."""

    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The site's instant, in UTC."""
        return datetime.now(UTC) + self.ahead  # noqa: TID251  the edge where the clock enters


def site_clock() -> SiteClock:
    """The clock this site lives by."""
    return SiteClock(settings.CLOCK_AHEAD)


def now() -> datetime:
    """The site's instant, in UTC."""
    return site_clock().now()
