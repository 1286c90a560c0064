"""A head-end process on a town of simulated meters tells figures, and a session is followed through its log."""

import json
import socket
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from demonstration import KILOVATT, environment
from simulated_site import Site, site_of

MODELS = ("mercury-234-artm-01-pob-r", "mercury-206-prlsno", "spodes-1ph")
METERS = 6


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def figures(port: int) -> dict[str, float]:
    """Return every figure, labels in its name."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        sample.name + "".join(f" {name}={sample.labels[name]}" for name in sorted(sample.labels)): sample.value
        for family in families
        for sample in family.samples
    }


def events(site: Site) -> list[dict[str, Any]]:
    return [json.loads(line) for line in site.said().splitlines()]


def read(site: Site) -> int:
    count: int = site.value("SELECT count(*) FROM records_meterstanding WHERE last_outcome = 'ok'")
    return count


def test_figures_and_log_agree_with_what_was_accepted(tmp_path: Path, free_port: int) -> None:
    with site_of(tmp_path / "site", MODELS, meters=METERS, KILOVATT_LOG_FORMAT="json") as site:
        site.start("--metrics", f"127.0.0.1:{free_port}")
        site.wait(lambda: read(site) == METERS, seconds=60, what="every meter read")
        lines = site.value("SELECT count(DISTINCT line_id) FROM records_meter")
        told = figures(free_port)
        assert told["kilovatt_lines_held"] == lines
        assert told["kilovatt_last_chores_timestamp_seconds"] > 0
        assert told["kilovatt_line_bytes_total way=heard"] > told["kilovatt_line_bytes_total way=sent"] / 10 > 0
        assert not any("meter" in name for name in told)
        sessions = "SELECT count(*) FROM records_session"
        site.wait(
            lambda: figures(free_port)["kilovatt_accept_seconds_count"] == site.value(sessions),
            seconds=20,
            what="all counted",
        )
        status = subprocess.run(
            [KILOVATT, "status", "--json", "--fail-below", "100", "--data", site.data],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env=environment(**site.settings),
        )
        stands = json.loads(status.stdout)
        assert stands["read"] == {"done": METERS, "of": METERS, "percent": 100.0}
        (holder,) = stands["holders"]
        assert str(site.processes[0].pid) in holder
        site.stop()
        by_session = Counter(event["session"] for event in events(site) if "session" in event)
        stored = {session.lower() for (session,) in site.rows("SELECT session_id FROM records_session")}
        assert {session.replace("-", "") for session in by_session} == stored
        accepted = [event for event in events(site) if event.get("is_new")]
        assert len(accepted) == len(stored)
        # The session's own line and that of its acceptance at least.
        assert all(by_session[event["session"]] >= 2 for event in accepted)
        assert "111111" not in site.said()


def test_a_port_for_figures_that_is_taken_is_said_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        subprocess.run(
            [KILOVATT, "migrate", "--data", tmp_path / "site"], check=True, env=environment(), capture_output=True
        )
        ended = subprocess.run(
            [sys.executable, "-m", "kilovatt.config.headend", "--metrics", address],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env=environment(KILOVATT_DATA=str(tmp_path / "site")),
        )
    assert ended.returncode == 2
    assert f"Figures cannot be told at {address}" in ended.stderr
    assert "Traceback" not in ended.stderr
