"""The journals of a simulated СПОДЭС meter: codes with instants (ГОСТ Р 58940-2020, tables Д.1 to Д.9).

Written from the standard by itself: the driver's tables are judged by it.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from operator import attrgetter

from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.wire.simulator.meter import PastEvent
from kilovatt.wire.simulator.spodes.profiles import Row


class Journal(IntEnum):
    """Journals by the last group but one of 0.0.99.98.x.255."""

    VOLTAGE = 0
    CURRENT = 1
    SWITCHING = 2
    PROGRAMMING = 3
    EXTERNAL_INFLUENCE = 4
    COMMUNICATION = 5
    ACCESS = 6
    SELF_DIAGNOSTICS = 7
    REACTIVE_FACTOR = 8
    QUALITY = 9


DEPTHS = {
    Journal.VOLTAGE: 1024,
    Journal.CURRENT: 256,
    Journal.SWITCHING: 256,
    Journal.PROGRAMMING: 1024,
    Journal.EXTERNAL_INFLUENCE: 256,
    Journal.COMMUNICATION: 128,
    Journal.ACCESS: 128,
    Journal.SELF_DIAGNOSTICS: 256,
    Journal.REACTIVE_FACTOR: 256,
    Journal.QUALITY: 512,
}
"""How many entries each keeps."""

CLOCK_SET, CLOCK_CORRECTED, POWER_LIMIT_SET, POWER_DELAY_SET = 3, 68, 19, 20
SEASONS_SET, WEEKS_SET, DAYS_SET, ACTIVATION_SET, TABLE_ACTIVATED = 5, 6, 7, 8, 9
READER_PASSWORD_SET, CONFIGURATOR_PASSWORD_SET, RELAY_MODE_SET = 13, 14, 50
UNICAST_KEY_SET, AUTHENTICATION_KEY_SET, MASTER_KEY_SET = 55, 57, 58
REMOTE_OFF, REMOTE_ON, PERMITTED, ON_BY_HAND, OFF_BY_HAND, OFF_BY_POWER, ON_AFTER_POWER = 3, 4, 5, 7, 6, 8, 20
COMMUNICATION_CLOSED, COMMUNICATION_OPENED = 1, 2
UNAUTHORISED, PROTOCOL_VIOLATED = 1, 2
VOLTAGE_HIGH, ALL_WITHIN = 0x08, 0

_OFF_BY = {
    RelayCause.POWER_LIMIT: OFF_BY_POWER,
    RelayCause.OVERCURRENT: 9,
    RelayCause.MAGNETIC_FIELD: 10,
    RelayCause.OVERVOLTAGE: 11,
    RelayCause.CURRENT_WITHOUT_VOLTAGE: 13,
    RelayCause.UNBALANCE: 14,
    RelayCause.TEMPERATURE: 15,
    RelayCause.SEAL: 18,
    RelayCause.ENERGY_LIMIT: 19,
}
_CODES: dict[EventKind, tuple[Journal, int, int | None]] = {
    EventKind.POWER_OFF: (Journal.SWITCHING, 1, 2),
    EventKind.CLOCK_SET: (Journal.PROGRAMMING, CLOCK_SET, None),
    EventKind.TERMINAL_COVER_OPENED: (Journal.EXTERNAL_INFLUENCE, 3, None),
    EventKind.CASE_OPENED: (Journal.EXTERNAL_INFLUENCE, 4, None),
    EventKind.MAGNETIC_FIELD: (Journal.EXTERNAL_INFLUENCE, 1, 2),
    EventKind.REPROGRAMMED: (Journal.PROGRAMMING, READER_PASSWORD_SET, None),
    EventKind.TARIFF_TABLE_CHANGED: (Journal.PROGRAMMING, 7, None),
    EventKind.RELAY_OPENED: (Journal.SWITCHING, REMOTE_OFF, None),
    EventKind.RELAY_CLOSED: (Journal.SWITCHING, REMOTE_ON, None),
    EventKind.RELAY_PERMITTED: (Journal.SWITCHING, PERMITTED, None),
    EventKind.PHASE_LOST: (Journal.VOLTAGE, 1, 2),
    EventKind.CURRENT_REVERSED: (Journal.CURRENT, 1, 2),
    EventKind.VOLTAGE_OUT_OF_LIMITS: (Journal.VOLTAGE, 7, 8),
    EventKind.METER_FAULT: (Journal.SELF_DIAGNOSTICS, 11, None),
}


class Journals:
    """What has happened to one meter, and what commands add."""

    def __init__(self, past_events: Sequence[PastEvent]) -> None:
        self._entries: dict[Journal, list[Row]] = {journal: [] for journal in Journal}
        for event in past_events:
            if event.kind not in _CODES:
                continue
            journal, began, ended = _CODES[event.kind]
            if event.kind is EventKind.RELAY_OPENED and event.cause in _OFF_BY:
                began = _OFF_BY[event.cause]
            self._note_span(event, journal, began, ended)
            if event.kind is EventKind.VOLTAGE_OUT_OF_LIMITS:
                self._note_span(event, Journal.QUALITY, VOLTAGE_HIGH, ALL_WITHIN)

    def _note_span(self, event: PastEvent, journal: Journal, began: int, ended: int | None) -> None:
        self.note(journal, began, event.began_at)
        if ended is not None and event.ended_at is not None:
            self.note(journal, ended, event.ended_at)

    def note(self, journal: Journal, code: int, at: datetime) -> None:
        """Write an entry; the oldest gives way where a journal is full."""
        entries = self._entries[journal]
        entries.append(Row(at, code))
        # Those of one second stay as they came.
        entries.sort(key=attrgetter("at"))
        del entries[: -DEPTHS[journal]]

    def entries(self, journal: Journal, now: datetime) -> list[Row]:
        """Return what a journal holds, the oldest first."""
        return [entry for entry in self._entries[journal] if entry.at <= now]
