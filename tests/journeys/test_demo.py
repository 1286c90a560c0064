"""The whole path, from frames on real TCP lines to bills, checked against the curves it began with."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from demonstration import KILOVATT, NOW, check_bills, demo, environment, result_of, write_households
from kilovatt.measure.metering.catalogue import ROWS, model_by_key
from kilovatt.measure.metering.catalogue.spodus import BEHIND, is_behind
from kilovatt.measure.metering.models import Evidence
from kilovatt.wire.simulator.faults import UNREADABLE_FAULTS, FaultKind
from kilovatt.wire.simulator.plan import MeterPlan, TownPlan
from kilovatt.wire.simulator.planning import MODELS_OF_A_TOWN

KILLS = 20
SOAKING = os.environ.get("KILOVATT_SOAK") == "1"


@pytest.fixture(scope="module")
def households(real_households: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 300 real homes where they are at hand, else 300 made ones."""
    return real_households or write_households(tmp_path_factory.mktemp("homes") / "homes.parquet", 300)


@pytest.fixture
def few_homes(tmp_path: Path) -> Path:
    return write_households(tmp_path / "homes.parquet", 18)


def town_of(data: Path) -> TownPlan:
    return TownPlan.from_json(json.loads((data / "town.json").read_text(encoding="utf-8"))["plan"])


def rows(data: Path, query: str) -> list[Any]:
    with sqlite3.connect(data / "kilovatt.sqlite3") as connection:
        return connection.execute(query).fetchall()


@pytest.mark.timeout(400)
def test_three_hundred_households_are_billed_as_their_curves_say(households: Path) -> None:
    result = result_of("--households", households, "--now", NOW)
    assert len(result["bills"]) == result["meters"] == 300
    assert result["sessions"] == {"ok": 300}
    assert (result["ledger_balance_kopecks"], result["unbilled"], result["findings"].get("gap")) == (0, [], None)
    assert {bill["period"] for bill in result["bills"]} == {"2026-10"}
    assert {bill["register_step_wh"] for bill in result["bills"]} >= {1, 10}
    # One of each at least: every model that is called supported, and the assumed ones too.
    assert {bill["meter_model"] for bill in result["bills"]} == {model.key for model in MODELS_OF_A_TOWN}
    supported = {model.key for model in ROWS if model.evidence is not Evidence.ASSUMED}
    assert supported <= {bill["meter_model"].removesuffix(BEHIND) for bill in result["bills"]}
    check_bills(result, households)


def test_the_built_in_homes_are_read_and_billed_without_any_file() -> None:
    result = result_of("--meters", "9", "--seed", "7", "--now", NOW)
    assert (len(result["bills"]), result["sessions"], result["ledger_balance_kopecks"]) == (9, {"ok": 9}, 0)
    assert len({bill["meter_model"] for bill in result["bills"]}) == 9


@pytest.mark.peer
def test_on_postgresql_it_comes_to_the_same_bills(tmp_path: Path, few_homes: Path, postgres_database: str) -> None:
    options = ["--households", few_homes, "--now", NOW, "--data"]
    on_sqlite = result_of(*options, tmp_path / "sqlite")
    on_postgresql = result_of(*options, tmp_path / "postgresql", KILOVATT_DATABASE=postgres_database)
    assert on_postgresql["bills"] == on_sqlite["bills"]
    assert on_postgresql["ledger_balance_kopecks"] == 0
    assert not (tmp_path / "postgresql" / "kilovatt.sqlite3").exists()


@pytest.mark.parametrize("now", ["2026-12-01T00:00+03:00", "2027-02-28T23:59:30+03:00", "2026-10-31T21:30Z"])
def test_the_month_that_is_billed_is_the_last_that_is_wholly_past(now: str, few_homes: Path) -> None:
    result = result_of("--households", few_homes, "--meters", "9", "--now", now)
    assert len(result["bills"]) == 9
    check_bills(result, few_homes)


def test_the_same_seed_gives_the_same_town_and_the_same_bills(few_homes: Path) -> None:
    first, second = (result_of("--households", few_homes, "--seed", "3", "--now", NOW) for _ in range(2))
    assert first["bills"] == second["bills"]


