"""The lake: writing a batch, publishing it exactly once, and reading what was settled.

The keeper of the intake is the only writer (it holds a lease). A batch is written under names that depend
on nothing but the batch, so that doing it again after a crash replaces the same files, and it is published
in one commit that carries the batch's number as an application transaction: a second publication sees it
and does nothing.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from kilovatt.lake.durable import force, write_parquet
from kilovatt.lake.tables import BUCKET_SIZE, TABLES, TableShape

INTAKE = "intake"
"""The application whose transactions are the batches of the intake."""

REWRITTEN = "rewritten"
"""The application whose transactions are files put in place of others."""

_BUCKET_SIZE_KEY = "kilovatt.bucketSize"
_SNAPSHOTS_KEPT = 32


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of a table, and the partition it is in."""

    month: str
    bucket: int
    path: Path

    def rows(self, shape: TableShape) -> pa.Table:
        """Return all its rows."""
        return ds.dataset([str(self.path)], schema=shape.columns, format="parquet").to_table()


@dataclass(frozen=True, slots=True)
class LakeTable:
    """One table under the lake's folder."""

    shape: TableShape
    path: Path

    def open(self, version: int | None = None) -> DeltaTable:
        """Return a handle at a version (the newest if None), making the table at the first call."""
        try:
            return DeltaTable(self.path, version=version)
        except TableNotFoundError:
            self.path.mkdir(parents=True, exist_ok=True)
            table = DeltaTable.create(
                self.path,
                schema=self.shape.schema,
                mode="ignore",
                partition_by=["month", "bucket"],
                configuration={_BUCKET_SIZE_KEY: str(BUCKET_SIZE)},
                raise_if_key_not_exists=False,
            )
            self._force_log(table.version())
            return table

    def write(self, batch: int, rows: pa.Table) -> tuple[AddAction, ...]:
        """Write a batch's rows, one file per partition, and return what is to be published."""
        table = self.open()
        size = int(table.metadata().configuration[_BUCKET_SIZE_KEY])
        month = pc.strftime(rows[self.shape.dated_by], format="%Y-%m")
        bucket = pc.divide(rows["meter_id"], size)
        keyed = rows.append_column("month", month).append_column("bucket", bucket)
        adds = []
        for key in (
            keyed.select(["month", "bucket"]).group_by(["month", "bucket"]).aggregate([]).sort_by("month").to_pylist()
        ):
            of_key = pc.and_(pc.equal(keyed["month"], key["month"]), pc.equal(keyed["bucket"], key["bucket"]))
            part = keyed.filter(of_key).select(self.shape.columns.names).cast(self.shape.columns)
            part = part.sort_by([(name, "ascending") for name in self.shape.sorted_by])
            name = f"month={key['month']}/bucket={key['bucket']}/batch-{batch:012d}.parquet"
            adds.append(self._added(name, part, {"month": key["month"], "bucket": str(key["bucket"])}))
        return tuple(adds)

    def publish(self, batch: int, adds: Sequence[AddAction]) -> int:
        """Make a batch's files part of the table, once; return the version that holds it."""
        table = self.open()
        if (table.transaction_version(INTAKE) or 0) < batch:
            table.create_write_transaction(
                list(adds),
                mode="append",
                schema=self.shape.schema,
                partition_by=["month", "bucket"],
                commit_properties=CommitProperties(app_transactions=[Transaction(INTAKE, batch)]),
            )
            table = self.open()
            self._force_log(table.version())
        return table.version()

    def files(self, version: int) -> Iterator[TableFile]:
        """Yield the files of a version, by month and bucket."""
        for (month, bucket), paths in _snapshot(self.path, version).files.items():
            yield from (TableFile(month, bucket, Path(path)) for path in paths)

    def rewrite(self, changes: Iterable[tuple[TableFile, pa.Table]], *, prefix: str, at: datetime) -> int:
        """Put rows in place of files, all in one commit; return the version that has it. May be done again.

        A new file has the name of the old one with another `prefix`; where no rows are left there is none. Who reads
        an older version still finds the old files, until they are swept.
        """
        actions: list[AddAction | RemoveAction] = []
        for file, rows in changes:
            key = {"month": file.month, "bucket": str(file.bucket)}
            name = f"month={file.month}/bucket={file.bucket}/{prefix}-{file.path.name.partition('-')[2]}"
            if rows.num_rows:
                actions.append(self._added(name, rows, key))
            actions.append(
                RemoveAction(
                    path=str(file.path.relative_to(self.path)),
                    data_change=True,
                    deletion_timestamp=int(at.timestamp() * 1000),
                    size=file.path.stat().st_size,
                    partition_values=dict(key),
                )
            )
        table = self.open()
        table.create_write_transaction(
            actions,
            mode="append",
            schema=self.shape.schema,
            partition_by=["month", "bucket"],
            commit_properties=CommitProperties(
                app_transactions=[Transaction(REWRITTEN, (table.transaction_version(REWRITTEN) or 0) + 1)]
            ),
        )
        table = self.open()
        self._force_log(table.version())
        return table.version()

    def sweep(self) -> int:
        """Delete the files that the newest version does not have; return how many.

        For the only writer, and when nobody reads an older version any more.
        """
        present = {file.path for file in self.files(self.open().version())}
        gone = [path for path in self.path.glob("month=*/bucket=*/*.parquet") if path not in present]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def _added(self, name: str, rows: pa.Table, key: Mapping[str, str]) -> AddAction:
        length = write_parquet(rows, self.path / name, encodings=self.shape.encodings)
        return AddAction(
            path=name,
            size=length,
            partition_values=dict(key),
            modification_time=int((self.path / name).stat().st_mtime * 1000),
            data_change=True,
            stats=json.dumps({"numRecords": rows.num_rows}),
        )

    def heal(self, settled_version: int) -> tuple[str, ...]:
        """After a crash on a local disk: remove torn log files newer than what was settled; name them."""
        log = self.path / "_delta_log"
        torn = []
        for entry in sorted(log.glob("*.json")) if log.exists() else ():
            if entry.stem.isdigit() and int(entry.stem) > settled_version and not _is_whole(entry):
                entry.unlink()
                torn.append(entry.name)
        return tuple(torn)

    def read(
        self,
        version: int,
        *,
        meter_ids: Iterable[int],
        columns: Sequence[str] | None = None,
        where: ds.Expression | None = None,
        months: Iterable[str] | None = None,
    ) -> pa.Table:
        """Return the rows of some meters as of a version; `months` (YYYY-MM) and `where` narrow the search."""
        wanted = sorted(set(meter_ids))
        shown = list(columns) if columns is not None else self.shape.columns.names
        # The Delta log prunes whole partitions; within the files Parquet's own statistics do, for every column.
        files = _snapshot(self.path, version).files_of(wanted, months)
        if not files:
            return self.shape.columns.empty_table().select(shown)
        dataset = ds.dataset(files, schema=self.shape.columns, format="parquet")
        chosen = pc.field("meter_id").isin(wanted)
        return dataset.to_table(columns=shown, filter=chosen if where is None else chosen & where)

    def _force_log(self, version: int) -> None:
        log = self.path / "_delta_log"
        force(log / f"{version:020d}.json")
        force(log)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Which files a version of a table has: what it had once it always has."""

    bucket_size: int
    files: Mapping[tuple[str, int], Sequence[str]]
    """By month and bucket."""

    def files_of(self, meter_ids: Iterable[int], months: Iterable[str] | None) -> list[str]:
        buckets = {meter_id // self.bucket_size for meter_id in meter_ids}
        wanted = None if months is None else set(months)
        return [
            file
            for (month, bucket), files in self.files.items()
            if bucket in buckets and (wanted is None or month in wanted)
            for file in files
        ]


@lru_cache(maxsize=_SNAPSHOTS_KEPT)
def _snapshot(folder: Path, version: int) -> _Snapshot:
    opened = DeltaTable(folder, version=version)
    by_partition: dict[tuple[str, int], list[str]] = defaultdict(list)
    added = pa.table(opened.get_add_actions(flatten=True))
    columns = [added[name].to_pylist() for name in ("path", "partition.month", "partition.bucket")]
    for name, month, bucket in zip(*columns, strict=True):
        by_partition[month, bucket].append(str(folder / name))
    size = int(opened.metadata().configuration[_BUCKET_SIZE_KEY])
    return _Snapshot(size, {partition: sorted(files) for partition, files in sorted(by_partition.items())})


@dataclass(frozen=True, slots=True)
class Lake:
    """All tables of a site."""

    path: Path

    def table(self, shape: TableShape) -> LakeTable:
        """One of them."""
        return LakeTable(shape, self.path / shape.name)

    @property
    def tables(self) -> tuple[LakeTable, ...]:
        """All of them, in the order in which a batch is published."""
        return tuple(self.table(shape) for shape in TABLES)


def _is_whole(entry: Path) -> bool:
    lines = entry.read_text(encoding="utf-8", errors="replace").splitlines()
    try:
        actions = [json.loads(line) for line in lines]
    except json.JSONDecodeError:
        return False
    return any("add" in action or "metaData" in action or "txn" in action for action in actions)
