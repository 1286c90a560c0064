"""A town of Энергомера's meters in a process of its own, asked with frames built here."""

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.models import Language
from kilovatt.wire.simulator.energy import past_of_serial, tariff_table_for
from kilovatt.wire.simulator.faults import FaultKind, other_passwords
from kilovatt.wire.simulator.plan import BuiltInHomes, MeterPlan, TownPlan
from kilovatt.wire.simulator.planning import plan_town
from kilovatt.wire.simulator.town import homes_of
from kilovatt.wire.simulator.town_process import TownProcess

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ENERGOMERA = [model for model in MODELS if model.language is Language.ENERGOMERA]
STAMPED = {"energomera-ce102-r5-1", "energomera-ce307-r33"}
TIMEOUT_S = 5.0


def crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ (0x1B5 if crc & 0x80 else 0)) & 0xFF
    return crc


def asked(line: socket.socket, meter: MeterPlan, command: bytes, *, password: int = 777_777) -> bytes:
    """Send a command and return service byte, command and data of the answer, its checksum and addresses proved."""
    address = meter.address.to_bytes(2, "little")
    service = bytes([0xD0 + len(command) - 2])
    body = b"\x48" + address + b"\xfd\x00" + password.to_bytes(4, "little") + service + command
    body += bytes([crc8(body)])
    line.sendall(b"\xc0" + body.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0")
    heard = b""
    while heard.count(b"\xc0") < 2:
        piece = line.recv(64)
        assert piece, "the gateway hung up"
        heard += piece
    said = heard.strip(b"\xc0").replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
    assert crc8(said) == 0
    assert said[:5] == b"\x48\xfd\x00" + address
    return said[5:-1]


def total_wh(line: socket.socket, meter: MeterPlan) -> int:
    if meter.model in STAMPED:
        said = asked(line, meter, b"\x01\x30\x00\x00")
        # The running register of the month in progress.
        assert said[:6] == b"\x57\x01\x30\x00\x11\x26"
        return int.from_bytes(said[6:], "little") * 10
    said = asked(line, meter, b"\x01\x31\x00")
    assert said[:3] == b"\x54\x01\x31"
    return int.from_bytes(said[3:], "little") * 10


@pytest.fixture(scope="module")
def plan() -> TownPlan:
    households = [f"home_{number:03d}_wh" for number in range(1, 10)]
    planned = plan_town(households, now=NOW, homes=BuiltInHomes(count=9, days=92, seed=5), seed=5, models=ENERGOMERA)
    # The last of them has another password than its owner believes.
    *sound, other = planned.meters
    wrong = other_passwords(model_by_key(other.model))
    stranger = replace(other, passwords=wrong, faults=frozenset({FaultKind.WRONG_PASSWORD}))
    return replace(planned, meters=(*sound, stranger), rate=0.0)


@pytest.fixture(scope="module")
def town(plan: TownPlan) -> Iterator[TownProcess]:
    with TownProcess(plan) as process:
        yield process
    assert process.complaints == ""


def connected(process: TownProcess, line: str) -> socket.socket:
    return socket.create_connection((process.addresses.host, process.addresses.ports[line]), TIMEOUT_S)


def test_registers_are_what_the_homes_used(town: TownProcess, plan: TownPlan) -> None:
    households = homes_of(plan)
    for meter in plan.meters[:-1]:
        energies = households.energies_of(meter.household)
        # The curve ends at the last midnight in Moscow; since then, 12 hours and a half of the day a week before.
        used_wh = int(energies.sum() + energies[-336:][:25].sum())
        table = tariff_table_for(meter.zones)
        began_wh = sum(past_of_serial(meter.serial, step_wh=10, table=table).starting_wh.values())
        with closing(connected(town, meter.line)) as line:
            assert 0 <= began_wh + used_wh - total_wh(line, meter) < 10, meter


def test_a_meter_with_another_password_says_that_the_access_level_is_too_low(town: TownProcess, plan: TownPlan) -> None:
    with closing(connected(town, plan.meters[-1].line)) as line:
        assert asked(line, plan.meters[-1], b"\x00\x01") == b"\x71\x00\x01\x02"
        address = plan.meters[-1].address.to_bytes(2, "little")
        assert asked(line, plan.meters[-1], b"\x00\x01", password=314_159) == b"\x52\x00\x01" + address


def test_nobody_answers_the_broadcast_address(town: TownProcess, plan: TownPlan) -> None:
    everybody = replace(plan.meters[0])
    object.__setattr__(everybody, "address", 0xFFFF)
    with closing(connected(town, plan.meters[0].line)) as line:
        line.settimeout(0.2)
        with pytest.raises(TimeoutError):
            asked(line, everybody, b"\x00\x01")
