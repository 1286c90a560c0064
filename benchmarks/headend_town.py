"""A whole site: head-end processes that read a town over TCP, into the database and the lake.

    .venv/bin/python benchmarks/headend.py town [--meters 320] [--processes 1] [--model KEY ...] [--json]
    .ci/with-postgres .venv/bin/python benchmarks/headend.py town --processes 2

With KILOVATT_DATABASE set that PostgreSQL is used, SQLite otherwise. The site first reads all it has missed (a month
of each meter), carries it to the lake and bills the month, which is not measured. Then a day passes in which nobody
reads, and processes are started anew: the night. It is measured from the first session's end until every meter has been
read and no day is missing; what the night brought is then carried to the lake and judged, and that is added. CPU time
is that of the processes between these moments: head-end (with its chores: gaps, clocks, lake), simulator, and
PostgreSQL with all its servers. The projection takes CPU per meter as it is and says how many cores 7.5 million meters
a day need, around the clock.
"""

import argparse
import contextlib
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.simulator.plan import BuiltInHomes
from kilovatt.wire.simulator.planning import plan_town
from kilovatt.wire.simulator.town_process import TownProcess

NOW = datetime(2026, 12, 2, 6, 0, tzinfo=UTC)
CITY_METERS = 7_500_000
DAY_S = 86_400
_MODELS = ("mercury-234-art-03", "mercury-206-prlsno", "rim-289-spodes", "nartis-i300")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_LOOK_EVERY_S = 0.2
_UNREAD = (
    "SELECT count(*) FROM records_meter m LEFT JOIN records_meterstanding s ON s.meter_id = m.id "
    "WHERE s.last_read_at IS NULL OR s.last_read_at < '{since}' OR s.gaps_noticed_until_on IS NULL "
    "OR s.gaps_noticed_until_on < '{today}' "
    "OR EXISTS (SELECT 1 FROM records_profilegap g WHERE g.meter_id = m.id AND g.lost = '')"
)


_KEEP = """
import os, sys, time
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "kilovatt.config.settings"
from kilovatt.config import site
site.open_site(Path(sys.argv[1]))
from kilovatt.config.rounds import carry
from kilovatt.office.operations.billing.billing import bill_last_month
from kilovatt.office.operations.clock import site_clock
from kilovatt.office.operations.keeping.judging import judge_each_day, judge_what_is_new
clock = site_clock()
began = time.process_time()
carry(clock, judge=lambda meters: judge_what_is_new(now=clock.now(), meter_ids=meters))
judge_each_day(now=clock.now())
bill_last_month(now=clock.now())
print(time.process_time() - began)
"""


def cpu_of(pid: int, *, with_the_dead: bool = False) -> float:
    """Return CPU seconds of a process, on request with those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    last = 15 if with_the_dead else 13
    return sum(map(int, fields[11:last])) / _TICKS_PER_S


def postgres_pids(address: str) -> list[int]:
    """Return PostgreSQL's first process and its servers, by the port of an address; nothing for SQLite."""
    port = re.search(r":(\d+)/", address)
    if port is None:
        return []
    found: list[int] = []
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if "postgres" in words.split(" ", 1)[0] and f"port={port[1]} " in words:
                found.append(int(folder.name))
    return found + [pid for pid, parent in parents.items() if parent in found]


def postgres_cpu(address: str) -> float:
    """Return CPU seconds of PostgreSQL so far."""
    spent = 0.0
    for number, pid in enumerate(postgres_pids(address)):
        with contextlib.suppress(OSError):
            spent += cpu_of(pid, with_the_dead=number == 0)
    return spent


