"""Accept what a session brought: one transaction, whose commit is the acknowledgement.

Accepting the same session again, or values that are already known, changes nothing.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.db import connection, transaction

from kilovatt.measure.metering.believing import Believed, believed, clock_is_trusted
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.clock_policy import wrong_beyond
from kilovatt.measure.metering.digests import sample_digest
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.merge import meter_day_digest, register_digest
from kilovatt.measure.metering.meter_days import MeterDay, Source
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity, RegisterReading
from kilovatt.measure.metering.sessions import ClockReading, Learnt, SessionReport
from kilovatt.office.operations import concentrators, history, leases, orders, visits
from kilovatt.office.operations.gaps import close_gaps
from kilovatt.office.operations.held_facts import Heard, digest_of, exchanges_of, facts_of, kind_of
from kilovatt.office.operations.leases import Lease
from kilovatt.office.records.models import (
    ClockDeviation,
    Event,
    HeldApart,
    IntakeFrame,
    IntakeMeterDay,
    IntakeRegister,
    IntakeSample,
    LatestRegister,
    Meter,
    MeterStanding,
    Session,
)
from kilovatt.office.records.readings.packing import packed
from kilovatt.quantities.periods import local_date

_FRAME_COLUMNS = ("session_id", "meter_id", "exchange", "request", "answer", "sent_at", "took_ms", "tries")
_INSERT_FRAME = (
    f"INSERT INTO {IntakeFrame._meta.db_table} ({', '.join(_FRAME_COLUMNS)}) "  # noqa: S608, SLF001  names of our own; Django documents _meta
    f"VALUES ({', '.join(['%s'] * len(_FRAME_COLUMNS))})"
)
_LOAD_MIN_W = 10
"""Less than this is the meter's own noise."""
_DEVIATION_MAX_S = 2**31 - 1


def accept(report: SessionReport, *, now: datetime, lease: Lease | None = None) -> bool:
    """Accept a session whole, or not at all; return whether it was new.

    `lease`: that of the line it was heard on, where lines are held; raises FencedOffError if it was lost meanwhile.
    """
    believable = believed(report.learnt)
    learnt = believable.learnt
    with transaction.atomic():
        if lease is not None:
            leases.check(lease)
        meter = Meter.objects.select_for_update().get(pk=report.meter_id)
        if Session.objects.filter(pk=report.session_id).exists():
            return False
        session = _remember_session(report, believable)
        # By a wrong clock a meter may well have the days that were asked for, under other dates.
        asked_on = report.asked_days if clock_is_trusted(learnt) else ()
        carrying = accept_values(session, learnt, source=report.source, now=now, asked_on=asked_on)
        carrying |= _hold_apart(session, learnt, believable.apart, now)
        carrying |= _accept_sample(session, learnt)
        if learnt.concentrator is not None:
            carrying |= concentrators.accept_state(session, meter, learnt.concentrator, now=now)
        _watch_relay(session, learnt, now)
        _watch_clock(session, meter, learnt, now)
        _accept_identity(meter, learnt)
        _accept_frames(session, report, carrying)
        _update_standing(session, report, learnt)
        if report.order is not None:
            orders.settle(report.order, session=session, now=now)
        visits.answered(meter.pk, started_at=report.started_at, now=now)
    return True


def accept_values(
    session: Session, learnt: Learnt, *, source: Source, now: datetime, asked_on: Collection[date] = ()
) -> set[int]:
    """Within a transaction: accept registers, days and events, and return the exchanges that carried what is new.

    `asked_on`: days of the load profile that the meter was asked for.
    """
    carrying = _accept_registers(session, learnt.registers, source)
    carrying |= _accept_meter_days(session, learnt.meter_days)
    carrying |= _accept_events(session, learnt, now)
    close_gaps(session.meter_id, learnt.meter_days, asked_on=asked_on)
    return carrying


