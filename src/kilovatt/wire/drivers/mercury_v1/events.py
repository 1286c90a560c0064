"""The journals of Mercury V1: rings of single records, walked from the newest, told as events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from kilovatt.measure.metering.events import EventKind, MeterEvent, RelayCause
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation, MeterAddress, ask
from kilovatt.wire.protocols.mercury_v1.requests import RING_PLACES
from kilovatt.wire.protocols.mercury_v1.rings import (
    CaseCode,
    ReadCaseRing,
    ReadParametrisationRing,
    ReadRelayRing,
    ReadSupplyRing,
    RelayCode,
    SupplyCode,
)

_DAY = timedelta(days=1)
_RELAY_EVENTS = {
    RelayCode.OPENED_BY_POWER_LIMIT: (EventKind.RELAY_OPENED, RelayCause.POWER_LIMIT),
    RelayCode.OPENED_BY_ENERGY_LIMIT: (EventKind.RELAY_OPENED, RelayCause.ENERGY_LIMIT),
    RelayCode.OPENED_BY_OVERCURRENT: (EventKind.RELAY_OPENED, RelayCause.OVERCURRENT),
    RelayCode.OPENED_BY_COMMAND: (EventKind.RELAY_OPENED, RelayCause.COMMAND),
    RelayCode.CLOSED_BY_BUTTON: (EventKind.RELAY_CLOSED, RelayCause.BY_HAND),
    RelayCode.CLOSED_BY_COMMAND: (EventKind.RELAY_CLOSED, RelayCause.COMMAND),
    RelayCode.CLOSED_BY_ITSELF: (EventKind.RELAY_CLOSED, RelayCause.AUTOMATIC),
}


@dataclass(frozen=True, slots=True)
class _Record:
    code: int
    at: datetime
    exchange: int


def journals(meter: MeterAddress, *, since: datetime | None) -> Iterator[Conversation[Learnt]]:
    """Return a conversation for each journal that the model keeps."""
    kept = meter.model.journals
    if EventKind.POWER_OFF in kept:
        yield _pairs(meter, since, ReadSupplyRing, EventKind.POWER_OFF, begins=SupplyCode.OFF, ends=SupplyCode.ON)
    if EventKind.CASE_OPENED in kept:
        yield _pairs(meter, since, ReadCaseRing, EventKind.CASE_OPENED, begins=CaseCode.OPENED, ends=CaseCode.CLOSED)
    if EventKind.REPROGRAMMED in kept:
        yield _reprogrammings(meter, since)
    if EventKind.RELAY_OPENED in kept:
        yield _relay(meter, since)


def _pairs(
    meter: MeterAddress,
    since: datetime | None,
    ring: type[ReadSupplyRing] | type[ReadCaseRing],
    kind: EventKind,
    *,
    begins: int,
    ends: int,
) -> Conversation[Learnt]:
    records = yield from _walk(meter, since, ring)
    events: list[MeterEvent] = []
    begun: _Record | None = None
    for record in reversed(records):
        if record.code == begins:
            if begun is not None:
                events.append(_event(kind, begun))
            begun = record
        elif record.code == ends and begun is not None:
            events.append(_event(kind, begun, ended_at=record.at))
            begun = None
    if begun is not None:
        events.append(_event(kind, begun))
    return Learnt(events=tuple(events))


def _relay(meter: MeterAddress, since: datetime | None) -> Conversation[Learnt]:
    records = yield from _walk(meter, since, ReadRelayRing)
    events: list[MeterEvent] = []
    for record in reversed(records):
        # A code the maker's text does not have says neither opened nor closed.
        if record.code in _RELAY_EVENTS:
            kind, cause = _RELAY_EVENTS[RelayCode(record.code)]
            events.append(_event(kind, record, detail=f"cause={cause}"))
    return Learnt(events=tuple(events))


def _reprogrammings(meter: MeterAddress, since: datetime | None) -> Conversation[Learnt]:
    """Read which settings were written. The journal keeps days, not hours: an event stands at its midnight."""
    events: list[MeterEvent] = []
    for place in range(RING_PLACES):
        answer = yield from ask(ReadParametrisationRing(place))
        changed_on = answer.value.changed_on
        if changed_on is None:
            break
        at = datetime.combine(changed_on, time.min, meter.zone).astimezone(UTC)
        commands = ",".join(f"{code:02x}" for code in answer.value.commands)
        record = _Record(code=0, at=at, exchange=answer.exchange)
        events.append(_event(EventKind.REPROGRAMMED, record, detail=f"commands={commands}"))
        if since is not None and at < since - _DAY:
            break
    return Learnt(events=tuple(reversed(events)))


def _walk(
    meter: MeterAddress,
    since: datetime | None,
    ring: type[ReadSupplyRing] | type[ReadCaseRing] | type[ReadRelayRing],
) -> Conversation[list[_Record]]:
    """Return the records, the newest first, up to an empty place or the first that is older than wanted."""
    records: list[_Record] = []
    for place in range(RING_PLACES):
        answer = yield from ask(ring(place))
        if answer.value.at is None:
            break
        at = answer.value.at.instant(meter.zone)
        records.append(_Record(code=answer.value.code, at=at, exchange=answer.exchange))
        if since is not None and at < since:
            break
    return records


def _event(kind: EventKind, begun: _Record, *, ended_at: datetime | None = None, detail: str = "") -> MeterEvent:
    return MeterEvent(kind=kind, began_at=begun.at, ended_at=ended_at, detail=detail, exchange=begun.exchange)
