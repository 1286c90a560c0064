"""By which plan a meter is read: its own, else that of its line, else the default of its organisation."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q

from kilovatt.measure.metering.schedules import ReadingSchedule
from kilovatt.office.records.models import Installation, ReadingPlan


@dataclass(frozen=True, slots=True)
class PlanParts:
    """What is read in a visit."""

    registers: bool = True
    profile: bool = True
    samples: bool = True
    journals: bool = True
    quality: bool = True


EVERYTHING = PlanParts()


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides on the plan of a meter; `meter_plan_id` and `line_plan_id` where one is assigned."""

    meter_id: int
    organisation_id: int
    zone_name: str
    meter_plan_id: int | None
    line_plan_id: int | None


def standing_meters(meter_ids: Collection[int]) -> list[Standing]:
    """Return those of some meters that stand somewhere now, and what decides on their plans."""
    there = Installation.objects.filter(meter_id__in=meter_ids, removed_at=None)
    rows = there.values_list(
        "meter_id",
        "point__organisation_id",
        "point__zone_name",
        "meter__reading_plan_id",
        "meter__line__reading_plan_id",
    )
    return [Standing(*row) for row in rows]


def plans_of(standing: Iterable[Standing]) -> dict[int, ReadingPlan]:
    """Return the plans that hold, by meter; none for a meter that is read as the site says."""
    meters = list(standing)
    assigned = {one.meter_plan_id or one.line_plan_id for one in meters} - {None}
    owners = {one.organisation_id for one in meters}
    by_id: dict[int, ReadingPlan] = {}
    defaults: dict[int, ReadingPlan] = {}
    for plan in ReadingPlan.objects.filter(Q(pk__in=assigned) | Q(organisation__in=owners, is_default=True)):
        by_id[plan.pk] = plan
        if plan.is_default:
            defaults[plan.organisation_id] = plan
    held: Mapping[int, ReadingPlan | None] = {
        one.meter_id: by_id.get(one.meter_plan_id or one.line_plan_id or 0) or defaults.get(one.organisation_id)
        for one in meters
    }
    return {meter_id: plan for meter_id, plan in held.items() if plan is not None}


def schedule_by(plan: ReadingPlan | None) -> ReadingSchedule:
    """Return how often a meter is read by a plan; as often as the site says without one."""
    if plan is None:
        return ReadingSchedule(every=timedelta(minutes=settings.READ_EVERY_MINUTES))
    return ReadingSchedule(every=timedelta(minutes=plan.every_minutes), opens=plan.opens, closes=plan.closes)


def parts_by(plan: ReadingPlan | None) -> PlanParts:
    """Return what is read by a plan; everything without one."""
    if plan is None:
        return EVERYTHING
    return PlanParts(
        registers=plan.reads_registers,
        profile=plan.reads_profile,
        samples=plan.reads_samples,
        journals=plan.reads_journals,
        quality=plan.reads_quality,
    )
