"""Who calls where modems call: a modem with the line of a town behind it, and strangers who mean no good.

    python tests/strangers_calling.py idle HOST PORT COUNT

Strangers who need many connections live in a process of their own, which says `there` when it has done its worst.
"""

import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from kilovatt.wire.simulator.plan import TownPlan

HOST = "127.0.0.1"
_CALLING = """
import asyncio, json, sys
from kilovatt.wire.simulator.calling import CallingHabits, serve_calling
from kilovatt.wire.simulator.plan import TownPlan
told = json.loads(sys.stdin.readline())
plan = TownPlan.from_json(told["plan"])
habits = CallingHabits(imei=told["imei"], password=told["password"], redial_s=0.5)
connected = lambda: print("calling", flush=True)
asyncio.run(serve_calling(plan, habits, host=told["host"], port=told["port"], connected=connected))
"""
_ADDRESSES = 8
"""Strangers come from so many addresses: of each only so many are let wait."""


@contextmanager
def modem_calling(plan: TownPlan, line: str, *, port: int, imei: str, password: str = "5492") -> Iterator[None]:
    """A modem that calls in, with the meters that a plan has on one of its lines."""
    of_line = replace(
        plan,
        lines=tuple(one for one in plan.lines if one.name == line),
        meters=tuple(one for one in plan.meters if one.line == line),
    )
    told = {"plan": of_line.to_json(), "imei": imei, "password": password, "host": HOST, "port": port}
    process = subprocess.Popen(
        [sys.executable, "-c", _CALLING], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(told) + "\n")
        process.stdin.flush()
        yield
    finally:
        process.kill()
        process.communicate()


@contextmanager
def strangers(kind: str, *, port: int, count: int) -> Iterator["subprocess.Popen[str]"]:
    """Strangers of a kind at work, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__)), kind, HOST, str(port), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def say(port: int, words: bytes) -> bytes:
    """Call, say something, and return what comes back until we are hung up on."""
    with socket.create_connection((HOST, port), timeout=10) as caller:
        caller.sendall(words)
        heard = b""
        try:
            while more := caller.recv(4096):
                heard += more
        except ConnectionResetError:
            pass
        return heard


def _call(host: str, port: int, number: int) -> socket.socket:
    caller = socket.socket()
    caller.bind((f"127.0.0.{2 + number % _ADDRESSES}", 0))
    caller.settimeout(10)
    caller.connect((host, port))
    return caller


def _be_idle(host: str, port: int, count: int) -> None:
    """Connect and say nothing; who is hung up on stays hung up on."""
    with ExitStack() as held:
        for number in range(count):
            try:
                held.enter_context(_call(host, port, number))
            except OSError:
                # Refused, or the queue is full: that is how it should be, and not what is looked at here.
                continue
        _say("there")
        sys.stdin.read()


def _be_slow(host: str, port: int, count: int) -> None:
    """Say a hello a byte at a time, and count who is hung up on."""
    hello = b"AT$IMEI=861234567890999,PSW=1," + b"X" * 400
    with ExitStack() as held:
        callers = [held.enter_context(_call(host, port, number)) for number in range(count)]
        _say("there")
        for place in range(len(hello)):
            for caller in callers.copy():
                try:
                    caller.sendall(hello[place : place + 1])
                except OSError:
                    callers.remove(caller)
            if not callers:
                _say("all hung up on")
                return
            time.sleep(0.25)


def _babble(host: str, port: int, count: int) -> None:
    """Say what no modem says, call after call, for as long as anybody listens."""
    rubbish = (
        b"GET / HTTP/1.1\r\nHost: kilovatt\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"A" * 100_000,
        bytes(100_000),
        b"\x00\x01\x00\x01\x00\x20\xff\xff" + b"\x0f" * 70_000,
        b"AT$IMEI=" + b"9" * 5_000,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\xc0" * 4_096,
    )
    said = 0
    while True:
        for number in range(count):
            try:
                with _call(host, port, number) as caller:
                    caller.sendall(rubbish[number % len(rubbish)])
                    caller.settimeout(0.05)
                    caller.recv(64)
            except OSError:
                pass
            said += 1
            if said == count:
                _say("there")


def _invent_names(host: str, port: int, count: int) -> None:
    """Call under one invented name after another, and stay."""
    with ExitStack() as held:
        for number in range(count):
            try:
                caller = held.enter_context(_call(host, port, number))
                caller.sendall(f"AT$IMEI=35{number:013d},PSW=1,TYP=ATM,DEV=ATM21,\n".encode())
            except OSError:
                continue
        _say("there")
        sys.stdin.read()


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kind, host, port, count = sys.argv[1:]
    kinds = {"idle": _be_idle, "slow": _be_slow, "babbling": _babble, "inventing": _invent_names}
    kinds[kind](host, int(port), int(count))


if __name__ == "__main__":
    main()
