"""The keeper of the intake: closes rows into batches and carries each batch into the lake, exactly once.

close → write → publish → settle. A crash anywhere is mended by doing the open batch again from `write`.
One keeper at a time holds the lock of the lake and the lease of the intake; each of its transactions checks the
fence. A keeper that was killed has lost the lock with its life: the next takes its lease over at once.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from kilovatt.lake.sole_keeper import sole_keeper
from kilovatt.office.operations.keeping.intake_rows import INTAKE, rows_of_batch
from kilovatt.office.operations.keeping.lake_rows import settled_version, site_lake
from kilovatt.office.operations.lines import leases
from kilovatt.office.records.models import Batch, IntakeMeterDay, IntakeRegister

LEASE_LENGTH = timedelta(minutes=10)
RIPE_AFTER = timedelta(hours=1)
RIPE_ROWS = 100_000
"""The intake is closed into a batch every so often, or sooner when so many rows have come: files stay few and large."""


def carry_to_the_lake(*, now: datetime, judge: Callable[[Collection[int]], object] | None = None) -> Batch | None:
    """Settle the open batch, or close and settle a new one; None if there is nothing or another keeper is at it.

    `judge` is called with the meters of the batch when the lake has it and before it is settled: after a crash it is
    called again.
    """
    with sole_keeper(site_lake().path) as alone:
        if not alone:
            return None
        lease = leases.take_over("keeper", "intake", now=now, length=LEASE_LENGTH)
        try:
            batch = close(lease, now=now)
            if batch is not None:
                versions = write_and_publish(batch)
                if judge is not None:
                    judge(meters_of(batch))
                settle(lease, batch, versions, now=now)
            return batch
        finally:
            leases.give_back(lease)


def meters_of(batch: Batch) -> set[int]:
    """Return the meters of which a batch has days or registers."""
    rows = (model.objects.filter(batch=batch) for model in (IntakeMeterDay, IntakeRegister))
    return {meter_id for of_model in rows for meter_id in of_model.values_list("meter_id", flat=True).distinct()}


def is_ripe(*, now: datetime) -> bool:
    """Whether a batch is open that was broken off, or it is time for the next one."""
    last = Batch.objects.order_by("-number").first()
    if last is None or last.settled_at is None or last.closed_at <= now - RIPE_AFTER:
        return True
    return sum(model.objects.filter(batch=None).count() for model in INTAKE.values()) >= RIPE_ROWS


def close(lease: leases.Lease, *, now: datetime) -> Batch | None:
    """Return the open batch, or stamp the unstamped rows of the intake with a new one; None if there are none."""
    with transaction.atomic():
        leases.check(lease)
        opened = Batch.objects.filter(settled_at=None).order_by("number").first()
        if opened is not None:
            return opened
        if not any(model.objects.filter(batch=None).exists() for model in INTAKE.values()):
            return None
        last: int = Batch.objects.aggregate(last=Max("number"))["last"] or 0
        batch = Batch.objects.create(number=last + 1, closed_at=now)
        for model in INTAKE.values():
            model.objects.filter(batch=None).update(batch=batch)
        return batch


def write_and_publish(batch: Batch) -> dict[str, int]:
    """Write the batch's rows into the lake and publish them; return the version of each table. May be done again."""
    versions = {}
    for table in site_lake().tables:
        table.heal(settled_version(table.shape) or 0)
        rows = rows_of_batch(table.shape, batch)
        versions[table.shape.name] = table.publish(batch.number, table.write(batch.number, rows))
    return versions


def settle(lease: leases.Lease, batch: Batch, versions: dict[str, int], *, now: datetime) -> None:
    """Remember where the lake holds the batch and take its rows out of the intake, in one transaction."""
    with transaction.atomic():
        leases.check(lease)
        batch.lake_versions = versions
        batch.settled_at = now
        batch.save(update_fields=["lake_versions", "settled_at"])
        for model in INTAKE.values():
            model.objects.filter(batch=batch).delete()
