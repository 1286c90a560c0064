"""The journals of НЗиФ as events: ten records each, the newest in the last place."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation
from kilovatt.wire.drivers.nzif.talk import Talk, ask_if_there
from kilovatt.wire.protocols.framing.wall_time import WallTime
from kilovatt.wire.protocols.nzif.journals import PLACES, Journal, JournalRecord, Moment, Pair, read_record

_Told: TypeAlias = Callable[[Talk, JournalRecord, int], MeterEvent | None]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a journal keeps, and how its records are told."""

    kind: EventKind
    told: _Told


def journals(talk: Talk, *, since: datetime | None) -> Iterator[Conversation[Learnt]]:
    """Return a conversation for each journal that the model keeps."""
    for journal, kept in _JOURNALS.items():
        if kept.kind in talk.model.journals:
            yield _read(talk, journal, kept.told, since)


def _read(talk: Talk, journal: Journal, told: _Told, since: datetime | None) -> Conversation[Learnt]:
    events: list[MeterEvent] = []
    for place in reversed(range(PLACES)):
        answer = yield from ask_if_there(read_record(journal, place))
        if answer is None:
            break
        event = told(talk, answer.value, answer.exchange)
        if event is not None and since is not None and event.began_at < since:
            break
        if event is not None:
            events.append(event)
    return Learnt(events=tuple(reversed(events)))


def _instant(talk: Talk, time: WallTime) -> datetime:
    return time.instant(talk.meter.zone)


def _span(kind: EventKind) -> _Told:
    """A beginning and an end; the end is missing while the event goes on."""

    def told(talk: Talk, record: JournalRecord, exchange: int) -> MeterEvent | None:
        assert isinstance(record, Pair)
        if record.first is None:
            return None
        ended_at = None if record.second is None else _instant(talk, record.second)
        return MeterEvent(
            kind=kind, began_at=_instant(talk, record.first), ended_at=ended_at, detail="", exchange=exchange
        )

    return told


def _correction(talk: Talk, record: JournalRecord, exchange: int) -> MeterEvent | None:
    assert isinstance(record, Pair)
    if record.first is None or record.second is None:
        return None
    began_at = _instant(talk, record.first)
    shift_s = int((_instant(talk, record.second) - began_at).total_seconds())
    return MeterEvent(
        kind=EventKind.CLOCK_SET, began_at=began_at, ended_at=None, detail=f"shift_s={shift_s}", exchange=exchange
    )


def _tariffs_changed(talk: Talk, record: JournalRecord, exchange: int) -> MeterEvent | None:
    assert isinstance(record, Moment)
    if record.at is None:
        return None
    began_at = _instant(talk, record.at)
    return MeterEvent(
        kind=EventKind.TARIFF_TABLE_CHANGED, began_at=began_at, ended_at=None, detail="", exchange=exchange
    )


_JOURNALS: Mapping[Journal, _Kept] = {
    Journal.POWER: _Kept(EventKind.POWER_OFF, _span(EventKind.POWER_OFF)),
    Journal.CLOCK: _Kept(EventKind.CLOCK_SET, _correction),
    Journal.TARIFFS: _Kept(EventKind.TARIFF_TABLE_CHANGED, _tariffs_changed),
    Journal.TERMINAL_COVER: _Kept(EventKind.TERMINAL_COVER_OPENED, _span(EventKind.TERMINAL_COVER_OPENED)),
    Journal.CASE: _Kept(EventKind.CASE_OPENED, _span(EventKind.CASE_OPENED)),
    Journal.MAGNETIC_FIELD: _Kept(EventKind.MAGNETIC_FIELD, _span(EventKind.MAGNETIC_FIELD)),
}
