from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kilovatt.wire.simulator.curves import HouseholdFault, HouseholdFileError, read_households

START = datetime(2009, 3, 1)
HALF_HOUR = timedelta(minutes=30)


def stamps(count: int, step: timedelta = HALF_HOUR) -> list[datetime]:
    return [START + step * i for i in range(count)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "homes.parquet"


def refusal(path: Path) -> HouseholdFileError:
    with pytest.raises(HouseholdFileError) as caught:
        read_households(path)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith(".")
    return caught.value


def test_homes_are_read_in_the_order_of_their_columns(path: Path) -> None:
    pl.DataFrame({"start_at": stamps(3), "b_wh": [1, 2, 3], "note": ["x"] * 3, "a_wh": [4, 5, 6]}).write_parquet(path)

    homes = read_households(path)

    assert homes.names == ("b_wh", "a_wh")
    assert homes.energies_wh.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert homes.energies_of("a_wh").tolist() == [4, 5, 6]
    assert homes.energies_of("b").tolist() == [1, 2, 3]
    assert homes.energies_of("b").dtype == np.int64


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_stamps_of_any_resolution_and_zone_are_read(path: Path, unit: pl._typing.TimeUnit) -> None:
    starts = pl.Series("start_at", stamps(2)).dt.cast_time_unit(unit).dt.replace_time_zone("UTC")
    pl.DataFrame([starts, pl.Series("a_wh", [1, 2], dtype=pl.UInt16)]).write_parquet(path)

    assert read_households(path).energies_wh.tolist() == [[1], [2]]


def test_more_meters_than_homes_are_refused(path: Path) -> None:
    pl.DataFrame({"start_at": stamps(1), "a_wh": [1], "b_wh": [2]}).write_parquet(path)
    homes = read_households(path)

    homes.require(2)
    with pytest.raises(HouseholdFileError, match=r"3 meters are wanted, and .* has 2 households") as caught:
        homes.require(3)
    assert caught.value.fault is HouseholdFault.TOO_FEW


def test_an_unknown_household_is_refused(path: Path) -> None:
    pl.DataFrame({"start_at": stamps(1), "a_wh": [1]}).write_parquet(path)

    with pytest.raises(HouseholdFileError, match="has no column z: its first households are a_wh"):
        read_households(path).energies_of("z")


def test_a_file_that_is_not_there_is_refused(path: Path) -> None:
    assert "cannot be read: No such file or directory" in str(refusal(path))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "Is a directory" in str(refusal(tmp_path))


def test_a_file_that_is_no_parquet_is_refused(path: Path) -> None:
    path.write_text("start_at,a_wh\n2009-03-01,5\n")

    assert refusal(path).fault is HouseholdFault.NOT_PARQUET


def test_an_empty_file_is_refused(path: Path) -> None:
    path.touch()

    assert refusal(path).fault is HouseholdFault.NOT_PARQUET


def test_a_file_cut_anywhere_is_refused(path: Path) -> None:
    pl.DataFrame({"start_at": stamps(500), "a_wh": range(500)}).write_parquet(path)
    whole = path.read_bytes()

    for kept in range(0, len(whole), 97):
        path.write_bytes(whole[:kept])
        assert refusal(path).fault is HouseholdFault.NOT_PARQUET


def test_a_file_damaged_within_is_refused(path: Path) -> None:
    pl.DataFrame({"start_at": stamps(500), "a_wh": range(500)}).write_parquet(path, compression="zstd")
    damaged = bytearray(path.read_bytes())
    damaged[40:60] = bytes(20)
    path.write_bytes(damaged)

    assert refusal(path).fault is HouseholdFault.NOT_PARQUET


@pytest.mark.parametrize(
    ("columns", "fault", "words"),
    [
        ({"a_wh": [1]}, HouseholdFault.NO_START, "no column start_at: its columns are a_wh"),
        ({"start_at": stamps(1), "a": [1]}, HouseholdFault.NO_ENERGY, "its columns are start_at, a"),
        ({"start_at": [], "a_wh": []}, HouseholdFault.NO_ROWS, "has no rows"),
        ({"start_at": ["2009-03-01"], "a_wh": [1]}, HouseholdFault.WRONG_START_TYPE, "a timestamp is wanted"),
        ({"start_at": [START, None], "a_wh": [1, 2]}, HouseholdFault.START_MISSING, "is empty in row 2"),
        (
            {"start_at": stamps(3)[::-1], "a_wh": [1, 2, 3]},
            HouseholdFault.DISORDER,
            "row 2 starts at 2009-03-01 00:30:00, not after the row before it, 2009-03-01 01:00:00",
        ),
        ({"start_at": [START, START], "a_wh": [1, 2]}, HouseholdFault.DISORDER, "row 2"),
        (
            {"start_at": stamps(2) + stamps(5)[4:], "a_wh": [1, 2, 3]},
            HouseholdFault.GAP,
            "row 3 starts at 2009-03-01 02:00:00, and 2009-03-01 01:00:00 is wanted",
        ),
        (
            {"start_at": stamps(3, timedelta(hours=1)), "a_wh": [1, 2, 3]},
            HouseholdFault.WRONG_STEP,
            "are 3600 seconds apart, and 1800 are wanted",
        ),
        ({"start_at": stamps(1), "a_wh": [1.5]}, HouseholdFault.WRONG_ENERGY_TYPE, "a_wh .* is of type double"),
        ({"start_at": stamps(1), "a_wh": ["1"]}, HouseholdFault.WRONG_ENERGY_TYPE, "whole watt-hours are wanted"),
        (
            {"start_at": stamps(2), "a_wh": [1, None]},
            HouseholdFault.ENERGY_MISSING,
            r"empty in row 2 \(2009-03-01 00:30:00\)",
        ),
        (
            {"start_at": stamps(3), "a_wh": [1, -7, -8]},
            HouseholdFault.NEGATIVE,
            r"holds -7 Wh in row 2 \(2009-03-01 00:30:00\), and 0 or more is wanted",
        ),
        ({"start_at": stamps(2), "a_wh": [0, 1_000_001]}, HouseholdFault.TOO_LARGE, "holds 1000001 Wh in row 2"),
    ],
)
def test_a_wrong_table_is_refused_in_a_sentence(
    path: Path, columns: dict[str, list[object]], fault: HouseholdFault, words: str
) -> None:
    schema = {"start_at": pl.Datetime("us")} if columns.get("start_at") == [] else None
    pl.DataFrame(columns, schema_overrides=schema).write_parquet(path)

    error = refusal(path)

    assert error.fault is fault
    with pytest.raises(HouseholdFileError, match=words):
        raise error


def test_two_columns_of_one_name_are_refused(path: Path) -> None:
    column = pa.array([1])
    starts = pa.array([START], pa.timestamp("us"))
    pq.write_table(pa.Table.from_arrays([starts, column, column], names=["start_at", "a_wh", "a_wh"]), path)

    assert "more than one column named a_wh" in str(refusal(path))


def test_many_columns_are_named_in_short(path: Path) -> None:
    pl.DataFrame({f"house_{i}": [1] for i in range(30)}).write_parquet(path)

    assert "house_9, …." in str(refusal(path))
