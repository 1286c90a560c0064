"""Frames age out: those of the load profile after a season, those that prove registers when bills are disputed no more.

What a frame carried says how long it is kept: a register, an event, a command or a value that is held apart is proved
by it, and it stays for the years in which a bill can be disputed; all others, which is the load profile and what
flowed, go sooner. A file goes as a whole when its month is old enough: what stays is written anew, in the same commit.
"""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import transaction

from kilovatt.lake.sole_keeper import sole_keeper
from kilovatt.lake.store import TableFile
from kilovatt.lake.tables import FRAMES, REGISTERS
from kilovatt.measure.metering.pushes import GIVES_WAY_FOR
from kilovatt.office.operations.keeping.keeper import LEASE_LENGTH
from kilovatt.office.operations.keeping.lake_rows import settled_version, site_lake
from kilovatt.office.operations.lines import leases
from kilovatt.office.records.models import Batch, Event, HeldApart, IntakeRegister, OrderFrame, Work
from kilovatt.quantities.periods import next_month

FILES_AT_ONCE = 100
"""So many files are written anew in one commit: their rows are in memory one after another, not together."""
READERS_GONE_AFTER = timedelta(days=1)
"""Nobody reads a version for so long: then the files that only older versions have are deleted."""
_PROOFS = "proofs"
_KIND, _KEY = "ageing", FRAMES.name
_HEARD_WITHIN = timedelta(hours=6)
"""A register was heard about when the frame was sent that carried it."""
_FRAME = ["session", "exchange"]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Aged:
    """What became of frames that were old enough."""

    gone: int = 0
    kept: int = 0
    files_deleted: int = 0


def let_frames_go(*, now: datetime) -> Aged | None:
    """Remove the frames that nobody needs any more; None where the keeper of the lake is at work.

    Broken off anywhere it is done again: frames are gone when the commit that lacks them is settled.
    """
    table = site_lake().table(FRAMES)
    with sole_keeper(site_lake().path) as alone:
        # The files of a batch that is not settled are the keeper's.
        if not alone or Batch.objects.filter(settled_at=None).exists():
            return None
        version = settled_version(FRAMES)
        if version is None:
            return Aged()
        lease = leases.take_over("keeper", "intake", now=now, length=LEASE_LENGTH)
        try:
            aged = Aged()
            old = [file for file in table.files(version) if _is_old(file, now)]
            for start in range(0, len(old), FILES_AT_ONCE):
                _note(rewritten_at=now, now=now)
                _settle(
                    lease, table.rewrite(_left(old[start : start + FILES_AT_ONCE], aged, now), prefix=_PROOFS, at=now)
                )
            if old:
                _log.info("%d frames have aged out, %d stay as proofs", aged.gone, aged.kept)
            aged.files_deleted = _swept(now)
            return aged
        finally:
            leases.give_back(lease)


def _is_old(file: TableFile, now: datetime) -> bool:
    days = settings.PROOFS_KEPT_DAYS if file.path.name.startswith(_PROOFS) else settings.FRAMES_KEPT_DAYS
    return _ended_at(file) + timedelta(days=days) <= now


def _ended_at(file: TableFile) -> datetime:
    month_on = date.fromisoformat(f"{file.month}-01")
    return datetime.combine(next_month(month_on), datetime.min.time(), UTC)


def _left(files: Collection[TableFile], aged: Aged, now: datetime) -> Iterator[tuple[TableFile, pa.Table]]:
    """Yield each file with the frames of it that stay."""
    for file in files:
        rows = file.rows(FRAMES)
        is_over = _ended_at(file) + timedelta(days=settings.PROOFS_KEPT_DAYS) <= now
        kept = FRAMES.columns.empty_table() if is_over else _proofs_of(rows)
        aged.kept += kept.num_rows
        aged.gone += rows.num_rows - kept.num_rows
        yield file, kept


