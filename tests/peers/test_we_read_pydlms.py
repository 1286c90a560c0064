"""We read a stranger's meter: `pydlms simulate`, in a process of its own, over real TCP, through our head-end."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.one import read_one

pytestmark = pytest.mark.peer

HOST, PASSWORD = "127.0.0.1", "12345678"
READER = ["--client", "32", "--auth", "lls", "--password", PASSWORD]
ROW = model_by_key("spodes-1ph")
PHYSICAL = 16


@contextmanager
def simulated(pydlms: Path, *options: str) -> Iterator[int]:
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
        yield port
    finally:
        meter.terminate()
        meter.wait(10)


def read(port: int, dialect: SpodesDialect, password: str = PASSWORD) -> SessionReport:
    address = MeterAddress(
        model=replace(ROW, dialect=dialect), address=PHYSICAL, password=password, zone=ZoneInfo("Europe/Moscow")
    )
    task = ReadingTask(register_months=(date(2026, 11, 1),))
    return asyncio.run(read_one(f"tcp://{HOST}:{port}", address, task))


def stranger_says(pydlms: Path, port: int, scheme: str, obis: str) -> int:
    where = [f"{scheme}://{HOST}:{port}", *READER, "--obis", obis]
    told = subprocess.run([pydlms, "--json", "read", *where, "--register"], check=True, capture_output=True, text=True)
    value: int = json.loads(told.stdout)[0]["value"]
    return value


@pytest.mark.parametrize("scheme", ["tcp", "tcp+hdlc"])
def test_our_head_end_reads_a_strangers_meter(peers_python: Path, scheme: str) -> None:
    pydlms = peers_python.with_name("pydlms")
    options = ["--client", f"32:1:{PASSWORD}", *(["--hdlc"] if scheme == "tcp+hdlc" else [])]
    dialect = SpodesDialect(over_wrapper=scheme == "tcp", address_bytes=1)
    with simulated(pydlms, *options) as port:
        report = read(port, dialect)
        energy = stranger_says(pydlms, port, scheme, "1.0.1.8.0.255")
    assert report.outcome is Outcome.OK, report.detail
    assert report.learnt.identity is not None
    assert report.learnt.clock is not None
    (total,) = [one for one in report.learnt.registers if one.quantity is Quantity.A_PLUS and one.tariff == 0]
    assert total.value == energy


def test_a_strangers_meter_that_takes_another_password_says_so(peers_python: Path) -> None:
    pydlms = peers_python.with_name("pydlms")
    with simulated(pydlms, "--client", f"32:1:{PASSWORD}") as port:
        report = read(port, SpodesDialect(over_wrapper=True), password="87654321")
    assert report.outcome is Outcome.WRONG_PASSWORD
    assert "87654321" not in report.detail
