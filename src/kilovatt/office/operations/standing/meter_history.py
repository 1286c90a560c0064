"""How a meter did over time: its sessions day by day, what is missing of its profile, and how its clock went."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.db.models.functions import TruncDate

from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.orders import OrderState
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.office.operations.clocks import clocks
from kilovatt.office.operations.standing.board import BOARD_DAYS
from kilovatt.office.records.models import ClockDeviation, Event, MeterOrder, MeterStanding, ProfileGap, Session
from kilovatt.quantities.periods import days_from, local_date, local_midnight

CLOCK_DAYS = 180
CLOCK_MOVES_MAX = 200
_CLOCK_ORDERS = (CommandKind.SHIFT_CLOCK, CommandKind.SET_CLOCK)
_SAME_MOVE = timedelta(minutes=15)
_SHIFT = re.compile(r"\bshift_s=(-?\d{1,9})\b")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfSessions:
    """How the sessions of a local day ended."""

    day_on: date
    whole: int
    failed: int
    commonest: Outcome | None
    """How most of those that failed ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapSpan:
    """Days in a row of whose load profile something is missing, for one reason. `lost`: why nobody asks any more."""

    first_on: date
    last_on: date
    lost: str

    @property
    def days(self) -> int:
        """How many."""
        return (self.last_on - self.first_on).days + 1


@dataclass(frozen=True, slots=True)
class ClockPoint:
    """How far the clock was ahead when it was last read on a day [s]."""

    day_on: date
    deviation_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMove:
    """A clock was moved: by an order of ours, or as the meter's journal tells. `by_s`: None where nobody says how far.

    `is_sure`: the meter has shown it since, or tells it itself.
    """

    at: datetime
    on: date
    by_s: int | None
    is_ours: bool
    is_sure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterHistory:
    """One meter over time. `days` are the last thirty local days with today, the oldest first."""

    days: tuple[DayOfSessions, ...]
    gaps: tuple[GapSpan, ...]
    """The newest first."""
    clock: tuple[ClockPoint, ...]
    """The oldest first."""
    clock_moves: tuple[ClockMove, ...]
    """Those within the same time, the oldest first."""
    drift_ms_per_day: int | None
    """By how much faster than ours it runs; None while too little is known."""
    next_due_at: datetime | None
    failures: int
    """Failed sessions in a row."""


def meter_history(meter_id: int, *, zone: ZoneInfo, now: datetime) -> MeterHistory:
    """Return how a meter did."""
    today_on = local_date(now, zone)
    standing = MeterStanding.objects.filter(meter_id=meter_id).first()
    clock_since_on = today_on - timedelta(days=CLOCK_DAYS)
    return MeterHistory(
        days=_days(meter_id, zone, today_on),
        gaps=_spans(ProfileGap.objects.filter(meter_id=meter_id).order_by("-day_on").values_list("day_on", "lost")),
        clock=tuple(
            ClockPoint(on, deviation_s)
            for on, deviation_s in ClockDeviation.objects.filter(meter_id=meter_id, day_on__gt=clock_since_on)
            .order_by("day_on")
            .values_list("day_on", "deviation_s")
        ),
        clock_moves=_clock_moves(meter_id, zone, clock_since_on),
        drift_ms_per_day=clocks.drift_of(meter_id, today_on=today_on),
        next_due_at=standing.next_due_at if standing else None,
        failures=standing.failures if standing else 0,
    )


def _clock_moves(meter_id: int, zone: ZoneInfo, since_on: date) -> tuple[ClockMove, ...]:
    since = local_midnight(since_on, zone)
    orders = MeterOrder.objects.filter(meter_id=meter_id, kind__in=_CLOCK_ORDERS, sent_at__gte=since)
    ours = [
        ClockMove(
            at=order.sent_at,
            on=local_date(order.sent_at, zone),
            by_s=order.facts.get("seconds"),
            is_ours=True,
            is_sure=order.state == OrderState.CONFIRMED,
        )
        for order in orders.exclude(state=OrderState.FAILED)
        if order.sent_at is not None
    ]
    events = Event.objects.filter(meter_id=meter_id, kind=EventKind.CLOCK_SET, began_at__gte=since)
    told = [
        ClockMove(
            at=event.began_at,
            on=local_date(event.began_at, zone),
            by_s=_shift_s(event.detail),
            is_ours=False,
            is_sure=True,
        )
        for event in events.order_by("-began_at")[:CLOCK_MOVES_MAX]
        # What we ordered is told by the journal too.
        if all(abs(event.began_at - one.at) > _SAME_MOVE for one in ours)
    ]
    return tuple(sorted([*ours, *told], key=lambda move: move.at))


def _shift_s(detail: str) -> int | None:
    found = _SHIFT.search(detail)
    return int(found[1]) if found else None


def _days(meter_id: int, zone: ZoneInfo, today_on: date) -> tuple[DayOfSessions, ...]:
    first_on = today_on - timedelta(days=BOARD_DAYS - 1)
    since = datetime.combine(first_on, datetime.min.time(), zone)
    by_day: dict[date, Counter[Outcome]] = defaultdict(Counter)
    ended = (
        Session.objects.filter(meter_id=meter_id, push=None, started_at__gte=since)
        .order_by()
        .annotate(on=TruncDate("started_at", tzinfo=zone))
        .values_list("on", "outcome")
        .annotate(n=Count("pk"))
    )
    for on, outcome, n in ended:
        by_day[on][Outcome(outcome)] += n
    return tuple(_day(on, by_day[on]) for on in days_from(first_on, today_on))


def _day(on: date, ended: "Counter[Outcome]") -> DayOfSessions:
    failed = Counter({outcome: n for outcome, n in ended.items() if outcome is not Outcome.OK})
    return DayOfSessions(
        day_on=on,
        whole=ended[Outcome.OK],
        failed=failed.total(),
        commonest=failed.most_common(1)[0][0] if failed else None,
    )


def _spans(gaps: Iterable[tuple[date, str]]) -> tuple[GapSpan, ...]:
    """Days, the newest first, as spans of one reason each."""
    spans: list[GapSpan] = []
    for on, lost in gaps:
        if spans and spans[-1].first_on - on == _ONE_DAY and spans[-1].lost == lost:
            spans[-1] = GapSpan(first_on=on, last_on=spans[-1].last_on, lost=lost)
        else:
            spans.append(GapSpan(first_on=on, last_on=on, lost=lost))
    return tuple(spans)
