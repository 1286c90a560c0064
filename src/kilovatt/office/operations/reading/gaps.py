"""What is missing of the load profiles: noticed each day, closed by what is heard, lost when no meter holds it more.

Days are looked for in the stores once, when they have passed; from then on what is missing is a row of its own, and
what to read of the past is found without looking through any store.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.meter_days import MeterDay
from kilovatt.measure.metering.models import MeterModel
from kilovatt.office.operations.keeping import history
from kilovatt.office.records.models import Installation, Meter, MeterStanding, ProfileGap
from kilovatt.quantities.periods import days_from, local_date

METERS_AT_ONCE = 500
ANSWERS_WITHOUT_MAX = 3
"""A meter that has answered so often without a slot does not have it."""
_ONE_DAY = timedelta(days=1)


def notice_gaps(*, now: datetime, meter_ids: Collection[int] | None = None) -> int:
    """Note the past days of installed meters, or of `meter_ids`, that are not whole; return how many are new.

    May run at any time, and twice at once.
    """
    installed = Installation.objects.filter(removed_at=None, installed_at__lte=now)
    if meter_ids is not None:
        installed = installed.filter(meter_id__in=meter_ids)
    with_profile = [model.key for model in _models() if model.has_profile]
    noticed = 0
    for zone_name in installed.values_list("point__zone_name", flat=True).distinct():
        today_on = local_date(now, ZoneInfo(zone_name))
        behind = installed.filter(
            Q(meter__standing__gaps_noticed_until_on=None) | Q(meter__standing__gaps_noticed_until_on__lt=today_on),
            point__zone_name=zone_name,
            meter__model_key__in=with_profile,
        ).select_related("meter", "point")
        chunk: list[Installation] = []
        for installation in behind.order_by("meter_id").iterator(chunk_size=METERS_AT_ONCE):
            chunk.append(installation)
            if len(chunk) == METERS_AT_ONCE:
                noticed += _notice(chunk, today_on, now)
                chunk = []
        noticed += _notice(chunk, today_on, now)
    return noticed


def _notice(installations: Sequence[Installation], today_on: date, now: datetime) -> int:
    ids = [installation.meter_id for installation in installations]
    until = dict(MeterStanding.objects.filter(pk__in=ids).values_list("pk", "gaps_noticed_until_on"))
    since = {one.meter_id: _since(one, until.get(one.meter_id), today_on) for one in installations}
    behind = {meter_id: on for meter_id, on in since.items() if on < today_on}
    if not behind:
        return 0
    heard = history.day_standings(list(behind), min(behind.values()), today_on)
    gaps = [
        ProfileGap(meter_id=meter_id, day_on=on, noticed_at=now)
        for meter_id, since_on in behind.items()
        for on in days_from(since_on, today_on - _ONE_DAY)
        if (standing := heard[meter_id].get(on)) is None or not standing.is_complete
    ]
    with transaction.atomic():
        ProfileGap.objects.bulk_create(gaps, ignore_conflicts=True)
        MeterStanding.objects.bulk_create((MeterStanding(meter_id=pk) for pk in behind), ignore_conflicts=True)
        MeterStanding.objects.filter(pk__in=behind).update(gaps_noticed_until_on=today_on)
    return len(gaps)


def _since(installation: Installation, noticed_until_on: date | None, today_on: date) -> date:
    model = model_by_key(installation.meter.model_key)
    installed_on = local_date(installation.installed_at, ZoneInfo(installation.point.zone_name))
    deepest_on = today_on - timedelta(days=model.profile_depth_days)
    return max(installed_on, deepest_on, noticed_until_on or deepest_on)


def lose_what_is_too_old(*, now: datetime) -> int:
    """Give up the days that no meter of their model holds any more; return how many."""
    # A day more does no harm: the meter answers for itself.
    today_on = now.date() - _ONE_DAY
    lost = 0
    for model in _models():
        if model.has_profile:
            deepest_on = today_on - timedelta(days=model.profile_depth_days)
            too_old = ProfileGap.objects.filter(meter__model_key=model.key, lost="", day_on__lt=deepest_on)
            lost += too_old.update(lost=ProfileGap.Lost.TOO_OLD)
    return lost


@dataclass(frozen=True, slots=True)
class OpenGaps:
    """The days of some meters that can still be read, each meter's in order."""

    days: dict[int, tuple[date, ...]]

    def newest(self, meter_id: int, count: int | None) -> tuple[date, ...]:
        """The last days that are missing of a meter, at most so many, in order."""
        days = self.days.get(meter_id, ())
        return days if count is None else days[max(0, len(days) - count) :]


def open_gaps(meter_ids: Collection[int]) -> OpenGaps:
    """Return what can still be read of the past of these meters."""
    days: dict[int, list[date]] = defaultdict(list)
    rows = ProfileGap.objects.filter(meter_id__in=meter_ids, lost="").order_by("meter_id", "day_on")
    for meter_id, on in rows.values_list("meter_id", "day_on"):
        days[meter_id].append(on)
    return OpenGaps({meter_id: tuple(found) for meter_id, found in days.items()})


def close_gaps(heard: Mapping[int, Iterable[MeterDay]], *, asked_on: Mapping[int, Collection[date]]) -> None:
    """Within the transaction that accepts sessions: close the days that are whole now, of each meter.

    `asked_on`: days a meter was asked for in a session that went well; of those still not whole it is noted that
    the meter had no more, and after three times they are lost.
    """
    gaps: dict[int, set[date]] = defaultdict(set)
    for meter_id, on in ProfileGap.objects.filter(meter_id__in=list(heard)).values_list("meter_id", "day_on"):
        gaps[meter_id].add(on)
    for meter_id, missing in gaps.items():
        days = {day.day_on: day for day in heard[meter_id] if day.day_on in missing}
        _close(meter_id, missing, days, asked_on.get(meter_id, ()))


def _close(meter_id: int, gaps: AbstractSet[date], days: Mapping[date, MeterDay], asked_on: Collection[date]) -> None:
    whole = {on for on, day in days.items() if day.is_whole}
    for on in set(days) - whole:
        # What one reading lacks another may have brought.
        stored = history.meter_days([meter_id], on, on + _ONE_DAY)[meter_id]
        if stored and stored[0].day.is_whole:
            whole.add(on)
    of_meter = ProfileGap.objects.filter(meter_id=meter_id)
    if whole:
        of_meter.filter(day_on__in=whole).delete()
    without = (gaps & set(asked_on)) - whole
    if without:
        of_meter.filter(day_on__in=without).update(answers=F("answers") + 1)
        of_meter.filter(day_on__in=without, lost="", answers__gte=ANSWERS_WITHOUT_MAX).update(
            lost=ProfileGap.Lost.NOT_IN_METER
        )


def _models() -> list[MeterModel]:
    """The models of the meters on record."""
    return [model_by_key(key) for key in Meter.objects.values_list("model_key", flat=True).distinct()]
