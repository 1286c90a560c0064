"""A site in a data directory of its own, a town of simulated meters, and head-end processes that read it."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from demonstration import environment
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.headend.clock import MachineClock
from kilovatt.wire.simulator.plan import BuiltInHomes, TownPlan
from kilovatt.wire.simulator.planning import FaultPlan, plan_town
from kilovatt.wire.simulator.town import HOST
from kilovatt.wire.simulator.town_process import TownProcess

_ON_RECORD = """
import json, os, sys
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "kilovatt.config.settings"
from kilovatt.config import site
site.open_site(Path(sys.argv[1]))
site.migrate()
from kilovatt.config.demo.town_records import put_town_on_record
from kilovatt.wire.simulator.plan import TownPlan
told = json.loads(sys.stdin.read())
put_town_on_record(TownPlan.from_json(told["plan"]), told["ports"], told["host"])
"""


_ORDER = """
import os, sys
from pathlib import Path
os.environ["DJANGO_SETTINGS_MODULE"] = "kilovatt.config.settings"
from kilovatt.config import site
site.open_site(Path(sys.argv[1]))
from kilovatt.measure.metering import commands
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.clock import now
from kilovatt.office.operations.registration import register_operator
from kilovatt.office.records.models import Meter, Organisation
operator = register_operator(Organisation.objects.get(), username="operator", password="op-33333-x")
command = getattr(commands, sys.argv[3])(*map(int, sys.argv[4:]))
for meter in Meter.objects.filter(pk__in=map(int, sys.argv[2].split(","))).order_by("pk"):
    order = orders.request(meter, command, by=operator, because="test", now=now())
    assert orders.approve(order, by=operator, now=now())
    print(order.pk.hex)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where things run: what comes before a command to have it run there, and at which address it listens."""

    within: tuple[str, ...] = ()
    host: str = HOST


@dataclass
class Site:
    """A site on record whose meters are a town's."""

    data: Path
    plan: TownPlan
    town: TownProcess
    settings: Mapping[str, str] = field(default_factory=dict)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    place_of_town: Place = Place()
    place_of_headend: Place = Place()

    def put_on_record(self) -> None:
        told = {"plan": self.plan.to_json(), "ports": dict(self.town.addresses.ports)}
        subprocess.run(
            [sys.executable, "-c", _ON_RECORD, str(self.data)],
            input=json.dumps(told | {"host": self.town.addresses.host}).encode(),
            env=environment(KILOVATT_DATA=str(self.data), **self.settings),
            check=True,
            timeout=60,
        )

    def start(self, *options: str) -> "subprocess.Popen[bytes]":
        """Start one more head-end process."""
        log = (self.data / f"headend-{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [*self.place_of_headend.within, sys.executable, "-m", "kilovatt.config.headend", *options],
            stderr=log,
            env=environment(KILOVATT_DATA=str(self.data), KILOVATT_LOG="INFO", **self.settings),
        )
        log.close()
        self.processes.append(process)
        return process

    def said(self, number: int = 0) -> str:
        """What a head-end process has logged."""
        return (self.data / f"headend-{number}.log").read_text(encoding="utf-8")

    def days_later(self, days: int) -> None:
        """Let days pass in which nobody read anything: the town and the site live on as much later."""
        self.stop()
        self.processes.clear()
        self.town.stop()
        self.settings = {
            **self.settings,
            "KILOVATT_CLOCK_AHEAD_S": str((self.ahead + timedelta(days=days)).total_seconds()),
        }
        self.town = _started(replace(self.plan, clock_at=MachineClock().now() + self.ahead), self.place_of_town)
        self.put_on_record()

    def stop(self) -> None:
        """End every process in order."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(30)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        address = self.settings.get("KILOVATT_DATABASE")
        if address is not None:
            with psycopg.connect(address) as connection:
                done = connection.execute(query.replace("?", "%s").encode(), values)
                return [] if done.description is None else done.fetchall()
        with sqlite3.connect(self.data / "kilovatt.sqlite3", timeout=30) as connection:
            return connection.execute(query, values).fetchall()

    def value(self, query: str, *values: object) -> Any:  # noqa: ANN401  # whatever the query counts
        return self.rows(query, *values)[0][0]

    def ask_for(self, meter_id: int) -> str:
        """Have a meter read at once, as the operator's button does."""
        key = uuid4().hex
        line_id = self.value("SELECT line_id FROM records_meter WHERE id = ?", meter_id)
        payload = json.dumps({"meter": meter_id, "line": line_id})
        columns = "kind, key, due_at, fence, tries, payload, trouble"
        self.rows(
            f"INSERT INTO records_work ({columns}) VALUES ('reading', ?, ?, 0, 0, ?, '')",
            key,
            (MachineClock().now() + self.ahead).strftime("%Y-%m-%d %H:%M:%S.%f"),
            payload,
        )
        return key

    def order(self, meter_id: int, command: str, *values: int) -> str:
        """Give and approve an order, as an operator does; return its number."""
        (number,) = self.order_each([meter_id], command, *values)
        return number

    def order_each(self, meter_ids: Collection[int], command: str, *values: int) -> list[str]:
        """Give some meters the same order; return its numbers, in the order of the meters' own."""
        meters = ",".join(map(str, meter_ids))
        told = subprocess.run(
            [sys.executable, "-c", _ORDER, str(self.data), meters, command, *map(str, values)],
            env=environment(KILOVATT_DATA=str(self.data), **self.settings),
            check=True,
            timeout=60,
            stdout=subprocess.PIPE,
            text=True,
        )
        return told.stdout.split()

    def state_of(self, order: str) -> tuple[str, str, str]:
        """The state of an order, what the meter showed, and why it is not confirmed."""
        (row,) = self.rows("SELECT state, shown, detail FROM records_meterorder WHERE order_id = ?", order)
        state, shown, detail = row
        return state, shown, detail

    @property
    def ahead(self) -> timedelta:
        return timedelta(seconds=float(self.settings.get("KILOVATT_CLOCK_AHEAD_S", "0")))

    def wait(self, until: Callable[[], bool], *, seconds: float, what: str) -> float:
        """Wait until something is so; return how long it took [s]."""
        began = time.monotonic()
        while not until():
            for number, process in enumerate(self.processes):
                assert process.poll() in {None, 0, -signal.SIGKILL}, self.said(number)
            assert time.monotonic() - began < seconds, f"{what}: not within {seconds:g} s"
            time.sleep(0.1)
        return time.monotonic() - began


