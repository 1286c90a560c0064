"""The journals of Mercury V2 as events: rings of ten places in no order of time, some empty, some unfinished.

Those of the quality of supply have a hundred places: of them the newest records are read, and no more than ten.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from kilovatt.measure.metering.events import EventKind, MeterEvent, RelayCause
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation, ask
from kilovatt.wire.drivers.mercury_v2.talk import Talk, ask_if_known
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
    ReadJournal,
    ReadNewestRecord,
    ReadWholeJournal,
    Reprogramming,
)

_QUALITY_RECORDS_MAX = 10
"""More than happens between two visits; each is an exchange of its own."""
_COVER_PLACES = 5
"""Where both covers have a seal, the first five places of the case's journal are the terminal cover's."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A record, its place in the ring, and the exchange that carried it."""

    record: JournalRecord
    place: int
    exchange: int


_Events: TypeAlias = Callable[[Talk, Sequence[_Told]], Iterator[MeterEvent]]


def journals(
    talk: Talk, *, since: datetime | None, others: bool = True, quality: bool = True
) -> Iterator[Conversation[Learnt]]:
    """Return a conversation for each journal that the model keeps: those of the quality of supply, and the others."""
    for journal, (kinds, events) in _JOURNALS.items():
        if others and kinds & talk.model.journals:
            yield _read(talk, journal, events, since)
    if quality and EventKind.VOLTAGE_OUT_OF_LIMITS in talk.model.journals:
        for journal, said in _LIMITS.items():
            if said.phase <= talk.model.phases:
                yield _read_quality(talk, journal, said, since)


def _read(talk: Talk, journal: Journal, events: _Events, since: datetime | None) -> Conversation[Learnt]:
    told = yield from _told(talk, journal)
    if journal is Journal.CASE:
        # Which cover a record is of depends on how many seals there are.
        yield from talk.variant()
    return Learnt(events=tuple(event for event in events(talk, told) if since is None or event.began_at >= since))


@dataclass(frozen=True, slots=True)
class _Limit:
    """Of which phase a journal of quality is, and which limit."""

    phase: int
    limit: str


_LIMITS: Mapping[Journal, _Limit] = {
    Journal.VOLTAGE_1_BELOW_PERMITTED: _Limit(1, "low"),
    Journal.VOLTAGE_1_ABOVE_PERMITTED: _Limit(1, "high"),
    Journal.VOLTAGE_2_BELOW_PERMITTED: _Limit(2, "low"),
    Journal.VOLTAGE_2_ABOVE_PERMITTED: _Limit(2, "high"),
    Journal.VOLTAGE_3_BELOW_PERMITTED: _Limit(3, "low"),
    Journal.VOLTAGE_3_ABOVE_PERMITTED: _Limit(3, "high"),
}
"""What is beyond the permitted limits; those of the normal ones are of an older standard, and in no law."""


def _read_quality(talk: Talk, journal: Journal, said: _Limit, since: datetime | None) -> Conversation[Learnt]:
    """Read the newest records back to what is known or was never written."""
    variant = yield from talk.variant()
    if variant is None or not variant.watches_quality:
        return Learnt()
    newest = yield from ask_if_known(ReadNewestRecord(journal))
    if newest is None:
        return Learnt()
    events: list[MeterEvent] = []
    it = _Told(newest.value.record, newest.value.place % journal.places, newest.exchange)
    while True:
        assert isinstance(it.record, Pair)
        if it.record.first is None:
            break
        began_at = _instant(talk, it.record.first)
        if since is not None and began_at < since:
            break
        ended_at = None if it.record.second is None else _instant(talk, it.record.second)
        events.append(
            MeterEvent(
                kind=EventKind.VOLTAGE_OUT_OF_LIMITS,
                began_at=began_at,
                ended_at=ended_at,
                detail=f"phase={said.phase} limit={said.limit}",
                exchange=it.exchange,
                code=f"mercury-v2:{journal:02x}",
            )
        )
        if len(events) == _QUALITY_RECORDS_MAX:
            break
        place = (it.place - 1) % journal.places
        answer = yield from ask(ReadJournal(journal, place))
        it = _Told(answer.value, place, answer.exchange)
    events.reverse()
    return Learnt(events=tuple(events))


def _told(talk: Talk, journal: Journal) -> Conversation[list[_Told]]:
    if (yield from talk.is_newer()):
        whole = yield from ask_if_known(ReadWholeJournal(journal))
        if whole is not None:
            return [_Told(record, place, whole.exchange) for place, record in enumerate(whole.value)]
    told = []
    for place in range(PLACES):
        answer = yield from ask(ReadJournal(journal, place))
        told.append(_Told(answer.value, place, answer.exchange))
    return told