def _proofs_of(rows: pa.Table) -> pa.Table:
    """Return the frames that prove a register, an event, a command, or something that is held apart."""
    meter_ids = pc.unique(rows["meter_id"]).to_pylist()
    sent = pc.min_max(rows["sent_at"]).as_py()
    if not meter_ids:
        return rows
    since, until = sent["min"] - _HEARD_WITHIN, sent["max"] + _HEARD_WITHIN
    frames = pl.from_arrow(rows)
    assert isinstance(frames, pl.DataFrame)
    held = _held_apart(meter_ids)
    stay = frames.join(_proving(meter_ids, since, until), on=_FRAME, how="semi")
    if held:
        of_held = frames.filter(pl.col("session").is_in(held)).join(stay, on=_FRAME, how="anti")
        stay = pl.concat([stay, of_held])
    return stay.sort(list(FRAMES.sorted_by)).to_arrow().select(FRAMES.columns.names).cast(FRAMES.columns)


def _proving(meter_ids: Collection[int], since: datetime, until: datetime) -> pl.DataFrame:
    """Return the sessions and exchanges that brought registers, events and commands between two instants."""
    version = settled_version(REGISTERS)
    within = (pc.field("heard_at") >= since) & (pc.field("heard_at") <= until)
    found: set[tuple[bytes, int]] = set()
    if version is not None:
        table = site_lake().table(REGISTERS).read(version, meter_ids=meter_ids, columns=_FRAME, where=within)
        found |= {
            (row["session"], row["exchange"])
            for row in table.group_by(_FRAME).aggregate([]).to_pylist()
            if row["session"] is not None
        }
    for rows in (
        IntakeRegister.objects.filter(meter_id__in=meter_ids, heard_at__gte=since, heard_at__lte=until),
        # One that was pushed before a journal told it was first heard then.
        Event.objects.filter(
            meter_id__in=meter_ids, first_heard_at__gte=since - GIVES_WAY_FOR, first_heard_at__lte=until
        ),
        OrderFrame.objects.filter(
            session__meter_id__in=meter_ids, session__started_at__gte=since, session__started_at__lte=until
        ),
    ):
        of_sessions = rows.exclude(session=None).values_list("session_id", "exchange").distinct()
        found |= {(session_id.bytes, exchange) for session_id, exchange in of_sessions}
    return pl.DataFrame(sorted(found), schema={"session": pl.Binary(), "exchange": pl.Int32()}, orient="row")


def _held_apart(meter_ids: Collection[int]) -> list[bytes]:
    """Return the sessions whose values wait for a person to judge them."""
    waiting = HeldApart.objects.filter(meter_id__in=meter_ids, state=HeldApart.State.HELD)
    return [session_id.bytes for session_id in waiting.values_list("session_id", flat=True).distinct()]


def _settle(lease: leases.Lease, version: int) -> None:
    """Let readers see the new version."""
    with transaction.atomic():
        leases.check(lease)
        batch = Batch.objects.exclude(settled_at=None).order_by("-number")[0]
        batch.lake_versions = (batch.lake_versions or {}) | {FRAMES.name: version}
        batch.save(update_fields=["lake_versions"])


def _note(*, rewritten_at: datetime | None, now: datetime) -> None:
    payload = {} if rewritten_at is None else {"rewritten_at": rewritten_at.isoformat()}
    Work.objects.update_or_create(kind=_KIND, key=_KEY, defaults={"payload": payload, "due_at": now})


def _swept(now: datetime) -> int:
    """Delete what was replaced so long ago that nobody reads it any more; return how many files."""
    noted = Work.objects.filter(kind=_KIND, key=_KEY).values_list("payload", flat=True).first() or {}
    if "rewritten_at" not in noted or datetime.fromisoformat(noted["rewritten_at"]) + READERS_GONE_AFTER > now:
        return 0
    swept = site_lake().table(FRAMES).sweep()
    _note(rewritten_at=None, now=now)
    return swept
