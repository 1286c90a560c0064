"""Within the transaction that accepts sessions: how their meters stand now, and when they are due again."""

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import RegisterMoment
from kilovatt.measure.metering.sessions import Learnt, SessionReport
from kilovatt.office.operations.intake.accepting import Accepting, Together, meter_ids_of
from kilovatt.office.operations.intake.ingest_events import deviation_s
from kilovatt.office.operations.reading import visits
from kilovatt.office.operations.reading.visits import Stand
from kilovatt.office.records.models import ClockDeviation, Meter, MeterStanding
from kilovatt.office.records.readings.inserting import insert
from kilovatt.quantities.periods import local_date

_STANDING = (
    "meter_id", "last_session_id", "last_outcome", "last_tried_at", "last_read_at", "silent_since_at", "next_due_at",
    "failures", "clock_deviation_s", "power_w", "voltage_mv", "relay_closed", "instant_at", "day_registers_until_on",
)  # fmt: skip
_AS_HEARD = "ON CONFLICT (meter_id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _STANDING[1:])
_DEVIATION = ("meter_id", "day_on", "deviation_s", "heard_at")
_LAST_OF_THE_DAY = (
    "ON CONFLICT (meter_id, day_on) DO UPDATE SET deviation_s = excluded.deviation_s, heard_at = excluded.heard_at"
)


def update_standings(together: Together, reports: Mapping[int, SessionReport]) -> None:
    """Note how each meter stands after its session, unless a later one has told already."""
    ids = meter_ids_of(together)
    stands = visits.stands_of(ids)
    locked = MeterStanding.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    standings = {standing.meter_id: standing for standing in locked}
    rows, deviations = [], []
    for one in together:
        report, stand = reports[one.meter_id], stands[one.meter_id]
        standing = standings.get(one.meter_id) or MeterStanding(meter_id=one.meter_id)
        if standing.last_tried_at is not None and standing.last_tried_at > report.ended_at:
            continue
        _update(standing, one, report, stand)
        rows.append([getattr(standing, name) for name in _STANDING])
        clock = one.learnt.clock
        if clock is not None:
            on = local_date(clock.heard_at, stand.zone)
            deviations.append((one.meter_id, on, deviation_s(clock), clock.heard_at))
    insert(MeterStanding, _STANDING, rows, _AS_HEARD)
    insert(ClockDeviation, _DEVIATION, deviations, _LAST_OF_THE_DAY)


def _update(standing: MeterStanding, one: Accepting, report: SessionReport, stand: Stand) -> None:
    learnt = one.learnt
    standing.last_session = one.session
    standing.last_outcome = report.outcome.value
    standing.last_tried_at = report.ended_at
    if report.order is None:
        # A visit to bring a command reads little: it is no turn of the meter's.
        visits.schedule_next(standing, report, stand)
    if not learnt.is_empty:
        standing.last_read_at = report.ended_at
    if report.outcome is Outcome.OK:
        standing.silent_since_at = None
    elif standing.silent_since_at is None:
        standing.silent_since_at = report.started_at
    if learnt.clock is not None:
        standing.clock_deviation_s = deviation_s(learnt.clock)
    day_on = _latest_day_start(learnt, stand.zone)
    if day_on is not None and day_on > (standing.day_registers_until_on or date.min):
        standing.day_registers_until_on = day_on
    instant = learnt.instant
    if instant is not None:
        standing.power_w = instant.power_w
        standing.voltage_mv = instant.voltages_mv[0] if instant.voltages_mv else None
        standing.relay_closed = instant.relay_closed
        standing.instant_at = instant.taken_at


def _latest_day_start(learnt: Learnt, zone: ZoneInfo) -> date | None:
    frozen = (one for one in learnt.registers if one.moment is RegisterMoment.DAY_START)
    return max((local_date(one.taken_at, zone) for one in frozen), default=None)


def accept_identities(together: Together, meters: Mapping[int, Meter]) -> None:
    """Note what meters say they are, where that is new."""
    for one in together:
        identity, meter = one.learnt.identity, meters[one.meter_id]
        if identity is None:
            continue
        before = (meter.made_on, meter.firmware, meter.variant)
        meter.made_on = identity.made_on or meter.made_on
        meter.firmware = identity.firmware or meter.firmware
        meter.variant = identity.variant or meter.variant
        if (meter.made_on, meter.firmware, meter.variant) != before:
            meter.save(update_fields=["made_on", "firmware", "variant"])
