"""A town of simulated meters in a process of its own.

    python -m kilovatt.wire.simulator.town PLAN.json     a plan in a file; runs until interrupted
    python -m kilovatt.wire.simulator.town -             a plan on the first line of standard input;
                                                         runs until that input ends, as it does with its parent
    python -m kilovatt.wire.simulator.town - 10.0.0.2    the same, and its lines listen at that address

When every line listens, one line of JSON goes to standard output: `{"ports": {line: port}}`. What stands in the
way is one sentence on standard error, and exit code 2.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.catalogue import simulated_meter
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.cosem_links import speaks_in_wrapper
from kilovatt.wire.simulator.curves import HouseholdFileError, Households, read_households
from kilovatt.wire.simulator.datagrams import DatagramGateway
from kilovatt.wire.simulator.energy import (
    MeterEnergy,
    latest_midnight,
    past_of_serial,
    place_curve,
    tariff_table_for,
)
from kilovatt.wire.simulator.faults import CLOCK_FAULT_AHEAD, FaultKind, past_events_of
from kilovatt.wire.simulator.gateway import Line, LineGateway, ListenError, Pace
from kilovatt.wire.simulator.homes import generate_homes
from kilovatt.wire.simulator.meter import SimulatedMeter, SimulatedMeterPlan
from kilovatt.wire.simulator.plan import (
    BuiltInHomes,
    ConcentratorPlan,
    LinePlan,
    MeterPlan,
    TownPlan,
    TownPlanError,
)
from kilovatt.wire.simulator.spodus import Behind, NoEnergy, SpodusConcentrator
from kilovatt.wire.simulator.twins import Twins, other_serial

HOST = "127.0.0.1"
EXIT_REFUSED = 2


class Town:
    """Every line of a plan, listening. Made inside a running event loop."""

    def __init__(self, plan: TownPlan) -> None:
        households = homes_of(plan)
        clock = TownClock(plan.clock_at or plan.now, rate=plan.rate)
        self.plan = plan
        self._lines = {
            line.name: Line(
                Bus(_on_line(line, plan, households), line.faults),
                clock,
                pace=Pace(baud=line.baud, think_s=line.think_s),
            )
            for line in plan.lines
        }
        self._gateways = {name: LineGateway(line) for name, line in self._lines.items()}
        self._datagrams: list[DatagramGateway] = []

    async def listen(self, host: str = HOST) -> Mapping[str, int]:
        """Listen on every line and return the ports by the lines' names. Raises ListenError."""
        return {line.name: await self._gateways[line.name].listen(host, line.port) for line in self.plan.lines}

    async def take_datagrams(self, ports: Mapping[str, int], host: str = HOST) -> None:
        """Take datagrams too, on the same ports, where the meters of a line speak in a wrapper. Raises ListenError."""
        for name, port in ports.items():
            if all(speaks_in_wrapper(meter.plan.model) for meter in self._lines[name].bus.meters):
                self._datagrams.append(DatagramGateway(self._lines[name]))
                await self._datagrams[-1].listen(host, port)

    def line(self, name: str) -> Line:
        """Return a line by its name, for whoever reaches it in another way than by its port."""
        return self._lines[name]

    async def close(self) -> None:
        """Stop listening."""
        for datagrams in self._datagrams:
            datagrams.close()
        for gateway in self._gateways.values():
            await gateway.close()


def homes_of(plan: TownPlan) -> Households:
    """Return the homes of a town. Raises HouseholdFileError."""
    if not isinstance(plan.homes, BuiltInHomes):
        return read_households(Path(plan.homes.path))
    zone = ZoneInfo(plan.zone)
    ends_on = latest_midnight(plan.now, zone).astimezone(zone).date()
    return generate_homes(
        plan.homes.count,
        begins_on=ends_on - timedelta(days=plan.homes.days),
        days=plan.homes.days,
        rng=np.random.default_rng(plan.homes.seed),
    ).households


def build_meter(meter: MeterPlan, plan: TownPlan, households: Households) -> SimulatedMeter:
    """Return a meter of the plan, fed by its home. Raises HouseholdFileError for a home that is not there."""
    if not meter.faults & {FaultKind.ANOTHER_SERIAL, FaultKind.TWIN}:
        return _build(meter, plan, households)
    other = _build(replace(meter, serial=other_serial(meter)), plan, households)
    return other if FaultKind.ANOTHER_SERIAL in meter.faults else Twins(_build(meter, plan, households), other)


