"""`kilovatt simulate` is a meter, and `kilovatt read` reads it: each in its own process, over real TCP."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from demonstration import KILOVATT, environment, write_households
from kilovatt.measure.metering.catalogue import MODELS, ROWS
from kilovatt.measure.metering.events import EventKind
from kilovatt.measure.metering.models import MeterModel

NOW = "2026-11-24T09:00+03:00"
SERIAL = "41906467"
WITH_PASSWORD = "mercury-234-artm-01-pob-r"


@contextmanager
def simulated(*options: str | Path) -> Iterator[str]:
    """Run a meter and yield its line's address once it listens."""
    command = [str(KILOVATT), "simulate", "--listen", "127.0.0.1:0", "--now", NOW, *map(str, options)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as meter:
        assert meter.stdout is not None
        said = meter.stdout.readline()
        assert "tcp://" in said, meter.communicate()
        yield "tcp://" + said.strip().rpartition("tcp://")[2]
        meter.send_signal(signal.SIGINT)
        _out, complaints = meter.communicate(timeout=10)
        assert meter.returncode == 0, complaints


def read(line: str, *options: str | Path, **added: str) -> subprocess.CompletedProcess[str]:
    command = [str(KILOVATT), "read", line, "--timeout", "0.5", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(**added), check=False)


def json_of(line: str, *options: str | Path, **added: str) -> dict[str, Any]:
    done = read(line, *options, "--json", **added)
    assert done.returncode == 0, done.stderr
    read_out: dict[str, Any] = json.loads(done.stdout)
    return read_out


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.key)
def test_every_model_is_read_whole(model: MeterModel, tmp_path: Path) -> None:
    homes = write_households(tmp_path / "homes.parquet", 2)
    options = ["--model", model.key, "--serial", SERIAL]
    with simulated(*options, "--households", homes, "--household", "home_002_wh", "--fault", "cover") as line:
        said = json_of(line, *options, "--what", "all", "--days", "2")
    assert (said["outcome"], said["serial"].lstrip("0")) == ("ok", SERIAL)
    assert {register["moment"] for register in said["registers"]} >= {"now", "month_start"}
    assert bool(said["profile"]) is model.has_profile
    covers = {EventKind.CASE_OPENED, EventKind.TERMINAL_COVER_OPENED} & model.journals
    assert {event["kind"] for event in said["events"]} == covers
    assert bool(said["instant"]["voltages_mv"]) is model.instant_values
    assert (said["instant"]["relay_closed"] is not None) is model.relay


