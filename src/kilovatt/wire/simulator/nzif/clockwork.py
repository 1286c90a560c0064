"""The clock of a simulated meter: ahead of the town's by so much."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif.meter_clock import MeterClock


class Clockwork:
    """A clock in a zone."""

    def __init__(self, zone: ZoneInfo, ahead: timedelta) -> None:
        self.zone = zone
        self._ahead = ahead

    def shown_at(self, at: datetime) -> datetime:
        """Return what it shows at an instant, as an instant."""
        return at + self._ahead

    def shows(self, at: datetime) -> WallTime:
        """Return what it shows at an instant, as local time."""
        return WallTime.of(self.shown_at(at), self.zone)

    def shows_whole(self, at: datetime) -> MeterClock:
        """Return what it shows at an instant, with the season."""
        return MeterClock(self.shows(at), is_winter=self.is_winter(self.shown_at(at)))

    def is_winter(self, shown_at: datetime) -> bool:
        """Whether summer time is not in force when it shows an instant."""
        return not shown_at.astimezone(self.zone).dst()

    def today(self, at: datetime) -> date:
        """Return the local day it shows at an instant."""
        return self.shows(at).day_on

    def true_instant(self, shown_at: datetime) -> datetime:
        """Return when it shows an instant: when the meter does what it does by its clock."""
        return shown_at - self._ahead

    def true_midnight(self, day_on: date) -> datetime:
        """Return when it shows the beginning of a day."""
        return self.true_instant(datetime.combine(day_on, time.min, self.zone).astimezone(UTC))
