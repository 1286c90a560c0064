"""The benchmark of decoding a DLMS day runs, and all its contestants read the same values. No time is asserted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.peer
NOT_BUILT = {("glo", "dlms-cosem"), ("hdlc-glo", "dlms-cosem")}
"""dlms-cosem knows no messages sealed under the tag of their service."""


@pytest.fixture(scope="module")
def told(repository: Path, peers_python: Path) -> dict[str, Any]:
    assert peers_python.exists()
    command = [sys.executable, "benchmarks/dlms.py", "--rounds", "1", "--ours", "1", "--theirs", "1", "--json"]
    run = subprocess.run(command, check=False, cwd=repository, capture_output=True, text=True, timeout=120)
    # Values that differ end it with an error.
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_every_contestant_reads_the_same_values_in_every_case(told: dict[str, Any]) -> None:
    assert set(told["versions"]) == {"gurux-dlms", "pydlms-client", "dlms-cosem"}
    failed = {
        (case, who)
        for case, of_case in told["cases"].items()
        for who, row in of_case["contestants"].items()
        if "not_measured" in row
    }
    assert failed == NOT_BUILT
    assert all(len(of_case["contestants"]) == 6 for of_case in told["cases"].values())


def test_a_contestant_that_cannot_be_measured_is_told_with_its_reason(told: dict[str, Any]) -> None:
    for case, who in NOT_BUILT:
        assert "Tag 204" in told["cases"][case]["contestants"][who]["not_measured"]
