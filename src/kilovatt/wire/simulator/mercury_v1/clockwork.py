"""The clock of a simulated meter: ahead of the town's by so much, until it is set."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kilovatt.wire.protocols.framing.wall_time import WallTime


class Clockwork:
    """A clock in a zone, and how far it was ahead at any time."""

    def __init__(self, zone: ZoneInfo, ahead: timedelta) -> None:
        self.zone = zone
        self._ahead = ahead
        self._before = ahead
        self._set_at: datetime | None = None

    def shows(self, at: datetime) -> WallTime:
        """Return what it shows, or showed, at an instant."""
        return WallTime.of(at + self._ahead_at(at), self.zone)

    def true_instant(self, shown_at: datetime) -> datetime:
        """Return when it showed an instant: when the meter did what it does by its clock."""
        return shown_at - self._ahead_at(shown_at)

    def set(self, shown: WallTime, at: datetime) -> None:
        """Set it: from now on it shows this."""
        self._before = self._ahead
        self._set_at = at
        self._ahead = shown.instant(self.zone) - at

    def _ahead_at(self, at: datetime) -> timedelta:
        return self._before if self._set_at is not None and at < self._set_at else self._ahead
