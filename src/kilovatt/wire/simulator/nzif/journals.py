"""The journals of a simulated meter: what its plan says has happened, the newest in the last place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kilovatt.measure.metering.events import EventKind
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif.journals import PLACES, Journal, JournalRecord, Moment, Pair
from kilovatt.wire.simulator.meter import PastEvent

_PAST_CORRECTION = timedelta(seconds=7)
JOURNAL_OF = {
    EventKind.POWER_OFF: Journal.POWER,
    EventKind.CLOCK_SET: Journal.CLOCK,
    EventKind.TARIFF_TABLE_CHANGED: Journal.TARIFFS,
    EventKind.TERMINAL_COVER_OPENED: Journal.TERMINAL_COVER,
    EventKind.CASE_OPENED: Journal.CASE,
    EventKind.MAGNETIC_FIELD: Journal.MAGNETIC_FIELD,
}


@dataclass(frozen=True, slots=True)
class Journals:
    """Rings of ten places, as the meter's clock dated the records."""

    past_events: Sequence[PastEvent]
    shows: Callable[[datetime], WallTime]

    def record(self, journal: Journal, place: int, now: datetime) -> JournalRecord:
        """Return the record at a place: 9 is the newest."""
        events = [e for e in self.past_events if JOURNAL_OF.get(e.kind) is journal and e.began_at <= now]
        events.sort(key=lambda event: event.began_at)
        back = PLACES - place
        if back > len(events):
            return Moment(None) if journal is Journal.TARIFFS else Pair(None, None)
        return self._told(journal, events[-back], now)

    def _told(self, journal: Journal, event: PastEvent, now: datetime) -> JournalRecord:
        began = self.shows(event.began_at)
        if journal is Journal.TARIFFS:
            return Moment(began)
        if journal is Journal.CLOCK:
            return Pair(began, self.shows(event.began_at + _PAST_CORRECTION))
        is_over = event.ended_at is not None and event.ended_at <= now
        return Pair(began, self.shows(event.ended_at) if is_over and event.ended_at is not None else None)
