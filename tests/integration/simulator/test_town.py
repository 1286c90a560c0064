"""A town in a process of its own, asked with frames built here, its registers compared with the curves."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from kilovatt.measure.metering.catalogue import MODELS, model_by_key
from kilovatt.measure.metering.models import Language
from kilovatt.wire.simulator.energy import past_of_serial, tariff_table_for
from kilovatt.wire.simulator.faults import FaultKind
from kilovatt.wire.simulator.gateway import ListenError
from kilovatt.wire.simulator.plan import BuiltInHomes, FileHomes, MeterPlan, TownPlan
from kilovatt.wire.simulator.planning import FaultPlan, plan_town
from kilovatt.wire.simulator.single import plan_single, serve_one
from kilovatt.wire.simulator.town import homes_of
from kilovatt.wire.simulator.town_process import TownProcess, TownStartError

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
HOST = "127.0.0.1"
DIGITS_RULES = {model.password for model in MODELS if model.password is not None and model.password.form == "digits"}
TIMEOUT_S = 5.0


def crc16(data: bytes) -> bytes:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


def framed(body: bytes) -> bytes:
    return body + crc16(body)


def asked(line: socket.socket, request: bytes, size: int) -> bytes:
    """Send a frame and return what follows the address in an answer of `size` bytes, its checksum proved."""
    line.sendall(framed(request))
    answer = b""
    while len(answer) < size:
        piece = line.recv(size - len(answer))
        assert piece, "the gateway hung up"
        answer += piece
    assert crc16(answer[:-2]) == answer[-2:]
    return answer


def mercury_v1_register_wh(line: socket.socket, meter: MeterPlan) -> int:
    answer = asked(line, meter.address.to_bytes(4, "big") + b"\x27", 4 + 1 + 16 + 2)[5:-2]
    return sum(int(answer[i : i + 4].hex()) for i in range(0, 16, 4)) * 10


def opening(meter: MeterPlan) -> bytes:
    """The frame that opens the channel of a meter with the factory's password."""
    model = model_by_key(meter.model)
    if model.language is Language.NZIF:
        return bytes([meter.address, 1]) + b"000000"
    return bytes([meter.address, 1, 1]) + (bytes(6 * [1]) if model.password in DIGITS_RULES else b"111111")


def mercury_v2_register_wh(line: socket.socket, meter: MeterPlan) -> int:
    address = bytes([meter.address])
    assert asked(line, opening(meter), 4) == framed(address + b"\0")
    register = asked(line, address + b"\x05\x00\x00", 1 + 16 + 2)[1:5]
    return int.from_bytes(bytes([register[1], register[0], register[3], register[2]]), "big")


def nzif_register_wh(line: socket.socket, meter: MeterPlan) -> int:
    address = bytes([meter.address])
    assert asked(line, opening(meter), 4) == framed(address + b"\0")
    count = int.from_bytes(asked(line, address + b"\x05\x00\x00", 1 + 16 + 2)[1:5], "big")
    # Two counts an impulse, 1250 impulses a kilowatt-hour.
    return count * 1000 // (2 * 1250)


REGISTER_WH = {
    Language.MERCURY_V1: mercury_v1_register_wh,
    Language.MERCURY_V2: mercury_v2_register_wh,
    Language.NZIF: nzif_register_wh,
}
ASKED = [model for model in MODELS if model.language in REGISTER_WH]
"""The models whose frames are built here."""


def total_register_wh(line: socket.socket, meter: MeterPlan) -> int:
    """Ask a meter, in its language, for the register of all tariffs."""
    return REGISTER_WH[model_by_key(meter.model).language](line, meter)


@pytest.fixture(scope="module")
def plan() -> TownPlan:
    households = [f"home_{number:03d}_wh" for number in range(1, 19)]
    return plan_town(households, now=NOW, homes=BuiltInHomes(count=18, days=92, seed=5), seed=5, models=ASKED)


