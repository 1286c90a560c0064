"""How a site stands: how much is read, what is due, which lines do worst, what is missing, and why."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, CharField, Count, F, Min, Q, QuerySet, Value, When

from kilovatt.measure.metering.outcomes import Condition, Outcome
from kilovatt.office.operations.clocks.held_apart import held_counts
from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.reading import visits
from kilovatt.office.operations.standing import rates
from kilovatt.office.operations.standing.board import CLOCK_WRONG_S
from kilovatt.office.operations.standing.rates import READ_WITHIN, Success
from kilovatt.office.records.models import Installation, Line, ProfileGap, Work

OVERDUE = timedelta(hours=1)
"""A meter whose turn has passed for so long waits for something else than its line."""
Reason = Outcome | Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStatus:
    """How a line does. `held_until` is None where no process holds it; `reasons` are those of its meters."""

    line_id: int
    name: str
    url: str
    success: Success
    due: int
    overdue: int
    held_until: datetime | None
    holder: str
    reasons: Mapping[Reason, int]

    @property
    def lacks_nothing(self) -> bool:
        """Whether it is held, in time, and every meter of it is read whole."""
        success = self.success
        lacking = success.read.lacking + success.whole_days.lacking + success.month_starts.lacking
        return self.held_until is not None and not self.overdue and not lacking and not self.reasons

    @property
    def commonest_reason(self) -> Reason | None:
        """Why most of its meters that have no data have none."""
        return max(self.reasons, key=self.reasons.__getitem__, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Days of load profiles that are missing: those still asked for, and those that nobody has any more."""

    open_days: int
    open_meters: int
    lost_days: Mapping[str, int]
    """By why they are lost."""


@dataclass(frozen=True, slots=True)
class Held:
    """What wrong clocks have stamped and nobody has decided on: so many values of so many meters."""

    values: int
    meters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStatus:
    """How a site stands at an instant. The lines that are read worst come first."""

    at: datetime
    meters: int
    success: Success
    due: int
    overdue: int
    longest_due_at: datetime | None
    waited_for: int
    """Meters that somebody waits for."""
    gaps: Gaps
    held: Held
    reasons: Mapping[Reason, int]
    lines: tuple[LineStatus, ...]

    @property
    def lines_held(self) -> int:
        """How many lines are held by some process."""
        return sum(line.held_until is not None for line in self.lines)

    @property
    def holders(self) -> Mapping[str, int]:
        """How many lines each process holds."""
        return Counter(line.holder for line in self.lines if line.held_until is not None)


def site_status(
    *, now: datetime, organisations: Collection[int] | None = None, days: int = rates.WHOLE_DAYS
) -> SiteStatus:
    """Return how the meters of some organisations, or of all, stand now; a city needs as many queries as a house."""
    there = rates.installed(now=now, organisations=organisations)
    success = rates.success_by_line(there, now=now, days=days)
    turns = _turns(there, now)
    reasons = _reasons(there, now)
    lines = _lines(there, success, turns, reasons, now)
    return SiteStatus(
        at=now,
        meters=there.count(),
        success=sum(success.values(), Success()),
        due=sum(turn.due for turn in turns.values()),
        overdue=sum(turn.overdue for turn in turns.values()),
        longest_due_at=min((turn.longest_at for turn in turns.values() if turn.longest_at), default=None),
        waited_for=len(set(visits.asked_for([line.line_id for line in lines], now=now).values())),
        gaps=_gaps(there),
        held=_held(there),
        reasons=_in_order(sum((Counter(of_line) for of_line in reasons.values()), Counter())),
        lines=tuple(sorted(lines, key=_how_bad)),
    )


@dataclass(frozen=True, slots=True)
class _Turns:
    due: int
    overdue: int
    longest_at: datetime | None


_NO_TURNS = _Turns(0, 0, None)


