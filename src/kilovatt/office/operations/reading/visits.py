"""Whose turn it is: meters that are due on some lines, and those that somebody waits for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.schedules import ReadingSchedule, next_opening, next_visit
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.office.operations.reading.plans_in_force import plans_of, schedule_by, standing_meters
from kilovatt.office.records.models import Installation, Meter, MeterStanding, ReadingPlan, Work

ON_DEMAND = "reading"
"""The kind of work that is a meter to be read at once."""
_WAITED_FOR = timedelta(minutes=10)
"""A request that nobody could carry out for so long is forgotten: who asked has gone."""
_ANSWERED_WITHIN = timedelta(hours=1)
"""A visit that began while its request was waited for has told by then."""
_REMEMBERED = timedelta(days=2)
"""Pages show what came of a request for some minutes."""


def due_meters(
    line_ids: Collection[int], *, now: datetime, at_most: int, but_not: Collection[int] = frozenset()
) -> list[int]:
    """Return meters of these lines that are due, the longest overdue first, at most so many."""
    installed = Installation.objects.filter(
        Q(meter__standing__next_due_at=None) | Q(meter__standing__next_due_at__lte=now),
        removed_at=None,
        installed_at__lte=now,
        meter__line_id__in=line_ids,
    )
    in_turn = _in_turn(installed.exclude(meter_id__in=but_not))
    due = list(in_turn.values_list("meter_id", flat=True)[:at_most])
    return _within_their_hours(due, now=now)


def _in_turn(installed: QuerySet[Installation]) -> QuerySet[Installation]:
    """Put meters into their turn: those of a plan that goes before others first, then the longest overdue."""
    overdue = F("meter__standing__next_due_at").asc(nulls_first=True)
    if not ReadingPlan.objects.exclude(priority=ReadingPlan.Priority.USUAL).exists():
        return installed.order_by(overdue, "meter_id")
    of_the_default = ReadingPlan.objects.filter(organisation=OuterRef("point__organisation"), is_default=True)
    priority = Coalesce(
        "meter__reading_plan__priority",
        "meter__line__reading_plan__priority",
        Subquery(of_the_default.values("priority")[:1]),
        Value(int(ReadingPlan.Priority.USUAL)),
    )
    return installed.annotate(priority=priority).order_by("priority", overdue, "meter_id")


def _within_their_hours(due: list[int], *, now: datetime) -> list[int]:
    """Leave out, and put off to its next hours, whatever is not to be visited now; who was never visited is, once."""
    if not due or not ReadingPlan.objects.filter(opens__isnull=False).exists():
        return due
    stands = stands_of(due)
    out = {meter_id for meter_id in due if not stands[meter_id].schedule.allows(now, stands[meter_id].zone)}
    put_off = list(MeterStanding.objects.filter(meter_id__in=out, next_due_at__isnull=False))
    for standing in put_off:
        stand = stands[standing.meter_id]
        standing.next_due_at = next_opening(stand.schedule, meter_id=standing.meter_id, after=now, zone=stand.zone)
    MeterStanding.objects.bulk_update(put_off, ["next_due_at"])
    later = {standing.meter_id for standing in put_off}
    return [meter_id for meter_id in due if meter_id not in later]


def ask_for(meter: Meter, *, now: datetime) -> str:
    """Have a meter read at once by whoever holds its line; return the key of the request."""
    key = uuid4().hex
    Work.objects.create(kind=ON_DEMAND, key=key, due_at=now, payload={"meter": meter.pk, "line": meter.line_id})
    return key


def asked_for(line_ids: Collection[int], *, now: datetime) -> dict[str, int]:
    """Return the meters of these lines that somebody waits for, by the keys of the requests, in their order."""
    waiting = Work.objects.filter(kind=ON_DEMAND, done_at=None, due_at__lte=now, due_at__gt=now - _WAITED_FOR)
    held = frozenset(line_ids)
    asked = waiting.order_by("pk").values_list("key", "payload")
    return {key: payload["meter"] for key, payload in asked if payload["line"] in held}


def answered(started_at: Mapping[int, datetime], *, now: datetime) -> None:
    """Note that meters were visited: whoever had asked for them before their visits began waits no longer."""
    # Those that were forgotten stay on record: they are not looked through for each session there will ever be.
    waiting = Work.objects.filter(kind=ON_DEMAND, done_at=None, due_at__gt=now - _ANSWERED_WITHIN)
    done = [
        pk
        for pk, due_at, payload in waiting.values_list("pk", "due_at", "payload")
        if (began_at := started_at.get(payload["meter"])) is not None and due_at <= began_at
    ]
    if done:
        Work.objects.filter(pk__in=done).update(done_at=now)


def forget_requests(*, now: datetime) -> int:
    """Delete requests that nobody looks at any more; return how many."""
    deleted, _by_kind = Work.objects.filter(kind=ON_DEMAND, due_at__lt=now - _REMEMBERED).delete()
    return deleted


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a meter stands, as far as its visits go: the zone of its point, and how often it is read there."""

    zone: ZoneInfo
    schedule: ReadingSchedule


def stands_of(meter_ids: Collection[int]) -> dict[int, Stand]:
    """Return where these meters stand: in UTC, and read as often as the site says, those that stand nowhere."""
    standing = standing_meters(meter_ids)
    plans = plans_of(standing)
    nowhere = Stand(ZoneInfo("UTC"), schedule_by(None))
    there = {one.meter_id: Stand(ZoneInfo(one.zone_name), schedule_by(plans.get(one.meter_id))) for one in standing}
    return {meter_id: there.get(meter_id, nowhere) for meter_id in meter_ids}


def schedule_next(standing: MeterStanding, report: SessionReport, stand: Stand) -> None:
    """Set in a standing (which is not saved) when its meter is due again, and count its failures."""
    standing.failures = 0 if report.outcome is Outcome.OK else standing.failures + 1
    # Whoever told something is there, and tried again soon: only what brings nothing is tried ever later.
    standing.next_due_at = next_visit(
        stand.schedule,
        meter_id=report.meter_id,
        failures=standing.failures if report.learnt.is_empty else min(1, standing.failures),
        visited_at=report.ended_at,
        zone=stand.zone,
    )


def zone_of(meter_id: int) -> ZoneInfo:
    """Return the zone of the point where a meter stands; UTC for one that stands nowhere."""
    names = Installation.objects.filter(meter_id=meter_id, removed_at=None).values_list("point__zone_name", flat=True)
    return ZoneInfo(names.first() or "UTC")
