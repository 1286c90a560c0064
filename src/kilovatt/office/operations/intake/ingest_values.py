"""Within the transaction that accepts sessions: their registers, days of the profile and samples, once each.

Each asks the stores once for all sessions that are accepted together.
"""

from datetime import datetime

from kilovatt.measure.metering.digests import meter_day_digest, register_digest, sample_digest
from kilovatt.measure.metering.meter_days import MeterDay
from kilovatt.measure.metering.registers import RegisterReading
from kilovatt.office.operations.intake.accepting import Accepting, Together, meter_ids_of
from kilovatt.office.operations.intake.held_facts import Heard, digest_of, exchanges_of, facts_of, kind_of
from kilovatt.office.operations.keeping import history
from kilovatt.office.records.models import HeldApart, IntakeMeterDay, IntakeRegister, IntakeSample, LatestRegister
from kilovatt.office.records.readings.inserting import insert
from kilovatt.office.records.readings.packing import packed

_REGISTER = (
    "meter_id", "quantity", "tariff", "moment", "value", "taken_at", "heard_at", "source", "digest", "session_id",
    "exchange",
)  # fmt: skip
_LATEST = ("meter_id", "quantity", "tariff", "value", "taken_at", "heard_at", "session_id", "exchange")
_IF_NEWER = (
    "ON CONFLICT (meter_id, quantity, tariff) DO UPDATE SET value = excluded.value, taken_at = excluded.taken_at, "
    "heard_at = excluded.heard_at, session_id = excluded.session_id, exchange = excluded.exchange "
    f"WHERE excluded.taken_at > {LatestRegister._meta.db_table}.taken_at"  # noqa: SLF001  Django documents _meta
)
_METER_DAY = (
    "meter_id", "day_on", "starts_at", "step_s", "uwh_per_count", "a_plus", "a_minus", "r_plus", "r_minus",
    "qualities", "exchanges", "source", "heard_at", "digest", "session_id",
)  # fmt: skip
_SAMPLE = (
    "meter_id", "taken_at", "voltages_mv", "currents_ma", "power_w", "frequency_mhz", "tariff", "relay_closed",
    "digest", "session_id", "exchange",
)  # fmt: skip


def accept_registers(together: Together) -> None:
    """Keep the registers that are new, and of each the newest at hand."""
    heard = {
        register_digest(one.meter_id, reading): (one, reading) for one in together for reading in one.learnt.registers
    }
    known = history.known_register_digests(
        meter_ids_of(together), {digest: reading.taken_at for digest, (_, reading) in heard.items()}
    )
    fresh = {digest: found for digest, found in heard.items() if digest not in known}
    insert(
        IntakeRegister,
        _REGISTER,
        (
            (
                one.meter_id,
                reading.quantity.value,
                reading.tariff,
                reading.moment.value,
                reading.value,
                reading.taken_at,
                reading.heard_at,
                one.source.value,
                digest,
                one.session_id,
                reading.exchange,
            )
            for digest, (one, reading) in fresh.items()
        ),
    )
    for one, reading in fresh.values():
        one.carrying.add(reading.exchange)
    _advance_latest([*fresh.values()])


def _advance_latest(fresh: list[tuple[Accepting, RegisterReading]]) -> None:
    newest: dict[tuple[int, str, int], tuple[Accepting, RegisterReading]] = {}
    for one, reading in fresh:
        key = (one.meter_id, reading.quantity.value, reading.tariff)
        if key not in newest or reading.taken_at > newest[key][1].taken_at:
            newest[key] = (one, reading)
    insert(
        LatestRegister,
        _LATEST,
        (
            (*key, reading.value, reading.taken_at, reading.heard_at, one.session_id, reading.exchange)
            for key, (one, reading) in sorted(newest.items(), key=lambda item: item[0])
        ),
        _IF_NEWER,
    )


def accept_meter_days(together: Together) -> None:
    """Keep the days of the profile that are new."""
    heard = {meter_day_digest(one.meter_id, day): (one, day) for one in together for day in one.learnt.meter_days}
    known = history.known_meter_day_digests(
        meter_ids_of(together), {digest: day.day_on for digest, (_, day) in heard.items()}
    )
    fresh = {digest: found for digest, found in heard.items() if digest not in known}
    insert(IntakeMeterDay, _METER_DAY, (_row_of_day(one, day, digest) for digest, (one, day) in fresh.items()))
    for one, day in fresh.values():
        one.carrying.update(exchange for exchange in day.exchanges if exchange >= 0)


def _row_of_day(one: Accepting, day: MeterDay, digest: bytes) -> tuple[object, ...]:
    return (
        one.meter_id,
        day.day_on,
        day.starts_at,
        day.step_s,
        day.uwh_per_count,
        packed(day.a_plus),
        packed(day.a_minus),
        packed(day.r_plus),
        packed(day.r_minus),
        packed(day.qualities),
        packed(day.exchanges),
        day.source.value,
        day.heard_at,
        digest,
        one.session_id,
    )


def accept_samples(together: Together) -> None:
    """Keep what flowed: what is not kept from the first day on cannot be known later."""
    rows = []
    for one in together:
        instant = one.learnt.instant
        if instant is None:
            continue
        one.carrying.add(instant.exchange)
        rows.append(
            (
                one.meter_id,
                instant.taken_at,
                packed(instant.voltages_mv),
                packed(instant.currents_ma),
                instant.power_w,
                instant.frequency_mhz,
                instant.tariff,
                instant.relay_closed,
                sample_digest(one.meter_id, instant),
                one.session_id,
                instant.exchange,
            )
        )
    # What the lake has already is not looked for: no session hears the same second twice, and readers merge.
    insert(IntakeSample, _SAMPLE, rows, "ON CONFLICT DO NOTHING")


def hold_apart(together: Together, now: datetime, ahead_s: dict[int, int]) -> None:
    """Keep what wrong clocks have stamped where nothing reads it; what was held before is not again.

    `ahead_s`: by how much the clock of each meter is ahead.
    """
    heard: dict[bytes, tuple[Accepting, Heard]] = {}
    for one in together:
        values: tuple[Heard, ...] = (*one.apart.registers, *one.apart.meter_days, *one.apart.events)
        heard |= {digest_of(one.meter_id, value): (one, value) for value in values}
    if not heard:
        return
    for digest in HeldApart.objects.filter(digest__in=list(heard)).values_list("digest", flat=True):
        del heard[bytes(digest)]
    HeldApart.objects.bulk_create(
        HeldApart(
            meter_id=one.meter_id,
            session=one.session,
            kind=kind_of(value),
            facts=facts_of(value),
            clock_ahead_s=ahead_s[one.meter_id],
            digest=digest,
            held_at=now,
        )
        for digest, (one, value) in heard.items()
    )
    for one, value in heard.values():
        one.carrying.update(exchanges_of(value))