def _instant(talk: Talk, time: WallTime) -> datetime:
    return time.instant(talk.meter.zone)


def _event(kind: EventKind, began_at: datetime, ended_at: datetime | None, detail: str, it: _Told) -> MeterEvent:
    return MeterEvent(kind=kind, began_at=began_at, ended_at=ended_at, detail=detail, exchange=it.exchange)


def _spans(kind: EventKind, detail: str = "") -> _Events:
    """Pairs of beginning and end; the end is missing while the event goes on."""

    def events(talk: Talk, told: Sequence[_Told]) -> Iterator[MeterEvent]:
        for it in told:
            assert isinstance(it.record, Pair)
            began, ended = it.record.first, it.record.second
            if began is not None:
                ended_at = None if ended is None else _instant(talk, ended)
                yield _event(kind, _instant(talk, began), ended_at, detail, it)

    return events


def _failures(kind: EventKind, detail: str = "") -> _Events:
    """Pairs of on and off: a failure lasts from an off to the next on, which stands in another record."""

    def events(talk: Talk, told: Sequence[_Told]) -> Iterator[MeterEvent]:
        pairs = [(it, it.record) for it in told if isinstance(it.record, Pair)]
        returns_at = sorted(_instant(talk, pair.first) for _, pair in pairs if pair.first is not None)
        for it, pair in pairs:
            if pair.second is not None:
                began_at = _instant(talk, pair.second)
                ended_at = next((at for at in returns_at if at >= began_at), None)
                yield _event(kind, began_at, ended_at, detail, it)

    return events


def _corrections(talk: Talk, told: Sequence[_Told]) -> Iterator[MeterEvent]:
    for it in told:
        assert isinstance(it.record, Pair)
        before, after = it.record.first, it.record.second
        if before is not None and after is not None:
            began_at = _instant(talk, before)
            shift_s = int((_instant(talk, after) - began_at).total_seconds())
            yield _event(EventKind.CLOCK_SET, began_at, None, f"shift_s={shift_s}", it)


def _covers(talk: Talk, told: Sequence[_Told]) -> Iterator[MeterEvent]:
    variant = talk.known_variant
    has_cover = variant is not None and variant.has_cover_seal
    has_case = variant is None or variant.has_case_seal
    terminals = [it for it in told if has_cover and (not has_case or it.place < _COVER_PLACES)]
    yield from _spans(EventKind.TERMINAL_COVER_OPENED)(talk, terminals)
    yield from _spans(EventKind.CASE_OPENED)(talk, [it for it in told if it not in terminals])


def _moments(kind: EventKind) -> _Events:
    def events(talk: Talk, told: Sequence[_Told]) -> Iterator[MeterEvent]:
        for it in told:
            assert isinstance(it.record, Moment)
            if it.record.at is not None:
                yield _event(kind, _instant(talk, it.record.at), None, "", it)

    return events


def _reprogrammings(talk: Talk, told: Sequence[_Told]) -> Iterator[MeterEvent]:
    for it in told:
        assert isinstance(it.record, Reprogramming)
        if it.record.day_on is not None:
            commands = ",".join(f"{parameter:02x}" for parameter in sorted(it.record.parameters))
            detail = f"requests={it.record.requests}" + (f" commands={commands}" if commands else "")
            yield _event(EventKind.REPROGRAMMED, talk.midnight(it.record.day_on), None, detail, it)


def _faults(talk: Talk, told: Sequence[_Told]) -> Iterator[MeterEvent]:
    for it in told:
        assert isinstance(it.record, ErrorsFound)
        if it.record.at is not None and it.record.errors:
            errors = ",".join(str(error) for error in sorted(it.record.errors))
            yield _event(EventKind.METER_FAULT, _instant(talk, it.record.at), None, f"errors={errors}", it)


