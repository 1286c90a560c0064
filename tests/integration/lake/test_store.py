"""The lake holds each batch once, whatever breaks in the middle."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from kilovatt.lake.durable import write_parquet
from kilovatt.lake.store import Lake, LakeTable
from kilovatt.lake.tables import BUCKET_SIZE, METER_DAYS, REGISTERS

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)


def registers(meter_ids: Sequence[int], *, at: datetime = OCTOBER, batch: int = 1) -> pa.Table:
    rows = [
        {
            "meter_id": meter_id,
            "quantity": "a_plus",
            "tariff": 1,
            "moment": "month_start",
            "value": 1000 + meter_id,
            "taken_at": at,
            "heard_at": at,
            "source": "meter",
            "digest": f"{meter_id}/{at}".encode(),
            "session": b"s" * 16,
            "exchange": 7,
            "batch": batch,
        }
        for meter_id in meter_ids
    ]
    return pa.Table.from_pylist(rows, schema=REGISTERS.columns)


@pytest.fixture
def table(tmp_path: Path) -> LakeTable:
    return Lake(tmp_path).table(REGISTERS)


def land(table: LakeTable, batch: int, rows: pa.Table) -> int:
    return table.publish(batch, table.write(batch, rows))


def values(table: LakeTable, version: int, meter_ids: Sequence[int]) -> list[int]:
    rows = table.read(version, meter_ids=meter_ids, columns=["meter_id", "value"])
    return sorted(rows["value"].to_pylist())


def test_what_was_published_is_read_back(table: LakeTable) -> None:
    version = land(table, 1, registers([3, 4]))
    assert values(table, version, [3, 4, 5]) == [1003, 1004]


def test_a_batch_published_twice_is_there_once(table: LakeTable) -> None:
    first = land(table, 1, registers([3]))
    second = land(table, 1, registers([3]))
    assert (first, values(table, second, [3])) == (second, [1003])


def test_a_batch_written_but_not_published_is_not_seen_and_is_published_by_the_redo(table: LakeTable) -> None:
    seen = land(table, 1, registers([3]))
    table.write(2, registers([3], at=OCTOBER + timedelta(days=1), batch=2))
    assert values(table, seen, [3]) == [1003]
    after = land(table, 2, registers([3], at=OCTOBER + timedelta(days=1), batch=2))
    assert values(table, after, [3]) == [1003, 1003]


def test_a_batch_without_rows_is_published_too(table: LakeTable) -> None:
    first = land(table, 1, registers([3]))
    second = land(table, 2, registers([]))
    assert second == first + 1
    assert values(table, second, [3]) == [1003]


def test_a_reader_of_an_older_version_does_not_see_newer_batches(table: LakeTable) -> None:
    first = land(table, 1, registers([3]))
    land(table, 2, registers([4], batch=2))
    assert values(table, first, [3, 4]) == [1003]


def test_meters_far_apart_lie_in_different_buckets_and_are_both_found(table: LakeTable) -> None:
    far = 5 * BUCKET_SIZE + 1
    version = land(table, 1, registers([1, far]))
    assert {path.parent.name for path in table.path.rglob("batch-*.parquet")} == {"bucket=0", "bucket=5"}
    assert values(table, version, [1, far]) == [1001, 1000 + far]


def test_months_narrow_the_search(table: LakeTable) -> None:
    november = datetime(2026, 11, 1, tzinfo=UTC)
    version = land(table, 1, pa.concat_tables([registers([3]), registers([3], at=november)]))
    read = table.read(version, meter_ids=[3], months=["2026-11"])
    assert read["taken_at"].to_pylist() == [november]


def test_nothing_asked_nothing_read(table: LakeTable) -> None:
    version = land(table, 1, registers([3]))
    assert table.read(version, meter_ids=[]).num_rows == 0
    assert table.read(version, meter_ids=[3], months=[]).num_rows == 0


def test_a_condition_narrows_the_rows(table: LakeTable) -> None:
    version = land(table, 1, registers([3, 4]))
    read = table.read(version, meter_ids=[3, 4], where=pc.field("value") > 1003)
    assert read["meter_id"].to_pylist() == [4]


def _torn_copies(log: Path) -> list[tuple[str, bytes]]:
    whole = log.read_bytes()
    return [("empty", b""), ("cut", whole[: len(whole) // 2]), ("noise", b"\x00" * 100)]


@pytest.mark.parametrize("kind", ["empty", "cut", "noise"])
def test_a_log_file_torn_by_a_power_cut_is_dropped_and_the_batch_done_again(table: LakeTable, kind: str) -> None:
    settled = land(table, 1, registers([3]))
    torn = land(table, 2, registers([4], batch=2))
    log = table.path / "_delta_log" / f"{torn:020d}.json"
    log.write_bytes(dict(_torn_copies(log))[kind])
    assert table.heal(settled) == (log.name,)
    assert values(table, land(table, 2, registers([4], batch=2)), [3, 4]) == [1003, 1004]


def test_whole_log_files_are_left_alone(table: LakeTable) -> None:
    land(table, 1, registers([3]))
    land(table, 2, registers([4], batch=2))
    assert table.heal(0) == ()


def test_healing_a_table_that_is_not_there_yet_does_nothing(table: LakeTable) -> None:
    assert table.heal(0) == ()


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "rows.parquet"
    target.parent.mkdir()
    target.mkdir()  # a folder stands where the file should: the last step fails
    with pytest.raises(OSError, match="rows"):
        write_parquet(registers([1]), target)
    assert [path.name for path in target.parent.iterdir()] == ["rows.parquet"]


def test_lists_of_counts_come_back_as_they_were(tmp_path: Path) -> None:
    table = Lake(tmp_path).table(METER_DAYS)
    row = {
        "meter_id": 9,
        "day_on": date(2026, 10, 2),
        "starts_at": OCTOBER,
        "step_s": 1800,
        "uwh_per_count": 500_000,
        "a_plus": list(range(48)),
        "a_minus": None,
        "r_plus": [0] * 48,
        "r_minus": None,
        "qualities": [2] * 47 + [0],
        "exchanges": [5] * 47 + [-1],
        "source": "meter",
        "heard_at": OCTOBER,
        "digest": b"d",
        "session": b"s" * 16,
        "batch": 1,
    }
    version = table.publish(1, table.write(1, pa.Table.from_pylist([row], schema=METER_DAYS.columns)))
    assert table.read(version, meter_ids=[9]).to_pylist() == [row]
