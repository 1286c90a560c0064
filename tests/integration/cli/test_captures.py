"""A session is captured, explained, and served again as a meter: each command in its own process."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from demonstration import KILOVATT, environment
from kilovatt.wire.explain.transcript import parse_transcript

NOW = "2026-11-24T09:00+03:00"
SERIAL = "41906467"
MERCURY = ("--model", "mercury-234-artm-01-pob-r", "--serial", SERIAL)
COUNTER = ("--model", "pulse-counter-modbus", "--serial", SERIAL)


class Served:
    """A meter in a process: where it listens, and what it said on standard error once it is over."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.complaints = ""


@contextmanager
def served(*options: str | Path) -> Iterator[Served]:
    command = [str(KILOVATT), "simulate", *map(str, options)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as meter:
        assert meter.stdout is not None
        said = re.search(r"(?:tcp|serial)://\S+", meter.stdout.readline())
        assert said is not None, meter.communicate()
        serving = Served(said[0])
        yield serving
        meter.send_signal(signal.SIGINT)
        _out, serving.complaints = meter.communicate(timeout=10)
        assert meter.returncode == 0, serving.complaints


def run(*options: str | Path, **added: str) -> subprocess.CompletedProcess[str]:
    command = [str(KILOVATT), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(**added), check=False)


def read(line: str, *options: str | Path) -> subprocess.CompletedProcess[str]:
    return run("read", line, "--timeout", "0.5", "--json", "--now", NOW, *options)


def facts_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what was read, without by how much the meter's clock was off when we heard it."""
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    facts["clock"] = facts["clock"] and facts["clock"]["meter"]
    return facts


def captured(file: Path, *model: str) -> dict[str, Any]:
    """Read a simulated meter with a capture, and return what was printed."""
    with served(*model, "--listen", "127.0.0.1:0", "--now", NOW) as meter:
        done = read(meter.line, *model, "--capture", file)
    assert f"The session is written to {file}." in done.stderr
    return facts_of(done)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Return the capture of a session, and what was read in it."""
    file = tmp_path_factory.mktemp("captured") / "session.txt"
    return file, captured(file, *MERCURY)


def test_who_has_the_file_can_read_the_meter(session: tuple[Path, dict[str, Any]]) -> None:
    file, said = session
    with served("--replay", file, "--listen", "127.0.0.1:0") as meter:
        again = read(meter.line, *MERCURY)
        unheard = read(meter.line, *MERCURY, "--what", "events")
    assert facts_of(again) == said
    assert unheard.returncode == 1
    assert re.search(r"\d+ requests were not in the transcript: first 43 04", meter.complaints), meter.complaints


def test_a_pulse_counter_is_replayed(tmp_path: Path) -> None:
    said = captured(tmp_path / "session.txt", *COUNTER)
    with served("--replay", tmp_path / "session.txt", "--listen", "127.0.0.1:0") as meter:
        assert facts_of(read(meter.line, *COUNTER)) == said


def test_a_replayed_meter_can_sit_at_a_serial_port(session: tuple[Path, dict[str, Any]]) -> None:
    file, said = session
    with served("--replay", file, "--listen", "pty", "--real-time") as meter:
        again = read(meter.line, *MERCURY)
    assert facts_of(again) == said
    assert "not in the transcript" not in meter.complaints


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "session.txt"
    file.write_text("kept")
    refused = read("tcp://127.0.0.1:9", *MERCURY, "--capture", file)
    assert refused.returncode == 2
    assert "is there already" in refused.stderr
    assert file.read_text() == "kept"
    nowhere = read("tcp://127.0.0.1:9", *MERCURY, "--capture", tmp_path / "no" / "session.txt")
    assert nowhere.returncode == 2
    assert "cannot be made: No such file or directory" in nowhere.stderr
    # What is wrong with the line is said before a file is made.
    wrong = read("tcp://nowhere", *MERCURY, "--capture", tmp_path / "other.txt")
    assert wrong.returncode == 2
    assert not (tmp_path / "other.txt").exists()


def test_a_line_without_a_meter_is_captured_as_silence(tmp_path: Path) -> None:
    file = tmp_path / "silence.txt"
    with served("--model", "mercury-206-prlsno", "--serial", SERIAL, "--listen", "127.0.0.1:0") as meter:
        done = read(meter.line, *MERCURY, "--capture", file)
    assert done.returncode == 1
    explained = run("explain", file)
    assert explained.stdout.count("Silence: no answer came.") == 3
    # The password it was asked with is a secret all the same.
    assert file.read_text().count("** ** ** ** ** ** ** **") == 3


def test_what_is_no_transcript_is_refused_with_its_line(session: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    text = session[0].read_text()
    bad = tmp_path / "bad.txt"
    for wrong, reason in (
        (text.replace("transcript 1", "transcript 9").encode(), "is no transcript. Line 1: a transcript of version 9"),
        (text[: text.index("43 29 5A") + 4].encode(), "cut off within this line"),
        (b"\xff\xfe", "it is not text"),
    ):
        bad.write_bytes(wrong)
        refused = run("simulate", "--replay", bad, "--listen", "127.0.0.1:0")
        assert refused.returncode == 2
        assert reason in refused.stderr
    missing = run("simulate", "--replay", tmp_path / "none", "--listen", "127.0.0.1:0")
    assert "cannot be read: No such file" in missing.stderr


def test_a_session_that_was_cut_off_is_served_with_a_word_of_it(
    session: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    file = tmp_path / "cut.txt"
    file.write_text(session[0].read_text().removesuffix("end\n"))
    with served("--replay", file, "--listen", "127.0.0.1:0") as meter:
        assert read(meter.line, *MERCURY).returncode == 0
    assert "The session was cut off" in meter.complaints
    assert "cut off before its end" in run("explain", "--file", file).stderr


def test_what_is_to_be_simulated_must_be_said_once(tmp_path: Path) -> None:
    assert "Add --model, or --replay" in run("simulate", "--listen", "127.0.0.1:0").stderr
    both = run("simulate", *MERCURY, "--replay", tmp_path, "--listen", "127.0.0.1:0")
    assert both.returncode == 2
    assert "leave --model out" in both.stderr


def test_a_transcript_is_explained_exchange_by_exchange(session: tuple[Path, dict[str, Any]]) -> None:
    file, _said = session
    shown = run("explain", "--file", file)
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"^\d\.\d{3} s  Request: Open the channel$", shown.stdout, re.MULTILINE)
    assert re.search(r"^\*\* \*\* \*\* \*\* \*\* \*\*  Password, never shown +—", shown.stdout, re.MULTILINE)
    facts = json.loads(run("explain", file, "--json").stdout)
    assert facts[0]["sent_s"] <= facts[0]["came_s"]
    assert facts[1]["answer"]["name"] == "Serial number"
    assert {fact["language"] for fact in facts} == {"mercury-v2"}


def test_a_session_that_is_killed_leaves_what_was_heard(session: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "killed.txt"
    # It waits for ever, nearly: the meter that is asked never heard of such a request.
    with served("--replay", session[0], "--listen", "127.0.0.1:0") as meter:
        command = [
            str(KILOVATT),
            "read",
            meter.line,
            *MERCURY,
            "--timeout",
            "60",
            "--capture",
            str(file),
            "--what",
            "all",
        ]
        with subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL) as reading:
            for _ in range(300):
                if file.exists() and file.read_text().count("<") > 5:
                    break
                time.sleep(0.1)
            reading.kill()
    transcript = parse_transcript(file.read_text())
    assert not transcript.finished
    assert len(transcript.bursts) > 5