def _build(meter: MeterPlan, plan: TownPlan, households: Households) -> SimulatedMeter:
    model = model_by_key(meter.model)
    zone = ZoneInfo(plan.zone)
    table = tariff_table_for(meter.zones)
    energy = MeterEnergy(
        curve=place_curve(households.energies_of(meter.household), plan.now, zone),
        zone=zone,
        table=table,
        past=past_of_serial(meter.serial, step_wh=model.register_step_wh, table=table),
        ratio=meter.ratio,
    )
    return simulated_meter(
        SimulatedMeterPlan(
            model=model,
            serial=meter.serial,
            address=meter.address,
            passwords=dict(meter.passwords),
            keys=meter.key_bundle.keys,
            hls_secret=meter.key_bundle.secret,
            master_key=meter.master_key,
            zone=zone,
            energy=energy,
            past_events=past_events_of(meter.faults, model, plan.now),
            clock_ahead=_clock_ahead(meter),
            ratio=meter.ratio,
        )
    )


def _clock_ahead(meter: MeterPlan) -> timedelta:
    return CLOCK_FAULT_AHEAD if FaultKind.CLOCK in meter.faults else timedelta(seconds=meter.clock_ahead_s)


def build_concentrator(
    concentrator: ConcentratorPlan, meters: Sequence[MeterPlan], plan: TownPlan, households: Households
) -> SpodusConcentrator:
    """Return a concentrator and the meters behind it. Raises HouseholdFileError for a home that is not there."""
    return SpodusConcentrator(
        SimulatedMeterPlan(
            model=model_by_key(concentrator.model),
            serial=concentrator.serial,
            address=concentrator.address,
            passwords=dict(concentrator.passwords),
            zone=ZoneInfo(plan.zone),
            energy=NoEnergy(),
        ),
        [
            Behind(meter.address, build_meter(meter, plan, households), FaultKind.UNREACHED not in meter.faults)
            for meter in meters
        ],
    )


def _on_line(line: LinePlan, plan: TownPlan, households: Households) -> list[SimulatedMeter]:
    meters = [meter for meter in plan.meters if meter.line == line.name]
    if line.concentrator is not None:
        return [build_concentrator(line.concentrator, meters, plan, households)]
    return [build_meter(meter, plan, households) for meter in meters]


async def serve_town(plan: TownPlan, *, until_stdin_ends: bool, host: str = HOST) -> None:
    """Run a town until the process is told to stop (SIGTERM, SIGINT) or its standard input ends.

    Prints the ports when all lines listen. Raises HouseholdFileError, ListenError.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if until_stdin_ends:
        await loop.connect_read_pipe(lambda: _Parent(stopped), sys.stdin)
    town = Town(plan)
    ports = await town.listen(host)
    sys.stdout.write(json.dumps({"ports": ports}) + "\n")
    sys.stdout.flush()
    await stopped.wait()
    await town.close()


class _Parent(asyncio.Protocol):
    """The other end of standard input: when it is gone, so is whoever wanted the town."""

    def __init__(self, stopped: asyncio.Event) -> None:
        self._stopped = stopped

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._stopped.set()


def main(arguments: Sequence[str]) -> int:
    """Run the town of a plan and return the exit code."""
    if len(arguments) not in {1, 2}:
        sys.stderr.write("Name one plan of a town: a JSON file, or - for standard input.\n")
        return EXIT_REFUSED
    from_stdin = arguments[0] == "-"
    host = arguments[1] if len(arguments) == 2 else HOST
    try:
        text = sys.stdin.readline() if from_stdin else Path(arguments[0]).read_text(encoding="utf-8")
        asyncio.run(serve_town(TownPlan.from_json(text), until_stdin_ends=from_stdin, host=host))
    except OSError as error:
        sys.stderr.write(f"The plan {arguments[0]} cannot be read: {error.strerror}. Check the path.\n")
        return EXIT_REFUSED
    except (TownPlanError, HouseholdFileError, ListenError) as error:
        # For people on standard error; for the program that started the town, so that it can translate it, here.
        sys.stdout.write(json.dumps({"refusal": error.sentence, "values": error.values}, default=str) + "\n")
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
