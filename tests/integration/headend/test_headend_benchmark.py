"""The benchmark of the head-end runs, and what it measures is whole; how fast it was is no matter here."""

import json
import subprocess
import sys
from typing import Any

import pytest

from demonstration import environment


def told(*options: str) -> dict[str, Any]:
    command = [sys.executable, "benchmarks/headend.py", *options, "--json"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, env=environment(), check=False)
    assert run.returncode == 0, run.stderr
    figures: dict[str, Any] = json.loads(run.stdout)
    return figures


@pytest.mark.parametrize(("model", "exchanges"), [("mercury-234-art-03", 20), ("rim-289-spodes", 40)])
def test_a_day_is_read_by_the_head_end_as_by_the_bare_client(model: str, exchanges: int) -> None:
    figures = told("day", "--model", model, "--lines", "2", "--sessions", "2", "--rounds", "1")
    assert figures["sessions"] == 4
    assert figures["exchanges"] > exchanges
    assert len(figures["ratios"]) == 1
    assert figures["ratio"] > 0
    assert figures["understanding_us"] > 0


def test_a_crowd_of_lines_is_read_without_an_error() -> None:
    figures = told("crowd", "--lines", "30", "--delay-ms", "5")
    assert figures["outcomes"] == {"ok": 30}
    assert (figures["at_once"], figures["retries"]) == (30, 0)
    assert figures["idle_mb"] <= figures["peak_mb"]


@pytest.mark.parametrize("kind", ["push", "collector"])
def test_every_caller_is_understood_and_acknowledged(kind: str) -> None:
    figures = told("callins", "--calls", "30", "--kind", kind)
    names = ("understood", "acknowledged", "connected_at_the_end", "faults", "turned_away", "lost")
    assert [figures[name] for name in names] == [30, 30, 30, 0, 0, 0]


def test_a_slow_line_is_read_in_no_less_time_than_its_bytes_take() -> None:
    figures = told("line", "--meters", "2", "--baud", "115200", "--think-ms", "5")
    assert (figures["meters"], figures["ok"], figures["retries"]) == (2, 2, 0)
    assert figures["on_the_line_s"] == pytest.approx((figures["sent_bytes"] + figures["heard_bytes"]) * 10 / 115_200)
    assert 0 < figures["share"] <= 1


def test_a_night_of_a_site_reads_every_meter() -> None:
    figures = told("town", "--meters", "2", "--processes", "2", "--model", "mercury-206-prlsno", "--patience-s", "60")
    assert (figures["database"], figures["processes"], figures["meters"]) == ("SQLite", 2, 2)
    assert figures["ms_a_meter"]["postgres"] == 0
    assert figures["city_cores"]["headend"] == pytest.approx(7.5e6 * figures["ms_a_meter"]["headend"] / 1000 / 86_400)
