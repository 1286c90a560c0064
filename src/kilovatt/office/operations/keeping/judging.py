"""Judge what meters said since the last full month began, and keep the findings as they stand now.

A gap that was filled is no finding any more; what is found again stays as it was first found.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
from django.db import transaction

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.digests import meter_day_digest
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotRank, Source
from kilovatt.measure.vee import NO_SLOT, Finding, limits_on
from kilovatt.office.operations.keeping import history
from kilovatt.office.records.models import Batch, Installation, Work
from kilovatt.office.records.models import Finding as FindingRow
from kilovatt.quantities.periods import days_from, last_full_month, local_date, local_day, local_midnight
from kilovatt.runs.columns import METER_DAYS, METERS, REGISTERS
from kilovatt.runs.judge import findings_of, judge_partition
from kilovatt.runs.partitions import HeardRow, rows_of_days

CHUNK_METERS = 100
_JUDGED_KIND = "judged"
"""The kind of work that says on which day the meters of a time zone were judged."""


def judge_what_is_new(*, now: datetime, meter_ids: Collection[int] | None = None) -> int:
    """Judge every installed meter, or those of `meter_ids`; return how many findings stand."""
    installed = Installation.objects.filter(removed_at=None, installed_at__lte=now).select_related("meter", "point")
    standing = 0
    by_zone: dict[str, list[Installation]] = {}
    for installation in installed.order_by("meter_id"):
        if meter_ids is None or installation.meter_id in meter_ids:
            by_zone.setdefault(installation.point.zone_name, []).append(installation)
    for zone_name, installations in by_zone.items():
        for start in range(0, len(installations), CHUNK_METERS):
            chunk = _Chunk(installations[start : start + CHUNK_METERS], ZoneInfo(zone_name), now)
            standing += _keep(chunk, chunk.findings())
    return standing


def judge_each_day(*, now: datetime) -> int:
    """Judge every meter once a local day, since a day that nobody told of is a doubt too; return how many stand."""
    installed = Installation.objects.filter(removed_at=None, installed_at__lte=now)
    standing = 0
    for zone_name in installed.values_list("point__zone_name", flat=True).distinct():
        today = local_date(now, ZoneInfo(zone_name)).isoformat()
        judged, _ = Work.objects.get_or_create(kind=_JUDGED_KIND, key=zone_name, defaults={"due_at": now})
        if judged.payload.get("on") != today:
            ids = installed.filter(point__zone_name=zone_name).values_list("meter_id", flat=True)
            standing += judge_what_is_new(now=now, meter_ids=set(ids))
            Work.objects.filter(pk=judged.pk).update(payload={"on": today})
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
            self._days(), self._registers(), self._meters(), zone_name=self.zone.key, limits=limits_on(self.since_on)
        )
        return findings_of(found)

    def _days(self) -> pl.DataFrame:
        """Every day since, heard or not; of the part of a day before the meter stood there nothing is asked."""
        today_on = local_date(self.now, self.zone)
        heard = _frame(history.heard_days(self.meter_ids, self.since_on, today_on), METER_DAYS)
        begins_on = {
            one.meter_id: max(self.since_on, local_date(one.installed_at, self.zone)) for one in self.installations
        }
        begins = pl.DataFrame(
            {"meter_id": list(begins_on), "begins_on": list(begins_on.values())},
            schema={"meter_id": pl.Int64(), "begins_on": pl.Date()},
        )
        asked = heard.join(begins, on="meter_id").filter(pl.col("day_on") >= pl.col("begins_on")).drop("begins_on")
        known = set(asked.select("meter_id", "day_on").iter_rows())
        missing = [
            HeardRow(meter_id=one.meter_id, day=day, digest=meter_day_digest(one.meter_id, day))
            for one in self.installations
            if (model := model_by_key(one.meter.model_key)).has_profile
            for on in days_from(begins_on[one.meter_id], today_on)[:-1]
            if (one.meter_id, on) not in known
            for day in (self._never_heard(on, model.profile_step_s),)
        ]
        return pl.concat([asked, rows_of_days(missing)]) if missing else asked

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
        read = _frame(history.heard_registers(self.meter_ids, since, self.now), REGISTERS)
        return read.unique("digest", keep="first").sort("taken_at", "meter_id", "quantity", "tariff")

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


def _frame(table: pa.Table, schema: pl.Schema) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame.select(list(schema)).cast(schema)


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
