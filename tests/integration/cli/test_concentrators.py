"""`kilovatt simulate` is a concentrator with meters, `kilovatt read` reads it and them: processes, over real TCP."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from demonstration import KILOVATT, environment

NOW = "2026-11-24T09:00+03:00"
METERS = 3


@contextmanager
def simulated(*options: str) -> Iterator[tuple[str, list[str]]]:
    """Run a concentrator; yield its line's address and the addresses of the meters behind it."""
    command = [str(KILOVATT), "simulate", "--listen", "127.0.0.1:0", "--now", NOW, "--model", "spodus-uspd", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as served:
        assert served.stdout is not None
        own, *others = [served.stdout.readline() for _ in range(1 + METERS)]
        assert "tcp://" in own, served.communicate()
        yield (
            "tcp://" + own.strip().rpartition("tcp://")[2],
            [line.split("address ")[1].split(",")[0] for line in others],
        )
        served.send_signal(signal.SIGINT)
        _out, complaints = served.communicate(timeout=10)
        assert served.returncode == 0, complaints


def read(line: str, *options: str, **added: str) -> subprocess.CompletedProcess[str]:
    command = [str(KILOVATT), "read", line, "--timeout", "0.5", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(**added), check=False)


@pytest.fixture(scope="module")
def concentrator() -> Iterator[tuple[str, list[str]]]:
    with simulated("--meters", str(METERS), "--fault", "unreached") as served:
        yield served


def test_a_concentrator_tells_a_program_which_meters_it_hears(concentrator: tuple[str, list[str]]) -> None:
    line, addresses = concentrator
    done = read(line, "--model", "spodus-uspd", "--what", "all", "--json")
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)

    assert (said["serial"], said["outcome"], said["registers"]) == ("24000001", "ok", [])
    meters = said["concentrator"]["meters"]
    assert [str(address) for meter in meters for address in meter["addresses"]] == addresses
    assert [meter["hearing"] for meter in meters] == ["heard", "heard", "not_now"]
    assert [meter["last_exchange"] for meter in meters] == ["done", "done", "no_response"]
    assert meters[0]["last_heard_at"] == "2026-11-24T00:10:00+03:00"
    assert said["concentrator"]["time_delta_s"] == 5
    assert len(said["concentrator"]["devices"]) == 1 + METERS


def test_a_person_sees_who_is_silent(concentrator: tuple[str, list[str]]) -> None:
    shown = read(concentrator[0], "--model", "spodus-uspd", COLUMNS="200")
    assert shown.returncode == 0, shown.stderr
    assert "3 meters behind it, 1 of them silent" in shown.stdout
    assert "KLV41906467" in shown.stdout
    assert "silent since" in shown.stdout


def test_a_meter_is_read_through_it_by_the_address_it_gave(concentrator: tuple[str, list[str]]) -> None:
    line, (first, _second, last) = concentrator
    done = read(line, "--model", "spodes-1ph@uspd", "--address", first, "--serial", "41906467", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["model"], said["serial"], said["concentrator"]) == ("spodes-1ph@uspd", "41906467", None)
    assert said["registers"]

    unreached = read(line, "--model", "spodes-3ph-ct@uspd", "--address", last)
    assert unreached.returncode == 1
    assert "The concentrator answers, and does not reach the meter." in unreached.stderr


def test_a_meter_behind_a_concentrator_is_not_found_by_its_serial_number(concentrator: tuple[str, list[str]]) -> None:
    refused = read(concentrator[0], "--model", "spodes-1ph@uspd", "--serial", "41906467")
    assert refused.returncode == 2
    assert "add --address" in refused.stderr


def test_what_no_concentrator_can_read_is_no_model(concentrator: tuple[str, list[str]]) -> None:
    refused = read(concentrator[0], "--model", "mercury-206-prlsno@uspd", "--address", "201")
    assert refused.returncode == 2
    assert "mercury-206-prlsno@uspd" in refused.stderr
