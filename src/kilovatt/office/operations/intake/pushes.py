"""Keep what meters push: events at once, the message as their evidence, and journals asked for where it says little.

    taken = accept_push(meter_id, push, peer="10.0.0.7:4059", session_id=session_id, now=now)

The same push again, and an event that a journal has told already, change nothing. What a journal tells later of an
event that was pushed takes its place: a journal is exact.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from kilovatt.measure.metering.events import EventKind, MeterEvent
from kilovatt.measure.metering.models import Language
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.pushes import (
    GIVES_WAY_FOR,
    SAME_WITHIN,
    THE_PUSH,
    MeterPush,
    PushTrouble,
    events_of_push,
)
from kilovatt.measure.metering.spodes.event_code import PREFIX, Flags
from kilovatt.office.operations.reading.asked_readings import ask_once
from kilovatt.office.records.models import Event, IntakeFrame, Meter, Push, PushStanding, Session

DETAILS_AGAIN_AFTER = timedelta(minutes=10)
"""However much a meter pushes, its journals are read for it no more often."""
TROUBLE_AGAIN_AFTER = timedelta(hours=1)
"""What cannot be opened or understood is told once in so long."""
KEPT_AN_HOUR_MAX = 60
"""Whoever knows a serial number can push in its name: of each meter no more is kept."""
_CLOCKS_DIFFER = timedelta(minutes=1)
_OWN_FLAG = f"{PREFIX}:{Flags.PUSH.key}:"
_ITS_CLOCK = "its_clock="


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPush:
    """What came of a push: how many events were new, why it was not believed, and whether the meter is to be read."""

    new_events: int
    trouble: PushTrouble | None
    asked: bool


def accept_push(
    meter_id: int, push: MeterPush, *, peer: str, session_id: UUID, key_generation: int | None = None, now: datetime
) -> TakenPush:
    """Keep a push whole, or not at all.

    `key_generation` is that of the key which opened it, where it was sealed: a counter that was used is a replay.
    """
    with transaction.atomic():
        meter = Meter.objects.select_for_update().get(pk=meter_id)
        standing, _ = PushStanding.objects.select_for_update().get_or_create(meter_id=meter_id)
        if push.counter is not None and not _is_new(standing, push.counter, key_generation):
            push = _unbelieved(push, PushTrouble.REPLAY)
        elif push.trouble is None and push.counter is None and standing.heard_counter is not None:
            push = _unbelieved(push, PushTrouble.IN_THE_CLEAR)
        told = events_of_push(push, flags_before=standing.flags)
        fresh = [event for event in told.events if not _known(meter_id, event).exists()]
        if fresh and _has_told_enough(meter_id, now):
            return TakenPush(new_events=0, trouble=PushTrouble.TOO_MANY, asked=False)
        if fresh:
            session = _remember(meter, push, peer=peer, session_id=session_id)
            _keep(session, fresh, now)
        asks = told.wants_details and _may_ask(standing, now)
        _note(standing, push, key_generation, asked_at=now if asks else None)
        if asks:
            # With the push, or not at all: a second try would take its counter for a replay.
            ask_once(meter_id, now=now)
    return TakenPush(new_events=len(fresh), trouble=push.trouble, asked=asks)


def _unbelieved(push: MeterPush, trouble: PushTrouble) -> MeterPush:
    return replace(push, codes=(), flags=None, counter=None, trouble=trouble)


def _has_told_enough(meter_id: int, now: datetime) -> bool:
    within = now - timedelta(hours=1)
    return Push.objects.filter(session__meter=meter_id, session__started_at__gt=within).count() >= KEPT_AN_HOUR_MAX


def _is_new(standing: PushStanding, counter: int, generation: int | None) -> bool:
    is_same_key = standing.key_generation == generation
    return not is_same_key or standing.heard_counter is None or counter > standing.heard_counter


def _known(meter_id: int, event: MeterEvent) -> QuerySet[Event]:
    """Find the events that this one is, as they are on record."""
    of_meter = Event.objects.filter(_same(event.kind, event.code), meter_id=meter_id)
    if event.kind in {EventKind.UNKNOWN_PUSH, EventKind.SEALED_PUSH}:
        return of_meter.filter(began_at__gt=event.began_at - TROUBLE_AGAIN_AFTER)
    near = Q(began_at__gte=event.began_at - SAME_WITHIN, began_at__lte=event.began_at + _CLOCKS_DIFFER)
    return of_meter.filter(near | Q(detail=event.detail)) if _ITS_CLOCK in event.detail else of_meter.filter(near)


def _same(kind: str, code: str) -> Q:
    # What a flag says in general a journal says by one of many codes of its kind.
    if code.startswith(_OWN_FLAG) and kind != EventKind.OTHER:
        return Q(kind=kind)
    return Q(kind=kind, code=code)


def _remember(meter: Meter, push: MeterPush, *, peer: str, session_id: UUID) -> Session:
    session = Session.objects.create(
        session_id=session_id,
        meter=meter,
        language=Language.SPODES,
        started_at=push.heard_at,
        ended_at=push.heard_at,
        outcome=Outcome.OK,
        exchanges_made=0,
        retries=0,
    )
    Push.objects.create(session=session, peer=peer, trouble=push.trouble or "")
    IntakeFrame.objects.create(
        session=session,
        meter=meter,
        exchange=THE_PUSH,
        request=b"",
        answer=push.wire,
        sent_at=push.heard_at,
        took_ms=0,
        tries=1,
    )
    return session


def _keep(session: Session, fresh: Collection[MeterEvent], now: datetime) -> None:
    Event.objects.bulk_create(
        (
            Event(
                meter_id=session.meter_id,
                kind=event.kind,
                code=event.code,
                began_at=event.began_at,
                detail=event.detail,
                first_heard_at=now,
                session=session,
                exchange=event.exchange,
            )
            for event in fresh
        ),
        # Two codes of one kind and second may be the same.
        ignore_conflicts=True,
    )


def _may_ask(standing: PushStanding, now: datetime) -> bool:
    return standing.details_asked_at is None or standing.details_asked_at <= now - DETAILS_AGAIN_AFTER


def _note(standing: PushStanding, push: MeterPush, generation: int | None, *, asked_at: datetime | None) -> None:
    if push.flags is not None:
        standing.flags = push.flags
    if push.counter is not None:
        standing.key_generation, standing.heard_counter = generation, push.counter
    if asked_at is not None:
        standing.details_asked_at = asked_at
    standing.save()


def give_way(meter_ids: Collection[int], *, now: datetime) -> int:
    """Within a transaction: let what was pushed give way to what journals have told of it since; return how many did.

    The event stays first heard when it was pushed.
    """
    waiting = Event.objects.filter(
        meter_id__in=meter_ids,
        first_heard_at__gte=now - GIVES_WAY_FOR,
        session__push__trouble="",
    )
    gone = 0
    for event in waiting.order_by("began_at"):
        at = _told_at(event)
        exact = Event.objects.filter(
            _same(event.kind, event.code),
            meter_id=event.meter_id,
            session__push=None,
            began_at__gte=at - SAME_WITHIN,
            began_at__lte=at + _CLOCKS_DIFFER,
        )
        found = exact.order_by("-began_at").first()
        if found is not None:
            Event.objects.filter(pk=found.pk).update(first_heard_at=min(found.first_heard_at, event.first_heard_at))
            event.delete()
            gone += 1
    return gone


def _told_at(event: Event) -> datetime:
    for word in event.detail.split():
        if word.startswith(_ITS_CLOCK):
            return datetime.fromisoformat(word.removeprefix(_ITS_CLOCK))
    return event.began_at
