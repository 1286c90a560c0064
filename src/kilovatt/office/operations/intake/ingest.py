"""Accept what sessions brought: one transaction, whose commit is the acknowledgement.

Accepting the same session again, or values that are already known, changes nothing. Sessions that have come meanwhile
are accepted together: the stores are asked once for all of them, and the disk is waited for once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from kilovatt.measure.metering.believing import Believed, believed, clock_is_trusted
from kilovatt.measure.metering.meter_days import Source
from kilovatt.measure.metering.sessions import Learnt, SessionReport
from kilovatt.office.operations.intake import concentrators, ingest_events, ingest_standings, ingest_values
from kilovatt.office.operations.intake.accepting import Accepting, Together
from kilovatt.office.operations.intake.ingest_events import deviation_s
from kilovatt.office.operations.lines.leases import FencedOffError, Lease, lost_of
from kilovatt.office.operations.orders import order_settling
from kilovatt.office.operations.reading import visits
from kilovatt.office.operations.reading.gaps import close_gaps
from kilovatt.office.records.models import IntakeFrame, Meter, Session
from kilovatt.office.records.readings.inserting import insert

_FRAME = ("session_id", "meter_id", "exchange", "request", "answer", "sent_at", "took_ms", "tries")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A session that is to be accepted. `lease`: that of the line it was heard on, where lines are held."""

    report: SessionReport
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Whether a session was new, or why it is not accepted: its line was lost meanwhile."""

    is_new: bool
    fenced_off: FencedOffError | None = None


def accept(report: SessionReport, *, now: datetime, lease: Lease | None = None) -> bool:
    """Accept a session whole, or not at all; return whether it was new. Raises FencedOffError."""
    (acceptance,) = accept_all([Delivered(report, lease)], now=now)
    if acceptance.fenced_off is not None:
        raise acceptance.fenced_off
    return acceptance.is_new


def accept_all(delivered: Sequence[Delivered], *, now: datetime) -> list[Acceptance]:
    """Accept sessions in one transaction, each whole; return what became of each.

    Of each meter there is one at most. What this raises, none of them is accepted.
    """
    ids = [one.report.meter_id for one in delivered]
    assert len(set(ids)) == len(ids), "of each meter one session is accepted at a time"
    with transaction.atomic():
        lost = lost_of({one.lease for one in delivered if one.lease is not None})
        meters = {meter.pk: meter for meter in Meter.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
        names = [one.report.session_id for one in delivered]
        known = set(Session.objects.filter(pk__in=names).values_list("pk", flat=True))
        acceptances = [
            Acceptance(one.report.session_id not in known, None if one.lease is None else lost.get(one.lease))
            for one in delivered
        ]
        new = [
            one.report
            for one, acceptance in zip(delivered, acceptances, strict=True)
            if acceptance.is_new and acceptance.fenced_off is None
        ]
        if new:
            _accept(new, {meter_id: meters[meter_id] for meter_id in (report.meter_id for report in new)}, now)
    return acceptances


def _accept(reports: Sequence[SessionReport], meters: dict[int, Meter], now: datetime) -> None:
    together = _remembered(reports)
    by_meter = {report.meter_id: report for report in reports}
    _accept_values(together, now)
    clocks = {one.meter_id: one.learnt.clock for one in together}
    ingest_values.hold_apart(together, now, {pk: deviation_s(clock) for pk, clock in clocks.items() if clock})
    ingest_values.accept_samples(together)
    for one in together:
        if one.learnt.concentrator is not None:
            state, concentrator = one.learnt.concentrator, meters[one.meter_id]
            one.carrying |= concentrators.accept_state(one.session, concentrator, state, now=now)
    ingest_events.watch(together, meters, now)
    ingest_standings.accept_identities(together, meters)
    ingest_standings.update_standings(together, by_meter)
    for one in together:
        brought = by_meter[one.meter_id].order
        if brought is not None:
            one.carrying |= brought.exchanges
    _accept_frames(together, by_meter)
    for one in together:
        report = by_meter[one.meter_id]
        if report.order is not None:
            kept = {exchange.number for exchange in report.exchanges}
            order_settling.settle(report.order, session=one.session, now=now, kept=kept, instant=one.learnt.instant)
    visits.answered({report.meter_id: report.started_at for report in reports}, now=now)


def accept_values(session: Session, learnt: Learnt, *, source: Source, now: datetime) -> set[int]:
    """Within a transaction: accept registers, days and events, and return the exchanges that carried what is new."""
    one = Accepting(session=session, learnt=learnt, source=source)
    _accept_values([one], now)
    return one.carrying


def _accept_values(together: Together, now: datetime) -> None:
    ingest_values.accept_registers(together)
    ingest_values.accept_meter_days(together)
    ingest_events.accept_events(together, now)
    close_gaps(
        {one.meter_id: one.learnt.meter_days for one in together},
        asked_on={one.meter_id: one.asked_on for one in together},
    )


def _remembered(reports: Iterable[SessionReport]) -> list[Accepting]:
    together = []
    for report in reports:
        believable = believed(report.learnt)
        together.append(
            Accepting(
                session=_session(report, believable),
                learnt=believable.learnt,
                apart=believable.apart,
                source=report.source,
                asked_on=_asked_on(report, believable.learnt),
            )
        )
    Session.objects.bulk_create(one.session for one in together)
    return together


def _asked_on(report: SessionReport, learnt: Learnt) -> Collection[date]:
    # By a wrong clock a meter may well have the days that were asked for, under other dates.
    return report.asked_days if clock_is_trusted(learnt) else ()


def _session(report: SessionReport, believable: Believed) -> Session:
    left_out, apart = believable.left_out, believable.apart
    held = len(apart.registers) + len(apart.meter_days) + len(apart.events)
    told = (
        report.detail,
        left_out and f"not kept: {left_out}",
        f"held apart: {held} values stamped by a clock more than an hour off" if held else "",
    )
    detail = "; ".join(words for words in told if words)
    return Session(
        session_id=report.session_id,
        meter_id=report.meter_id,
        language=report.language,
        started_at=report.started_at,
        ended_at=report.ended_at,
        outcome=report.outcome,
        failed_part=report.failed_part or "",
        detail=detail.replace("\0", ""),
        exchanges_made=report.exchanges_made,
        retries=report.retries,
    )


def _accept_frames(together: Together, reports: dict[int, SessionReport]) -> None:
    insert(
        IntakeFrame,
        _FRAME,
        (
            (
                one.session_id,
                one.meter_id,
                exchange.number,
                exchange.request,
                exchange.answer,
                exchange.sent_at,
                exchange.took_ms,
                exchange.tries,
            )
            for one in together
            for exchange in reports[one.meter_id].exchanges
            if exchange.number in one.carrying
        ),
    )