@pytest.mark.timeout(600)
def test_killed_at_random_moments_it_ends_with_the_same_bills_and_nothing_twice(
    tmp_path: Path, households: Path
) -> None:
    meters = 300 if SOAKING else 18
    options = ["--households", households, "--meters", str(meters), "--now", NOW, "--data"]
    wanted = result_of(*options, tmp_path / "undisturbed")
    data, dice = tmp_path / "killed", random.Random(20261124)
    whole_s = wanted["seconds"] + 2.5
    killed = 0
    for attempt in range(KILLS):
        command = [str(KILOVATT), "demo", "--once", "--json", *map(str, options), str(data)]
        process, began = _begun(command), time.monotonic()
        try:
            # The first kills come early, so that each step of a first run is met.
            process.wait(dice.uniform(0.6, whole_s * (attempt + 4) / KILLS))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
        else:
            # What is done is not done again: the next is over as soon.
            whole_s = time.monotonic() - began
        _out, complaints = process.communicate()
        assert process.returncode in {0, -signal.SIGKILL}, complaints.decode()
    assert killed > KILLS // 2
    result = result_of(*options, data)
    assert result["bills"] == wanted["bills"]
    assert (result["ledger_balance_kopecks"], result["intervals"]) == (0, wanted["intervals"])
    transfers = rows(data, "SELECT cause, count(*) FROM records_transfer GROUP BY cause HAVING count(*) > 1")
    assert transfers == []
    lines = sum(len(bill["lines"]) for bill in result["bills"])
    free = sum(line["amount_kopecks"] == 0 for bill in result["bills"] for line in bill["lines"])
    assert rows(data, "SELECT count(*) FROM records_transfer") == [(lines - free,)]
    assert twice_in_the_lake(data) == {"meter_days": 0, "registers": 0}


def _begun(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())


def twice_in_the_lake(data: Path) -> dict[str, int]:
    from deltalake import DeltaTable

    found = {}
    for name in ("meter_days", "registers"):
        assert rows(data, f"SELECT count(*) FROM records_intake{name.rstrip('s').replace('_', '')}") == [(0,)]
        counts = Counter(DeltaTable(data / "lake" / name).to_pyarrow_table(columns=["digest"])["digest"].to_pylist())
        assert counts
        found[name] = sum(count > 1 for count in counts.values())
    return found


@pytest.mark.timeout(400)
def test_in_bad_weather_nothing_wrong_is_accepted_and_each_silence_has_its_reason(
    tmp_path: Path, households: Path
) -> None:
    data = tmp_path / "town"
    result = result_of("--households", households, "--meters", "60", "--faults", "some", "--now", NOW, "--data", data)
    check_bills(result, households)
    assert result["ledger_balance_kopecks"] == 0
    town = town_of(data)
    outcomes = dict(
        rows(
            data,
            "SELECT m.serial, s.last_outcome FROM records_meter m JOIN records_meterstanding s ON s.meter_id = m.id",
        )
    )
    unreadable = [meter for meter in town.meters if town.faults_of(meter) & UNREADABLE_FAULTS]
    assert unreadable
    for meter in unreadable:
        assert outcomes[f"{meter.serial:08d}"] == reason_of(town, meter), meter
    readable = {f"{meter.serial:08d}" for meter in town.meters if meter not in unreadable}
    billed = len(result["bills"])
    assert billed + len(result["unbilled"]) == 60
    assert billed == len(readable), Counter(outcomes[serial] for serial in readable)


def reason_of(town: TownPlan, meter: MeterPlan) -> str:
    reasons = {
        FaultKind.ECHO_ONLY: "echo",
        FaultKind.DEAD: "concentrator_silent" if is_behind(model_by_key(meter.model)) else "silence",
        FaultKind.UNREACHABLE: "no_route",
        FaultKind.WRONG_PASSWORD: "wrong_password",
    }
    (fault,) = town.faults_of(meter) & UNREADABLE_FAULTS
    return reasons[fault]


