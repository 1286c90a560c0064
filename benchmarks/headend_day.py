"""Day sessions over a few lines that answer at once: CPU of the head-end against a bare epoll client.

    .venv/bin/python benchmarks/headend.py day [--model mercury-234-art-03] [--lines 8] [--sessions 200] [--rounds 5]
                                               [--uvloop] [--profile FILE] [--json]

One day session of a simulated meter is recorded. A server in a process of its own then answers each request from that
record, so that only reading costs. Measured is the CPU time of this process, user and system: first the floor
(sockets and epoll, no decoding, no clock, no deadlines), then the same by a protocol of the loop (`loop floor`: what
asyncio or uvloop costs before anything is made of the bytes), then the head-end from the line to the validated columns
of the SessionReport, in turn, `--rounds` times; medians are shown. `ratio` is floor / head-end: 1 would be a head-end
that costs nothing. `understanding` is what of it the language and the driver cost, without a line.
"""

import argparse
import asyncio
import cProfile
import importlib
import json
import select
import socket
import statistics
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from headend_tape import DAY, HOST, NOW, Recorded, Standstill, address_of, played, recorded

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import Answer, Conversation, SendOnce
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.session import Errand
from kilovatt.wire.protocols.framing.connection import Answered, Connection

_RECEIVE_BYTES = 4096
_MICRO = 1e6


@dataclass(frozen=True)
class Load:
    """So many sessions one after another on each of so many lines."""

    lines: int
    sessions: int


