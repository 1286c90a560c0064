"""Judge what meters said since the last full month began, and keep the findings as they stand now.

A gap that was filled is no finding any more; what is found again stays as it was first found.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from django.db import transaction

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.matrices import instants, matrix_of
from kilovatt.measure.metering.meter_days import NO_EXCHANGE, MeterDay, SlotRank, Source
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.measure.vee import NO_LIMIT, NO_SLOT, UNKNOWN_W, Findings, RegisterColumns, judge, limits_on
from kilovatt.office.operations import history
from kilovatt.office.records.models import Batch, Finding, Installation
from kilovatt.quantities.periods import days_from, last_full_month, local_date, local_day, local_midnight

CHUNK_METERS = 100


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

    def findings(self) -> Findings:
        days = list(self._days())
        matrix = matrix_of(days)
        unknown = np.full(len(matrix), UNKNOWN_W, dtype=np.int64)
        return judge(matrix, self._registers(), connection_w=unknown, limits=limits_on(self.since_on))

    def _days(self) -> Iterable[tuple[int, MeterDay]]:
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

    def _registers(self) -> RegisterColumns:
        since = local_midnight(self.since_on, self.zone)
        read = history.registers(self.meter_ids, since=since, until=self.now)
        energy = [register for register in read if register.quantity is Quantity.A_PLUS]
        models = {one.meter_id: model_by_key(one.meter.model_key) for one in self.installations}
        limits = {meter_id: model.register_limit_wh or NO_LIMIT for meter_id, model in models.items()}
        return RegisterColumns(
            meter_ids=np.array([register.meter_id for register in energy], dtype=np.int64),
            day_ons=np.array([local_date(register.taken_at, self.zone) for register in energy], dtype="datetime64[D]"),
            tariffs=np.array([register.tariff for register in energy], dtype=np.int64),
            taken_at=instants([register.taken_at for register in energy]),
            heard_at=instants([register.heard_at for register in energy]),
            values_wh=np.array([register.value for register in energy], dtype=np.int64),
            steps_wh=np.array([models[register.meter_id].register_step_wh for register in energy], dtype=np.int64),
            limits_wh=np.array([limits[register.meter_id] for register in energy], dtype=np.int64),
            is_running=np.array([register.moment is RegisterMoment.NOW for register in energy], dtype=np.bool_),
        )


def _keep(chunk: _Chunk, findings: Findings) -> int:
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
            for row in Finding.objects.filter(meter_id__in=chunk.meter_ids, day_on__gte=chunk.since_on)
        }
        gone = [row.pk for key, row in known.items() if key not in found]
        Finding.objects.filter(pk__in=gone).delete()
        Finding.objects.bulk_create(
            (
                Finding(
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
