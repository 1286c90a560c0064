"""Ten thousand modems and meters that call in: accepted, understood, acknowledged.

    .venv/bin/python benchmarks/headend.py callins [--calls 10000] [--at-once 400] [--kind push|collector] [--json]

`push`: meters that speak the wrapper, each with one DataNotification that holds its name and what happened to it; no
service of the wrapper acknowledges it, so that TCP's acknowledgement of the caller's last byte is what tells it.
`collector`: modems of iRZ, each of which says who it is and waits for our welcome with the time. A process of its own
calls, `--at-once` at a time, and all stay connected to the end. CPU time and memory are those of the process that
takes the calls.
"""

import argparse
import asyncio
import fcntl
import importlib
import json
import multiprocessing
import select
import socket
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection as Pipe
from typing import Any

from headend_crowd import raise_open_files
from headend_tape import HOST, peak_mb

from kilovatt.wire.headend.call_in.happenings import CallEnded, Happening, ModemCalled, PushCame
from kilovatt.wire.headend.call_in.reception import CallInLimits, Reception
from kilovatt.wire.headend.clock import MachineClock
from kilovatt.wire.protocols.framing.wrapper import wrapped

# What a real СПОДЭС meter pushed when its cover was opened, and its name in it.
_PUSH = bytes.fromhex(
    "0F4000004D0C07E60B03FF0F2619FFFF4CFF02070107020612002809060000190900FF0F0212000002021600000100020612000109060000"
    "600586FF0F02120000020216000001000206120001090600002A0000FF0F0212000002021600000100020612000109060000600100FF0F02"
    "12000002021600000100020612000109060000616200FF0F021200000202160000010002061200010906000061620AFF0F02120000020216"
    "00000100020612000109060000600587FF0F021200000202160000010016010910454D523032323231373336303837313009203031323431"
    "3531373336303837313000000000000000000000000000000000000600000010060000FFFF020209060000636204FF120003"
)
_NAME = b"EMR0222173608710"
_WELCOME_END = b",\r"
_CALLERS_MAX = 10_000
"""So many may come from one address."""


def hello_of(number: int, kind: str) -> bytes:
    """Return what caller number so-and-so says first."""
    if kind == "push":
        return wrapped(_PUSH.replace(_NAME, b"EMR%013d" % number), source=1, destination=32)
    device = "TYP=ATM,DEV=ATM21,VER=01,REV=04,BLD=024.254,HDW=2.0,SIM=0,CSQ=16,ATP=1.2,INT=485+232,"
    return f"AT$IMEI={861_234_560_000_000 + number},PSW=5492,{device}COLPROT=1.3,CHN=1,\n".encode("ascii")


class Callers:
    """Makes calls and keeps them, so many at a time."""

    def __init__(self, port: int, *, calls: int, at_once: int, kind: str) -> None:
        self._port, self._calls, self._at_once, self._kind = port, calls, at_once, kind
        self._poll = select.epoll()
        self._waiting: dict[int, socket.socket] = {}
        self._heard: dict[int, bytes] = {}
        self._kept: list[socket.socket] = []
        self._made = 0
        self.lost = 0

    def call(self) -> int:
        """Make all calls; return how many were acknowledged."""
        while len(self._kept) + self.lost < self._calls:
            while self._made < self._calls and len(self._waiting) < self._at_once:
                self._begin()
            for number, _ in self._poll.poll(0.002):
                self._hear(number)
            if self._kind == "push":
                self._look_for_acknowledged()
        return len(self._kept)

    def _begin(self) -> None:
        client = socket.create_connection((HOST, self._port))
        client.send(hello_of(self._made, self._kind))
        client.setblocking(False)  # noqa: FBT003 - socket's signature
        self._made += 1
        self._waiting[client.fileno()] = client
        self._heard[client.fileno()] = b""
        self._poll.register(client, select.EPOLLIN)

    def _hear(self, number: int) -> None:
        if number not in self._waiting:
            return
        data = self._waiting[number].recv(256)
        self._heard[number] += data
        if not data:
            self._poll.unregister(number)
            self._waiting.pop(number).close()
            self.lost += 1
        elif self._heard[number].endswith(_WELCOME_END):
            self._settle(number)

    def _look_for_acknowledged(self) -> None:
        # SIOCOUTQ: bytes that the other side has not acknowledged.
        for number, client in tuple(self._waiting.items()):
            if not struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)))[0]:
                self._settle(number)

    def _settle(self, number: int) -> None:
        self._poll.unregister(number)
        self._kept.append(self._waiting.pop(number))