@contextmanager
def site_of(
    data: Path,
    models: Sequence[str],
    *,
    meters: int,
    faults: FaultPlan = FaultPlan.NONE,
    seed: int = 7,
    now: datetime | None = None,
    clock_ahead_s: int = 0,
    place_of_town: Place | None = None,
    place_of_headend: Place | None = None,
    think_s: float = 0.0,
    changed: Callable[[TownPlan], TownPlan] | None = None,
    **settings: str,
) -> Iterator[Site]:
    """A town of these models, in turn, and a site that has it on record and has read nothing yet.

    `clock_ahead_s`: how far the clocks of its meters are ahead; `think_s`: how long they think before they answer;
    `changed`: what is made of its plan.
    """
    data.mkdir()
    machine = MachineClock().now()
    settings["KILOVATT_CLOCK_AHEAD_S"] = str(((now or machine) - machine).total_seconds())
    names = [f"home_{number:03d}_wh" for number in range(1, meters + 1)]
    plan = plan_town(
        names,
        now=now or machine,
        homes=BuiltInHomes(count=meters, days=130, seed=seed),
        seed=seed,
        faults=faults,
        models=[model_by_key(key) for key in models],
    )
    plan = replace(
        plan,
        meters=tuple(replace(meter, clock_ahead_s=clock_ahead_s) for meter in plan.meters),
        lines=tuple(replace(line, think_s=think_s) for line in plan.lines),
    )
    plan = plan if changed is None else changed(plan)
    places = (place_of_town or Place(), place_of_headend or Place())
    site = Site(data, plan, _started(plan, places[0]), settings, [], *places)
    try:
        site.put_on_record()
        yield site
    finally:
        site.stop()
        site.town.stop()


def _started(plan: TownPlan, place: Place) -> TownProcess:
    return TownProcess(plan, host=place.host, within=place.within)
