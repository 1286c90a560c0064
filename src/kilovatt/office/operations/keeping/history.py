"""What was measured, wherever it lies: the intake first, then the lake at least that new, then both merged.

Seen twice perhaps, missed never: rows leave the intake only after the lake holds their batch, and the merge
of meter-days is idempotent. Batches above the last settled one are not read from the lake.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from kilovatt.lake.store import Lake
from kilovatt.lake.tables import FRAMES, METER_DAYS, REGISTERS, TableShape
from kilovatt.measure.metering.merge import StoredMeterDay, merge_meter_days
from kilovatt.measure.metering.meter_days import RANK_MASK, MeterDay, Source
from kilovatt.measure.metering.registers import Quantity, RegisterMoment
from kilovatt.office.operations.keeping import intake_rows
from kilovatt.office.operations.keeping.lake_rows import lake_rows, lake_table, months_between, settled_version
from kilovatt.office.records.models import (
    IntakeFrame,
    IntakeMeterDay,
    IntakeRegister,
    Session,
)
from kilovatt.office.records.readings.packing import unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRegister:
    """A register with its evidence."""

    meter_id: int
    quantity: Quantity
    tariff: int
    moment: RegisterMoment
    value: int
    taken_at: datetime
    heard_at: datetime
    source: str
    digest: bytes
    session_id: UUID | None
    exchange: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """One exchange as it stood on the wire."""

    meter_id: int
    language: str
    request: bytes
    answer: bytes
    sent_at: datetime
    took_ms: int
    tries: int


def meter_days(meter_ids: Sequence[int], first_on: date, until_on: date) -> dict[int, list[StoredMeterDay]]:
    """Return the effective meter-days [first_on, until_on) of each meter, in order of days."""
    heard: dict[tuple[int, date], list[StoredMeterDay]] = defaultdict(list)
    in_intake = IntakeMeterDay.objects.filter(meter_id__in=meter_ids, day_on__gte=first_on, day_on__lt=until_on)
    for row in in_intake.iterator():
        heard[row.meter_id, row.day_on].append(_from_intake(row))
    for values in lake_rows(
        METER_DAYS,
        meter_ids,
        where=(pc.field("day_on") >= first_on) & (pc.field("day_on") < until_on),
        months=months_between(first_on, until_on),
    ):
        heard[values["meter_id"], values["day_on"]].append(_from_lake(values))
    effective: dict[int, list[StoredMeterDay]] = {meter_id: [] for meter_id in meter_ids}
    for meter_id, day_on in sorted(heard):
        effective[meter_id].append(merge_meter_days(heard[meter_id, day_on]))
    return effective


def heard_days(meter_ids: Sequence[int], first_on: date, until_on: date) -> pa.Table:
    """Return the meter-days [first_on, until_on) of some meters as they were heard, some of them twice perhaps."""
    within = (pc.field("day_on") >= first_on) & (pc.field("day_on") < until_on)
    kept = lake_table(METER_DAYS, meter_ids, where=within, months=months_between(first_on, until_on), columns=None)
    came = intake_rows.rows_of_days(meter_ids, first_on, until_on)
    return came if kept is None else pa.concat_tables([came, kept])


def heard_registers(meter_ids: Sequence[int], since: datetime, until: datetime) -> pa.Table:
    """Return the registers of some meters taken in [since, until], some of them twice perhaps."""
    within = (pc.field("taken_at") >= since) & (pc.field("taken_at") <= until)
    months = months_between(since.date(), until.date(), last_too=True)
    kept = lake_table(REGISTERS, meter_ids, where=within, months=months, columns=None)
    came = intake_rows.rows_of_registers(meter_ids, since, until)
    return came if kept is None else pa.concat_tables([came, kept])


@dataclass(frozen=True, slots=True)
class DayStanding:
    """How much of a day is known: slots with a value of any rank but missing, of all slots of the day."""

    known_slots: int
    slots: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the day is missing."""
        return self.known_slots == self.slots


def day_standings(meter_ids: Sequence[int], first_on: date, until_on: date) -> dict[int, dict[date, DayStanding]]:
    """Return how complete each heard day is, cheaply: the best single reading of a day counts."""
    version = settled_version(METER_DAYS)
    kept = {} if version is None else _lake_standings(settings.DATA.lake, version, tuple(meter_ids), first_on, until_on)
    best: dict[int, dict[date, DayStanding]] = {meter_id: dict(kept.get(meter_id, {})) for meter_id in meter_ids}

    def note(meter_id: int, day_on: date, known: int, slots: int) -> None:
        before = best[meter_id].get(day_on)
        if before is None or known > before.known_slots:
            best[meter_id][day_on] = DayStanding(known, slots)

    in_intake = IntakeMeterDay.objects.filter(meter_id__in=meter_ids, day_on__gte=first_on, day_on__lt=until_on)
    for meter_id, day_on, data in in_intake.values_list("meter_id", "day_on", "qualities").iterator():
        qualities = unpacked(data) or ()
        note(meter_id, day_on, sum(1 for quality in qualities if quality & RANK_MASK), len(qualities))
    return best


