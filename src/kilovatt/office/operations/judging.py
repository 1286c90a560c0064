"""Judge what meters said since the last full month began, and keep the findings as they stand now.

A gap that was filled is no finding any more; what is found again stays as it was first found.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
from django.db import transaction

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.digests import meter_day_digest
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotRank, Source
from kilovatt.measure.vee import NO_SLOT, Finding, limits_on
from kilovatt.office.operations import history
from kilovatt.office.records.models import Batch, Installation
from kilovatt.office.records.models import Finding as FindingRow
from kilovatt.quantities.periods import days_from, last_full_month, local_date, local_day, local_midnight
from kilovatt.runs.columns import METERS, REGISTERS
from kilovatt.runs.judge import findings_of, judge_partition
from kilovatt.runs.partitions import HeardRow, rows_of_days

CHUNK_METERS = 100
_ANY_BATCH = 0
"""Which batch brought a row makes no difference to its judgement."""


def judge_what_is_new(*, now: datetime) -> int:
    """Judge every installed meter; return how many findings stand."""
    installed = Installation.objects.filter(removed_at=None, installed_at__lte=now).select_related("meter", "point")
    standing = 0
    by_zone: dict[str, list[Installation]] = {}
    for installation in installed.order_by("meter_id"):
        by_zone.setdefault(installation.point.zone_name, []).append(installation)
    for zone_name, installations in by_zone.items():
        for start in range(0, len(installations), CHUNK_METERS):
            chunk = _Chunk(installations[start : start + CHUNK_METERS], ZoneInfo(zone_name), now)
            standing += _keep(chunk, chunk.findings())
    return standing


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some meters of one time zone, judged together."""

    installations: Sequence[Installation]
    zone: ZoneInfo
    now: datetime

    @property
    def meter_ids(self) -> list[int]:
        return [installation.meter_id for installation in self.installations]

    @property
    def since_on(self) -> date:
        return last_full_month(self.now, self.zone)

    def findings(self) -> Iterator[Finding]:
        """Judge the chunk as the partition it is: what a site does with a few rows, a large one does with millions."""
        found = judge_partition(
            rows_of_days(
                HeardRow(meter_id=meter_id, day=day, digest=meter_day_digest(meter_id, day))
                for meter_id, day in self._days()
            ),
            self._registers(),
            self._meters(),
            zone_name=self.zone.key,
            limits=limits_on(self.since_on),
        )
        return findings_of(found)

    def _days(self) -> Iterator[tuple[int, MeterDay]]:
        """Every day since, heard or not; of the part of a day before the meter stood there nothing is asked."""
        today_on = local_date(self.now, self.zone)
        heard = history.meter_days(self.meter_ids, self.since_on, today_on)
        for installation in self.installations:
            model = model_by_key(installation.meter.model_key)
            if not model.has_profile:
                continue
            known = {stored.day.day_on: stored.day for stored in heard[installation.meter_id]}
            begins_on = max(self.since_on, local_date(installation.installed_at, self.zone))
            for on in days_from(begins_on, today_on)[:-1]:
                yield installation.meter_id, known.get(on) or self._never_heard(on, model.profile_step_s)

    def _never_heard(self, on: date, step_s: int) -> MeterDay:
        day = local_day(on, self.zone)
        slots = int((day.end - day.start).total_seconds()) // step_s
        return MeterDay(
            day_on=on,
            starts_at=day.start,
            step_s=step_s,
            uwh_per_count=1,
            a_plus=(0,) * slots,
            a_minus=None,
            r_plus=None,
            r_minus=None,
            qualities=(SlotRank.MISSING,) * slots,
            exchanges=(NO_EXCHANGE,) * slots,
            heard_at=self.now,
            source=Source.METER,
        )

    def _registers(self) -> pl.DataFrame:
        since = local_midnight(self.since_on, self.zone)
        read = history.registers(self.meter_ids, since=since, until=self.now)
        rows = [
            {
                "meter_id": register.meter_id,
                "quantity": register.quantity.value,
                "tariff": register.tariff,
                "moment": register.moment.value,
                "value": register.value,
                "taken_at": register.taken_at,
                "heard_at": register.heard_at,
                "source": register.source,
                "digest": register.digest,
                "session": None if register.session_id is None else register.session_id.bytes,
                "exchange": register.exchange,
                "batch": _ANY_BATCH,
            }
            for register in read
        ]
        return pl.DataFrame(rows, schema=REGISTERS)

    def _meters(self) -> pl.DataFrame:
        models = {one.meter_id: model_by_key(one.meter.model_key) for one in self.installations}
        rows = [
            {
                "meter_id": meter_id,
                "register_step_wh": model.register_step_wh,
                "register_limit_wh": model.register_limit_wh,
                # No record holds the agreed power yet.
                "connection_w": None,
            }
            for meter_id, model in models.items()
        ]
        return pl.DataFrame(rows, schema=METERS)


def _keep(chunk: _Chunk, findings: Iterable[Finding]) -> int:
    batch = Batch.objects.exclude(settled_at=None).order_by("-number").first()
    found = {
        (
            finding.meter_id,
            finding.rule.value,
            finding.day_on,
            NO_SLOT if finding.slot is None else finding.slot,
        ): finding
        for finding in findings
    }
    with transaction.atomic():
        known = {
            (row.meter_id, row.rule, row.day_on, row.slot): row
            for row in FindingRow.objects.filter(meter_id__in=chunk.meter_ids, day_on__gte=chunk.since_on)
        }
        gone = [row.pk for key, row in known.items() if key not in found]
        FindingRow.objects.filter(pk__in=gone).delete()
        FindingRow.objects.bulk_create(
            (
                FindingRow(
                    meter_id=finding.meter_id,
                    batch=batch,
                    rule=finding.rule,
                    day_on=finding.day_on,
                    slot=key[3],
                    figures=dict(finding.figures),
                    found_at=chunk.now,
                )
                for key, finding in found.items()
                if key not in known
            ),
            ignore_conflicts=True,
        )
    return len(found)
