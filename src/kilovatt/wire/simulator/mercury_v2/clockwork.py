"""The clock of a simulated Mercury V2: corrections slew it, setting steps it."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock
from kilovatt.wire.simulator import clockwork

CORRECTION_MAX = timedelta(minutes=4)
_DAY = timedelta(days=1)


class CorrectionTooLargeError(Exception):
    """A correction of more than four minutes."""


class AlreadyCorrectedError(Exception):
    """A second correction within a day."""


class Clockwork(clockwork.Clockwork):
    """A clock that tells weekday and season, and can be corrected once a day."""

    def __init__(self, zone: ZoneInfo, ahead: timedelta) -> None:
        super().__init__(zone, ahead)
        self._corrected_on: date | None = None

    def shows_whole(self, at: datetime) -> MeterClock:
        """Return what it shows at an instant, with weekday and season."""
        local = self.shown_at(at).astimezone(self.zone)
        return MeterClock(
            weekday=local.isoweekday(), time=WallTime.of(local, self.zone), is_winter=is_winter(local, self.zone)
        )

    def set(self, shown: MeterClock, at: datetime) -> None:
        """Set it: from now on it shows this."""
        self.step_to(shown.time.instant(self.zone, winter=shown.is_winter), at)

    def correct(self, shown: time, at: datetime) -> None:
        """Slew it to this time of day. Raises CorrectionTooLargeError, AlreadyCorrectedError."""
        local = self.shown_at(at).astimezone(self.zone)
        wanted = datetime.combine(local.date(), shown, self.zone)
        shift = (wanted - local.replace(microsecond=0) + _DAY / 2) % _DAY - _DAY / 2
        if abs(shift) > CORRECTION_MAX:
            raise CorrectionTooLargeError
        if self._corrected_on == local.date():
            raise AlreadyCorrectedError
        self._corrected_on = local.date()
        self.slew_by(shift, at)


def is_winter(at: datetime, zone: ZoneInfo) -> bool:
    """Whether summer time is not in force at an instant."""
    return not at.astimezone(zone).dst()
