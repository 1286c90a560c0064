"""The journals of СПОДЭС meters as events (ГОСТ Р 58940-2020, tables Д.1 to Д.9).

What began and what ended it make one event. A code that no table has is told as well, by its number. The journal of
power quality has words of bits instead: what a bit says began with the first word that has it, and ended with the next
that does not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.measure.metering.spodes.event_code import EventCode, Journal, code_key
from kilovatt.measure.metering.spodes.vocabulary import EVENT_CODES, JOURNAL_OBIS, QUALITY_CODES
from kilovatt.wire.drivers.conversation import Conversation
from kilovatt.wire.drivers.cosem.profile import Buffer, read_buffer
from kilovatt.wire.drivers.cosem.talk import Talk
from kilovatt.wire.protocols.dlms.obis import Obis

_YEARS_BACK = timedelta(days=366 * 3)
_CODE = (96, 11)
_QUALITY_WORD = bytes((0, 0, 96, 5, 4, 255))
_QUALITY_KEPT_MIN = 500
"""A journal of quality with so many rows may be full: what its first word says may have begun before."""
_CHANNEL, _CLIENT = bytes((0, 0, 96, 12, 4, 255)), bytes((0, 0, 96, 12, 6, 255))
_READ = tuple(journal for journal in Journal if journal is not Journal.COMMUNICATION)
"""Of communication a meter notes little but the sessions in which we read it."""


@dataclass(frozen=True, slots=True)
class _Entry:
    at: datetime
    number: int
    extra: str

    def event(self, journal: Journal, ended_at: datetime | None, exchange: int) -> MeterEvent:
        known = EVENT_CODES.get((journal, self.number))
        cause = f"cause={known.cause.value}" if known is not None and known.cause is not None else ""
        return MeterEvent(
            kind=_kind(journal, known),
            began_at=self.at,
            ended_at=ended_at,
            detail=" ".join(word for word in (cause, self.extra) if word),
            exchange=exchange,
            code=code_key(journal, self.number),
        )


def journals(
    talk: Talk, *, since: datetime | None, others: bool = True, quality: bool = True
) -> Iterator[Conversation[Learnt]]:
    """Return a conversation for each journal; a meter that lacks one has nothing to tell of it."""
    return (_read(talk, journal, since) for journal in _READ if (quality if journal is Journal.QUALITY else others))


def _read(talk: Talk, journal: Journal, since: datetime | None) -> Conversation[Learnt]:
    if talk.clock_reading is None:
        yield from talk.clock()
    assert talk.clock_reading is not None
    now = talk.clock_reading.taken_at
    buffer = yield from read_buffer(
        talk,
        Obis.parse(JOURNAL_OBIS[journal]),
        since=since or now - _YEARS_BACK,
        until=now + timedelta(days=1),
        with_scalers=False,
        is_journal=True,
    )
    if buffer is None:
        return Learnt()
    return Learnt(events=events_of(journal, buffer))


def events_of(journal: Journal, buffer: Buffer) -> tuple[MeterEvent, ...]:
    """Return the events that the rows of a journal tell, what began and what ended it as one."""
    if journal is Journal.QUALITY:
        return _quality_events(buffer)
    return _events(journal, _entries(buffer), buffer.answer.exchange)


def _quality_events(buffer: Buffer) -> tuple[MeterEvent, ...]:
    words = next((column.values for column in buffer.columns if bytes(column.obis) == _QUALITY_WORD), [])
    entries = [_Entry(at, int(word), "") for at, word in zip(buffer.stamps, words, strict=False) if _whole(word)]
    entries.sort(key=lambda entry: entry.at)
    began: dict[int, datetime] = {}
    unknown = entries[0].number if len(entries) >= _QUALITY_KEPT_MIN else 0
    spans: list[tuple[int, datetime, datetime | None]] = []
    for entry in entries:
        unknown &= entry.number
        for bit in QUALITY_CODES:
            if not entry.number & bit:
                if bit in began:
                    spans.append((bit, began.pop(bit), entry.at))
            elif not unknown & bit:
                began.setdefault(bit, entry.at)
    spans += [(bit, at, None) for bit, at in began.items()]
    return tuple(
        MeterEvent(
            kind=QUALITY_CODES[bit].kind,
            began_at=began_at,
            ended_at=ended_at,
            detail="",
            exchange=buffer.answer.exchange,
            code=QUALITY_CODES[bit].key,
        )
        for bit, began_at, ended_at in sorted(spans, key=lambda span: (span[1], span[0]))
    )


def _entries(buffer: Buffer) -> list[_Entry]:
    codes = next((column.values for column in buffer.columns if tuple(column.obis[2:4]) == _CODE), [])
    extras = [(name, column.values) for column in buffer.columns if (name := _extra_name(bytes(column.obis)))]
    return [
        _Entry(at, int(code), " ".join(f"{name}={int(values[row])}" for name, values in extras if _whole(values[row])))
        for row, (at, code) in enumerate(zip(buffer.stamps, codes, strict=False))
        if _whole(code)
    ]


def _extra_name(obis: bytes) -> str:
    return {_CHANNEL: "channel", _CLIENT: "client"}.get(obis, "")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _events(journal: Journal, entries: Sequence[_Entry], exchange: int) -> tuple[MeterEvent, ...]:
    """Return the events of entries in the order of time, each end with its beginning.

    A beginning that repeats before any end has an end that nobody knows; an end whose beginning the journal no longer
    holds is told by itself.
    """
    events: list[MeterEvent] = []
    ends: dict[int, _Entry] = {}
    for entry in reversed(entries):
        known = EVENT_CODES.get((journal, entry.number))
        if known is not None and known.ends is not None:
            unclaimed = ends.get(known.ends)
            ends[known.ends] = entry
            events += [unclaimed.event(journal, None, exchange)] if unclaimed is not None else []
            continue
        ended = ends.pop(entry.number, None)
        events.append(entry.event(journal, None if ended is None else ended.at, exchange))
    events += [entry.event(journal, None, exchange) for entry in ends.values()]
    # Found from the end on; those of one second stay as they came.
    events.reverse()
    return tuple(sorted(events, key=lambda event: event.began_at))


def _kind(journal: Journal, known: EventCode | None) -> EventKind:
    if known is None:
        return EventKind.REPROGRAMMED if journal is Journal.PROGRAMMING else EventKind.OTHER
    return EventKind.OTHER if known.ends is not None else known.kind
