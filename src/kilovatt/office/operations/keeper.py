"""The keeper of the intake: closes rows into batches and carries each batch into the lake, exactly once.

close → write → publish → settle. A crash anywhere is mended by doing the open batch again from `write`.
One keeper at a time holds the lock of the lake and the lease of the intake; each of its transactions checks the
fence. A keeper that was killed has lost the lock with its life: the next takes its lease over at once.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from django.db import transaction
from django.db.models import Max

from kilovatt.lake.sole_keeper import sole_keeper
from kilovatt.lake.store import LakeTable
from kilovatt.lake.tables import FRAMES, METER_DAYS, REGISTERS, SAMPLES
from kilovatt.measure.metering.columns import PHASES
from kilovatt.office.operations import leases
from kilovatt.office.operations.history import settled_version, site_lake
from kilovatt.office.records.models import Batch, IntakeFrame, IntakeMeterDay, IntakeRegister, IntakeSample
from kilovatt.office.records.readings.packing import unpacked

LEASE_LENGTH = timedelta(minutes=10)
_INTAKE: dict[str, type[IntakeMeterDay] | type[IntakeRegister] | type[IntakeSample] | type[IntakeFrame]] = {
    METER_DAYS.name: IntakeMeterDay,
    REGISTERS.name: IntakeRegister,
    SAMPLES.name: IntakeSample,
    FRAMES.name: IntakeFrame,
}


def carry_to_the_lake(*, now: datetime) -> Batch | None:
    """Settle the open batch, or close and settle a new one; None if there is nothing or another keeper is at it."""
    with sole_keeper(site_lake().path) as alone:
        if not alone:
            return None
        lease = leases.take_over("keeper", "intake", now=now, length=LEASE_LENGTH)
        try:
            batch = close(lease, now=now)
            if batch is not None:
                settle(lease, batch, write_and_publish(batch), now=now)
            return batch
        finally:
            leases.give_back(lease)


def close(lease: leases.Lease, *, now: datetime) -> Batch | None:
    """Return the open batch, or stamp the unstamped rows of the intake with a new one; None if there are none."""
    with transaction.atomic():
        leases.check(lease)
        opened = Batch.objects.filter(settled_at=None).order_by("number").first()
        if opened is not None:
            return opened
        if not any(model.objects.filter(batch=None).exists() for model in _INTAKE.values()):
            return None
        last: int = Batch.objects.aggregate(last=Max("number"))["last"] or 0
        batch = Batch.objects.create(number=last + 1, closed_at=now)
        for model in _INTAKE.values():
            model.objects.filter(batch=None).update(batch=batch)
        return batch


def write_and_publish(batch: Batch) -> dict[str, int]:
    """Write the batch's rows into the lake and publish them; return the version of each table. May be done again."""
    versions = {}
    for table in site_lake().tables:
        table.heal(settled_version(table.shape) or 0)
        rows = pa.Table.from_pylist(list(_ROWS[table.shape.name](batch)), schema=table.shape.columns)
        versions[table.shape.name] = _written(table, batch, rows)
    return versions


def settle(lease: leases.Lease, batch: Batch, versions: dict[str, int], *, now: datetime) -> None:
    """Remember where the lake holds the batch and take its rows out of the intake, in one transaction."""
    with transaction.atomic():
        leases.check(lease)
        batch.lake_versions = versions
        batch.settled_at = now
        batch.save(update_fields=["lake_versions", "settled_at"])
        for model in _INTAKE.values():
            model.objects.filter(batch=batch).delete()


def _written(table: LakeTable, batch: Batch, rows: pa.Table) -> int:
    return table.publish(batch.number, table.write(batch.number, rows))


def _meter_day_rows(batch: Batch) -> Iterator[dict[str, Any]]:
    for row in IntakeMeterDay.objects.filter(batch=batch).order_by("meter_id", "day_on", "pk").iterator():
        yield {
            "meter_id": row.meter_id,
            "day_on": row.day_on,
            "starts_at": row.starts_at.astimezone(UTC),
            "step_s": row.step_s,
            "uwh_per_count": row.uwh_per_count,
            "a_plus": unpacked(row.a_plus),
            "a_minus": unpacked(row.a_minus),
            "r_plus": unpacked(row.r_plus),
            "r_minus": unpacked(row.r_minus),
            "qualities": unpacked(row.qualities),
            "exchanges": unpacked(row.exchanges),
            **_evidence(row),
            "heard_at": row.heard_at.astimezone(UTC),
        }


def _register_rows(batch: Batch) -> Iterator[dict[str, Any]]:
    for row in IntakeRegister.objects.filter(batch=batch).order_by("meter_id", "taken_at", "pk").iterator():
        yield {
            "meter_id": row.meter_id,
            "quantity": row.quantity,
            "tariff": row.tariff,
            "moment": row.moment,
            "value": row.value,
            "taken_at": row.taken_at.astimezone(UTC),
            "exchange": row.exchange,
            **_evidence(row),
            "heard_at": row.heard_at.astimezone(UTC),
        }


def _sample_rows(batch: Batch) -> Iterator[dict[str, Any]]:
    for row in IntakeSample.objects.filter(batch=batch).order_by("meter_id", "taken_at", "pk").iterator():
        voltages, currents = unpacked(row.voltages_mv) or (), unpacked(row.currents_ma) or ()
        yield {
            "meter_id": row.meter_id,
            "taken_at": row.taken_at.astimezone(UTC),
            **{f"voltage_{phase}_mv": mv for phase, mv in zip(PHASES, voltages, strict=False)},
            **{f"current_{phase}_ma": ma for phase, ma in zip(PHASES, currents, strict=False)},
            "power_w": row.power_w,
            "frequency_mhz": row.frequency_mhz,
            "tariff": row.tariff,
            "relay_closed": row.relay_closed,
            "session": row.session_id.bytes,
            "exchange": row.exchange,
            "batch": row.batch_id,
        }


def _frame_rows(batch: Batch) -> Iterator[dict[str, Any]]:
    for row in IntakeFrame.objects.filter(batch=batch).order_by("meter_id", "session_id", "exchange").iterator():
        yield {
            "meter_id": row.meter_id,
            "session": row.session_id.bytes,
            "exchange": row.exchange,
            "request": bytes(row.request),
            "answer": bytes(row.answer),
            "sent_at": row.sent_at.astimezone(UTC),
            "took_ms": row.took_ms,
            "tries": row.tries,
            "batch": row.batch_id,
        }


def _evidence(row: IntakeMeterDay | IntakeRegister) -> dict[str, Any]:
    session = row.session_id
    return {
        "source": row.source,
        "digest": bytes(row.digest),
        "session": None if session is None else session.bytes,
        "batch": row.batch_id,
    }


_ROWS: dict[str, Callable[[Batch], Iterator[dict[str, Any]]]] = {
    METER_DAYS.name: _meter_day_rows,
    REGISTERS.name: _register_rows,
    SAMPLES.name: _sample_rows,
    FRAMES.name: _frame_rows,
}
