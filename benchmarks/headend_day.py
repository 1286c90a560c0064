"""Day sessions over a few lines that answer at once: CPU of the head-end against a bare epoll client.

    .venv/bin/python benchmarks/headend.py day [--model mercury-234-art-03] [--lines 8] [--sessions 200] [--rounds 5]
                                               [--uvloop] [--profile FILE] [--json]

One day session of a simulated meter is recorded. A server in a process of its own then answers each request from that
record, so that only reading costs. Measured is the CPU time of this process, user and system: first the floor
(sockets and epoll, no decoding, no clock, no deadlines), then the head-end from the line to the validated columns of
the SessionReport, in turn, `--rounds` times; medians are shown. `ratio` is floor / head-end: 1 would be a head-end
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def run_headend(port: int, model: MeterModel, load: Load, *, fast_loop: bool) -> float:
    """Run the head-end in a loop of its own; return CPU seconds."""
    # Optional, and not installed by the project.
    factory = importlib.import_module("uvloop").new_event_loop if fast_loop else None
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(headend(port, model, load))


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
    floors, ours, understood = [], [], []
    with played(tape) as port:
        if given.profile:
            # By CPU time, as everything here: by the wall, waiting for the server would be most of it.
            with cProfile.Profile(time.process_time) as profile:
                run_headend(port, model, load, fast_loop=given.uvloop)
            profile.dump_stats(given.profile)
        for _ in range(given.rounds):
            floors.append(bare(port, tape, load))
            ours.append(run_headend(port, model, load, fast_loop=given.uvloop))
            understood.append(understand(model, tape.answers(), load.sessions) * load.lines)
    sessions = load.lines * load.sessions
    return figures(floors, ours, understood, exchanges=len(tape.exchanges), sessions=sessions)


def figures(
    floors: Sequence[float], ours: Sequence[float], understood: Sequence[float], *, exchanges: int, sessions: int
) -> dict[str, Any]:
    """Return medians of rounds, and the ratio of each round."""
    floor, head = statistics.median(floors), statistics.median(ours)
    each_us = _MICRO / (sessions * exchanges)
    return {
        "exchanges": exchanges,
        "sessions": sessions,
        "floor_us": floor * each_us,
        "headend_us": head * each_us,
        "understanding_us": statistics.median(understood) * each_us,
        "floor_sessions_per_cpu_s": sessions / floor,
        "headend_sessions_per_cpu_s": sessions / head,
        "ratio": floor / head,
        "ratios": [one / full for one, full in zip(floors, ours, strict=True)],
    }


def show(told: Mapping[str, Any]) -> None:
    """Print the figures for people."""
    print(f"{told['exchanges']} exchanges a session, {told['sessions']} sessions a round, {len(told['ratios'])} rounds")
    for name in ("floor", "headend"):
        per_second = told[f"{name}_sessions_per_cpu_s"]
        print(f"{name:<9} {told[f'{name}_us']:7.1f} µs of CPU an exchange {per_second:8.0f} sessions a CPU second")
    print(f"of which understanding {told['understanding_us']:.1f} µs an exchange")
    rounds = ", ".join(f"{one:.2f}" for one in told["ratios"])
    print(f"ratio     {told['ratio']:7.2f}   (rounds: {rounds})")


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