@lru_cache(maxsize=32)
def _lake_standings(
    lake: Path, version: int, meter_ids: tuple[int, ...], first_on: date, until_on: date
) -> Mapping[int, Mapping[date, DayStanding]]:
    """A version of the lake never changes: what was counted in it once need not be counted again."""
    within = (pc.field("day_on") >= first_on) & (pc.field("day_on") < until_on)
    columns = ["meter_id", "day_on", "qualities"]
    months = months_between(first_on, until_on)
    table = (
        Lake(lake).table(METER_DAYS).read(version, meter_ids=meter_ids, columns=columns, where=within, months=months)
    )
    qualities_of_rows = table["qualities"].combine_chunks()
    if not table.num_rows:
        return {}
    ends = qualities_of_rows.offsets.to_numpy()
    running = np.concatenate([[0], np.cumsum(qualities_of_rows.values.to_numpy() & RANK_MASK != 0)])
    known_of_rows = (running[ends[1:]] - running[ends[:-1]]).tolist()
    best: dict[int, dict[date, DayStanding]] = defaultdict(dict)
    for meter_id, day_on, known, slots in zip(
        table["meter_id"].to_pylist(),
        table["day_on"].to_pylist(),
        known_of_rows,
        np.diff(ends).tolist(),
        strict=True,
    ):
        before = best[meter_id].get(day_on)
        if before is None or known > before.known_slots:
            best[meter_id][day_on] = DayStanding(known, slots)
    return best


def registers(
    meter_ids: Sequence[int], *, since: datetime, until: datetime, moments: Iterable[RegisterMoment] = RegisterMoment
) -> list[StoredRegister]:
    """Return the registers taken in [since, until] of some meters, by instant; the same register once."""
    names = [moment.value for moment in moments]
    found: dict[bytes, StoredRegister] = {}
    in_intake = IntakeRegister.objects.filter(
        meter_id__in=meter_ids, taken_at__gte=since, taken_at__lte=until, moment__in=names
    )
    for row in in_intake.iterator():
        values = {name: getattr(row, name) for name in _REGISTER_FIELDS}
        found[bytes(row.digest)] = _register(values, row.session_id)
    within = (pc.field("taken_at") >= since) & (pc.field("taken_at") <= until) & pc.field("moment").isin(names)
    for values in lake_rows(
        REGISTERS, meter_ids, where=within, months=months_between(since.date(), until.date(), last_too=True)
    ):
        found.setdefault(values["digest"], _register(values, _uuid(values["session"])))
    return sorted(
        found.values(), key=lambda register: (register.taken_at, register.meter_id, register.quantity, register.tariff)
    )


def register_instants(
    meter_ids: Sequence[int], *, since: datetime, until: datetime, moment: RegisterMoment
) -> dict[int, set[datetime]]:
    """Return the instants in [since, until] of which some meters have registers of a moment, cheaply."""
    found: dict[int, set[datetime]] = defaultdict(set)
    came = IntakeRegister.objects.filter(
        meter_id__in=meter_ids, taken_at__gte=since, taken_at__lte=until, moment=moment.value
    )
    for meter_id, at in came.values_list("meter_id", "taken_at").distinct():
        found[meter_id].add(at)
    within = (pc.field("taken_at") >= since) & (pc.field("taken_at") <= until) & (pc.field("moment") == moment.value)
    months = months_between(since.date(), until.date(), last_too=True)
    kept = lake_table(REGISTERS, meter_ids, where=within, months=months, columns=["meter_id", "taken_at"])
    for row in () if kept is None else kept.group_by(["meter_id", "taken_at"]).aggregate([]).to_pylist():
        found[row["meter_id"]].add(row["taken_at"].astimezone(UTC))
    return found


def frame(session_id: UUID, exchange: int) -> StoredFrame | None:
    """Return one exchange of a session, or None if it was not kept or has aged out."""
    session = Session.objects.filter(pk=session_id).first()
    if session is None:
        return None
    row = IntakeFrame.objects.filter(session=session, exchange=exchange).first()
    if row is not None:
        values = {name: getattr(row, name) for name in ("request", "answer", "sent_at", "took_ms", "tries")}
    else:
        wanted = (pc.field("session") == session_id.bytes) & (pc.field("exchange") == exchange)
        months = months_between(session.started_at.date(), session.ended_at.date(), last_too=True)
        found = lake_rows(FRAMES, [session.meter_id], where=wanted, months=months)
        if not found:
            return None
        values = found[0]
    return StoredFrame(
        meter_id=session.meter_id,
        language=session.language,
        request=bytes(values["request"]),
        answer=bytes(values["answer"]),
        sent_at=values["sent_at"].astimezone(UTC),
        took_ms=values["took_ms"],
        tries=values["tries"],
    )


