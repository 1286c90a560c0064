"""One slow line with many meters: how near the head-end comes to what the line and its meters allow.

    .venv/bin/python benchmarks/headend.py line [--model mercury-234-art-03] [--meters 32] [--baud 9600]
                                                [--think-ms 50] [--quiet-ms MS] [--unknown-speed] [--json]

A town in a process of its own puts its meters on one line behind a TCP gateway, in real time: an answer is there when
the request and the answer have passed at 10 bits a byte, and the meter has thought. The bound is reckoned from what
went over the line: all bytes sent and heard × 10 / baud, and so many exchanges × think time. `share` is that bound
divided by the time from the first request's line being opened to the last report. Retries would count as time lost,
not as work: there must be none. The line's patience is that of its kind and speed, which its address states, unless
`--quiet-ms` does; `--unknown-speed` leaves the speed out.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from headend_tape import DAY, NOW

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import Language
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.conversation import MeterAddress
from kilovatt.wire.headend.lines import BY_KIND, LineSpec
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.session import Errand
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.plan import BuiltInHomes, MeterPlan, TownPlan
from kilovatt.wire.simulator.planning import plan_town
from kilovatt.wire.simulator.town_process import TownProcess

_BITS_PER_BYTE = 10
_MS = 1000


def planned(given: argparse.Namespace) -> TownPlan:
    """Return a town of one line."""
    plan = plan_town(
        [f"home_{number:03d}_wh" for number in range(1, given.meters + 1)],
        now=NOW,
        homes=BuiltInHomes(count=given.meters, days=92, seed=7),
        seed=7,
        models=[model_by_key(given.model)],
    )
    (line,) = plan.lines
    return replace(plan, lines=(replace(line, baud=given.baud, think_s=given.think_ms / _MS),))


def errand_of(number: int, meter: MeterPlan) -> Errand:
    """Return the day's reading of a meter."""
    model = model_by_key(meter.model)
    password = meter.passwords[1] if model.language is Language.MERCURY_V2 else None
    address = MeterAddress(model=model, address=meter.address, password=password, zone=ZoneInfo("Europe/Moscow"))
    return Errand(number, address, DAY)


async def read(town: TownProcess, plan: TownPlan, given: argparse.Namespace) -> dict[str, Any]:
    """Read every meter of the line once; return the figures."""
    reports: list[SessionReport] = []

    async def sink(report: SessionReport) -> None:
        reports.append(report)

    addresses = town.addresses
    (port,) = addresses.ports.values()
    url = f"tcp://{addresses.host}:{port}" + ("" if given.unknown_speed else f"?baud={given.baud}")
    spec = LineSpec(line_id=1, url=url, quiet_s=given.quiet_ms / _MS if given.quiet_ms else BY_KIND)
    headend = Headend(TownClock(NOW))
    cpu, wall = time.process_time(), time.monotonic()
    await headend.read([(spec, [errand_of(number, meter) for number, meter in enumerate(plan.meters)])], sink)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    exchanges = sum(report.exchanges_made for report in reports)
    sent, heard = headend.traffic.sent, headend.traffic.heard
    on_the_line_s = (sent + heard) * _BITS_PER_BYTE / given.baud
    thinking_s = exchanges * given.think_ms / _MS
    return {
        "meters": len(reports),
        "quiet_ms": spec.quiet_s * _MS,
        "ok": sum(report.outcome is Outcome.OK for report in reports),
        "retries": sum(report.retries for report in reports),
        "exchanges": exchanges,
        "sent_bytes": sent,
        "heard_bytes": heard,
        "on_the_line_s": on_the_line_s,
        "thinking_s": thinking_s,
        "wall_s": wall,
        "cpu_s": cpu,
        "share": (on_the_line_s + thinking_s) / wall,
    }


def show(told: Mapping[str, Any]) -> None:
    """Print the figures for people."""
    print("{meters} meters, {ok} read well, {exchanges} exchanges, {retries} retries".format(**told))
    print("{quiet_ms:.0f} ms of silence end an answer".format(**told))
    bytes_told = "{sent_bytes} bytes sent and {heard_bytes} heard take {on_the_line_s:.2f} s"
    print((bytes_told + ", the meters think {thinking_s:.2f} s").format(**told))
    print(
        f"read in {told['wall_s']:.2f} s: {told['share']:.1%} of what line and meters allow; {told['cpu_s']:.2f} s CPU"
    )


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    assert __doc__ is not None
    wanted = argparse.ArgumentParser(prog="headend.py line", description=__doc__.splitlines()[0])
    wanted.add_argument("--model", default="mercury-234-art-03")
    wanted.add_argument("--meters", type=int, default=32)
    wanted.add_argument("--baud", type=int, default=9600)
    wanted.add_argument("--think-ms", type=float, default=50)
    wanted.add_argument("--quiet-ms", type=float, help="the silence that ends an answer")
    wanted.add_argument("--unknown-speed", action="store_true", help="do not state the speed of the line")
    wanted.add_argument("--json", action="store_true")
    given = wanted.parse_args(arguments)
    plan = planned(given)
    with TownProcess(plan) as town:
        told = asyncio.run(read(town, plan, given))
    if given.json:
        print(json.dumps(told))
    else:
        show(told)
