"""What a concentrator told of the meters behind it: its list is kept as it was told last, their events for good."""

import re
from collections.abc import Iterable
from datetime import datetime

from kilovatt.measure.metering.concentrators import ConcentratorState, EventBehind, MeterBehind
from kilovatt.office.records.models import Event, ListedMeter, Meter, Session

_SERIAL_AT_THE_END = re.compile(r"0*([0-9]+)$")
_LISTED = (
    "model_name", "address", "channels", "hearing", "last_heard_at", "last_tried_at", "last_exchange", "attempts",
    "told_at", "known",
)  # fmt: skip


def accept_state(session: Session, concentrator: Meter, state: ConcentratorState, *, now: datetime) -> set[int]:
    """Within a transaction: take over the list, keep new events; return the exchanges that carried these.

    A meter on record is known by its serial number on the concentrator's own line. Events of others are left with the
    concentrator, which keeps its journal.
    """
    on_line = _serials_on_line(concentrator)
    _take_over_list(concentrator, state.meters, on_line, now)
    return _accept_events(session, state.events, on_line, now)


def listed_meters(concentrator_id: int) -> tuple[ListedMeter, ...]:
    """Return the list of a concentrator, as it was told last."""
    return tuple(ListedMeter.objects.filter(concentrator_id=concentrator_id))


def _serials_on_line(concentrator: Meter) -> dict[str, int]:
    others = Meter.objects.filter(line=concentrator.line_id).exclude(pk=concentrator.pk)
    return {serial.lstrip("0"): meter_id for serial, meter_id in others.values_list("serial", "pk")}


def _known(name: str, on_line: dict[str, int]) -> int | None:
    """Return which meter on record a name of three letters and a serial number means."""
    serial = _SERIAL_AT_THE_END.search(name)
    return None if serial is None else on_line.get(serial[1])


def _take_over_list(concentrator: Meter, told: Iterable[MeterBehind], on_line: dict[str, int], now: datetime) -> None:
    rows = {
        name: ListedMeter(
            concentrator=concentrator,
            name=name,
            model_name=one.model.replace("\0", "")[:120],
            address=one.addresses[0] if one.addresses else None,
            channels=", ".join(one.channels).replace("\0", "")[:200],
            hearing=one.hearing,
            last_heard_at=one.last_heard_at,
            last_tried_at=one.last_tried_at,
            last_exchange=one.last_exchange or "",
            attempts=one.attempts,
            told_at=now,
            known_id=_known(name, on_line),
        )
        for one in told
        for name in (one.name.replace("\0", "")[:64],)
    }
    ListedMeter.objects.filter(concentrator=concentrator).exclude(name__in=list(rows)).delete()
    ListedMeter.objects.bulk_create(
        rows.values(), update_conflicts=True, unique_fields=["concentrator", "name"], update_fields=_LISTED
    )


def _accept_events(session: Session, told: Iterable[EventBehind], on_line: dict[str, int], now: datetime) -> set[int]:
    fresh = {
        (meter_id, event.kind.value, event.code, event.at): event
        for event in told
        if (meter_id := _known(event.meter, on_line)) is not None
    }
    known = Event.objects.filter(meter_id__in={meter_id for meter_id, *_ in fresh})
    for key in known.values_list("meter_id", "kind", "code", "began_at"):
        fresh.pop(key, None)
    Event.objects.bulk_create(
        Event(
            meter_id=meter_id,
            kind=kind,
            code=code,
            began_at=at,
            first_heard_at=now,
            session=session,
            exchange=event.exchange,
        )
        for (meter_id, kind, code, at), event in fresh.items()
    )
    return {event.exchange for event in fresh.values()}
