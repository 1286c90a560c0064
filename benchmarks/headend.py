"""CPU of the head-end against a bare epoll client that sends the same bytes to the same server in the same run.

    .venv/bin/python benchmarks/headend.py [--model mercury-234-art-03] [--lines 8] [--sessions 200] [--rounds 5]
                                           [--uvloop] [--profile FILE]

One day session of a simulated meter is recorded (about 31 exchanges). A server in a process of its own then
answers each request from that record, so that only reading costs. Measured is the CPU time of this process,
user and system: first the floor (sockets and epoll, no decoding, no clock, no deadlines), then the head-end
from the line to the SessionReport, in turn, `--rounds` times; medians are shown. `ratio` is floor / head-end:
1 would be a head-end that costs nothing.
"""

import argparse
import asyncio
import cProfile
import importlib
import multiprocessing
import select
import socket
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection as Pipe
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import Language, MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import MeterAddress, ReadingTask
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.channels import Channel
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.session import Errand, read_meter
from kilovatt.wire.simulator.meter import SimulatedMeter
from kilovatt.wire.simulator.single import SERIAL, factory_address, plan_single
from kilovatt.wire.simulator.town import build_meter, homes_of

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
DAY = ReadingTask(
    instant=True,
    register_days=(date(2026, 11, 24),),
    register_months=(date(2026, 11, 1),),
    profile_days=(date(2026, 11, 23),),
    events=False,
)
"""What a meter is asked every day: who it is, its clock, what flows, its registers, and yesterday's half-hours."""


@dataclass(frozen=True)
class Recorded:
    """A session as bytes: each request with its answer, in order."""

    exchanges: tuple[tuple[bytes, bytes], ...]

    def answers(self) -> dict[bytes, bytes]:
        return dict(self.exchanges)


class Tape(Channel):
    """Plays a simulated meter without a socket, and records what was said."""

    def __init__(self, meter: SimulatedMeter) -> None:
        super().__init__()
        self.meter = meter
        self.exchanges: list[tuple[bytes, bytes]] = []

    def write(self, data: bytes) -> None:
        answer = self.meter.hear(data, NOW)
        assert answer is not None, f"the simulated meter keeps silent about {data.hex(' ')}"
        self.exchanges.append((data, answer))
        asyncio.get_running_loop().call_soon(self.feed, answer)

    async def close(self) -> None:
        self.lost_because = "closed"


class Standstill:
    """A clock that shows the instant of the record, so that every session asks the same; reading it costs as much."""

    def now(self) -> datetime:
        datetime.now(UTC)  # noqa: TID251 - what a real clock costs
        return NOW


def address_of(model: MeterModel) -> MeterAddress:
    password = None if model.language is Language.MERCURY_V1 else "111111"
    zone = ZoneInfo("Europe/Moscow")
    return MeterAddress(model=model, address=factory_address(model, SERIAL), password=password, zone=zone)


async def record(model: MeterModel) -> Recorded:
    plan = plan_single(model, now=NOW, port=0)
    tape = Tape(build_meter(plan.meters[0], plan, homes_of(plan)))

    async def opened(_: LineSpec) -> Channel:
        return tape

    carrier = Carrier(LineSpec(line_id=0, url="tcp://tape:1"), Standstill(), opened)
    report = await read_meter(Errand(0, address_of(model), DAY), carrier, Standstill(), driver_for(model))
    await carrier.close()
    assert report.outcome is Outcome.OK, report
    return Recorded(tuple(tape.exchanges))