@pytest.fixture(scope="module")
def town(plan: TownPlan) -> Iterator[TownProcess]:
    with TownProcess(plan) as process:
        yield process
    assert process.complaints == ""


def connected(process: TownProcess, line: str) -> socket.socket:
    return socket.create_connection((process.addresses.host, process.addresses.ports[line]), TIMEOUT_S)


def test_every_meter_of_a_town_answers_on_its_line(town: TownProcess, plan: TownPlan) -> None:
    for line in plan.lines:
        with closing(connected(town, line.name)) as connection:
            for meter in (meter for meter in plan.meters if meter.line == line.name):
                assert total_register_wh(connection, meter) > 0


def test_registers_are_what_the_homes_used_to_the_watt_hour(plan: TownPlan) -> None:
    households = homes_of(plan)
    # The curve ends at the last midnight in Moscow; since then, 12 hours and a half of the day a week before.
    used_wh = [
        int(energies.sum() + energies[-336:][:25].sum())
        for energies in map(households.energies_of, (meter.household for meter in plan.meters))
    ]

    with TownProcess(replace(plan, rate=0.0)) as process:
        for meter, home_wh in zip(plan.meters, used_wh, strict=True):
            with closing(connected(process, meter.line)) as connection:
                register_wh = total_register_wh(connection, meter)
            model = model_by_key(meter.model)
            step_wh = model.register_step_wh
            table = tariff_table_for(meter.zones)
            began_wh = sum(past_of_serial(meter.serial, step_wh=step_wh, table=table).starting_wh.values())
            # Three tariffs that are each floored to a step may together lack two steps; a single total none.
            lacking_wh = began_wh + home_wh // meter.ratio - register_wh
            assert 0 <= lacking_wh < (model.reading_lacks_wh if model.total_register else 3 * step_wh), meter


def test_the_towns_clock_runs_and_registers_with_it(plan: TownPlan) -> None:
    with TownProcess(replace(plan, rate=3_600.0 * 24)) as process:
        meter = plan.meters[0]
        with closing(connected(process, meter.line)) as connection:
            before_wh = total_register_wh(connection, meter)
            time.sleep(0.2)
            assert total_register_wh(connection, meter) > before_wh


def test_faults_are_where_the_plan_says() -> None:
    households = [f"home_{number:03d}_wh" for number in range(1, 13)]
    homes = BuiltInHomes(count=12, days=92, seed=5)
    plan = plan_town(households, now=NOW, homes=homes, seed=5, faults=FaultPlan.SOME, models=ASKED)
    line_of = {kind: line.name for line in plan.lines for kind in line.faults.kinds}

    with TownProcess(plan) as process:
        with pytest.raises(ConnectionRefusedError):
            connected(process, line_of[FaultKind.UNREACHABLE])
        with closing(connected(process, line_of[FaultKind.DEAD])) as connection:
            connection.settimeout(0.1)
            connection.sendall(b"anybody there?")
            with pytest.raises(TimeoutError):
                connection.recv(1)
        with closing(connected(process, line_of[FaultKind.ECHO_ONLY])) as connection:
            connection.sendall(b"anybody there?")
            assert connection.recv(100) == b"anybody there?"
        (stranger,) = (meter for meter in plan.meters if FaultKind.WRONG_PASSWORD in meter.faults)
        assert _is_refused_the_factory_password(process, stranger)


def _is_refused_the_factory_password(process: TownProcess, meter: MeterPlan) -> bool:
    frame = framed(opening(meter))
    # The line of this meter has weather of its own: an echo is taken off, what is lost or spoilt is asked again.
    for _ in range(20):
        with closing(connected(process, meter.line)) as connection:
            connection.sendall(frame)
            answer = _heard_until_silence(connection).removeprefix(frame)
        if len(answer) == 4 and crc16(answer[:-2]) == answer[-2:]:
            return answer[1] & 0x0F != 0
    return False


