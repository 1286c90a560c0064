"""How well a site is read: meters read within a day, days whole from midnight to midnight, and both month starts.

Counted in the database from standings and gaps; no store of days is looked through. Only the starts of two months are
asked of the lake, as one column that is kept for as long as the lake does not change.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
from django.conf import settings
from django.db.models import BooleanField, Case, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Value, When

from kilovatt.lake.store import Lake
from kilovatt.lake.tables import REGISTERS
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.office.operations.keeping.lake_rows import settled_version
from kilovatt.office.records.models import Installation, IntakeRegister, Meter, ProfileGap
from kilovatt.quantities.periods import last_full_month, local_date, local_midnight, next_month

READ_WITHIN = timedelta(days=1)
WHOLE_DAYS = 30
"""So many past days are to be whole; the strip of the board shows as many."""
_ONE_DAY = timedelta(days=1)
_NEVER = Q(pk__in=())


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many."""

    done: int
    of: int

    def __add__(self, other: "Rate") -> "Rate":
        """Both together."""
        return Rate(self.done + other.done, self.of + other.of)

    @property
    def lacking(self) -> int:
        """How many are not done."""
        return self.of - self.done

    @property
    def tenths_of_percent(self) -> int | None:
        """The share, rounded down: a thousand means all. None of none."""
        return self.done * 1000 // self.of if self.of else None

    def is_below(self, percent: float) -> bool:
        """Whether the share is below so many percent; that of none is not."""
        return self.done * 100 < percent * self.of


