"""The event log of Landis+Gyr meters as events: numbers with stamps, whose meaning is a matter of the row."""

from datetime import datetime, timedelta

from kilovatt.measure.metering.catalogue.landis_gyr import LandisGyrCosemDialect, LoggedEvent
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.sessions import Learnt
from kilovatt.wire.drivers.conversation import Conversation
from kilovatt.wire.drivers.cosem.profile import read_buffer
from kilovatt.wire.drivers.cosem.talk import Talk
from kilovatt.wire.protocols.dlms.obis import Obis

_YEARS_BACK = timedelta(days=366 * 3)


def read(talk: Talk, dialect: LandisGyrCosemDialect, *, since: datetime | None) -> Conversation[Learnt]:
    """Read the event log since an instant; a meter that lacks one has nothing to tell."""
    if talk.clock_reading is None:
        yield from talk.clock()
    assert talk.clock_reading is not None
    now = talk.clock_reading.taken_at
    buffer = yield from read_buffer(
        talk,
        Obis.parse(dialect.event_log_obis),
        since=since or now - _YEARS_BACK,
        until=now + timedelta(days=1),
        with_scalers=False,
        is_journal=True,
    )
    if buffer is None:
        return Learnt()
    number_obis = Obis.parse(dialect.event_number_obis)
    numbers = next((column.values for column in buffer.columns if column.obis == number_obis), [])
    entries = [
        (at, int(number))
        for at, number in zip(buffer.stamps, numbers, strict=False)
        if isinstance(number, int) and not isinstance(number, bool)
    ]
    return Learnt(events=_events(entries, dialect.events, buffer.answer.exchange))


def _events(
    entries: list[tuple[datetime, int]], known: tuple[LoggedEvent, ...], exchange: int
) -> tuple[MeterEvent, ...]:
    """Return events in the order of time, each end with its beginning; an end without one is told by itself."""
    kinds = {one.number: one.kind for one in known}
    begins = {one.ended_by: one.number for one in known if one.ended_by is not None}
    ends: dict[int, tuple[datetime, int]] = {}
    events: list[MeterEvent] = []

    def tell(kind: EventKind, number: int, began_at: datetime, ended_at: datetime | None = None) -> None:
        word = f"number={number}"
        events.append(MeterEvent(kind=kind, began_at=began_at, ended_at=ended_at, detail=word, exchange=exchange))

    for at, number in reversed(entries):
        if number in begins:
            if begins[number] in ends:
                unclaimed_at, by = ends[begins[number]]
                tell(EventKind.OTHER, by, unclaimed_at)
            ends[begins[number]] = (at, number)
        else:
            ended_at, _ = ends.pop(number, (None, None))
            tell(kinds.get(number, EventKind.OTHER), number, at, ended_at)
    for at, number in ends.values():
        tell(EventKind.OTHER, number, at)
    return tuple(sorted(events, key=lambda event: event.began_at))