def make_calls(pipe: Pipe, calls: int, at_once: int, kind: str) -> None:
    """Call in a process of its own until told to hang up."""
    raise_open_files(calls + 256)
    callers = Callers(pipe.recv(), calls=calls, at_once=at_once, kind=kind)
    pipe.send((callers.call(), callers.lost))
    pipe.recv()


async def receive(pipe: Pipe, *, calls: int, kind: str) -> dict[str, Any]:
    """Take all calls; return the figures."""
    understood: set[str] = set()
    ended = faults = 0
    done = asyncio.Event()

    def tell(happening: Happening) -> None:
        nonlocal ended, faults
        if isinstance(happening, CallEnded):
            ended += 1
        elif isinstance(happening, PushCame) and kind == "push":
            faults += happening.said is None
            understood.add(happening.name)
        elif isinstance(happening, ModemCalled) and kind == "collector":
            understood.add(happening.who.name)
        if len(understood) + ended == calls:
            done.set()

    reception = Reception(MachineClock(), limits=CallInLimits(), tell=tell)
    port = await reception.listen(HOST, 0)
    before_mb = peak_mb()
    cpu, wall = time.process_time(), time.monotonic()
    pipe.send(port)
    await done.wait()
    acknowledged, lost = await asyncio.to_thread(pipe.recv)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    connected = len(reception)
    pipe.send(None)
    await reception.close()
    return {
        "kind": kind,
        "calls": calls,
        "understood": len(understood),
        "acknowledged": acknowledged,
        "connected_at_the_end": connected,
        "faults": faults,
        "turned_away": ended,
        "lost": lost,
        "wall_s": wall,
        "cpu_s": cpu,
        "calls_per_cpu_s": calls / cpu,
        "idle_mb": before_mb,
        "peak_mb": peak_mb(),
    }


def show(told: Mapping[str, Any]) -> None:
    """Print the figures for people."""
    words = "{calls} calls ({kind}): {understood} understood, {acknowledged} acknowledged, {faults} faults"
    print(words.format(**told))
    print("{turned_away} turned away, {lost} lost, {connected_at_the_end} connected at the end".format(**told))
    print("{wall_s:.1f} s, {cpu_s:.2f} s of CPU, {calls_per_cpu_s:.0f} calls a CPU second".format(**told))
    print("memory {peak_mb:.0f} MB at most, {idle_mb:.0f} MB before the first call".format(**told))


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    assert __doc__ is not None
    wanted = argparse.ArgumentParser(prog="headend.py callins", description=__doc__.splitlines()[0])
    wanted.add_argument("--calls", type=int, default=_CALLERS_MAX)
    wanted.add_argument("--at-once", type=int, default=400)
    wanted.add_argument("--kind", choices=("push", "collector"), default="push")
    wanted.add_argument("--uvloop", action="store_true", help="with uvloop, where it is installed")
    wanted.add_argument("--json", action="store_true")
    given = wanted.parse_args(arguments)
    raise_open_files(given.calls + 256)
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=make_calls, args=(there, given.calls, given.at_once, given.kind), daemon=True
    )
    process.start()
    factory = importlib.import_module("uvloop").new_event_loop if given.uvloop else None
    with asyncio.Runner(loop_factory=factory) as run:
        told = run.run(receive(here, calls=given.calls, kind=given.kind))
    process.join(10)
    if given.json:
        print(json.dumps(told))
    else:
        show(told)
