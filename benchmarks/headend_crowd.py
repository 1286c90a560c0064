"""Ten thousand sessions at once, each over a line of its own that answers after 200 ms.

    .venv/bin/python benchmarks/headend.py crowd [--model mercury-234-art-03] [--lines 10000] [--delay-ms 200]
                                                 [--timeout-s 15] [--uvloop] [--json]

The server plays one recorded day session on every line, each answer `--delay-ms` after its request. This process is
the head-end and nothing else (the record is made in another): its memory is the most that was resident from its start
to its end. Where all sessions together need more CPU than there is, answers wait in the sockets of this process for
longer than the line takes: the patience of a line is stated, and any retry is told.
"""

import argparse
import asyncio
import importlib
import json
import resource
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from headend_tape import DAY, HOST, Standstill, address_of, peak_mb, played, recorded

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.session import Errand

_MS = 1000
_FILES_BESIDES = 256


def raise_open_files(wanted: int) -> None:
    """Let this process, and those it starts, have so many files open. Raises ValueError where the system refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))


async def read_all(port: int, model: MeterModel, given: argparse.Namespace) -> dict[str, Any]:
    """Read one meter on each line, all at once; return the figures."""
    outcomes: Counter[str] = Counter()
    details: Counter[str] = Counter()
    retries = exchanges = most_at_once = 0
    headend = Headend(Standstill(), lines_at_once=given.lines)

    async def sink(report: SessionReport) -> None:
        nonlocal retries, exchanges, most_at_once
        if not outcomes:
            most_at_once = given.lines - headend.permits._value  # noqa: SLF001 - nobody else need know
        outcomes[report.outcome.value] += 1
        retries += report.retries
        exchanges += report.exchanges_made
        if report.detail:
            details[report.detail] += 1

    address = address_of(model)
    url = f"tcp://{HOST}:{port}"
    wanted = [
        (
            LineSpec(line_id=number, url=url, answer_timeout_s=given.timeout_s, connect_timeout_s=60),
            [Errand(number, address, DAY)],
        )
        for number in range(given.lines)
    ]
    before_mb = peak_mb()
    cpu, wall = time.process_time(), time.monotonic()
    await headend.read(wanted, sink)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    return {
        "lines": given.lines,
        "at_once": most_at_once,
        "outcomes": dict(outcomes),
        "details": dict(details.most_common(3)),
        "retries": retries,
        "exchanges": exchanges,
        "wall_s": wall,
        "cpu_s": cpu,
        "sessions_per_cpu_s": given.lines / cpu,
        "idle_mb": before_mb,
        "peak_mb": peak_mb(),
    }


def show(told: Mapping[str, Any]) -> None:
    """Print the figures for people."""
    print(f"{told['lines']} lines, {told['at_once']} sessions under way when the first was over")
    print(f"outcomes {told['outcomes']}, {told['exchanges']} exchanges, {told['retries']} retries {told['details']}")
    print(
        f"{told['wall_s']:.1f} s, {told['cpu_s']:.1f} s of CPU, {told['sessions_per_cpu_s']:.0f} sessions a CPU second"
    )
    print(f"memory {told['peak_mb']:.0f} MB at most; {told['idle_mb']:.0f} MB before the first line was opened")


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    assert __doc__ is not None
    wanted = argparse.ArgumentParser(prog="headend.py crowd", description=__doc__.splitlines()[0])
    wanted.add_argument("--model", default="mercury-234-art-03")
    wanted.add_argument("--lines", type=int, default=10_000)
    wanted.add_argument("--delay-ms", type=float, default=200)
    wanted.add_argument("--timeout-s", type=float, default=15, help="how long a line has for an answer")
    wanted.add_argument("--uvloop", action="store_true", help="with uvloop, where it is installed")
    wanted.add_argument("--json", action="store_true")
    given = wanted.parse_args(arguments)
    raise_open_files(given.lines + _FILES_BESIDES)
    factory = importlib.import_module("uvloop").new_event_loop if given.uvloop else None
    with (
        played(recorded(given.model), delay_s=given.delay_ms / _MS) as port,
        asyncio.Runner(loop_factory=factory) as run,
    ):
        told = run.run(read_all(port, model_by_key(given.model), given))
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        show(told)
