"""`kilovatt simulate --call` is a modem with a meter, and `kilovatt read callin://…` waits for it: in two processes."""

import json
import signal
import socket
import subprocess

import pytest

from demonstration import KILOVATT, environment

IMEI = "861234567890123"
METER = ("--model", "mercury-234-artm-01-pob-r", "--serial", "41906467")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def test_a_meter_behind_a_modem_that_calls_is_read_and_says_from_where() -> None:
    port = free_port()
    line = f"callin://{IMEI}?listen=127.0.0.1:{port}&wait=30"
    calling = [str(KILOVATT), "simulate", "--call", f"127.0.0.1:{port}", "--imei", IMEI, *METER]
    with subprocess.Popen(
        calling, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as modem:
        done = subprocess.run(
            [str(KILOVATT), "read", line, *METER, "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
            check=False,
        )
        modem.send_signal(signal.SIGINT)
        said, complaints = modem.communicate(timeout=10)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["serial"] == "41906467"
    assert (modem.returncode, f"called tcp://127.0.0.1:{port} as modem {IMEI}" in said) == (0, True), complaints


def test_a_modem_that_does_not_call_is_offline() -> None:
    line = f"callin://{IMEI}?listen=127.0.0.1:{free_port()}&wait=0.2"
    done = subprocess.run(
        [str(KILOVATT), "read", line, *METER],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(LANG="en_US.UTF-8"),
        check=False,
    )
    assert done.returncode == 1
    assert "The modem has not called." in done.stderr
    assert f"{IMEI} is offline: it has not called since" in done.stderr


@pytest.mark.parametrize("options", [METER, ("--call", "nowhere", *METER)])
def test_a_meter_that_is_nowhere_is_refused_with_a_sentence(options: tuple[str, ...]) -> None:
    done = subprocess.run(
        [str(KILOVATT), "simulate", *options],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(LANG="en_US.UTF-8"),
        check=False,
    )
    assert done.returncode == 2
    assert "--call HOST:PORT" in done.stderr or "is no place to listen" in done.stderr
