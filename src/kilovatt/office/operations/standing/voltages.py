"""The voltages of a meter over some local days, phase by phase, with what its journals tell of the supply.

What was sampled is shown and nothing between: a gap in the readings is a gap in the picture, and a day without any
says so.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.spodes.vocabulary import event_code
from kilovatt.measure.metering.supply_voltage import VoltageStandard, voltage_standard
from kilovatt.office.operations.keeping.evidence import FrameKey
from kilovatt.office.operations.keeping.sample_history import StoredSample, samples
from kilovatt.office.operations.standing.board import NoticedEvent, noticed
from kilovatt.office.records.models import Event
from kilovatt.quantities.periods import days_from, local_date, local_midnight

QUALITY_KINDS = frozenset({EventKind.POWER_OFF, EventKind.PHASE_LOST, EventKind.VOLTAGE_OUT_OF_LIMITS})
"""What journals tell of the supply: outages, phases lost, swells and dips."""
DISTURBANCES_MAX = 200
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class VoltagePoint:
    """The voltage of a phase at an instant; `is_off` is beyond the limits, `frame` leads to what carried it."""

    taken_at: datetime
    voltage_mv: int
    is_off: bool
    frame: FrameKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseVoltages:
    """One phase, numbered from 1: its points by instant, never none, the lowest and the highest."""

    phase: int
    points: tuple[VoltagePoint, ...]
    lowest: VoltagePoint
    highest: VoltagePoint

    @property
    def off(self) -> int:
        """How many of its points are beyond the limits."""
        return sum(point.is_off for point in self.points)


@dataclass(frozen=True, slots=True)
class VoltageDay:
    """The samples of a local day by phase; none on a day on which the voltage was not heard."""

    on: date
    phases: tuple[PhaseVoltages, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """What a journal tells of the supply. `ends_at` is None while it goes on; a moment has none either."""

    event: NoticedEvent
    is_moment: bool
    session_id: UUID | None
    exchange: int

    @property
    def is_outage(self) -> bool:
        """Whether nothing came, by one phase or by all; else it came out of limits."""
        return self.event.kind in {EventKind.POWER_OFF, EventKind.PHASE_LOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltagePicture:
    """The voltages of the local days [first_on, until_on), as far as they have gone by: until `until`.

    `gap_after`: two points further apart are not to be joined by a line.
    """

    first_on: date
    until_on: date
    since: datetime
    until: datetime
    standard: VoltageStandard
    gap_after: timedelta
    phases: tuple[PhaseVoltages, ...]
    days: tuple[VoltageDay, ...]
    disturbances: tuple[Disturbance, ...]
    """By when they began."""


def voltages(meter_id: int, *, first_on: date, until_on: date, zone: ZoneInfo, now: datetime) -> VoltagePicture:
    """Return the voltages of a meter on some local days; no phases where none were heard."""
    since, ends_at = local_midnight(first_on, zone), local_midnight(until_on, zone)
    until = max(since, min(ends_at, now))
    standard = voltage_standard(until_on - _ONE_DAY)
    heard = [one for one in samples([meter_id], since=since, until=until) if one.values.taken_at < ends_at]
    by_day: dict[date, list[StoredSample]] = defaultdict(list)
    for sample in heard:
        by_day[local_date(sample.values.taken_at, zone)].append(sample)
    last_on = min(until_on - _ONE_DAY, local_date(now, zone))
    return VoltagePicture(
        first_on=first_on,
        until_on=until_on,
        since=since,
        until=until,
        standard=standard,
        gap_after=_gap_after(heard),
        phases=_phases(heard, standard),
        days=tuple(VoltageDay(on, _phases(by_day.get(on, ()), standard)) for on in days_from(first_on, last_on)),
        disturbances=_disturbances(meter_id, since, until),
    )


def _phases(heard: Sequence[StoredSample], standard: VoltageStandard) -> tuple[PhaseVoltages, ...]:
    count = max((len(sample.values.voltages_mv) for sample in heard), default=0)
    return tuple(_phase(heard, phase, standard) for phase in range(1, count + 1))


def _phase(heard: Iterable[StoredSample], phase: int, standard: VoltageStandard) -> PhaseVoltages:
    points = tuple(
        VoltagePoint(
            taken_at=sample.values.taken_at,
            voltage_mv=voltage_mv,
            is_off=not standard.lowest_mv <= voltage_mv <= standard.highest_mv,
            frame=FrameKey(sample.session_id, sample.values.exchange),
        )
        for sample in heard
        for voltage_mv in sample.values.voltages_mv[phase - 1 : phase]
    )
    by_voltage = sorted(points, key=lambda point: point.voltage_mv)
    return PhaseVoltages(phase=phase, points=points, lowest=by_voltage[0], highest=by_voltage[-1])


def _gap_after(heard: Sequence[StoredSample]) -> timedelta:
    """Half as long again as nine in ten samples lie after the one before."""
    instants = [sample.values.taken_at for sample in heard if sample.values.voltages_mv]
    apart = sorted(after - before for before, after in pairwise(instants))
    return apart[(len(apart) - 1) * 9 // 10] * 3 / 2 if apart else timedelta(0)


def _disturbances(meter_id: int, since: datetime, until: datetime) -> tuple[Disturbance, ...]:
    over = Q(ended_at=None) | Q(ended_at__gte=since)
    told = Event.objects.filter(over, meter_id=meter_id, kind__in=QUALITY_KINDS, began_at__lt=until)
    newest = sorted(told.order_by("-began_at")[:DISTURBANCES_MAX], key=lambda event: event.began_at)
    shown = (
        Disturbance(
            event=noticed(event),
            is_moment=event.ended_at is None and _is_of_a_moment(event.code),
            session_id=event.session_id,
            exchange=event.exchange,
        )
        for event in newest
    )
    return tuple(one for one in shown if not one.is_moment or one.event.began_at >= since)


def _is_of_a_moment(code: str) -> bool:
    known = event_code(code)
    return known is not None and known.ended_by is None