def _remember_session(report: SessionReport, believable: Believed) -> Session:
    left_out, apart = believable.left_out, believable.apart
    held = len(apart.registers) + len(apart.meter_days) + len(apart.events)
    told = (
        report.detail,
        left_out and f"not kept: {left_out}",
        f"held apart: {held} values stamped by a clock more than an hour off" if held else "",
    )
    detail = "; ".join(words for words in told if words)
    return Session.objects.create(
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


def _accept_registers(session: Session, readings: Iterable[RegisterReading], source: Source) -> set[int]:
    by_digest = {register_digest(session.meter_id, reading): reading for reading in readings}
    known = set(history.known_register_digests(session.meter_id, by_digest))
    fresh = {digest: reading for digest, reading in by_digest.items() if digest not in known}
    IntakeRegister.objects.bulk_create(
        IntakeRegister(
            meter_id=session.meter_id,
            quantity=reading.quantity,
            tariff=reading.tariff,
            moment=reading.moment,
            value=reading.value,
            taken_at=reading.taken_at,
            heard_at=reading.heard_at,
            source=source,
            digest=digest,
            session=session,
            exchange=reading.exchange,
        )
        for digest, reading in fresh.items()
    )
    _advance_latest_registers(session, fresh.values())
    return {reading.exchange for reading in fresh.values()}


def _advance_latest_registers(session: Session, readings: Iterable[RegisterReading]) -> None:
    newest: dict[tuple[Quantity, int], RegisterReading] = {}
    for reading in readings:
        key = (reading.quantity, reading.tariff)
        if key not in newest or reading.taken_at > newest[key].taken_at:
            newest[key] = reading
    for latest in LatestRegister.objects.select_for_update().filter(meter_id=session.meter_id):
        key = (Quantity(latest.quantity), latest.tariff)
        if key in newest and newest[key].taken_at <= latest.taken_at:
            del newest[key]
    LatestRegister.objects.bulk_create(
        (
            LatestRegister(
                meter_id=session.meter_id,
                quantity=reading.quantity,
                tariff=reading.tariff,
                value=reading.value,
                taken_at=reading.taken_at,
                heard_at=reading.heard_at,
                session=session,
                exchange=reading.exchange,
            )
            for reading in newest.values()
        ),
        update_conflicts=True,
        unique_fields=["meter", "quantity", "tariff"],
        update_fields=["value", "taken_at", "heard_at", "session", "exchange"],
    )


def _accept_meter_days(session: Session, days: Iterable[MeterDay]) -> set[int]:
    by_digest = {meter_day_digest(session.meter_id, day): day for day in days}
    known = set(history.known_meter_day_digests(session.meter_id, {d: day.day_on for d, day in by_digest.items()}))
    fresh = {digest: day for digest, day in by_digest.items() if digest not in known}
    IntakeMeterDay.objects.bulk_create(
        IntakeMeterDay(
            meter_id=session.meter_id,
            day_on=day.day_on,
            starts_at=day.starts_at,
            step_s=day.step_s,
            uwh_per_count=day.uwh_per_count,
            a_plus=packed(day.a_plus),
            a_minus=packed(day.a_minus),
            r_plus=packed(day.r_plus),
            r_minus=packed(day.r_minus),
            qualities=packed(day.qualities),
            exchanges=packed(day.exchanges),
            source=day.source,
            heard_at=day.heard_at,
            digest=digest,
            session=session,
        )
        for digest, day in fresh.items()
    )
    return {exchange for day in fresh.values() for exchange in day.exchanges if exchange >= 0}


def _accept_sample(session: Session, learnt: Learnt) -> set[int]:
    """Keep what flowed: what is not kept from the first day on cannot be known later."""
    instant = learnt.instant
    if instant is None:
        return set()
    sample = IntakeSample(
        meter_id=session.meter_id,
        taken_at=instant.taken_at,
        voltages_mv=packed(instant.voltages_mv),
        currents_ma=packed(instant.currents_ma),
        power_w=instant.power_w,
        frequency_mhz=instant.frequency_mhz,
        tariff=instant.tariff,
        relay_closed=instant.relay_closed,
        digest=sample_digest(session.meter_id, instant),
        session=session,
        exchange=instant.exchange,
    )
    # What the lake has already is not looked for: no session hears the same second twice, and readers merge.
    IntakeSample.objects.bulk_create([sample], ignore_conflicts=True)
    return {instant.exchange}


def _accept_events(session: Session, learnt: Learnt, now: datetime) -> set[int]:
    known = {
        (event.kind, event.code, event.began_at): event for event in Event.objects.filter(meter_id=session.meter_id)
    }
    fresh: dict[tuple[str, str, datetime], Event] = {}
    for heard in learnt.events:
        key = (heard.kind.value, heard.code, heard.began_at)
        if key not in known:
            fresh[key] = Event(
                meter_id=session.meter_id,
                kind=heard.kind,
                code=heard.code,
                began_at=heard.began_at,
                ended_at=heard.ended_at,
                detail=heard.detail,
                first_heard_at=now,
                session=session,
                exchange=heard.exchange,
            )
        elif heard.ended_at is not None and known[key].ended_at is None:
            Event.objects.filter(pk=known[key].pk).update(ended_at=heard.ended_at)
    Event.objects.bulk_create(fresh.values())
    return {event.exchange for event in fresh.values()}


def _watch_relay(session: Session, learnt: Learnt, now: datetime) -> None:
    """Note when load is seen behind a relay that is open, and when it is not seen any more."""
    instant = learnt.instant
    if instant is None or instant.relay_closed is None or instant.power_w is None:
        return
    flows = not instant.relay_closed and instant.power_w > _LOAD_MIN_W
    going_on = Event.objects.filter(meter_id=session.meter_id, kind=EventKind.LOAD_WITH_RELAY_OPEN, ended_at=None)
    if not flows:
        going_on.update(ended_at=instant.taken_at)
    elif not going_on.exists():
        Event.objects.create(
            meter_id=session.meter_id,
            kind=EventKind.LOAD_WITH_RELAY_OPEN,
            began_at=instant.taken_at,
            detail=f"power_w={instant.power_w}",
            first_heard_at=now,
            session=session,
            exchange=instant.exchange,
        )


def _watch_clock(session: Session, meter: Meter, learnt: Learnt, now: datetime) -> None:
    """Note when a clock is found wrong, and when it is found right again."""
    clock = learnt.clock
    if clock is None:
        return
    wrong = abs(clock.deviation) > wrong_beyond(model_by_key(meter.model_key).clock_rule)
    going_on = Event.objects.filter(meter=meter, kind=EventKind.CLOCK_WRONG, ended_at=None)
    if not wrong:
        going_on.update(ended_at=clock.heard_at)
    elif not going_on.exists():
        Event.objects.create(
            meter=meter,
            kind=EventKind.CLOCK_WRONG,
            began_at=clock.heard_at,
            detail=f"ahead_s={_deviation_s(clock)}",
            first_heard_at=now,
            session=session,
            exchange=clock.exchange,
        )


def _deviation_s(clock: ClockReading) -> int:
    deviation_s = round(clock.deviation.total_seconds())
    return max(-_DEVIATION_MAX_S, min(deviation_s, _DEVIATION_MAX_S))


def _hold_apart(session: Session, learnt: Learnt, apart: Learnt, now: datetime) -> set[int]:
    """Keep what a wrong clock has stamped where nothing reads it; what was held before is not again."""
    if learnt.clock is None:
        return set()
    ahead_s = _deviation_s(learnt.clock)
    values: tuple[Heard, ...] = (*apart.registers, *apart.meter_days, *apart.events)
    by_digest = {digest_of(session.meter_id, value): value for value in values}
    known = HeldApart.objects.filter(meter_id=session.meter_id, digest__in=list(by_digest))
    for digest in known.values_list("digest", flat=True):
        del by_digest[bytes(digest)]
    HeldApart.objects.bulk_create(
        HeldApart(
            meter_id=session.meter_id,
            session=session,
            kind=kind_of(value),
            facts=facts_of(value),
            clock_ahead_s=ahead_s,
            digest=digest,
            held_at=now,
        )
        for digest, value in by_digest.items()
    )
    return {exchange for value in by_digest.values() for exchange in exchanges_of(value)}


def _accept_identity(meter: Meter, learnt: Learnt) -> None:
    identity = learnt.identity
    if identity is None:
        return
    meter.made_on = identity.made_on or meter.made_on
    meter.firmware = identity.firmware or meter.firmware
    meter.variant = identity.variant or meter.variant
    meter.save(update_fields=["made_on", "firmware", "variant"])


def _accept_frames(session: Session, report: SessionReport, carrying: set[int]) -> None:
    # Hundreds of rows a session: bulk_create would spend ten times as long on them as the database does.
    session_key = Session._meta.pk.get_db_prep_value(session.pk, connection)  # noqa: SLF001
    instant = connection.ops.adapt_datetimefield_value
    rows = [
        (
            session_key,
            session.meter_id,
            exchange.number,
            exchange.request,
            exchange.answer,
            instant(exchange.sent_at),
            exchange.took_ms,
            exchange.tries,
        )
        for exchange in report.exchanges
        if exchange.number in carrying
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT_FRAME, rows)


def _update_standing(session: Session, report: SessionReport, learnt: Learnt) -> None:
    standing, _ = MeterStanding.objects.select_for_update().get_or_create(meter_id=session.meter_id)
    if standing.last_tried_at is not None and standing.last_tried_at > report.ended_at:
        return
    standing.last_session = session
    standing.last_outcome = report.outcome
    standing.last_tried_at = report.ended_at
    zone = visits.zone_of(report.meter_id)
    if report.order is None:
        # A visit to bring a command reads little: it is no turn of the meter's.
        visits.schedule_next(standing, report, zone=zone)
    if not learnt.is_empty:
        standing.last_read_at = report.ended_at
    if report.outcome is Outcome.OK:
        standing.silent_since_at = None
    elif standing.silent_since_at is None:
        standing.silent_since_at = report.started_at
    if learnt.clock is not None:
        standing.clock_deviation_s = _deviation_s(learnt.clock)
        ClockDeviation.objects.update_or_create(
            meter_id=session.meter_id,
            day_on=local_date(learnt.clock.heard_at, zone),
            defaults={"deviation_s": standing.clock_deviation_s, "heard_at": learnt.clock.heard_at},
        )
    instant = learnt.instant
    if instant is not None:
        standing.power_w = instant.power_w
        standing.voltage_mv = instant.voltages_mv[0] if instant.voltages_mv else None
        standing.relay_closed = instant.relay_closed
        standing.instant_at = instant.taken_at
    standing.save()