@pytest.mark.timeout(300)
def test_a_cover_opened_and_a_magnet_are_told_as_events(tmp_path: Path, few_homes: Path) -> None:
    data = tmp_path / "town"
    result_of("--households", few_homes, "--faults", "some", "--now", NOW, "--data", data)
    town = town_of(data)
    told = rows(data, "SELECT m.serial, e.kind FROM records_event e JOIN records_meter m ON m.id = e.meter_id")
    readable = [meter for meter in town.meters if not town.faults_of(meter) & UNREADABLE_FAULTS]
    for fault, kind in ((FaultKind.COVER, "case_opened"), (FaultKind.MAGNET, "magnetic_field")):
        suffered = {f"{meter.serial:08d}" for meter in readable if fault in meter.faults}
        assert suffered
        assert suffered <= {serial for serial, of_kind in told if of_kind == kind}


def test_started_again_a_day_later_it_goes_on_where_it_was(tmp_path: Path, few_homes: Path) -> None:
    options = ["--households", few_homes, "--meters", "6", "--data", tmp_path / "town"]
    first = result_of(*options, "--now", NOW)
    later = result_of(*options, "--now", "2026-11-25T09:00+03:00")
    assert later["bills"] == first["bills"]
    assert later["intervals"] > first["intervals"]


REFUSALS: dict[str, tuple[list[str], str]] = {
    "an earlier instant": (["--now", "2026-11-23T09:00+03:00"], "--now cannot be earlier"),
    "another town": (["--now", NOW, "--seed", "2"], "another town"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_data_directory_with_another_past_is_refused(name: str, tmp_path: Path, few_homes: Path) -> None:
    options = ["--households", few_homes, "--meters", "2", "--data", tmp_path / "town"]
    result_of(*options, "--now", NOW)
    added, words = REFUSALS[name]
    refused = demo(*options, *added)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert words in refused.stderr


def test_a_data_directory_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "FORMAT").write_text("9\n")
    refused = demo("--data", tmp_path, "--meters", "1")
    assert refused.returncode == 2
    assert "written by a newer Kilovatt" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["FORMAT"]


def test_a_directory_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    refused = demo("--data", tmp_path, "--meters", "1")
    assert refused.returncode == 2
    assert "not Kilovatt's" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_households_with_negative_values_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    homes = write_households(tmp_path / "homes.parquet", 1, days=92, bad_wh=[-5] * 92 * 48)
    refused = demo("--households", homes, "--data", tmp_path / "town", "--now", NOW)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "holds -5 Wh in row 1" in refused.stderr
    assert not (tmp_path / "town" / "town.json").exists()


def test_a_file_cut_in_half_is_refused(tmp_path: Path, few_homes: Path) -> None:
    half = few_homes.read_bytes()[: few_homes.stat().st_size // 2]
    (tmp_path / "half.parquet").write_bytes(half)
    refused = demo("--households", tmp_path / "half.parquet", "--data", tmp_path / "town")
    assert refused.returncode == 2
    assert "not a whole Parquet file" in refused.stderr


def test_more_meters_than_households_are_refused(few_homes: Path) -> None:
    refused = demo("--households", few_homes, "--meters", "19")
    assert refused.returncode == 2
    assert "has 18 households" in refused.stderr


@pytest.mark.parametrize(("now", "words"), [("yesterday", "is no instant"), ("2026-11-24T09:00", "has no time zone")])
def test_an_instant_without_a_zone_or_sense_is_refused(now: str, words: str) -> None:
    refused = demo("--now", now)
    assert refused.returncode == 2
    assert words in refused.stderr


def test_complaints_are_russian_for_who_speaks_russian() -> None:
    refused = demo("--now", "вчера", LANG="ru_RU.UTF-8")
    assert refused.returncode == 2
    assert "Невозможно" in refused.stderr


def test_a_full_disk_is_said_and_what_was_accepted_is_kept(tmp_path: Path, few_homes: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    try:
        options = ["--households", few_homes, "--meters", "9", "--now", NOW, "--data", disk / "town"]
        refused = demo(*options)
        assert refused.returncode == 2, refused.stderr
        assert "The disk is full" in refused.stderr
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        result = result_of(*options)
        assert len(result["bills"]) == 9
        check_bills(result, few_homes)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_instant_stands_in_the_result_as_it_was_given() -> None:
    result = result_of("--meters", "1", "--now", "2026-11-24T06:00Z")
    assert datetime.fromisoformat(result["now"]) == datetime.fromisoformat(NOW)