def bare(port: int, tape: Recorded, load: Load) -> float:
    """Send the same bytes and take the same answers with as little as Python allows; return CPU seconds."""
    began = time.process_time()
    poll = select.epoll()
    script = [(request, len(answer)) for request, answer in tape.exchanges] * load.sessions
    sockets: dict[int, socket.socket] = {}
    places: dict[int, int] = {}
    came: dict[int, int] = {}
    for _ in range(load.lines):
        line = socket.create_connection((HOST, port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setblocking(False)  # noqa: FBT003 - socket's signature
        sockets[line.fileno()] = line
        places[line.fileno()] = came[line.fileno()] = 0
        poll.register(line, select.EPOLLIN)
        line.send(script[0][0])
    while sockets:
        for number, _ in poll.poll():
            line = sockets[number]
            came[number] += len(line.recv(_RECEIVE_BYTES))
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


class BareProtocol(asyncio.BufferedProtocol):
    """Sends the same bytes and takes the same answers with as little as the loop allows."""

    _buffer = memoryview(bytearray(_RECEIVE_BYTES))

    def __init__(self, script: Sequence[tuple[bytes, int]], over: asyncio.Future[None]) -> None:
        self._script, self._over = script, over
        self._place = self._came = 0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        self._transport.write(self._script[0][0])

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer of all."""
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Count an answer, and ask on when it is whole."""
        self._came += nbytes
        if self._came < self._script[self._place][1]:
            return
        self._came = 0
        self._place += 1
        if self._place < len(self._script):
            self._transport.write(self._script[self._place][0])
        else:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        assert exc is None, exc
        self._over.set_result(None)


async def bare_loop(port: int, tape: Recorded, load: Load) -> float:
    """Do as `bare` does, in the running loop; return CPU seconds."""
    began = time.process_time()
    loop = asyncio.get_running_loop()
    script = [(request, len(answer)) for request, answer in tape.exchanges] * load.sessions
    lines: list[asyncio.Future[None]] = [loop.create_future() for _ in range(load.lines)]
    for over in lines:
        await loop.create_connection(partial(BareProtocol, script, over), HOST, port)
    await asyncio.gather(*lines)
    return time.process_time() - began


async def headend(port: int, model: MeterModel, load: Load) -> float:
    """Read as many sessions over as many lines through the head-end; return CPU seconds."""
    came = 0

    async def sink(report: SessionReport) -> None:
        # Not kept, as a head-end keeps none: the collector of garbage would walk through all of them again and again.
        nonlocal came
        assert report.outcome is Outcome.OK, report
        assert not report.retries, report
        came += 1

    address = address_of(model)
    wanted = [
        (LineSpec(line_id=n, url=f"tcp://{HOST}:{port}"), [Errand(i, address, DAY) for i in range(load.sessions)])
        for n in range(load.lines)
    ]
    began = time.process_time()
    await Headend(Standstill()).read(wanted, sink)
    spent = time.process_time() - began
    assert came == load.lines * load.sessions
    return spent


def run_in_loop(job: Coroutine[Any, Any, float], *, fast_loop: bool) -> float:
    """Run a measurement in a loop of its own; return CPU seconds."""
    # A tool of the developers: the product does not need it.
    factory = importlib.import_module("uvloop").new_event_loop if fast_loop else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(job)


def understand(model: MeterModel, answers: Mapping[bytes, bytes], sessions: int) -> float:
    """Understand so many sessions without any line, carrier or clock; return CPU seconds."""
    address, driver = address_of(model), driver_for(model)
    began = time.process_time()
    for _ in range(sessions):
        connection = driver.connection(address)
        _converse(driver.opening(address), connection, answers)
        for planned in driver.parts(address, DAY):
            _converse(planned.conversation, connection, answers)
        _converse(driver.closing(address), connection, answers)
    return time.process_time() - began


def _converse(conversation: Conversation[Any], connection: Connection, answers: Mapping[bytes, bytes]) -> None:
    try:
        request = next(conversation)
        while True:
            outgoing = connection.send(request.request if isinstance(request, SendOnce) else request)
            event = connection.receive(answers[outgoing.data])
            while not isinstance(event, Answered):
                event = connection.quiet() if event is None else connection.receive(answers[event.outgoing.data])
            request = conversation.send(Answer(event.value, 1, NOW))
    except StopIteration:
        return


def measured(tape: Recorded, model: MeterModel, given: argparse.Namespace) -> dict[str, Any]:
    """Return the figures."""
    load = Load(given.lines, given.sessions)
    floors, loop_floors, ours, understood = [], [], [], []
    with played(tape) as port:
        if given.profile:
            # By CPU time, as everything here: by the wall, waiting for the server would be most of it.
            with cProfile.Profile(time.process_time) as profile:
                run_in_loop(headend(port, model, load), fast_loop=given.uvloop)
            profile.dump_stats(given.profile)
        for _ in range(given.rounds):
            floors.append(bare(port, tape, load))
            loop_floors.append(run_in_loop(bare_loop(port, tape, load), fast_loop=given.uvloop))
            ours.append(run_in_loop(headend(port, model, load), fast_loop=given.uvloop))
            understood.append(understand(model, tape.answers(), load.sessions) * load.lines)
    sessions = load.lines * load.sessions
    spent = Spent(floors, loop_floors, ours, understood)
    return figures(spent, exchanges=len(tape.exchanges), sessions=sessions)


@dataclass(frozen=True)
class Spent:
    """CPU seconds of each round, by who spent them."""

    floors: Sequence[float]
    loop_floors: Sequence[float]
    ours: Sequence[float]
    understood: Sequence[float]


def figures(spent: Spent, *, exchanges: int, sessions: int) -> dict[str, Any]:
    """Return medians of rounds, and the ratio of each round."""
    floor, head = statistics.median(spent.floors), statistics.median(spent.ours)
    each_us = _MICRO / (sessions * exchanges)
    return {
        "exchanges": exchanges,
        "sessions": sessions,
        "floor_us": floor * each_us,
        "loop_floor_us": statistics.median(spent.loop_floors) * each_us,
        "headend_us": head * each_us,
        "understanding_us": statistics.median(spent.understood) * each_us,
        "floor_sessions_per_cpu_s": sessions / floor,
        "loop_floor_sessions_per_cpu_s": sessions / statistics.median(spent.loop_floors),
        "headend_sessions_per_cpu_s": sessions / head,
        "ratio": floor / head,
        "ratio_to_loop": statistics.median(spent.loop_floors) / head,
        "ratios": [one / full for one, full in zip(spent.floors, spent.ours, strict=True)],
    }


def show(told: Mapping[str, Any]) -> None:
    """Print the figures for people."""
    print(f"{told['exchanges']} exchanges a session, {told['sessions']} sessions a round, {len(told['ratios'])} rounds")
    for name in ("floor", "loop_floor", "headend"):
        per_second = told[f"{name}_sessions_per_cpu_s"]
        print(f"{name:<10} {told[f'{name}_us']:7.1f} µs of CPU an exchange {per_second:8.0f} sessions a CPU second")
    print(f"of which understanding {told['understanding_us']:.1f} µs an exchange")
    rounds = ", ".join(f"{one:.2f}" for one in told["ratios"])
    print(f"ratio      {told['ratio']:7.2f}   (rounds: {rounds}); {told['ratio_to_loop']:.2f} of the loop's floor")


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    assert __doc__ is not None
    wanted = argparse.ArgumentParser(prog="headend.py day", description=__doc__.splitlines()[0])
    wanted.add_argument("--model", default="mercury-234-art-03")
    wanted.add_argument("--lines", type=int, default=8)
    wanted.add_argument("--sessions", type=int, default=200, help="per line and round")
    wanted.add_argument("--rounds", type=int, default=5)
    wanted.add_argument("--uvloop", action="store_true", help="with uvloop, where it is installed")
    wanted.add_argument("--profile", help="write a profile of the head-end's part to this file")
    wanted.add_argument("--json", action="store_true")
    given = wanted.parse_args(arguments)
    told = measured(recorded(given.model), model_by_key(given.model), given)
    if given.json:
        print(json.dumps(told))
    else:
        show(told)
