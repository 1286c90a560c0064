"""The rings of a simulated meter: what its plan says has happened, and what commands add."""

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.mercury_v1.answers import Parametrisation, RingRecord
from kilovatt.wire.protocols.mercury_v1.rings import CaseCode, RelayCode, SupplyCode
from kilovatt.wire.simulator.meter import PastEvent

ValueT = TypeVar("ValueT")

_FACTORY_COMMAND = 0x11
"""What a past reprogramming of no known kind is taken to have written: the tariff table."""

_RELAY_CODES = {
    (EventKind.RELAY_OPENED, RelayCause.POWER_LIMIT): RelayCode.OPENED_BY_POWER_LIMIT,
    (EventKind.RELAY_OPENED, RelayCause.ENERGY_LIMIT): RelayCode.OPENED_BY_ENERGY_LIMIT,
    (EventKind.RELAY_OPENED, RelayCause.OVERCURRENT): RelayCode.OPENED_BY_OVERCURRENT,
    (EventKind.RELAY_CLOSED, RelayCause.BY_HAND): RelayCode.CLOSED_BY_BUTTON,
    (EventKind.RELAY_CLOSED, RelayCause.AUTOMATIC): RelayCode.CLOSED_BY_ITSELF,
}
_RELAY_CODES_BY_COMMAND = {
    EventKind.RELAY_OPENED: RelayCode.OPENED_BY_COMMAND,
    EventKind.RELAY_CLOSED: RelayCode.CLOSED_BY_COMMAND,
}


class Ring(Generic[ValueT]):
    """Records in the order of their instants; place 0 is the newest that has happened by now."""

    def __init__(self, records: Sequence[tuple[datetime, ValueT]] = ()) -> None:
        self._records = sorted(records, key=_instant)

    def add(self, at: datetime, record: ValueT) -> None:
        """Add a record."""
        insort(self._records, (at, record), key=_instant)

    def at_place(self, place: int, now: datetime) -> ValueT | None:
        """Return the record at a place, or None where the place is empty."""
        index = bisect_right(self._records, now, key=_instant) - 1 - place
        return self._records[index][1] if index >= 0 else None

    def newest(self, now: datetime, wanted: Callable[[ValueT], bool]) -> ValueT | None:
        """Return the newest record of a kind, or None."""
        happened = self._records[: bisect_right(self._records, now, key=_instant)]
        return next((record for _, record in reversed(happened) if wanted(record)), None)


def _instant(record: tuple[datetime, object]) -> datetime:
    return record[0]


class Journals:
    """The four rings that are kept, as the meter's clock dated the records."""

    def __init__(self, past_events: Sequence[PastEvent], shows: Callable[[datetime], WallTime]) -> None:
        self._shows = shows
        self.supply: Ring[RingRecord] = Ring(
            self._pairs(past_events, EventKind.POWER_OFF, SupplyCode.OFF, SupplyCode.ON)
        )
        self.case: Ring[RingRecord] = Ring(
            self._pairs(past_events, EventKind.CASE_OPENED, CaseCode.OPENED, CaseCode.CLOSED)
        )
        self.relay: Ring[RingRecord] = Ring(
            [
                (event.began_at, RingRecord(code=_relay_code(event), at=shows(event.began_at)))
                for event in past_events
                if event.kind in _RELAY_CODES_BY_COMMAND
            ]
        )
        self.parametrisation: Ring[Parametrisation] = Ring(
            [
                (event.began_at, _parametrisation(_FACTORY_COMMAND, shows(event.began_at)))
                for event in past_events
                if event.kind is EventKind.REPROGRAMMED
            ]
        )

    def reprogrammed(self, at: datetime, command: int) -> None:
        """Note that a command wrote a setting."""
        self.parametrisation.add(at, _parametrisation(command, self._shows(at)))

    def relay_switched(self, at: datetime, code: RelayCode) -> None:
        """Note that the relay opened or closed."""
        self.relay.add(at, RingRecord(code=code, at=self._shows(at)))

    def relay_is_open(self, now: datetime) -> bool:
        """Whether the newest record of the relay says that it opened."""
        newest = self.relay.at_place(0, now)
        return newest is not None and newest.code <= RelayCode.OPENED_BY_COMMAND

    def _pairs(
        self, past_events: Sequence[PastEvent], kind: EventKind, begins: int, ends: int
    ) -> list[tuple[datetime, RingRecord]]:
        records: list[tuple[datetime, RingRecord]] = []
        for event in past_events:
            if event.kind is not kind:
                continue
            records.append((event.began_at, RingRecord(code=begins, at=self._shows(event.began_at))))
            if event.ended_at is not None:
                records.append((event.ended_at, RingRecord(code=ends, at=self._shows(event.ended_at))))
        return records


def _relay_code(event: PastEvent) -> RelayCode:
    if event.cause is not None and (event.kind, event.cause) in _RELAY_CODES:
        return _RELAY_CODES[event.kind, event.cause]
    return _RELAY_CODES_BY_COMMAND[event.kind]


def _parametrisation(command: int, at: WallTime) -> Parametrisation:
    bit = 1 << (command & 0x0F)
    return Parametrisation(
        bits_from_70h=bit if command & 0xF0 == 0x70 else 0,
        bits_from_10h=bit if command & 0xF0 == 0x10 else 0,
        bits_from_00h=bit if command & 0xF0 == 0x00 else 0,
        changed_on=at.day_on,
    )
