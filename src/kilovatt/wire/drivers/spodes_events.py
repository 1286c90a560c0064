"""The journals of СПОДЭС meters as events (ГОСТ Р 58940-2020, tables Д.1 to Д.9)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from kilovatt.measure.metering.events import EventKind, MeterEvent, RelayCause
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation
from kilovatt.wire.drivers.spodes_profile import Buffer, read_buffer
from kilovatt.wire.drivers.spodes_talk import Talk
from kilovatt.wire.protocols.dlms.obis import Obis

_CODE_GROUP = 11
_YEARS_BACK = timedelta(days=366 * 3)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a code says. `ends`: it ends what the code `ends` began."""

    kind: EventKind
    cause: RelayCause | None = None
    ends: int | None = None


def _span(kind: EventKind, *pairs: tuple[int, int]) -> dict[int, _Meaning]:
    begun = {begin: _Meaning(kind) for begin, _ in pairs}
    return begun | {end: _Meaning(kind, ends=begin) for begin, end in pairs}


_RELAY = {
    3: _Meaning(EventKind.RELAY_OPENED, RelayCause.COMMAND),
    4: _Meaning(EventKind.RELAY_CLOSED, RelayCause.COMMAND),
    5: _Meaning(EventKind.RELAY_PERMITTED, RelayCause.COMMAND),
    6: _Meaning(EventKind.RELAY_OPENED, RelayCause.BY_HAND),
    7: _Meaning(EventKind.RELAY_CLOSED, RelayCause.BY_HAND),
    8: _Meaning(EventKind.RELAY_OPENED, RelayCause.POWER_LIMIT),
    9: _Meaning(EventKind.RELAY_OPENED, RelayCause.OVERCURRENT),
    10: _Meaning(EventKind.RELAY_OPENED, RelayCause.MAGNETIC_FIELD),
    11: _Meaning(EventKind.RELAY_OPENED, RelayCause.OVERVOLTAGE),
    12: _Meaning(EventKind.RELAY_CLOSED, RelayCause.AUTOMATIC),
    13: _Meaning(EventKind.RELAY_OPENED, RelayCause.UNKNOWN),
    14: _Meaning(EventKind.RELAY_OPENED, RelayCause.UNKNOWN),
    15: _Meaning(EventKind.RELAY_OPENED, RelayCause.TEMPERATURE),
    18: _Meaning(EventKind.RELAY_OPENED, RelayCause.SEAL),
    19: _Meaning(EventKind.RELAY_OPENED, RelayCause.ENERGY_LIMIT),
}
_PROGRAMMING = {
    3: _Meaning(EventKind.CLOCK_SET),
    **{code: _Meaning(EventKind.TARIFF_TABLE_CHANGED) for code in (5, 6, 7, 8, 9, 49)},
    **{code: _Meaning(EventKind.PROFILE_RESTARTED) for code in (31, 32, 46, 47, 48)},
    68: _Meaning(EventKind.CLOCK_SET),
}
_JOURNALS: dict[int, dict[int, _Meaning]] = {
    0: {
        **_span(EventKind.PHASE_LOST, (1, 2), (3, 4), (5, 6)),
        **_span(EventKind.VOLTAGE_OUT_OF_LIMITS, (7, 8), (9, 10), (13, 14), (15, 16), (17, 18), (19, 20), (21, 22)),
        **_span(EventKind.VOLTAGE_OUT_OF_LIMITS, (23, 24)),
    },
    1: _span(EventKind.CURRENT_REVERSED, (1, 2), (3, 4), (5, 6)),
    2: {**_span(EventKind.POWER_OFF, (1, 2)), **_RELAY},
    3: _PROGRAMMING,
    4: {
        **_span(EventKind.MAGNETIC_FIELD, (1, 2)),
        3: _Meaning(EventKind.TERMINAL_COVER_OPENED),
        4: _Meaning(EventKind.CASE_OPENED),
    },
    7: {code: _Meaning(EventKind.METER_FAULT) for code in (2, 4, 5, 7, 9, 11, 13, 15, 17)},
}
_OTHERWISE = {3: EventKind.REPROGRAMMED}
"""What a code without a meaning of its own is in a journal: something was programmed."""


def journals(talk: Talk, *, since: datetime | None) -> Iterator[Conversation[Learnt]]:
    """Return a conversation for each journal that may hold what the model has."""
    for journal, meanings in _JOURNALS.items():
        kinds = {meaning.kind for meaning in meanings.values()} | {_OTHERWISE.get(journal, EventKind.METER_FAULT)}
        if kinds & talk.model.journals:
            yield _read(talk, journal, since)


def _read(talk: Talk, journal: int, since: datetime | None) -> Conversation[Learnt]:
    if talk.clock_reading is None:
        yield from talk.clock()
    assert talk.clock_reading is not None
    now = talk.clock_reading.taken_at
    buffer = yield from read_buffer(
        talk,
        Obis(bytes((0, 0, 99, 98, journal, 255))),
        since=since or now - _YEARS_BACK,
        until=now + timedelta(days=1),
        with_scalers=False,
    )
    return Learnt() if buffer is None else Learnt(events=tuple(_events(talk, journal, buffer)))


def _events(talk: Talk, journal: int, buffer: Buffer) -> Iterator[MeterEvent]:
    codes = next((column.values for column in buffer.columns if column.obis[3] == _CODE_GROUP), [])
    rows = [(at, int(code)) for at, code in zip(buffer.stamps, codes, strict=False) if isinstance(code, int)]
    meanings = _JOURNALS[journal]
    for place, (at, code) in enumerate(rows):
        meaning = meanings.get(code)
        kind = meaning.kind if meaning is not None else _OTHERWISE.get(journal)
        if kind is None or kind not in talk.model.journals or (meaning is not None and meaning.ends is not None):
            # An end belongs to its beginning; what began before the journal reaches back is known from then.
            continue
        ended_at = next((later for later, end in rows[place:] if _ends(meanings, end, code)), None)
        yield MeterEvent(
            kind=kind,
            began_at=at,
            ended_at=ended_at,
            detail=_detail(journal, code, meaning),
            exchange=buffer.answer.exchange,
        )


def _ends(meanings: dict[int, _Meaning], code: int, began: int) -> bool:
    meaning = meanings.get(code)
    return meaning is not None and meaning.ends == began


def _detail(journal: int, code: int, meaning: _Meaning | None) -> str:
    cause = f"cause={meaning.cause.value} " if meaning is not None and meaning.cause is not None else ""
    return f"{cause}journal={journal} code={code}"
