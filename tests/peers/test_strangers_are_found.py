"""A search finds strangers' meters: `pydlms simulate`, in a process of its own, over real TCP."""

import asyncio
import socket
import subprocess
import time
from pathlib import Path

import pytest

from kilovatt.measure.metering.models import Language
from kilovatt.wire.drivers.finding.probes import PasswordState, Told, Way
from kilovatt.wire.drivers.finding.scope import Scope
from kilovatt.wire.headend.scanning import ScanReport, scan_line

pytestmark = pytest.mark.peer

HOST, PASSWORD = "127.0.0.1", "00000001"


def searched(pydlms: Path, *options: str, scope: Scope) -> ScanReport:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    command = [str(pydlms), "simulate", "--host", HOST, "--port", str(port), *options]
    meter = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            assert meter.poll() is None
            try:
                socket.create_connection((HOST, port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        return asyncio.run(scan_line(f"tcp://{HOST}:{port}", scope))
    finally:
        meter.terminate()
        meter.wait(10)


@pytest.mark.parametrize(("options", "way"), [((), Way.WRAPPER), (("--hdlc",), Way.HDLC)], ids=["wrapper", "hdlc"])
def test_a_strangers_meter_is_found_once_and_tells_its_name(
    peers_python: Path, options: tuple[str, ...], way: Way
) -> None:
    (one,) = searched(peers_python.parent / "pydlms", *options, scope=Scope()).sightings
    assert (one.place.way, one.languages) == (way, (Language.SPODES,))
    assert one.told[Told.DEVICE_NAME].startswith("PYD")
    assert one.password is PasswordState.NOT_TRIED


@pytest.mark.parametrize(("password", "state"), [(PASSWORD, PasswordState.FACTORY), ("31415926", PasswordState.OTHER)])
def test_a_strangers_meter_is_asked_once_with_the_factorys_password(
    peers_python: Path, password: str, state: PasswordState
) -> None:
    clients = ("--client", "16:0", "--client", f"32:1:{password}")
    scope = Scope(ways=frozenset({Way.HDLC}), factory_passwords=True)
    (one,) = searched(peers_python.parent / "pydlms", "--hdlc", *clients, scope=scope).sightings
    assert one.password is state
