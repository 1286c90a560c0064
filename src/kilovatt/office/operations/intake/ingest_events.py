"""Within the transaction that accepts sessions: events of journals, and those that are seen from what was read."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.clock_policy import wrong_beyond
from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.sessions import ClockReading
from kilovatt.office.operations.intake.accepting import Accepting, Together, meter_ids_of
from kilovatt.office.operations.intake.pushes import give_way
from kilovatt.office.operations.orders.order_settling import LOAD_MIN_W
from kilovatt.office.records.models import Event, Meter

_DEVIATION_MAX_S = 2**31 - 1
_SEEN = (EventKind.LOAD_WITH_RELAY_OPEN, EventKind.CLOCK_WRONG)

_Key: TypeAlias = tuple[int, str, str, datetime]
_GoingOn: TypeAlias = Mapping[tuple[int, str], list[int]]


def accept_events(together: Together, now: datetime) -> None:
    """Keep the events that are new, and when those that went on have ended."""
    heard: dict[_Key, tuple[Accepting, MeterEvent]] = {}
    for one in together:
        for event in one.learnt.events:
            key = (one.meter_id, event.kind.value, event.code, event.began_at)
            if key not in heard or event.ended_at is not None:
                heard[key] = (one, event)
    if not heard:
        return
    # Journals are short and read as a whole; what began before the oldest of their entries is not looked for.
    rows = Event.objects.filter(
        meter_id__in={key[0] for key in heard}, began_at__gte=min(began_at for *_, began_at in heard)
    )
    known = {(row.meter_id, row.kind, row.code, row.began_at): row for row in rows}
    fresh = [found for key, found in heard.items() if key not in known]
    for key, (_, event) in heard.items():
        if key in known and known[key].ended_at is None and event.ended_at is not None:
            Event.objects.filter(pk=known[key].pk).update(ended_at=event.ended_at)
    Event.objects.bulk_create(
        Event(
            meter_id=one.meter_id,
            kind=event.kind,
            code=event.code,
            began_at=event.began_at,
            ended_at=event.ended_at,
            detail=event.detail,
            first_heard_at=now,
            session=one.session,
            exchange=event.exchange,
        )
        for one, event in fresh
    )
    for one, event in fresh:
        one.carrying.add(event.exchange)
    give_way({one.meter_id for one, _ in fresh}, now=now)


def watch(together: Together, meters: Mapping[int, Meter], now: datetime) -> None:
    """Note load behind open relays and wrong clocks when they are first seen, and when they are seen no more."""
    going_on: dict[tuple[int, str], list[int]] = {}
    rows = Event.objects.filter(meter_id__in=meter_ids_of(together), kind__in=_SEEN, ended_at=None)
    for meter_id, kind, pk in rows.values_list("meter_id", "kind", "pk"):
        going_on.setdefault((meter_id, kind), []).append(pk)
    for one in together:
        _watch_relay(one, going_on, now)
        _watch_clock(one, meters[one.meter_id], going_on, now)


def _watch_relay(one: Accepting, going_on: _GoingOn, now: datetime) -> None:
    instant = one.learnt.instant
    if instant is None or instant.relay_closed is None or instant.power_w is None:
        return
    seen = MeterEvent(
        kind=EventKind.LOAD_WITH_RELAY_OPEN,
        began_at=instant.taken_at,
        ended_at=None,
        detail=f"power_w={instant.power_w}",
        exchange=instant.exchange,
    )
    flows = not instant.relay_closed and instant.power_w > LOAD_MIN_W
    _note(one, seen, going_on, now, is_so=flows)


def _watch_clock(one: Accepting, meter: Meter, going_on: _GoingOn, now: datetime) -> None:
    clock = one.learnt.clock
    if clock is None:
        return
    seen = MeterEvent(
        kind=EventKind.CLOCK_WRONG,
        began_at=clock.heard_at,
        ended_at=None,
        detail=f"ahead_s={deviation_s(clock)}",
        exchange=clock.exchange,
    )
    wrong = abs(clock.deviation) > wrong_beyond(model_by_key(meter.model_key).clock_rule)
    _note(one, seen, going_on, now, is_so=wrong)


def _note(one: Accepting, seen: MeterEvent, going_on: _GoingOn, now: datetime, *, is_so: bool) -> None:
    rows = going_on.get((one.meter_id, seen.kind.value), [])
    if rows and not is_so:
        Event.objects.filter(pk__in=rows).update(ended_at=seen.began_at)
    elif is_so and not rows:
        Event.objects.create(
            meter_id=one.meter_id,
            kind=seen.kind,
            began_at=seen.began_at,
            detail=seen.detail,
            first_heard_at=now,
            session=one.session,
            exchange=seen.exchange,
        )


def deviation_s(clock: ClockReading) -> int:
    """Return how far a clock is ahead, in whole seconds that a record can hold."""
    ahead_s = round(clock.deviation.total_seconds())
    return max(-_DEVIATION_MAX_S, min(ahead_s, _DEVIATION_MAX_S))