def test_registers_differ_by_what_the_household_used_between_them(tmp_path: Path) -> None:
    homes = write_households(tmp_path / "homes.parquet", 1)
    options = ["--model", WITH_PASSWORD, "--serial", SERIAL]
    with simulated(*options, "--households", homes) as line:
        said = json_of(line, *options, "--what", "registers")
    months = {
        (register["tariff"], register["at"][:7]): register["value_wh"]
        for register in said["registers"]
        if register["moment"] == "month_start" and register["quantity"] == "a_plus"
    }
    curve = [(row * 7919 + 104_729) % 997 * 1 // 2 for row in range(92 * 48)]
    # The curve ends at 24 November 00:00: October is what lies 23 + 31 to 23 days before its end.
    october = sum(curve[(92 - 54) * 48 : (92 - 23) * 48])
    assert months[0, "2026-11"] - months[0, "2026-10"] == october


def test_a_person_sees_a_table_and_a_sketch_of_each_day(tmp_path: Path) -> None:
    options = ["--model", "mercury-206-prlsno", "--serial", SERIAL]
    with simulated(*options) as line:
        shown = read(line, *options, "--what", "all", "--days", "1", LANG="ru_RU.UTF-8")
    assert shown.returncode == 0, shown.stderr
    assert f"Меркурий 206 PRLSNO № {SERIAL}" in shown.stdout
    assert "01.11.2026 00:00:00" in shown.stdout
    assert "█" in shown.stdout


def test_the_password_comes_from_a_file_or_the_environment_and_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("123987\n")
    options = ["--model", WITH_PASSWORD, "--serial", SERIAL]
    with simulated(*options, "--password", "123987") as line:
        by_file = read(line, *options, "--password-file", secret)
        by_environment = read(line, *options, KILOVATT_METER_PASSWORD="123987")
        wrong = read(line, *options, KILOVATT_METER_PASSWORD="654321")
    assert (by_file.returncode, by_environment.returncode, wrong.returncode) == (0, 0, 1)
    assert "does not accept the password" in wrong.stderr
    assert "654321" not in wrong.stdout + wrong.stderr
    assert "123987" not in by_file.stdout + by_file.stderr


def test_each_silence_has_its_words(tmp_path: Path) -> None:
    options = ["--model", "mercury-206-prlsno", "--serial", SERIAL]
    with simulated(*options) as line:
        nobody = read(line, "--model", "mercury-206-prlsno", "--serial", "11111111")
    with simulated(*options, "--fault", "echo_only") as line:
        echo = read(line, *options)
    gone = read(line, *options)
    assert [run.returncode for run in (nobody, echo, gone)] == [1, 1, 1]
    assert "Nothing answers" in nobody.stderr
    assert "Only our own request comes back" in echo.stderr
    assert "cannot be reached" in gone.stderr


def test_an_echo_before_the_answer_is_no_hindrance() -> None:
    options = ["--model", "mercury-206-prlsno", "--serial", SERIAL]
    with simulated(*options, "--fault", "echo") as line:
        assert json_of(line, *options)["outcome"] == "ok"


REFUSED: dict[str, tuple[list[str], str]] = {
    "no scheme": (["gateway:4001", "--model", "mercury-206-prlsno", "--serial", "1"], "does not say how to reach it"),
    "no such model": (["tcp://127.0.0.1:1", "--model", "mercury-999"], "There is no meter model mercury-999"),
    "no number": (["tcp://127.0.0.1:1", "--model", "mercury-206-prlsno"], "add --serial"),
    "address too high": (["tcp://127.0.0.1:1", "--model", WITH_PASSWORD, "--address", "300"], "300"),
    "no such zone": (["tcp://127.0.0.1:1", "--model", WITH_PASSWORD, "--zone", "Moon/Base"], "no time zone"),
    "no such file": (["tcp://127.0.0.1:1", "--model", WITH_PASSWORD, "--password-file", "/nowhere"], "cannot be read"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_one_sentence_and_exit_code_2(name: str) -> None:
    options, words = REFUSED[name]
    refused = read(*options)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert words in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_what_is_wrong_is_said_in_russian_too(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        asked = {
            "line": ["read", "gateway:4001", "--model", WITH_PASSWORD],
            "address": ["read", "tcp://127.0.0.1:1", "--model", WITH_PASSWORD, "--address", "241"],
            "port": ["simulate", "--model", WITH_PASSWORD, "--listen", f"127.0.0.1:{port}"],
            "plan": ["simulate", "--model", WITH_PASSWORD, "--listen", "127.0.0.1:0", "--address", "300"],
            "households": ["demo", "--once", "--households", str(tmp_path / "none.parquet")],
            "directory": ["migrate", "--data", str(Path(__file__).parent)],
        }
        said = {
            name: subprocess.run(
                [str(KILOVATT), *options],
                capture_output=True,
                text=True,
                timeout=60,
                env=environment(KILOVATT_LANGUAGE="ru"),
                check=False,
            )
            for name, options in asked.items()
        }
    assert {name: refused.returncode for name, refused in said.items()} == dict.fromkeys(asked, 2)
    words = {
        "line": "не сказано, как её достичь",
        "address": "Адрес Меркурий 234 ARTM-01 POB.R: от 1 до 240, а не 241.",
        "port": f"Порт {port} на 127.0.0.1 занят другой программой.",
        "plan": "адрес 300",
        "households": "не читается",
        "directory": "лежат файлы не Киловатта",
    }
    assert {name: words[name] in said[name].stderr for name in words} == dict.fromkeys(words, True), said


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [str(KILOVATT), "simulate", "--model", "mercury-206-prlsno", "--listen", f"127.0.0.1:{port}"]
        refused = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment(), check=False)
    assert refused.returncode == 2
    assert "is taken" in refused.stderr


@pytest.mark.parametrize("listen", ["4001", "127.0.0.1:", "127.0.0.1:99999"])
def test_a_place_that_is_none_is_refused(listen: str) -> None:
    command = [str(KILOVATT), "simulate", "--model", "mercury-206-prlsno", "--listen", listen]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment(), check=False)
    assert refused.returncode == 2
    assert "no place to listen" in refused.stderr


def test_a_meter_may_be_given_an_address_of_its_own() -> None:
    options = ["--model", WITH_PASSWORD, "--serial", SERIAL, "--address", "17"]
    with simulated(*options) as line:
        assert json_of(line, *options)["serial"].lstrip("0") == SERIAL
        assert read(line, "--model", WITH_PASSWORD, "--serial", SERIAL).returncode == 1


def test_instants_carry_the_zone_of_the_meter() -> None:
    options = ["--model", "mercury-206-prlsno", "--serial", SERIAL]
    with simulated(*options) as line:
        said = json_of(line, *options, "--zone", "Europe/Moscow")
    assert datetime.fromisoformat(said["clock"]["meter"]).utcoffset() is not None
    assert said["clock"]["meter"].endswith("+03:00")


def test_the_catalogue_is_listed_for_people_and_programs() -> None:
    listed = subprocess.run(
        [str(KILOVATT), "models", "--json"], capture_output=True, text=True, env=environment(), check=True
    )
    models = json.loads(listed.stdout)
    assert [model["model"] for model in models] == [model.key for model in ROWS]
    assert all(model["evidence"] and model["evidence_note"] for model in models)
    shown = subprocess.run([str(KILOVATT), "models"], capture_output=True, text=True, env=environment(), check=True)
    assert all(model.key in shown.stdout for model in ROWS)


def test_one_model_is_shown_whole_with_its_evidence_and_options() -> None:
    shown = subprocess.run(
        [str(KILOVATT), "models", "nartis-i100"], capture_output=True, text=True, env=environment(), check=True
    )
    assert "as users report them" in shown.stdout
    assert "text_encoding = cp1251" in shown.stdout
    assert "half-hours of 180 days" in shown.stdout


def test_a_model_nobody_knows_is_answered_with_those_there_are() -> None:
    refused = subprocess.run(
        [str(KILOVATT), "models", "mercury-999"], capture_output=True, text=True, env=environment(), check=False
    )
    assert refused.returncode == 2
    assert "mercury-206-prlsno" in refused.stderr