def serve(answers: Mapping[bytes, bytes], pipe: Pipe) -> None:
    """Answer from the record on one port until killed; a request comes in one piece."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    pipe.send(listener.getsockname()[1])
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    clients: dict[int, socket.socket] = {}
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                client, _address = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                clients[client.fileno()] = client
                poll.register(client, select.EPOLLIN)
                continue
            request = clients[number].recv(4096)
            if request:
                clients[number].send(answers[request])
            else:
                poll.unregister(number)
                clients.pop(number).close()


def bare(port: int, recorded: Recorded, *, lines: int, sessions: int) -> float:
    """Send the same bytes and take the same answers with as little as Python allows; return CPU seconds."""
    began = time.process_time()
    poll = select.epoll()
    script = [(request, len(answer)) for request, answer in recorded.exchanges] * sessions
    sockets: dict[int, socket.socket] = {}
    places: dict[int, int] = {}
    came: dict[int, int] = {}
    for _ in range(lines):
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setblocking(False)  # noqa: FBT003 - socket's signature
        sockets[line.fileno()] = line
        places[line.fileno()] = came[line.fileno()] = 0
        poll.register(line, select.EPOLLIN)
        line.send(script[0][0])
    while sockets:
        for number, _ in poll.poll():
            line = sockets[number]
            came[number] += len(line.recv(4096))
            place = places[number]
            if came[number] < script[place][1]:
                continue
            came[number] = 0
            places[number] = place = place + 1
            if place < len(script):
                line.send(script[place][0])
            else:
                poll.unregister(number)
                sockets.pop(number).close()
    return time.process_time() - began


async def headend(port: int, model: MeterModel, *, lines: int, sessions: int) -> float:
    """Read as many sessions over as many lines through the head-end; return CPU seconds."""
    reports: list[SessionReport] = []

    async def sink(report: SessionReport) -> None:
        reports.append(report)

    address = address_of(model)
    wanted = [
        (LineSpec(line_id=n, url=f"tcp://127.0.0.1:{port}"), [Errand(i, address, DAY) for i in range(sessions)])
        for n in range(lines)
    ]
    began = time.process_time()
    await Headend(Standstill()).read(wanted, sink)
    spent = time.process_time() - began
    assert len(reports) == lines * sessions
    assert all(report.outcome is Outcome.OK and not report.retries for report in reports), reports[0]
    return spent


def run_headend(port: int, model: MeterModel, *, lines: int, sessions: int, fast_loop: bool) -> float:
    factory = None
    if fast_loop:
        # Optional, and not installed by the project.
        factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(headend(port, model, lines=lines, sessions=sessions))


def show(recorded: Recorded, floors: Sequence[float], ours: Sequence[float], *, sessions: int) -> None:
    exchanges = len(recorded.exchanges)
    floor, head = statistics.median(floors), statistics.median(ours)
    each = 1e6 / (sessions * exchanges)
    print(f"{exchanges} exchanges a session, {sessions} sessions a round, {len(ours)} rounds")
    print(f"floor     {floor * each:7.1f} µs of CPU an exchange {sessions / floor:8.0f} sessions a CPU second")
    print(f"head-end  {head * each:7.1f} µs of CPU an exchange {sessions / head:8.0f} sessions a CPU second")
    rounds = ", ".join(f"{one / full:.2f}" for one, full in zip(floors, ours, strict=True))
    print(f"ratio     {floor / head:7.2f}   (rounds: {rounds})")


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("--model", default="mercury-234-art-03")
    wanted.add_argument("--lines", type=int, default=8)
    wanted.add_argument("--sessions", type=int, default=200, help="per line and round")
    wanted.add_argument("--rounds", type=int, default=5)
    wanted.add_argument("--uvloop", action="store_true", help="with uvloop, where it is installed")
    wanted.add_argument("--profile", help="write a profile of the head-end's part to this file")
    given = wanted.parse_args()
    model = model_by_key(given.model)
    recorded = asyncio.run(record(model))
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(recorded.answers(), there), daemon=True)
    server.start()
    port = here.recv()
    load = {"lines": given.lines, "sessions": given.sessions}
    if given.profile:
        with cProfile.Profile() as profile:
            run_headend(port, model, **load, fast_loop=given.uvloop)
        profile.dump_stats(given.profile)
    floors, ours = [], []
    for _ in range(given.rounds):
        floors.append(bare(port, recorded, **load))
        ours.append(run_headend(port, model, **load, fast_loop=given.uvloop))
    server.kill()
    show(recorded, floors, ours, sessions=given.lines * given.sessions)


if __name__ == "__main__":
    main()
