"""What flowed, wherever it lies: the intake first, then the lake at least that new, then both merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyarrow.compute as pc

from kilovatt.lake.tables import SAMPLES
from kilovatt.measure.metering.columns import PHASES
from kilovatt.measure.metering.digests import sample_digest
from kilovatt.measure.metering.sessions import InstantValues
from kilovatt.office.operations.keeping.lake_rows import lake_rows, months_between
from kilovatt.office.records.models import IntakeSample
from kilovatt.office.records.readings.packing import unpacked


@dataclass(frozen=True, slots=True)
class StoredSample:
    """What flowed at an instant, and the session that heard it."""

    meter_id: int
    values: InstantValues
    session_id: UUID


def samples(meter_ids: Sequence[int], *, since: datetime, until: datetime) -> list[StoredSample]:
    """Return what flowed in [since, until] at some meters, by instant; the same sample once."""
    found: dict[bytes, StoredSample] = {}
    in_intake = IntakeSample.objects.filter(meter_id__in=meter_ids, taken_at__gte=since, taken_at__lte=until)
    for row in in_intake.iterator():
        found[bytes(row.digest)] = _sample_from_intake(row)
    within = (pc.field("taken_at") >= since) & (pc.field("taken_at") <= until)
    for values in lake_rows(
        SAMPLES, meter_ids, where=within, months=months_between(since.date(), until.date(), last_too=True)
    ):
        stored = _sample_from_lake(values)
        found.setdefault(sample_digest(stored.meter_id, stored.values), stored)
    return sorted(found.values(), key=lambda sample: (sample.values.taken_at, sample.meter_id))


def _sample_from_intake(row: IntakeSample) -> StoredSample:
    values = InstantValues(
        taken_at=row.taken_at.astimezone(UTC),
        voltages_mv=unpacked(row.voltages_mv) or (),
        currents_ma=unpacked(row.currents_ma) or (),
        power_w=row.power_w,
        frequency_mhz=row.frequency_mhz,
        tariff=row.tariff,
        relay_closed=row.relay_closed,
        exchange=row.exchange,
    )
    return StoredSample(row.meter_id, values, row.session_id)


def _sample_from_lake(row: Mapping[str, Any]) -> StoredSample:
    plain = ("power_w", "frequency_mhz", "tariff", "relay_closed", "exchange")
    values = InstantValues(
        taken_at=row["taken_at"].astimezone(UTC),
        voltages_mv=_by_phase(row, "voltage_{}_mv"),
        currents_ma=_by_phase(row, "current_{}_ma"),
        **{name: row[name] for name in plain},
    )
    return StoredSample(row["meter_id"], values, UUID(bytes=row["session"]))


def _by_phase(row: Mapping[str, Any], column: str) -> tuple[int, ...]:
    return tuple(value for phase in PHASES if (value := row[column.format(phase)]) is not None)
