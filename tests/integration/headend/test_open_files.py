"""What callers may take of what a process may open."""

import resource
import subprocess
import sys

import pytest

from kilovatt.config.open_files import limits_of_calls
from kilovatt.wire.headend.call_in.reception import CallInLimits

_RAISED = """
import resource
from kilovatt.config.open_files import raise_limit
print(raise_limit(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_where_there_is_plenty_the_limits_are_those_that_are_documented() -> None:
    assert limits_of_calls(65_536) == CallInLimits()


@pytest.mark.parametrize("allowed", [128, 1_024, 4_096, 20_000])
def test_callers_leave_most_of_a_small_allowance_to_lines(allowed: int) -> None:
    limits = limits_of_calls(allowed)
    assert limits.calls_max <= max(16, allowed // 2)
    assert 0 < limits.strangers_per_address_max <= limits.strangers_max <= limits.calls_max // 2
    assert limits.calls_per_address_max <= limits.calls_max


def test_a_process_takes_all_that_the_system_allows() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(800, hard)
    run = subprocess.run(
        ["prlimit", f"--nofile=300:{most}", "--", sys.executable, "-c", _RAISED],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stdout.split() == [str(most), str(most)]