class Night:
    """A site that is measured."""

    def __init__(self, folder: Path, given: argparse.Namespace) -> None:
        site = importlib.import_module("simulated_site")
        self.given = given
        self.database = os.environ.get("KILOVATT_DATABASE", "")
        machine = datetime.now(UTC)  # noqa: TID251 - the machine's own, which the site's is told against
        settings = {"KILOVATT_CLOCK_AHEAD_S": str((NOW - machine).total_seconds())}
        if self.database:
            settings["KILOVATT_DATABASE"] = self.database
        plan = plan_town(
            [f"home_{number:03d}_wh" for number in range(1, given.meters + 1)],
            now=NOW,
            homes=BuiltInHomes(count=given.meters, days=92, seed=7),
            seed=7,
            models=[model_by_key(key) for key in given.model or _MODELS],
        )
        folder.mkdir(exist_ok=True)
        self.site = site.Site(folder, plan, TownProcess(replace(plan, clock_at=NOW)), settings)

    def put_on_record(self) -> None:
        """Enter the town, into a database of that name that is made for it."""
        if self.database:
            server, _, name = self.database.rpartition("/")
            with importlib.import_module("psycopg").connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
        self.site.put_on_record()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        if not self.database:
            found: list[tuple[Any, ...]] = self.site.rows(query)
            return found
        with importlib.import_module("psycopg").connect(self.database) as connection:
            return list(connection.execute(query).fetchall())

    def now(self) -> datetime:
        """What time it is at the site."""
        present: datetime = datetime.now(UTC) + self.site.ahead  # noqa: TID251 - as above
        return present

    def sessions(self) -> int:
        """How many sessions have ended, by the logs."""
        return sum(self.site.said(number).count(" ended ") for number in range(len(self.site.processes)))

    def wait(self, until: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        began = time.monotonic()
        while not until():
            if any(process.poll() is not None for process in self.site.processes):
                raise RuntimeError(self.site.said(0)[-2000:])
            if time.monotonic() - began > self.given.patience_s:
                raise RuntimeError(f"{what}: not within {self.given.patience_s} s\n{self.site.said(0)[-2000:]}")
            time.sleep(_LOOK_EVERY_S)

    def keep(self) -> float:
        """Do the chores that are left: lake, judgement, bills; return what CPU they took [s]."""
        environment = importlib.import_module("demonstration").environment
        told = subprocess.run(
            [sys.executable, "-c", _KEEP, str(self.site.data)],
            env=environment(KILOVATT_DATA=str(self.site.data), **self.site.settings),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return float(told.stdout)

    def read_all(self) -> dict[str, float]:
        """Start processes and read until nothing is missing; return what it cost from the first session's end on."""
        since = self.now()
        unread = _UNREAD.format(since=since.strftime("%Y-%m-%d %H:%M:%S"), today=since.date())
        for _ in range(self.given.processes):
            self.site.start()
        self.wait(lambda: self.sessions() > 0, "the first session")
        before, wall, sessions = self.cpu(), time.monotonic(), self.sessions()
        self.wait(lambda: self.rows(unread)[0][0] == 0, "everything read")
        wall = time.monotonic() - wall
        after, sessions = self.cpu(), self.sessions() - sessions
        self.site.stop()
        postgres = postgres_cpu(self.database)
        after["headend_s"] += self.keep()
        after["postgres_s"] += postgres_cpu(self.database) - postgres
        told = {name: after[name] - before[name] for name in after}
        return told | {"wall_s": wall, "sessions": sessions}

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far, by who spent them."""
        return {
            "headend_s": sum(cpu_of(process.pid) for process in self.site.processes),
            "simulator_s": cpu_of(self.site.town.pid),
            "postgres_s": postgres_cpu(self.database),
        }


def figures(night: Night, spent: Mapping[str, float]) -> dict[str, Any]:
    """Return the figures of a night and what they come to for a city."""
    meters = night.given.meters
    each_ms = {name.removesuffix("_s"): 1000 * spent[name] / meters for name in spent if name.endswith("_s")}
    return {
        "database": "PostgreSQL" if night.database else "SQLite",
        "processes": night.given.processes,
        "meters": meters,
        "lines": len(night.site.plan.lines),
        "sessions": spent["sessions"],
        "wall_s": spent["wall_s"],
        "meters_per_hour": 3600 * meters / spent["wall_s"],
        "ms_a_meter": each_ms,
        "city_cores": {
            name: CITY_METERS * each_ms[name] / 1000 / DAY_S for name in ("headend", "postgres") if name in each_ms
        },
    }


def show(told: Mapping[str, Any]) -> None:
    """Print the figures for people."""
    each, cores = told["ms_a_meter"], told["city_cores"]
    print("{database}, {processes} head-end processes, {meters} meters on {lines} lines".format(**told))
    print("{sessions:.0f} sessions in {wall_s:.1f} s: {meters_per_hour:.0f} meters an hour".format(**told))
    print(
        "CPU a meter: head-end {headend:.1f} ms, simulator {simulator:.1f} ms, PostgreSQL {postgres:.1f} ms".format(
            **each
        )
    )
    arithmetic = f"{CITY_METERS:,} × {each['headend']:.1f} ms / {DAY_S:,} s = {cores['headend']:.1f} cores"
    print(f"a city a day: {arithmetic} of head-end, {cores['postgres']:.1f} of PostgreSQL")


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    assert __doc__ is not None
    wanted = argparse.ArgumentParser(prog="headend.py town", description=__doc__.splitlines()[0])
    wanted.add_argument("--meters", type=int, default=320)
    wanted.add_argument("--processes", type=int, default=1)
    wanted.add_argument("--model", action="append", help=f"of the town; {', '.join(_MODELS)} in turn unless stated")
    wanted.add_argument("--patience-s", type=float, default=900)
    wanted.add_argument("--json", action="store_true")
    given = wanted.parse_args(arguments)
    # The site that the tests have too.
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    with tempfile.TemporaryDirectory() as folder:
        night = Night(Path(folder) / "site", given)
        try:
            night.put_on_record()
            night.read_all()
            night.site.days_later(1)
            told = figures(night, night.read_all())
        finally:
            night.site.stop()
            night.site.town.stop()
    if given.json:
        print(json.dumps(told))
    else:
        show(told)
