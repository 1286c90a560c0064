"""We read a stranger's meter: `pydlms simulate`, in a process of its own, over real TCP, through our head-end.

As a reader with a password, and as a configurator who proves that he has the keys, everything ciphered.
"""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from carried import carried
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodes import SpodesDialect
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.registers import Quantity
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.drivers.cosem.profile import LOAD, Buffer, read_buffer
from kilovatt.wire.drivers.cosem.talk import Talk
from kilovatt.wire.headend.one import read_one
from kilovatt.wire.protocols.dlms.security.sealing import InvocationCounter, Keys

pytestmark = pytest.mark.peer

HOST, PASSWORD = "127.0.0.1", "12345678"
READER = ["--client", "32", "--auth", "lls", "--password", PASSWORD]
ROW = model_by_key("spodes-1ph")
PHYSICAL = 16
KEYS = Keys(bytes.fromhex("000102030405060708090A0B0C0D0E0F"), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
WITH_KEYS = ["--client", "48:5", "--client", "16:0", "--key", KEYS.encryption.hex(), "--auth-key"]
CONFIGURATOR = ["--client", "48", "--auth", "gmac", "--key", KEYS.encryption.hex(), "--auth-key"]
PROFILE_DAY = datetime(2024, 5, 1, tzinfo=UTC)


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


def configurator(dialect: SpodesDialect, keys: Keys = KEYS, counter: int = 1) -> MeterAddress:
    return MeterAddress(
        model=replace(ROW, dialect=dialect),
        address=PHYSICAL,
        keys=keys,
        counter=InvocationCounter(counter),
        zone=ZoneInfo("UTC"),
    )


def load_profile(port: int, meter: MeterAddress) -> Buffer:
    conversation = read_buffer(Talk(meter), LOAD, since=PROFILE_DAY, until=PROFILE_DAY.replace(hour=23))
    buffer = carried(f"tcp://{HOST}:{port}", meter, conversation)
    assert buffer is not None
    return buffer


def stranger_says(pydlms: Path, port: int, scheme: str, obis: str) -> int:
    where = [f"{scheme}://{HOST}:{port}", *READER, "--obis", obis]
    told = subprocess.run([pydlms, "--json", "read", *where, "--register"], check=True, capture_output=True, text=True)
    value: int = json.loads(told.stdout)[0]["value"]
    return value


def stranger_shows(pydlms: Path, command: str, *what: str, counter: str) -> list[dict[str, Any]]:
    who = [*CONFIGURATOR, KEYS.authentication.hex(), "--invocation-counter", counter]
    told = subprocess.run([pydlms, "--json", command, *what, *who], check=True, capture_output=True, text=True)
    shown: list[dict[str, Any]] = json.loads(told.stdout)
    return shown


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


@pytest.mark.parametrize("scheme", ["tcp", "tcp+hdlc"])
@pytest.mark.parametrize("general", [False, True], ids=["service tags", "general ciphering"])
def test_with_keys_a_strangers_meter_tells_us_what_it_tells_its_own_client(
    peers_python: Path, scheme: str, general: bool
) -> None:
    pydlms = peers_python.with_name("pydlms")
    options = [*WITH_KEYS, KEYS.authentication.hex(), *(["--hdlc"] if scheme == "tcp+hdlc" else [])]
    dialect = SpodesDialect(over_wrapper=scheme == "tcp", address_bytes=1, general_ciphering=general)
    with simulated(pydlms, *options) as port:
        meter = configurator(dialect)
        report = asyncio.run(read_one(f"tcp://{HOST}:{port}", meter, ReadingTask(instant=True)))
        ours = load_profile(port, meter)
        at = f"{scheme}://{HOST}:{port}"
        energy = stranger_shows(pydlms, "read", at, "--obis", "1.0.1.8.0.255", "--register", counter="9000")
        rows = stranger_shows(pydlms, "profile", at, "--obis", "1.0.99.1.0.255", "--last", "96", counter="9900")
    assert report.outcome is Outcome.OK, report.detail
    (total,) = [one for one in report.learnt.registers if one.quantity is Quantity.A_PLUS and one.tariff == 0]
    assert total.value == energy[0]["value"]
    theirs = {row["0.0.1.0.0.255/2"][:16]: row["1.0.1.8.0.255/2"] for row in rows}
    (column,) = ours.columns
    told = {f"{at:%Y-%m-%d %H:%M}": value for at, value in zip(ours.stamps, column.values, strict=True)}
    assert len(told) == 93
    assert told == {at: value for at, value in theirs.items() if at in told}


def test_a_strangers_meter_takes_no_wrong_key_and_no_counter_twice(peers_python: Path) -> None:
    pydlms = peers_python.with_name("pydlms")
    silent_on_counters = SpodesDialect(over_wrapper=True, counter_obis=None)
    with simulated(pydlms, *WITH_KEYS, KEYS.authentication.hex()) as port:
        url = f"tcp://{HOST}:{port}"
        wrong = configurator(silent_on_counters, replace(KEYS, encryption=bytes(16)))
        for meter, outcome in (
            (wrong, Outcome.REFUSED),
            (configurator(silent_on_counters, counter=500), Outcome.OK),
            (configurator(silent_on_counters, counter=500), Outcome.REFUSED),
        ):
            assert asyncio.run(read_one(url, meter, ReadingTask())).outcome is outcome