def _turns(there: QuerySet[Installation], now: datetime) -> dict[int | None, _Turns]:
    due_at = F("meter__standing__next_due_at")
    never = Q(meter__standing__next_due_at=None)
    counts = (
        there.filter(meter__line__isnull=False)
        .order_by()
        .values("meter__line_id")
        .annotate(
            due=Count("pk", filter=never | Q(meter__standing__next_due_at__lte=now)),
            overdue=Count("pk", filter=Q(meter__standing__next_due_at__lte=now - OVERDUE)),
            longest_at=Min(due_at, filter=Q(meter__standing__next_due_at__lte=now)),
        )
    )
    return {row["meter__line_id"]: _Turns(row["due"], row["overdue"], row["longest_at"]) for row in counts}


def _reasons(there: QuerySet[Installation], now: datetime) -> dict[int | None, dict[Reason, int]]:
    """Why meters have no data, by line: one reason each."""
    untried = Q(meter__standing__last_tried_at=None) | Q(meter__standing__last_tried_at__lt=now - READ_WITHIN)
    # A clock of which nothing is known is not wrong.
    off = Q(meter__standing__clock_deviation_s__gt=CLOCK_WRONG_S) | Q(
        meter__standing__clock_deviation_s__lt=-CLOCK_WRONG_S
    )
    reason = Case(
        When(meter__line=None, then=Value(Condition.NO_LINE.value)),
        When(untried, then=Value(Condition.NOT_VISITED.value)),
        When(~Q(meter__standing__last_outcome=Outcome.OK), then=F("meter__standing__last_outcome")),
        When(off, then=Value(Condition.CLOCK_WRONG.value)),
        default=Value(Outcome.OK.value),
        output_field=CharField(),
    )
    by_line: dict[int | None, dict[Reason, int]] = defaultdict(dict)
    counts = there.order_by().annotate(reason=reason).values("meter__line_id", "reason").annotate(meters=Count("pk"))
    for row in counts:
        name = row["reason"]
        if name != Outcome.OK:
            known: Reason = Condition(name) if name in set(Condition) else Outcome(name)
            by_line[row["meter__line_id"]][known] = row["meters"]
    return dict(by_line)


def _in_order(reasons: "Counter[Reason]") -> dict[Reason, int]:
    return dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0].value)))


def _lines(
    there: QuerySet[Installation],
    success: Mapping[int | None, Success],
    turns: Mapping[int | None, _Turns],
    reasons: Mapping[int | None, Mapping[Reason, int]],
    now: datetime,
) -> list[LineStatus]:
    held = {int(one.key): one for one in Work.objects.filter(kind=line_leases.KIND, lease_until__gte=now)}
    return [
        LineStatus(
            line_id=line.pk,
            name=line.name,
            url=line.url,
            success=success[line.pk],
            due=turns.get(line.pk, _NO_TURNS).due,
            overdue=turns.get(line.pk, _NO_TURNS).overdue,
            held_until=held[line.pk].lease_until if line.pk in held else None,
            holder=str(held[line.pk].payload.get("holder", "")) if line.pk in held else "",
            reasons=_in_order(Counter(reasons.get(line.pk, {}))),
        )
        for line in Line.objects.filter(pk__in=there.order_by().values("meter__line_id"))
    ]


def _how_bad(line: LineStatus) -> tuple[int, int, int]:
    read = line.success.read
    return (read.tenths_of_percent or 0, -read.lacking, line.line_id)


def _held(there: QuerySet[Installation]) -> Held:
    counts = held_counts(there.order_by().values_list("meter_id", flat=True))
    return Held(sum(counts.values()), len(counts))


def _gaps(there: QuerySet[Installation]) -> Gaps:
    of_these = ProfileGap.objects.filter(meter_id__in=there.order_by().values("meter_id"))
    still_asked = of_these.filter(lost="").aggregate(days=Count("pk"), meters=Count("meter", distinct=True))
    lost = of_these.exclude(lost="").order_by().values("lost").annotate(days=Count("pk"))
    return Gaps(
        open_days=still_asked["days"],
        open_meters=still_asked["meters"],
        lost_days={row["lost"]: row["days"] for row in lost},
    )
