"""How every meter of some organisations stands: what the board shows, in a handful of queries."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.events import TAMPER_KINDS, EventKind
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Condition, Outcome
from kilovatt.office.operations.clocks.held_apart import held_counts
from kilovatt.office.operations.keeping import history
from kilovatt.office.operations.keeping.history import DayStanding
from kilovatt.office.operations.standing.rates import READ_WITHIN, MeterSuccess, success_of_meters
from kilovatt.office.records.models import Account, Event, Finding, Installation, Line, MeterStanding, Unbilled, User
from kilovatt.quantities.periods import days_from, local_date

BOARD_DAYS = 30
CLOCK_WRONG_S = 120
"""From how far off a clock is told of; the judgement's own limit is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStanding:
    """How the meters of a line did when they were last tried."""

    name: str
    meters: int
    answering: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedEvent:
    """An event as the board tells it."""

    kind: EventKind
    began_at: datetime
    ended_at: datetime | None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One meter. `days` has one entry per day, the oldest first: None where nothing of the day is known."""

    meter_id: int
    place: str
    account: str
    model: MeterModel
    serial: str
    zone: ZoneInfo
    line: LineStanding
    outcome: Outcome | None
    detail: str
    tried_at: datetime | None
    was_tried: bool
    """Within the last day."""
    read_at: datetime | None
    silent_since_at: datetime | None
    clock_deviation_s: int | None
    days: tuple[DayStanding | None, ...]
    success: MeterSuccess
    tampering: tuple[NoticedEvent, ...]
    unbilled_reason: str
    findings: int
    held_apart: int
    """So many values that a wrong clock has stamped wait for a decision."""

    @property
    def reason(self) -> Outcome | Condition | None:
        """Why there is no data, or none to rely on; the same rules by which `site_status` counts."""
        if not self.line.name:
            return Condition.NO_LINE
        if not self.was_tried:
            return Condition.NOT_VISITED
        if self.outcome is not Outcome.OK:
            return self.outcome
        return Condition.CLOCK_WRONG if self.is_clock_wrong else None

    @property
    def is_silent(self) -> bool:
        """Whether the last session failed."""
        return self.outcome not in {None, Outcome.OK}

    @property
    def is_incomplete(self) -> bool:
        """Whether a day of the strip since the first known one has holes."""
        known = [place for place, day in enumerate(self.days) if day is not None]
        return bool(known) and any(day is None or not day.is_complete for day in self.days[known[0] :])

    @property
    def is_clock_wrong(self) -> bool:
        """Whether the clock is further off than is left unsaid."""
        return self.clock_deviation_s is not None and abs(self.clock_deviation_s) > CLOCK_WRONG_S


def board_of(user: User, *, now: datetime) -> tuple[BoardRow, ...]:
    """Return the meters installed now at the places of the organisations a user works for, by place."""
    return rows_of(list(_looked_after(user, now).order_by("point__pk")), now=now)


def row_of(user: User, meter_id: int, *, now: datetime) -> BoardRow | None:
    """Return the row of one meter, judged among the meters of its line; None if the user does not look after it."""
    mine = _looked_after(user, now)
    found = mine.filter(meter_id=meter_id).first()
    if found is None:
        return None
    same_line = Q(meter__line=found.meter.line_id) if found.meter.line_id is not None else Q(pk=found.pk)
    return next(row for row in rows_of(list(mine.filter(same_line)), now=now) if row.meter_id == meter_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPlace:
    """Where a meter stands."""

    meter_id: int
    name: str
    zone: ZoneInfo


def meter_places(user: User, *, now: datetime) -> dict[int, MeterPlace]:
    """Return where the meters stand that a user looks after, by meter."""
    rows = _looked_after(user, now).values_list("meter_id", "point__name", "point__zone_name")
    return {meter_id: MeterPlace(meter_id=meter_id, name=name, zone=ZoneInfo(zone)) for meter_id, name, zone in rows}


def _looked_after(user: User, now: datetime) -> QuerySet[Installation]:
    mine = user.staff_roles.values("organisation")
    installed = Installation.objects.filter(removed_at=None, installed_at__lte=now, point__organisation__in=mine)
    return installed.select_related("meter", "point")


def rows_of(installations: Sequence[Installation], *, now: datetime) -> tuple[BoardRow, ...]:
    """Return the rows of these installations."""
    ids = [installation.meter_id for installation in installations]
    points = [installation.point_id for installation in installations]
    told = MeterStanding.objects.filter(meter_id__in=ids)
    standings = {row.meter_id: row for row in told}
    details = dict(told.values_list("meter_id", "last_session__detail"))
    lines = _lines(installations, standings)
    zones = {installation.point.zone_name: ZoneInfo(installation.point.zone_name) for installation in installations}
    today_on = min((local_date(now, zone) for zone in zones.values()), default=now.date())
    days = history.day_standings(ids, today_on - timedelta(days=BOARD_DAYS), today_on)
    tampering = _tampering(ids, now)
    unbilled = dict(Unbilled.objects.filter(account__point__in=points).values_list("account__point_id", "reason"))
    accounts = _accounts(points)
    findings = dict(
        Finding.objects.filter(meter_id__in=ids).values("meter_id").annotate(n=Count("pk")).values_list("meter_id", "n")
    )
    held = held_counts(ids)
    success = success_of_meters(Installation.objects.filter(pk__in=[one.pk for one in installations]), now=now)
    return tuple(
        _row(
            one,
            standings.get(one.meter_id),
            now=now,
            line=lines[one.meter.line_id],
            zone=zones[one.point.zone_name],
            days=_strip(days[one.meter_id], today_on),
            success=success[one.meter_id],
            tampering=tuple(tampering[one.meter_id]),
            unbilled_reason=unbilled.get(one.point_id, ""),
            account=accounts.get(one.point_id, ""),
            detail=details.get(one.meter_id),
            findings=findings.get(one.meter_id, 0),
            held_apart=held.get(one.meter_id, 0),
        )
        for one in installations
    )


def _row(
    installation: Installation,
    standing: MeterStanding | None,
    *,
    now: datetime,
    line: LineStanding,
    zone: ZoneInfo,
    days: tuple[DayStanding | None, ...],
    success: MeterSuccess,
    tampering: tuple[NoticedEvent, ...],
    unbilled_reason: str,
    account: str,
    detail: str | None,
    findings: int,
    held_apart: int,
) -> BoardRow:
    return BoardRow(
        meter_id=installation.meter_id,
        place=installation.point.name,
        account=account,
        model=model_by_key(installation.meter.model_key),
        serial=installation.meter.serial,
        zone=zone,
        line=line,
        outcome=Outcome(standing.last_outcome) if standing is not None and standing.last_outcome else None,
        detail=detail or "",
        tried_at=standing.last_tried_at if standing is not None else None,
        was_tried=_was_tried(standing, now),
        read_at=standing.last_read_at if standing is not None else None,
        silent_since_at=standing.silent_since_at if standing is not None else None,
        clock_deviation_s=standing.clock_deviation_s if standing is not None else None,
        days=days,
        success=success,
        tampering=tampering,
        unbilled_reason=unbilled_reason,
        findings=findings,
        held_apart=held_apart,
    )


def _was_tried(standing: MeterStanding | None, now: datetime) -> bool:
    if standing is None or standing.last_tried_at is None:
        return False
    return standing.last_tried_at >= now - READ_WITHIN


def _lines(
    installations: Sequence[Installation], standings: dict[int, MeterStanding]
) -> dict[int | None, LineStanding]:
    names: dict[int | None, str] = {None: ""}
    names |= dict(Line.objects.filter(pk__in={one.meter.line_id for one in installations}).values_list("pk", "name"))
    meters: Counter[int | None] = Counter()
    answering: Counter[int | None] = Counter()
    for installation in installations:
        key = installation.meter.line_id
        meters[key] += 1
        standing = standings.get(installation.meter_id)
        answering[key] += standing is not None and standing.last_outcome == Outcome.OK
    return {key: LineStanding(name=name, meters=meters[key], answering=answering[key]) for key, name in names.items()}


def _strip(known: dict[date, DayStanding], today_on: date) -> tuple[DayStanding | None, ...]:
    first_on = today_on - timedelta(days=BOARD_DAYS)
    return tuple(known.get(on) for on in days_from(first_on, today_on - timedelta(days=1)))


def _tampering(meter_ids: Sequence[int], now: datetime) -> dict[int, list[NoticedEvent]]:
    recent = Event.objects.filter(
        meter_id__in=meter_ids, kind__in=TAMPER_KINDS, began_at__gte=now - timedelta(days=BOARD_DAYS)
    )
    by_meter: dict[int, list[NoticedEvent]] = defaultdict(list)
    for event in recent.order_by("-began_at"):
        by_meter[event.meter_id].append(noticed(event))
    return by_meter


def noticed(event: Event) -> NoticedEvent:
    """Return an event on record as pages tell it."""
    return NoticedEvent(
        kind=EventKind(event.kind),
        began_at=event.began_at,
        ended_at=event.ended_at,
        code=event.code,
        detail=event.detail,
    )


def _accounts(point_ids: Sequence[int]) -> dict[int, str]:
    open_accounts = Account.objects.filter(point_id__in=point_ids, closed_on=None)
    return dict(open_accounts.values_list("point_id", "number"))
