"""The clock of a simulated meter: ahead of the town's by so much; corrections slew it, setting steps it."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2.meter_clock import MeterClock

CORRECTION_MAX = timedelta(minutes=4)
_DAY = timedelta(days=1)


class CorrectionTooLargeError(Exception):
    """A correction of more than four minutes."""


class AlreadyCorrectedError(Exception):
    """A second correction within a day."""


class Clockwork:
    """A clock in a zone, and how far it was ahead at any time."""

    def __init__(self, zone: ZoneInfo, ahead: timedelta) -> None:
        self.zone = zone
        # From an instant on: how far ahead it was then, and by how much it then moves, taking as long as that is.
        self._moves: list[tuple[datetime, timedelta, timedelta]] = []
        self._at_first = ahead
        self._corrected_on: date | None = None

    def ahead_at(self, at: datetime) -> timedelta:
        """Return how far it was ahead at an instant."""
        ahead = self._at_first
        for began_at, before, shift in self._moves:
            if began_at > at:
                break
            gone = min(abs(shift), at - began_at)
            ahead = before + (gone if shift > timedelta(0) else -gone)
        return ahead

    def shown_at(self, at: datetime) -> datetime:
        """Return what it shows at an instant, as an instant."""
        return at + self.ahead_at(at)

    def shows(self, at: datetime) -> WallTime:
        """Return what it shows at an instant, as local time."""
        return WallTime.of(self.shown_at(at), self.zone)

    def shows_whole(self, at: datetime) -> MeterClock:
        """Return what it shows at an instant, with weekday and season."""
        local = self.shown_at(at).astimezone(self.zone)
        return MeterClock(
            weekday=local.isoweekday(), time=WallTime.of(local, self.zone), is_winter=is_winter(local, self.zone)
        )

    def today(self, at: datetime) -> date:
        """Return the local day it shows at an instant."""
        return self.shown_at(at).astimezone(self.zone).date()

    def true_instant(self, shown_at: datetime) -> datetime:
        """Return when it showed an instant: when the meter did what it does by its clock.

        What it showed twice is the later time; what it skipped is the moment when it skipped it.
        """
        latest: datetime | None = None
        for began_at, before, shift in reversed(self._moves):
            beyond = shown_at - (began_at + before)
            if beyond >= timedelta(0):
                # While it is put on, it runs twice as fast; while it is put back, it stands.
                is_within = timedelta(0) < shift and beyond < 2 * shift
                at = began_at + beyond / 2 if is_within else shown_at - before - shift
                return at if latest is None else min(at, latest)
            latest = began_at
        at = shown_at - self._at_first
        return at if latest is None else min(at, latest)

    def is_slewing(self, at: datetime) -> bool:
        """Whether a correction is under way."""
        return any(began_at <= at < began_at + abs(shift) for began_at, _, shift in self._moves)

    def was_moved(self, since: datetime, until: datetime) -> bool:
        """Whether it was set or corrected between two instants."""
        return any(began_at <= until and began_at + abs(shift) >= since for began_at, _, shift in self._moves)

    def set(self, shown: MeterClock, at: datetime) -> None:
        """Set it: from now on it shows this."""
        ahead = shown.time.instant(self.zone, winter=shown.is_winter) - at
        self._moves.append((at, ahead, timedelta(0)))

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
        self._moves.append((at, self.ahead_at(at), shift))


def is_winter(at: datetime, zone: ZoneInfo) -> bool:
    """Whether summer time is not in force at an instant."""
    return not at.astimezone(zone).dst()
