"""A meter with keys, simulated and read from the command line: keys come from files, and nothing shows them."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from demonstration import KILOVATT, environment

ENCRYPTION, AUTHENTICATION = "000102030405060708090a0b0c0d0e0f", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
LINES = f"# of one meter\nencryption = {ENCRYPTION}\nauthentication = '{AUTHENTICATION}'  # the other\n\n"
OPTIONS = ["--model", "spodes-1ph", "--serial", "41906467"]


@contextmanager
def simulated(*options: str | Path) -> Iterator[str]:
    command = [str(KILOVATT), "simulate", "--listen", "127.0.0.1:0", *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as meter:
        assert meter.stdout is not None
        yield "tcp://" + meter.stdout.readline().strip().rpartition("tcp://")[2]
        meter.send_signal(signal.SIGINT)


def read(line: str, *options: str | Path, **added: str) -> subprocess.CompletedProcess[str]:
    command = [str(KILOVATT), "read", line, "--timeout", "0.5", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(**added), check=False)


def json_of(line: str, *options: str | Path, **added: str) -> dict[str, Any]:
    done = read(line, *options, "--json", **added)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "meter.keys"
    file.write_text(LINES)
    return file


def test_a_meter_with_keys_is_read_by_whoever_has_them(keys: Path) -> None:
    with simulated(*OPTIONS, "--keys-file", keys) as line:
        told = json_of(line, *OPTIONS, "--keys-file", keys)
        again = json_of(line, *OPTIONS, KILOVATT_METER_KEYS=LINES.replace("\n", ";").replace("# of one meter;", ""))
    assert [one["outcome"] for one in (told, again)] == ["ok", "ok"]
    assert told["registers"]


def test_with_other_keys_it_is_not_read_and_neither_is_told(keys: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.keys"
    other.write_text(LINES.replace("0e0f", "0f0e"))
    with simulated(*OPTIONS, "--keys-file", keys) as line:
        done = read(line, *OPTIONS, "--keys-file", other)
    assert done.returncode == 1
    for said in (done.stdout, done.stderr):
        assert "0a0b0c0d" not in said.lower()
        assert "dcdddedf" not in said.lower()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no keys"),
        ("encryption: 00", "Line 1 of the keys is none"),
        ("master = 00", "Line 1 of the keys is none"),
        ("encryption = xyz", "not hexadecimal"),
        (f"encryption = {ENCRYPTION}\nencryption = {ENCRYPTION}", "name encryption twice"),
        (f"encryption = {ENCRYPTION}", "both or none"),
        ("encryption = 00\nauthentication = 00", "have 1 and 1 bytes"),
        ("title = 00", "title in the keys has 1 bytes"),
        ("secret = 00", "secret has 1 bytes"),
    ],
)
def test_what_is_wrong_with_keys_is_said_without_showing_them(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.keys"
    file.write_text(text)
    done = read("tcp://127.0.0.1:9", *OPTIONS, "--keys-file", file)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert ENCRYPTION not in done.stderr
    assert "xyz" not in done.stderr


def test_a_keys_file_that_is_not_there_and_one_for_a_meter_without_keys_are_named(keys: Path, tmp_path: Path) -> None:
    done = read("tcp://127.0.0.1:9", *OPTIONS, "--keys-file", tmp_path / "none.keys")
    assert (done.returncode, "cannot be read" in done.stderr) == (2, True)
    done = read("tcp://127.0.0.1:9", "--model", "mercury-206-prlsno", "--serial", "1", "--keys-file", keys)
    assert (done.returncode, "has no keys" in " ".join(done.stderr.split())) == (2, True)


def test_keys_in_the_environment_are_of_no_concern_to_meters_without_keys() -> None:
    options = ["--model", "mercury-206-prlsno", "--serial", "41906467"]
    with simulated(*options) as line:
        assert json_of(line, *options, KILOVATT_METER_KEYS=LINES)["outcome"] == "ok"
    assert "KILOVATT_METER_KEYS" not in environment()
    assert "KILOVATT_METER_KEYS" not in os.environ
