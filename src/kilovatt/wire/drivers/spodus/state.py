"""What a concentrator tells of the meters behind it: its list, direct channels and statuses, what they told it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from kilovatt.measure.metering.concentrators import ConcentratorState, EventBehind, MeterBehind
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.meter_days import NO_EXCHANGE
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.measure.metering.spodes.event_code import Journal, code_key
from kilovatt.measure.metering.spodes.vocabulary import EVENT_CODES
from kilovatt.wire.drivers.conversation import Answer, Conversation, ask, ask_or_refusal
from kilovatt.wire.drivers.cosem.talk import DATA, PROFILE, VALUE, Talk
from kilovatt.wire.drivers.cosem.texts import text_of
from kilovatt.wire.drivers.spodus import tables
from kilovatt.wire.protocols.dlms.apdu.access import Descriptor, Selection
from kilovatt.wire.protocols.dlms.association.requests import GetAttribute
from kilovatt.wire.protocols.dlms.obis import Obis
from kilovatt.wire.protocols.dlms.objects.captured import decode_capture_objects
from kilovatt.wire.protocols.dlms.objects.selecting import EntrySelection
from kilovatt.wire.protocols.framing.connection import Refusal

_SAP_ASSIGNMENT = 17
_COLUMNS, _IN_USE = 3, 7
ENTRIES_MAX = 1000
"""Of a journal so many entries are read, the latest."""
_JOURNALS = {journal.value: journal for journal in Journal}
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_Row: TypeAlias = Mapping[Obis, Any]


@dataclass(slots=True)
class _Gathered:
    """What has been read by now, and by which exchanges."""

    talk: Talk
    exchanges: set[int] = field(default_factory=set)
    latest: int = NO_EXCHANGE

    def told(self, class_id: int, obis: Obis, attribute: int = VALUE) -> Conversation[Any]:
        """Return an attribute, None where the concentrator does not have it."""
        answer = yield from self.talk.value_of(class_id, obis, attribute)
        if answer is None:
            return None
        self._carried_by(answer)
        return answer.value

    def _carried_by(self, answer: Answer[Any]) -> None:
        self.latest = answer.exchange
        self.exchanges.add(answer.exchange)

    def table(self, obis: Obis) -> Conversation[list[_Row]]:
        """Return the rows of a table, none where the concentrator does not have it."""
        columns = yield from self.told(PROFILE, obis, _COLUMNS)
        if columns is None:
            return []
        rows = yield from self.told(PROFILE, obis)
        return list(tables.decode_table(rows, decode_capture_objects(columns)))

    def newest(self, obis: Obis) -> Conversation[list[_Row]]:
        """Return the latest rows of a journal, none where the concentrator does not keep it."""
        columns = yield from self.told(PROFILE, obis, _COLUMNS)
        if columns is None:
            return []
        in_use = yield from self.told(PROFILE, obis, _IN_USE)
        total = int(in_use) if isinstance(in_use, int) else 0
        if total <= ENTRIES_MAX:
            rows = yield from self.told(PROFILE, obis)
        else:
            rows = yield from self._latest(obis, total)
        return list(tables.decode_table(rows, decode_capture_objects(columns)))

    def _latest(self, obis: Obis, total: int) -> Conversation[Any]:
        latest = EntrySelection(first=total - ENTRIES_MAX + 1)
        buffer = Descriptor(PROFILE, obis, VALUE)
        answer = yield from ask_or_refusal(GetAttribute(buffer, Selection(latest.SELECTOR, latest.encode())))
        if isinstance(answer.value, Refusal):
            # It knows no selection: then everything.
            answer = yield from ask(GetAttribute(buffer))
        self._carried_by(answer)
        return answer.value


def read_state(talk: Talk) -> Conversation[Learnt]:
    """Read what a concentrator tells of its meters; what it does not have is left open.

    Raises MeterRefusedError where it has a table and cannot tell it, MalformedError for a table of another shape.
    """
    gathered = _Gathered(talk)
    encoding = talk.dialect.text_encoding
    devices = yield from gathered.told(_SAP_ASSIGNMENT, tables.SAP_LIST)
    listed = yield from gathered.told(DATA, tables.METERS)
    direct = yield from gathered.told(DATA, tables.DIRECT_CHANNELS)
    interfaces = yield from gathered.table(tables.INTERFACES)
    statuses = yield from gathered.table(tables.STATUSES)
    tasks = yield from gathered.newest(tables.EXCHANGES)
    events = yield from gathered.newest(tables.EVENTS)
    told_by = gathered.latest
    delta = yield from gathered.told(DATA, tables.TIME_DELTA)
    names = _Names(
        listed={one.name: one for one in tables.decode_meters(listed, encoding)},
        direct=list(tables.decode_direct_channels(direct)),
        interfaces=dict(_interfaces(interfaces, encoding)),
        statuses=_by_name(statuses),
        tasks=_by_name(sorted(tasks, key=lambda row: _started(row, talk))),
    )
    state = ConcentratorState(
        meters=tuple(_meter(talk, names, name) for name in names.in_order()),
        events=tuple(_events(talk, events, told_by)),
        devices=tuple(tables.decode_devices(devices, encoding)),
        time_delta_s=int(delta) if isinstance(delta, int) and not isinstance(delta, bool) else None,
        exchanges=frozenset(gathered.exchanges),
    )
    return Learnt(concentrator=state)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """The tables by the names of meters; of tasks the latest of each meter."""

    listed: dict[bytes, tables.ListedMeter]
    direct: list[tables.DirectChannel]
    interfaces: dict[int, str]
    statuses: dict[bytes, _Row]
    tasks: dict[bytes, _Row]

    def in_order(self) -> Iterable[bytes]:
        """Return the names, those of the list first; a table that names one more is believed."""
        return dict.fromkeys([*self.listed, *(one.name for one in self.direct), *self.statuses])


def _by_name(rows: Iterable[_Row]) -> dict[bytes, _Row]:
    return {tables.name_of(row[tables.METER_COLUMN]): row for row in rows if tables.METER_COLUMN in row}


def _started(row: _Row, talk: Talk) -> datetime:
    return tables.instant_of(row.get(tables.STARTED_COLUMN), talk.meter.zone) or _NEVER


def _interfaces(rows: Iterable[_Row], encoding: str) -> Iterator[tuple[int, str]]:
    for row in rows:
        number, name = row.get(tables.CHANNEL_COLUMN), row.get(tables.INTERFACE_COLUMN)
        if isinstance(number, int) and isinstance(name, bytes):
            yield int(number), text_of(name, encoding)


def _meter(talk: Talk, names: _Names, name: bytes) -> MeterBehind:
    zone, encoding = talk.meter.zone, talk.dialect.text_encoding
    listed, status, task = names.listed.get(name), names.statuses.get(name, {}), names.tasks.get(name, {})
    attempts = task.get(tables.ATTEMPTS_COLUMN)
    return MeterBehind(
        name=text_of(name, encoding),
        model=listed.model if listed is not None else "",
        addresses=tuple(one.address for one in names.direct if one.name == name),
        channels=tuple(names.interfaces.get(one, str(one)) for one in (listed.channels if listed is not None else ())),
        has_status=name in names.statuses,
        last_heard_at=tables.instant_of(status.get(tables.HEARD_COLUMN), zone),
        last_tried_at=tables.instant_of(status.get(tables.TRIED_COLUMN), zone),
        clock_at=tables.instant_of(status.get(tables.CLOCK_COLUMN), zone),
        last_exchange=tables.status_of(task.get(tables.STATUS_COLUMN)),
        attempts=int(attempts) if isinstance(attempts, int) else None,
    )


def _events(talk: Talk, rows: Iterable[_Row], exchange: int) -> Iterator[EventBehind]:
    """Yield what meters told by themselves; a row that does not say of whom, when or what, tells nothing."""
    zone = talk.meter.zone
    for row in rows:
        at = tables.instant_of(row.get(tables.HAPPENED_COLUMN), zone)
        number, code = row.get(tables.JOURNAL_COLUMN), row.get(tables.CODE_COLUMN)
        if at is None or tables.METER_COLUMN not in row or number not in _JOURNALS or not isinstance(code, int):
            continue
        journal = _JOURNALS[number]
        known = EVENT_CODES.get((journal, int(code)))
        yield EventBehind(
            meter=text_of(tables.name_of(row[tables.METER_COLUMN]), talk.dialect.text_encoding),
            kind=EventKind.OTHER if known is None or known.ends is not None else known.kind,
            code=code_key(journal, int(code)),
            at=at,
            told_at=tables.instant_of(row.get(tables.TOLD_COLUMN), zone),
            exchange=exchange,
        )