def known_meter_day_digests(meter_ids: Sequence[int], days_by_digest: Mapping[bytes, date]) -> set[bytes]:
    """Which of these meter-days of some meters are in the intake or the lake already."""
    if not days_by_digest:
        return set()
    first_on, last_on = min(days_by_digest.values()), max(days_by_digest.values())
    within = (pc.field("day_on") >= first_on) & (pc.field("day_on") <= last_on)
    months = months_between(first_on, last_on, last_too=True)
    return _known(IntakeMeterDay, METER_DAYS, meter_ids, days_by_digest.keys(), where=within, months=months)


def known_register_digests(meter_ids: Sequence[int], taken_at_by_digest: Mapping[bytes, datetime]) -> set[bytes]:
    """Which of these registers of some meters are in the intake or the lake already."""
    if not taken_at_by_digest:
        return set()
    instants = sorted(set(taken_at_by_digest.values()))
    within = pc.field("taken_at").isin(pa.array(instants, pa.timestamp("us", tz="UTC")))
    months = {month for at in instants for month in months_between(at.date(), at.date(), last_too=True)}
    return _known(IntakeRegister, REGISTERS, meter_ids, taken_at_by_digest.keys(), where=within, months=sorted(months))


def _known(
    model: type[IntakeMeterDay] | type[IntakeRegister],
    shape: TableShape,
    meter_ids: Sequence[int],
    digests: AbstractSet[bytes],
    *,
    where: pc.Expression,
    months: Sequence[str],
) -> set[bytes]:
    known = {
        bytes(digest) for digest in model.objects.filter(digest__in=list(digests)).values_list("digest", flat=True)
    }
    table = lake_table(shape, meter_ids, where=where, months=months, columns=["digest"])
    return known if table is None else known | (digests & set(table["digest"].to_pylist()))


_REGISTER_FIELDS = (
    "meter_id",
    "quantity",
    "tariff",
    "moment",
    "value",
    "taken_at",
    "heard_at",
    "source",
    "digest",
    "exchange",
)


def _uuid(data: bytes | None) -> UUID | None:
    return None if data is None else UUID(bytes=data)


def _register(values: Mapping[str, Any], session_id: UUID | None) -> StoredRegister:
    return StoredRegister(
        meter_id=values["meter_id"],
        quantity=Quantity(values["quantity"]),
        tariff=values["tariff"],
        moment=RegisterMoment(values["moment"]),
        value=values["value"],
        taken_at=values["taken_at"].astimezone(UTC),
        heard_at=values["heard_at"].astimezone(UTC),
        source=values["source"],
        digest=bytes(values["digest"]),
        session_id=session_id,
        exchange=values["exchange"],
    )


def _from_intake(row: IntakeMeterDay) -> StoredMeterDay:
    day = MeterDay(
        day_on=row.day_on,
        starts_at=row.starts_at,
        step_s=row.step_s,
        uwh_per_count=row.uwh_per_count,
        a_plus=unpacked(row.a_plus) or (),
        a_minus=unpacked(row.a_minus),
        r_plus=unpacked(row.r_plus),
        r_minus=unpacked(row.r_minus),
        qualities=unpacked(row.qualities) or (),
        exchanges=unpacked(row.exchanges) or (),
        heard_at=row.heard_at,
        source=Source(row.source),
    )
    return StoredMeterDay.single(day, digest=bytes(row.digest), session_id=row.session_id)


def _from_lake(values: Mapping[str, Any]) -> StoredMeterDay:
    day = MeterDay(
        day_on=values["day_on"],
        starts_at=values["starts_at"].astimezone(UTC),
        step_s=values["step_s"],
        uwh_per_count=values["uwh_per_count"],
        a_plus=tuple(values["a_plus"]),
        a_minus=_counts(values["a_minus"]),
        r_plus=_counts(values["r_plus"]),
        r_minus=_counts(values["r_minus"]),
        qualities=tuple(values["qualities"]),
        exchanges=tuple(values["exchanges"]),
        heard_at=values["heard_at"].astimezone(UTC),
        source=Source(values["source"]),
    )
    return StoredMeterDay.single(day, digest=values["digest"], session_id=_uuid(values["session"]))


def _counts(values: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if values is None else tuple(values)
