"""The journals of a simulated meter: what its plan says has happened, and what commands add."""

from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v2.journals import (
    PLACES,
    ErrorsFound,
    Journal,
    JournalRecord,
    LoadEvent,
    LoadSwitched,
    Moment,
    Pair,
    Reprogramming,
    record_layout,
)
from kilovatt.wire.simulator.meter import PastEvent

_PAST_CORRECTION = timedelta(seconds=7)
_PAST_PARAMETER = 0x1D
"""What a past reprogramming of no known kind is taken to have written: the tariff schedule."""
_COVER_PLACES = 5
_SPANS = {
    EventKind.POWER_LIMIT_EXCEEDED: Journal.POWER_LIMIT,
    EventKind.MAGNETIC_FIELD: Journal.MAGNETIC_FIELD,
    EventKind.CURRENT_REVERSED: Journal.REVERSED_CURRENT_1,
    EventKind.VOLTAGE_OUT_OF_LIMITS: Journal.VOLTAGE_1_ABOVE_PERMITTED,
}
_FAILURES = {EventKind.POWER_OFF: Journal.POWER, EventKind.PHASE_LOST: Journal.VOLTAGE_1}
_MOMENTS = {
    EventKind.TARIFF_TABLE_CHANGED: Journal.TARIFF_SCHEDULE,
    EventKind.ENERGY_RESET: Journal.ENERGY_RESETS,
    EventKind.PROFILE_RESTARTED: Journal.PROFILE_STARTS,
}
_OPENED = {
    RelayCause.BY_HAND: LoadEvent.OFF_BY_HAND,
    RelayCause.POWER_LIMIT: LoadEvent.OFF_BY_POWER_LIMIT,
    RelayCause.ENERGY_LIMIT: LoadEvent.OFF_BY_ENERGY_LIMIT_1,
    RelayCause.OVERCURRENT: LoadEvent.OFF_BY_CURRENT,
    RelayCause.OVERVOLTAGE: LoadEvent.OFF_BY_VOLTAGE,
    RelayCause.MAGNETIC_FIELD: LoadEvent.OFF_BY_MAGNETIC_FIELD,
    RelayCause.TEMPERATURE: LoadEvent.OFF_BY_TEMPERATURE,
    RelayCause.SEAL: LoadEvent.OFF_BY_SEAL,
    RelayCause.UNBALANCE: LoadEvent.OFF_BY_IMBALANCE,
}
_CLOSED = {RelayCause.BY_HAND: LoadEvent.ON_BY_HAND, RelayCause.AUTOMATIC: LoadEvent.ON_AFTER_POWER_LIMIT}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record, when it was begun, and what it is until it is over."""

    began_at: datetime
    record: JournalRecord
    ended_at: datetime | None = None
    unfinished: JournalRecord | None = None
    second_half: bool = False
    """Whether it belongs to the second half of a ring that is two."""

    def shown(self, now: datetime) -> JournalRecord:
        is_open = self.unfinished is not None and (self.ended_at is None or now < self.ended_at)
        return self.unfinished if is_open and self.unfinished is not None else self.record


class Journals:
    """Rings of ten places, as the meter's clock dated the records."""

    def __init__(
        self, past_events: Sequence[PastEvent], shows: Callable[[datetime], WallTime], *, powered_on_at: datetime
    ) -> None:
        self._shows = shows
        self._entries: dict[Journal, list[_Entry]] = {}
        for event in sorted(past_events, key=lambda event: event.began_at):
            self._note(event)
        for kind, journal in _FAILURES.items():
            failures = sorted((e for e in past_events if e.kind is kind), key=lambda event: event.began_at)
            if failures or journal is Journal.POWER:
                self._note_failures(journal, failures, powered_on_at)

    def ring(self, journal: Journal, now: datetime) -> tuple[JournalRecord, ...]:
        """Return the records by their places; the next one takes the place of the oldest."""
        empty = empty_record(journal)
        entries = [entry for entry in self._entries.get(journal, ()) if entry.began_at <= now]
        if journal is Journal.CASE:
            covers = _placed([e for e in entries if not e.second_half], _COVER_PLACES, empty, now)
            return covers + _placed([e for e in entries if e.second_half], PLACES - _COVER_PLACES, empty, now)
        return _placed(entries, journal.places, empty, now)

    def newest_place(self, journal: Journal, now: datetime) -> int:
        """Return the place of the newest record, 0 where there is none."""
        count = sum(entry.began_at <= now for entry in self._entries.get(journal, ()))
        return (count - 1) % journal.places if count else 0

    def clock_moved(self, before: WallTime, after: WallTime, at: datetime) -> None:
        """Note that the clock was set or corrected."""
        self._add(Journal.CLOCK_CORRECTIONS, _Entry(at, Pair(before, after)))

    def schedule_changed(self, at: datetime) -> None:
        """Note that the tariff schedule was written."""
        self._add(Journal.TARIFF_SCHEDULE, _Entry(at, Moment(self._shows(at))))

    def load_switched(self, code: LoadEvent, at: datetime) -> None:
        """Note that the load was switched."""
        self._add(Journal.LOAD_CONTROL, _Entry(at, LoadSwitched(self._shows(at), frozenset({code}))))

    def reprogrammed(self, parameter: int, at: datetime) -> None:
        """Note that a request wrote a parameter: one record a day."""
        day_on = self._shows(at).day_on
        entries = self._entries.setdefault(Journal.REPROGRAMMING, [])
        newest = entries[-1].record if entries else None
        if isinstance(newest, Reprogramming) and newest.day_on == day_on:
            parameters = newest.parameters | {parameter}
            entries[-1] = replace(
                entries[-1], record=replace(newest, requests=min(newest.requests + 1, 255), parameters=parameters)
            )
        else:
            self._add(Journal.REPROGRAMMING, _Entry(at, _reprogramming(day_on, parameter)))

    def _add(self, journal: Journal, entry: _Entry) -> None:
        insort(self._entries.setdefault(journal, []), entry, key=lambda entry: entry.began_at)

    def _note(self, event: PastEvent) -> None:
        at, kind = event.began_at, event.kind
        if kind in _SPANS:
            self._add(_SPANS[kind], self._span(event))
        elif kind in (EventKind.CASE_OPENED, EventKind.TERMINAL_COVER_OPENED):
            self._add(Journal.CASE, replace(self._span(event), second_half=kind is EventKind.CASE_OPENED))
        elif kind in _MOMENTS:
            self._add(_MOMENTS[kind], _Entry(at, Moment(self._shows(at))))
        elif kind is EventKind.CLOCK_SET:
            self._add(Journal.CLOCK_CORRECTIONS, self._span(replace(event, ended_at=at + _PAST_CORRECTION), at))
        elif kind is EventKind.REPROGRAMMED:
            self._add(Journal.REPROGRAMMING, _Entry(at, _reprogramming(self._shows(at).day_on, _PAST_PARAMETER)))
        elif kind is EventKind.METER_FAULT:
            self._add(Journal.ERRORS, _Entry(at, ErrorsFound(self._shows(at), frozenset({1}))))
        elif kind in (EventKind.RELAY_OPENED, EventKind.RELAY_CLOSED, EventKind.RELAY_PERMITTED):
            self.load_switched(_load_event(event), at)

    def _span(self, event: PastEvent, ended_at: datetime | None = None) -> _Entry:
        began = self._shows(event.began_at)
        ended = None if event.ended_at is None else self._shows(event.ended_at)
        return _Entry(event.began_at, Pair(began, ended), ended_at or event.ended_at, Pair(began, None))

    def _note_failures(self, journal: Journal, failures: Iterable[PastEvent], on_at: datetime) -> None:
        began_at: datetime | None = on_at
        for failure in failures:
            if began_at is None:
                return
            on = self._shows(began_at)
            off = self._shows(failure.began_at)
            self._add(journal, _Entry(began_at, Pair(on, off), failure.began_at, Pair(on, None)))
            began_at = failure.ended_at
        if began_at is not None:
            self._add(journal, _Entry(began_at, Pair(self._shows(began_at), None)))


def empty_record(journal: Journal) -> JournalRecord:
    """Return what an empty place says."""
    layout = record_layout(journal)
    return layout.decode(bytes(layout.size))


def _placed(entries: Sequence[_Entry], places: int, empty: JournalRecord, now: datetime) -> tuple[JournalRecord, ...]:
    ring = [empty] * places
    for number, entry in enumerate(entries):
        ring[number % places] = entry.shown(now)
    return tuple(ring)


def _reprogramming(day_on: date, parameter: int) -> Reprogramming:
    return Reprogramming(day_on=day_on, requests=1, parameters=frozenset({parameter}), physical_bits=0)


def _load_event(event: PastEvent) -> LoadEvent:
    if event.kind is EventKind.RELAY_PERMITTED:
        return LoadEvent.PERMITTED
    cause = event.cause or RelayCause.COMMAND
    if event.kind is EventKind.RELAY_OPENED:
        return _OPENED.get(cause, LoadEvent.OFF_BY_COMMAND)
    return _CLOSED.get(cause, LoadEvent.ON_BY_COMMAND)
