"""Reading plans as operators keep them: what holds for whom, who changed it, and when each meter is visited then."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop

from kilovatt.measure.metering.schedules import next_visit
from kilovatt.office.operations.new_meters import NotOnRecordError, organisations_of
from kilovatt.office.operations.reading.plans_in_force import plans_of, schedule_by, standing_meters
from kilovatt.office.records.models import (
    Installation,
    Meter,
    MeterStanding,
    Organisation,
    ReadingPlan,
    ReadingPlanChange,
    User,
)

METERS_AT_ONCE = 500
METERS_MOVED_MAX = 20_000
"""So many meters have their next visit set anew when a plan is changed; others follow it from their next visit on."""
CHANGES_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """A plan as an operator states it. `serials` are those of meters that have it for their own."""

    name: str
    is_default: bool
    every_minutes: int
    opens: time | None = None
    closes: time | None = None
    reads_registers: bool = True
    reads_profile: bool = True
    reads_samples: bool = True
    reads_journals: bool = True
    reads_quality: bool = True
    priority: int = ReadingPlan.Priority.USUAL
    corrects_clocks: bool = False
    line_ids: frozenset[int] = frozenset()
    serials: tuple[str, ...] = ()


_OF_THE_PLAN = tuple(name for name in PlanFacts.__slots__ if name not in {"line_ids", "serials"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """For how many meters a plan holds now, and when the first of them is visited next."""

    meters: int = 0
    next_at: datetime | None = None


def plans_of_user(user: User) -> QuerySet[ReadingPlan]:
    """Return the plans of the organisations whose operator a user is, the defaults first."""
    mine = ReadingPlan.objects.filter(organisation__in=organisations_of(user))
    return mine.select_related("organisation").order_by("organisation__name", "-is_default", "name")


def reach_of(organisation: Organisation) -> dict[int | None, Reach]:
    """Return for how many meters of an organisation each of its plans holds, by plan; None: none does."""
    default = organisation.reading_plans.filter(is_default=True).first()
    there = Installation.objects.filter(removed_at=None, point__organisation=organisation)
    plan = Coalesce(
        "meter__reading_plan_id", "meter__line__reading_plan_id", Value(0 if default is None else default.pk)
    )
    rows = (
        there.order_by()
        .annotate(plan=plan)
        .values("plan")
        .annotate(meters=Count("pk"), next_at=Min("meter__standing__next_due_at"))
    )
    return {row["plan"] or None: Reach(meters=row["meters"], next_at=row["next_at"]) for row in rows}


def facts_of(plan: ReadingPlan) -> PlanFacts:
    """Return a plan as it is on record."""
    return PlanFacts(
        **{name: getattr(plan, name) for name in _OF_THE_PLAN},
        line_ids=frozenset(plan.lines.values_list("pk", flat=True)),
        serials=tuple(plan.meters.order_by("serial").values_list("serial", flat=True)),
    )


def keep_plan(
    facts: PlanFacts, organisation: Organisation, *, by: User, now: datetime, plan: ReadingPlan | None = None
) -> ReadingPlan:
    """Put a plan on record, or change one; it holds at once, and who changed what stays. Raises NotOnRecordError."""
    if organisation not in organisations_of(by):
        raise NotOnRecordError("organisation", gettext_noop("Only its operators decide how an organisation reads."))
    with transaction.atomic():
        # Two forms for one organisation wait for each other here.
        Organisation.objects.select_for_update().get(pk=organisation.pk)
        meters = _meters(facts, organisation)
        lines = organisation.lines.filter(pk__in=facts.line_ids)
        before = {} if plan is None else _told(facts_of(plan))
        concerned = set() if plan is None else set(_concerned(plan))
        kept = plan or ReadingPlan(organisation=organisation)
        for name in _OF_THE_PLAN:
            setattr(kept, name, getattr(facts, name))
        _save(kept)
        kept.lines.exclude(pk__in=facts.line_ids).update(reading_plan=None)
        lines.update(reading_plan=kept)
        kept.meters.exclude(pk__in=meters).update(reading_plan=None)
        Meter.objects.filter(pk__in=meters).update(reading_plan=kept)
        after = _told(facts_of(kept))
        if after != before:
            ReadingPlanChange.objects.create(plan=kept, changed_by=by, changed_at=now, before=before, after=after)
        _visit_anew(concerned | set(_concerned(kept)), now=now)
    return kept


def _save(kept: ReadingPlan) -> None:
    others = ReadingPlan.objects.filter(organisation=kept.organisation).exclude(pk=kept.pk)
    if kept.is_default:
        others.update(is_default=False)
    try:
        with transaction.atomic():
            kept.save()
    except IntegrityError as error:
        raise NotOnRecordError("name", gettext_noop("There is a plan of this name already.")) from error


def _meters(facts: PlanFacts, organisation: Organisation) -> list[int]:
    """Return the meters of an organisation that have these numbers."""
    there = Q(installations__point__organisation=organisation, installations__removed_at=None)
    found = dict(Meter.objects.filter(there, serial__in=facts.serials).values_list("pk", "serial"))
    missing = sorted(set(facts.serials) - set(found.values()))
    if missing:
        words = gettext_noop("No meter of the organisation has the number {serial}.")
        raise NotOnRecordError("serials", words, serial=missing[0])
    return list(found)


def _told(facts: PlanFacts) -> dict[str, Any]:
    """A plan as it is written down of a change."""
    told = {name: getattr(facts, name) for name in _OF_THE_PLAN}
    ends = {end: None if told[end] is None else told[end].strftime("%H:%M") for end in ("opens", "closes")}
    return {**told, **ends, "priority": int(facts.priority)} | {
        "lines": sorted(facts.line_ids),
        "meters": list(facts.serials),
    }


# ── When each is visited then ───────────────────────────────────────────────────────────────────────────────────────


def _concerned(plan: ReadingPlan) -> Iterable[int]:
    """Return the meters for which a plan may hold: of a default all of its organisation."""
    there = Installation.objects.filter(removed_at=None, point__organisation=plan.organisation)
    if not plan.is_default:
        there = there.filter(Q(meter__reading_plan=plan) | Q(meter__line__reading_plan=plan))
    return there.values_list("meter_id", flat=True)[:METERS_MOVED_MAX]


def _visit_anew(meter_ids: Collection[int], *, now: datetime) -> None:
    ids = iter(sorted(meter_ids)[:METERS_MOVED_MAX])
    while chunk := list(islice(ids, METERS_AT_ONCE)):
        meters = {one.meter_id: one for one in standing_meters(chunk)}
        plans = plans_of(meters.values())
        standings = list(MeterStanding.objects.filter(meter_id__in=meters, next_due_at__isnull=False))
        for standing in standings:
            schedule = schedule_by(plans.get(standing.meter_id))
            tried_at = standing.last_tried_at or now
            standing.next_due_at = next_visit(
                schedule,
                meter_id=standing.meter_id,
                failures=standing.failures,
                visited_at=max(tried_at, now - min(schedule.every, timedelta(days=31))),
                zone=ZoneInfo(meters[standing.meter_id].zone_name),
            )
        MeterStanding.objects.bulk_update(standings, ["next_due_at"])


def changes_of(plan: ReadingPlan) -> list[ReadingPlanChange]:
    """Return who changed a plan, the newest first."""
    return list(plan.changes.select_related("changed_by")[:CHANGES_SHOWN])


def lines_to_choose(organisation: Organisation) -> list[tuple[int, str, str]]:
    """Return the lines of an organisation: their numbers, names, and the names of the plans they have."""
    rows = organisation.lines.order_by("name").annotate(plan_name=F("reading_plan__name"))
    return [(line.pk, line.name, line.plan_name or "") for line in rows]
