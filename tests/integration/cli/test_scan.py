"""`kilovatt scan` finds simulated meters: each program in its own process, over real TCP."""

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from demonstration import KILOVATT, environment

NOW = "2026-11-24T09:00+03:00"
MERCURY = ("--model", "mercury-234-artm-01-pob-r", "--serial", "36790160", "--address", "41")


@contextmanager
def simulated(*options: str) -> Iterator[str]:
    """Run a meter and yield its line's address once it listens."""
    command = [str(KILOVATT), "simulate", "--listen", "127.0.0.1:0", "--now", NOW, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as meter:
        assert meter.stdout is not None
        yield "tcp://" + meter.stdout.readline().strip().rpartition("tcp://")[2]
        meter.send_signal(signal.SIGINT)
        meter.communicate(timeout=10)


def scan(*options: str, **added: str) -> subprocess.CompletedProcess[str]:
    command = [str(KILOVATT), "scan", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(**added), check=False)


def test_a_meter_is_found_and_the_command_that_is_shown_reads_it() -> None:
    with simulated(*MERCURY) as line:
        done = scan(line, "--timeout", "0.2", "--protocol", "short", "--addresses", "40-42")
        assert done.returncode == 0, done.stderr
        (command,) = [text.strip() for text in done.stdout.splitlines() if text.strip().startswith("kilovatt read")]
        read = subprocess.run(
            [str(KILOVATT), *shlex.split(command)[1:], "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
            check=False,
        )
    assert "36790160" in done.stdout
    assert "--address 41" in command
    assert json.loads(read.stdout)["serial"] == "36790160"


def test_json_tells_a_program_all_that_was_found() -> None:
    with simulated("--model", "nartis-i100", "--serial", "22000001", "--address", "17") as line:
        done = scan(line, "--timeout", "0.2", "--protocol", "hdlc", "--factory-passwords", "--json")
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    (found,) = said["found"]
    assert (said["verdict"], said["crowded"], said["left"]) == ("found", [], 0)
    assert (found["way"], found["address"], found["address_bytes"], found["serial"]) == ("hdlc", 17, 2, "22000001")
    assert (found["password"], found["models"], found["baud"]) == ("factory", ["nartis-i100"], None)
    assert found["command"] == f"kilovatt read {line} --model nartis-i100 --serial 22000001"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("dead", "A and B are not swapped"),
        ("echo_only", "Only our own requests came back"),
        ("unreachable", "The line cannot be reached"),
    ],
)
def test_nothing_found_says_what_it_may_mean(fault: str, words: str) -> None:
    with simulated(*MERCURY, "--fault", fault) as line:
        done = scan(line, "--timeout", "0.1", "--protocol", "short", "--protocol", "mercury-v1")
    assert done.returncode == 1
    assert words in done.stdout
    assert ("--serial" in done.stdout) is (fault != "unreachable")


def test_a_search_that_is_interrupted_prints_what_was_found_by_then() -> None:
    with simulated(*MERCURY) as line:
        command = [str(KILOVATT), "scan", line, "--protocol", "short", "--addresses", "41,100-240", "--json"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(KILOVATT_LOG="")
        ) as search:
            with pytest.raises(subprocess.TimeoutExpired):
                search.wait(timeout=6)
            search.send_signal(signal.SIGINT)
            said, _ = search.communicate(timeout=10)
    assert search.returncode == 130
    found = json.loads(said)
    assert [one["address"] for one in found["found"]] == [41]
    assert found["left"] > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--addresses", "240-1"), "Write them as 1-240"),
        (("--addresses", "x"), "Write them as 1-240"),
        (("--addresses", "1-20000"), "at most 10000"),
    ],
)
def test_addresses_that_are_none_are_refused_with_a_sentence(options: tuple[str, ...], words: str) -> None:
    done = scan("tcp://127.0.0.1:1", *options)
    assert done.returncode == 2
    assert words in done.stderr.replace("\n", " ")


def test_a_port_that_is_not_there_is_told(tmp_path: os.PathLike[str]) -> None:
    done = scan(f"serial://{tmp_path}/ttyNOTHING")
    assert (done.returncode, "cannot be reached" in done.stdout) == (1, True)