_OPENED: Mapping[int, RelayCause] = {
    LoadEvent.OFF_BY_COMMAND: RelayCause.COMMAND,
    LoadEvent.OFF_BY_HAND: RelayCause.BY_HAND,
    LoadEvent.OFF_BY_POWER_LIMIT: RelayCause.POWER_LIMIT,
    LoadEvent.OFF_BY_CURRENT: RelayCause.OVERCURRENT,
    LoadEvent.OFF_BY_VOLTAGE: RelayCause.OVERVOLTAGE,
    LoadEvent.OFF_BY_MAGNETIC_FIELD: RelayCause.MAGNETIC_FIELD,
    LoadEvent.OFF_BY_IMBALANCE: RelayCause.UNBALANCE,
    LoadEvent.OFF_BY_TEMPERATURE: RelayCause.TEMPERATURE,
    LoadEvent.OFF_BY_SEAL: RelayCause.SEAL,
    LoadEvent.OFF_BY_ENERGY_LIMIT_1: RelayCause.ENERGY_LIMIT,
    LoadEvent.OFF_BY_ENERGY_LIMIT_2: RelayCause.ENERGY_LIMIT,
    LoadEvent.OFF_BY_ENERGY_LIMIT_3: RelayCause.ENERGY_LIMIT,
    LoadEvent.OFF_BY_ENERGY_LIMIT_4: RelayCause.ENERGY_LIMIT,
}
_CLOSED: Mapping[int, RelayCause] = {
    LoadEvent.ON_BY_COMMAND: RelayCause.COMMAND,
    LoadEvent.ON_BY_HAND: RelayCause.BY_HAND,
    LoadEvent.ON_AFTER_POWER_LIMIT: RelayCause.AUTOMATIC,
    LoadEvent.ON_AFTER_CURRENT: RelayCause.AUTOMATIC,
    LoadEvent.ON_AFTER_VOLTAGE: RelayCause.AUTOMATIC,
    LoadEvent.ON_AFTER_IMBALANCE: RelayCause.AUTOMATIC,
    LoadEvent.ON_AFTER_TEMPERATURE: RelayCause.AUTOMATIC,
}
_PERMITTED: Mapping[int, RelayCause] = {LoadEvent.PERMITTED: RelayCause.COMMAND}
_RELAY = (
    (EventKind.RELAY_OPENED, _OPENED),
    (EventKind.RELAY_CLOSED, _CLOSED),
    (EventKind.RELAY_PERMITTED, _PERMITTED),
)


def _switchings(talk: Talk, told: Sequence[_Told]) -> Iterator[MeterEvent]:
    for it in told:
        assert isinstance(it.record, LoadSwitched)
        if it.record.at is None:
            continue
        for kind, causes in _RELAY:
            named = {causes[code] for code in it.record.codes if code in causes}
            for cause in sorted(named):
                yield _event(kind, _instant(talk, it.record.at), None, f"cause={cause}", it)


def _for(kind: EventKind, events: _Events) -> tuple[frozenset[EventKind], _Events]:
    return frozenset({kind}), events


_Entry: TypeAlias = tuple[frozenset[EventKind], _Events]


def _per_phase(
    first: Journal, kind: EventKind, events: Callable[[EventKind, str], _Events]
) -> Mapping[Journal, _Entry]:
    return {Journal(first + phase - 1): _for(kind, events(kind, f"phase={phase}")) for phase in (1, 2, 3)}


_JOURNALS: Mapping[Journal, _Entry] = {
    Journal.POWER: _for(EventKind.POWER_OFF, _failures(EventKind.POWER_OFF)),
    Journal.CLOCK_CORRECTIONS: _for(EventKind.CLOCK_SET, _corrections),
    **_per_phase(Journal.VOLTAGE_1, EventKind.PHASE_LOST, _failures),
    Journal.POWER_LIMIT: _for(EventKind.POWER_LIMIT_EXCEEDED, _spans(EventKind.POWER_LIMIT_EXCEEDED)),
    Journal.TARIFF_SCHEDULE: _for(EventKind.TARIFF_TABLE_CHANGED, _moments(EventKind.TARIFF_TABLE_CHANGED)),
    Journal.ENERGY_RESETS: _for(EventKind.ENERGY_RESET, _moments(EventKind.ENERGY_RESET)),
    Journal.PROFILE_STARTS: _for(EventKind.PROFILE_RESTARTED, _moments(EventKind.PROFILE_RESTARTED)),
    Journal.CASE: (frozenset({EventKind.CASE_OPENED, EventKind.TERMINAL_COVER_OPENED}), _covers),
    Journal.REPROGRAMMING: _for(EventKind.REPROGRAMMED, _reprogrammings),
    Journal.ERRORS: _for(EventKind.METER_FAULT, _faults),
    Journal.MAGNETIC_FIELD: _for(EventKind.MAGNETIC_FIELD, _spans(EventKind.MAGNETIC_FIELD)),
    **_per_phase(Journal.REVERSED_CURRENT_1, EventKind.CURRENT_REVERSED, _spans),
    Journal.LOAD_CONTROL: (
        frozenset({EventKind.RELAY_OPENED, EventKind.RELAY_CLOSED, EventKind.RELAY_PERMITTED}),
        _switchings,
    ),
}
