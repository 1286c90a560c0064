"""All that is known of one meter: its sessions, registers, findings and events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from kilovatt.measure.metering.outcomes import Outcome, SessionPart
from kilovatt.measure.vee import Rule
from kilovatt.office.operations.standing.board import NoticedEvent, noticed
from kilovatt.office.records.models import Event, Finding, LatestRegister, Meter, MeterStanding, Session

SESSIONS_SHOWN = 30
EVENTS_SHOWN = 50
FINDINGS_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PastSession:
    """How one session went."""

    session_id: UUID
    started_at: datetime
    took: timedelta
    outcome: Outcome
    failed_part: SessionPart | None
    detail: str
    exchanges: int
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestValue:
    """The newest value of one register [Wh or varh], and the exchange that carried it."""

    quantity: str
    tariff: int
    value: int
    taken_at: datetime
    session_id: UUID | None
    exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One finding of the judgement."""

    rule: Rule
    day_on: date
    slot: int
    figures: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEventLine:
    """An event with the exchange that told of it."""

    meter_id: int
    noticed: NoticedEvent
    detail: str
    session_id: UUID | None
    exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFile:
    """One meter, whole."""

    made_on: date | None
    firmware: str
    address: int
    power_w: int | None
    voltage_mv: int | None
    relay_closed: bool | None
    instant_at: datetime | None
    sessions: tuple[PastSession, ...]
    registers: tuple[LatestValue, ...]
    doubts: tuple[Doubt, ...]
    events: tuple[MeterEventLine, ...]


def meter_file(meter_id: int) -> MeterFile:
    """Return what is known of a meter. Raises Meter.DoesNotExist."""
    meter = Meter.objects.get(pk=meter_id)
    standing = MeterStanding.objects.filter(meter_id=meter_id).first()
    return MeterFile(
        made_on=meter.made_on,
        firmware=meter.firmware,
        address=meter.address,
        power_w=standing.power_w if standing else None,
        voltage_mv=standing.voltage_mv if standing else None,
        relay_closed=standing.relay_closed if standing else None,
        instant_at=standing.instant_at if standing else None,
        sessions=_sessions(meter_id),
        registers=_registers(meter_id),
        doubts=_doubts(meter_id),
        events=newest_events([meter_id], limit=EVENTS_SHOWN),
    )


def newest_events(meter_ids: Sequence[int], *, limit: int) -> tuple[MeterEventLine, ...]:
    """Return the newest events of some meters, the newest first."""
    newest = Event.objects.filter(meter_id__in=meter_ids).order_by("-began_at")[:limit]
    return tuple(
        MeterEventLine(
            meter_id=event.meter_id,
            noticed=noticed(event),
            detail=event.detail,
            session_id=event.session_id,
            exchange=event.exchange,
        )
        for event in newest
    )


def _sessions(meter_id: int) -> tuple[PastSession, ...]:
    newest = Session.objects.filter(meter_id=meter_id, push=None).order_by("-started_at")[:SESSIONS_SHOWN]
    return tuple(
        PastSession(
            session_id=session.session_id,
            started_at=session.started_at,
            took=session.ended_at - session.started_at,
            outcome=Outcome(session.outcome),
            failed_part=SessionPart(session.failed_part) if session.failed_part else None,
            detail=session.detail,
            exchanges=session.exchanges_made,
            retries=session.retries,
        )
        for session in newest
    )


def _registers(meter_id: int) -> tuple[LatestValue, ...]:
    return tuple(
        LatestValue(
            quantity=row.quantity,
            tariff=row.tariff,
            value=row.value,
            taken_at=row.taken_at,
            session_id=row.session_id,
            exchange=row.exchange,
        )
        for row in LatestRegister.objects.filter(meter_id=meter_id).order_by("quantity", "tariff")
    )


def _doubts(meter_id: int) -> tuple[Doubt, ...]:
    newest = Finding.objects.filter(meter_id=meter_id).order_by("-day_on", "rule", "slot")[:FINDINGS_SHOWN]
    return tuple(
        Doubt(rule=Rule(row.rule), day_on=row.day_on, slot=row.slot, figures=dict(row.figures)) for row in newest
    )