NONE_OF_NONE = Rate(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """How well some meters are read. Days count for meters that keep a load profile, month starts for those due."""

    read: Rate = NONE_OF_NONE
    whole_days: Rate = NONE_OF_NONE
    month_starts: Rate = NONE_OF_NONE

    def __add__(self, other: "Success") -> "Success":
        """Both together."""
        return Success(
            read=self.read + other.read,
            whole_days=self.whole_days + other.whole_days,
            month_starts=self.month_starts + other.month_starts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSuccess:
    """How well one meter is read; None where it keeps no profile, or no month start is due."""

    is_read: bool
    has_whole_days: bool | None
    has_month_starts: bool | None


def installed(*, now: datetime, organisations: Collection[int] | None = None) -> QuerySet[Installation]:
    """Return what is installed now, at the points of some organisations or of all."""
    standing = Installation.objects.filter(removed_at=None, installed_at__lte=now)
    return standing if organisations is None else standing.filter(point__organisation__in=organisations)


def success_of(meters: Iterable[MeterSuccess]) -> Success:
    """Return how well some meters are read."""
    known = list(meters)
    return Success(
        read=_rate(one.is_read for one in known),
        whole_days=_rate(one.has_whole_days for one in known),
        month_starts=_rate(one.has_month_starts for one in known),
    )


def _rate(answers: Iterable[bool | None]) -> Rate:
    counted = Counter(answers)
    return Rate(counted[True], counted[True] + counted[False])


def success_by_line(
    installations: QuerySet[Installation], *, now: datetime, days: int = WHOLE_DAYS
) -> dict[int | None, Success]:
    """Return how well the meters of each line are read; None are those without a line."""
    counts = (
        _judged(installations, now=now, days=days)
        .order_by()
        .values("meter__line_id")
        .annotate(
            meters=Count("pk"),
            read=Count("pk", filter=Q(is_read=True)),
            profiles=Count("pk", filter=Q(keeps_profile=True)),
            whole=Count("pk", filter=Q(is_whole=True)),
        )
    )
    starts = _month_starts_by_line(installations, now=now)
    return {
        row["meter__line_id"]: Success(
            read=Rate(row["read"], row["meters"]),
            whole_days=Rate(row["whole"], row["profiles"]),
            month_starts=starts.get(row["meter__line_id"], NONE_OF_NONE),
        )
        for row in counts
    }


def success_of_meters(
    installations: QuerySet[Installation], *, now: datetime, days: int = WHOLE_DAYS
) -> dict[int, MeterSuccess]:
    """Return how well each meter is read: by the same rules by which they are counted."""
    marks = ("is_read", "keeps_profile", "is_whole")
    judged = _judged(installations, now=now, days=days).values_list("meter_id", *marks)
    starts = {meter_id: known for meter_id, _, known in _month_starts(installations, now=now)}
    return {
        meter_id: MeterSuccess(
            is_read=is_read,
            has_whole_days=is_whole if keeps_profile else None,
            has_month_starts=starts.get(meter_id),
        )
        for meter_id, is_read, keeps_profile, is_whole in judged
    }


def _judged(installations: QuerySet[Installation], *, now: datetime, days: int) -> QuerySet[Installation]:
    """Mark each installation with `is_read`, `keeps_profile` and `is_whole`."""
    profiles = Q(meter__model_key__in=_models_with_profile())
    return installations.annotate(
        is_read=_truth(Q(meter__standing__last_read_at__gt=now - READ_WITHIN)),
        keeps_profile=_truth(profiles),
        is_whole=_truth(profiles & _whole(installations, now=now, days=days)),
    )


def _truth(condition: Q) -> Case:
    # Where a standing is missing the condition is unknown, and what is unknown is not so.
    return Case(When(condition, then=Value(value=True)), default=Value(value=False), output_field=BooleanField())


def _whole(installations: QuerySet[Installation], *, now: datetime, days: int) -> Q:
    """Of which meters nothing is missing of the last local days, as far as gaps have been noticed."""
    whole = _NEVER
    for zone_name in _zone_names(installations):
        today_on = local_date(now, ZoneInfo(zone_name))
        gaps = ProfileGap.objects.filter(
            meter_id=OuterRef("meter_id"), day_on__gte=today_on - timedelta(days=days), day_on__lt=today_on
        )
        # The day that has just ended is looked at within minutes of its end.
        looked_at = Q(meter__standing__gaps_noticed_until_on__gte=today_on - _ONE_DAY)
        none_missing = ExpressionWrapper(~Exists(gaps), output_field=BooleanField())
        whole |= Q(none_missing) & looked_at & Q(point__zone_name=zone_name)
    return whole


def _zone_names(installations: QuerySet[Installation]) -> list[str]:
    return list(installations.order_by().values_list("point__zone_name", flat=True).distinct())


def _models_with_profile() -> list[str]:
    keys = Meter.objects.values_list("model_key", flat=True).distinct()
    return [key for key in keys if model_by_key(key).has_profile]


# ── Month starts ────────────────────────────────────────────────────────────────────────────────────────────────────


def _month_starts_by_line(installations: QuerySet[Installation], *, now: datetime) -> dict[int | None, Rate]:
    due: Counter[int | None] = Counter()
    known: Counter[int | None] = Counter()
    for _, line_id, is_known in _month_starts(installations, now=now):
        due[line_id] += 1
        known[line_id] += is_known
    return {line_id: Rate(known[line_id], due[line_id]) for line_id in due}


def _month_starts(installations: QuerySet[Installation], *, now: datetime) -> list[tuple[int, int | None, bool]]:
    """Meter, line, and whether the registers of every month start that is due are known; only meters with one due.

    Due are the starts of the last full month and of this one since the meter stands there: what a bill is made of.
    """
    found: list[tuple[int, int | None, bool]] = []
    for zone_name in _zone_names(installations):
        zone = ZoneInfo(zone_name)
        first_on = last_full_month(now, zone)
        starts = (first_on, next_month(first_on))
        there = installations.filter(point__zone_name=zone_name).order_by("meter_id")
        rows = list(there.values_list("meter_id", "meter__line_id", "installed_at"))
        known = _known_at(there, tuple(row[0] for row in rows), [local_midnight(on, zone) for on in starts])
        for meter_id, line_id, installed_at in rows:
            installed_on = local_date(installed_at, zone)
            due = [ids for on, ids in zip(starts, known, strict=True) if on >= installed_on]
            if due:
                found.append((meter_id, line_id, all(meter_id in ids for ids in due)))
    return found


def _known_at(
    there: QuerySet[Installation], meter_ids: tuple[int, ...], instants: Sequence[datetime]
) -> list[frozenset[int]]:
    """Of each instant, the meters whose register of energy taken is known as it stood then, at the start of a month."""
    # The intake first: rows leave it only after the lake holds them.
    accepted = set(
        IntakeRegister.objects.filter(
            meter_id__in=there.order_by().values("meter_id"),
            moment=RegisterMoment.MONTH_START,
            quantity=Quantity.A_PLUS,
            taken_at__in=instants,
        )
        .values_list("meter_id", "taken_at")
        .distinct()
    )
    version = settled_version(REGISTERS)
    return [
        frozenset(meter_id for meter_id, at in accepted if at == instant)
        | (frozenset() if version is None else _kept_at(settings.DATA.lake, version, meter_ids, instant))
        for instant in instants
    ]


@lru_cache(maxsize=32)
def _kept_at(lake: Path, version: int, meter_ids: tuple[int, ...], at: datetime) -> frozenset[int]:
    """A version of the lake never changes: what was found in it once need not be looked for again."""
    at = at.astimezone(UTC)
    wanted = (
        (pc.field("taken_at") == at)
        & (pc.field("moment") == RegisterMoment.MONTH_START.value)
        & (pc.field("quantity") == Quantity.A_PLUS.value)
    )
    months = [f"{at:%Y-%m}"]
    rows = (
        Lake(lake)
        .table(REGISTERS)
        .read(version, meter_ids=meter_ids, columns=["meter_id"], where=wanted, months=months)
    )
    return frozenset(rows["meter_id"].unique().to_pylist())
