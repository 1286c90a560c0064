"""The clock of a simulated meter: ahead of the town's by so much; commands slew it, or step it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kilovatt.wire.protocols.framing.wall_time import WallTime


class Clockwork:
    """A clock in a zone, and how far it was ahead at any time."""

    def __init__(self, zone: ZoneInfo, ahead: timedelta) -> None:
        self.zone = zone
        # From an instant on: how far ahead it was then, and by how much it then moves, taking as long as that is.
        self._moves: list[tuple[datetime, timedelta, timedelta]] = []
        self._at_first = ahead

    @property
    def moves(self) -> int:
        """How often it was moved."""
        return len(self._moves)

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

    def true_midnight(self, day_on: date) -> datetime:
        """Return when it showed the beginning of a day."""
        return self.true_instant(datetime.combine(day_on, time.min, self.zone).astimezone(UTC))

    def is_slewing(self, at: datetime) -> bool:
        """Whether a correction is under way."""
        return any(began_at <= at < began_at + abs(shift) for began_at, _, shift in self._moves)

    def was_moved(self, since: datetime, until: datetime) -> bool:
        """Whether it was set or corrected between two instants."""
        return any(began_at <= until and began_at + abs(shift) >= since for began_at, _, shift in self._moves)

    def step_to(self, shown_at: datetime, at: datetime) -> None:
        """Set it: from now on it shows this."""
        self._moves.append((at, shown_at - at, timedelta(0)))

    def slew_by(self, shift: timedelta, at: datetime) -> None:
        """Move it by so much, taking as long as that is."""
        self._moves.append((at, self.ahead_at(at), shift))