def _heard_until_silence(connection: socket.socket) -> bytes:
    connection.settimeout(0.3)
    heard = b""
    try:
        while piece := connection.recv(100):
            heard += piece
    except TimeoutError:
        return heard
    return heard


def test_a_town_dies_with_whoever_started_it(plan: TownPlan) -> None:
    starter = f"""
import sys, time
from kilovatt.wire.simulator.plan import TownPlan
from kilovatt.wire.simulator.town_process import TownProcess
town = TownProcess(TownPlan.from_json({plan.to_json()!r}))
print(town.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        town_pid = int(parent.stdout.readline())
        assert _runs(town_pid)
        parent.send_signal(signal.SIGKILL)
    for _ in range(100):
        if not _runs(town_pid):
            break
        time.sleep(0.05)
    assert not _runs(town_pid)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_a_port_in_use_is_refused_in_a_sentence(plan: TownPlan) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        lines = (replace(plan.lines[0], port=port), *plan.lines[1:])
        with pytest.raises(TownStartError, match=rf"^Port {port} of 127\.0\.0\.1 is taken by another program\."):
            TownProcess(replace(plan, lines=lines))


def test_a_household_file_with_a_negative_value_is_refused_in_a_sentence(plan: TownPlan, tmp_path: Path) -> None:
    path = tmp_path / "homes.parquet"
    pl.DataFrame({"start_at": [NOW.replace(minute=0)], "a_wh": [-1]}).write_parquet(path)

    with pytest.raises(TownStartError, match=r"^The column a_wh of the household file .* holds -1 Wh in row 1"):
        TownProcess(replace(plan, homes=FileHomes(path=str(path))))


def run_town(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "kilovatt.wire.simulator.town", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_town_from_a_file_runs_until_it_is_told_to_stop(plan: TownPlan, tmp_path: Path) -> None:
    path = tmp_path / "town.json"
    path.write_text(plan.to_json(), encoding="utf-8")

    with run_town(str(path)) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith('{"ports": {"line-01": ')
        process.terminate()
        assert process.wait(TIMEOUT_S) == 0
        assert process.communicate() == ("", "")


@pytest.mark.parametrize(
    ("text", "sentence", "refusal"),
    [
        (None, "The plan {path} cannot be read: No such file or directory. Check the path.", None),
        ("{}", "This is no plan of a town: KeyError: 'format'.", "This is no plan of a town: %(reason)s."),
    ],
)
def test_a_plan_that_cannot_be_used_is_refused_in_a_sentence(
    text: str | None, sentence: str, refusal: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "town.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    with run_town(str(path)) as process:
        said, complaint = process.communicate()

    assert process.returncode == 2
    # Whoever started the town gets the sentence in parts, to say it in another language.
    assert (json.loads(said)["refusal"] if said else None) == refusal
    assert complaint == sentence.format(path=path) + "\n"


def test_a_town_without_a_plan_says_what_it_wants() -> None:
    with run_town() as process:
        _, complaint = process.communicate()

    assert process.returncode == 2
    assert complaint == "Name one plan of a town: a JSON file, or - for standard input.\n"


def test_a_single_meter_is_served_until_cancelled() -> None:
    plan = plan_single(model_by_key("mercury-234-artm-03-pb-r"), now=NOW, port=0)

    async def serve() -> int:
        listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve_one(plan, host=HOST, listening=listening.set_result))
        port = await listening

        def read() -> int:
            with socket.create_connection((HOST, port), TIMEOUT_S) as connection:
                return total_register_wh(connection, plan.meters[0])

        register_wh = await asyncio.to_thread(read)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(HOST, port)
        return register_wh

    assert asyncio.run(serve()) > 0


def test_a_single_meter_on_a_taken_port_is_refused() -> None:
    with socket.create_server((HOST, 0)) as other:
        plan = plan_single(model_by_key("mercury-206-prlsno"), now=NOW, port=other.getsockname()[1])
        with pytest.raises(ListenError, match="is taken"):
            asyncio.run(serve_one(plan, host=HOST, listening=print))
