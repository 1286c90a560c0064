"""`kilovatt simulate`: one meter on a TCP port, until interrupted."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from kilovatt.config.cli.instants import instant
from kilovatt.config.cli.voice import _, complain, err, out
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.simulator.faults import FaultKind
from kilovatt.wire.simulator.plan import TownPlan
from kilovatt.wire.simulator.single import plan_single, serve_one


def simulate(
    model: Annotated[str, typer.Option(help=_("The model, as `kilovatt models` names it."))],
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help=_("Where to listen; port 0 takes a free one."))],
    serial: Annotated[int | None, typer.Option(help=_("The serial number."))] = None,
    address: Annotated[int | None, typer.Option(help=_("The address on the line, if not the factory's."))] = None,
    password: Annotated[str | None, typer.Option(help=_("The password of level 1, if not the factory's."))] = None,
    households: Annotated[Path | None, typer.Option(help=_("A Parquet file of half-hour curves."))] = None,
    household: Annotated[str | None, typer.Option(help=_("The column that feeds the meter."))] = None,
    now: Annotated[str | None, typer.Option(help=_("What the meter's clock shows at the start."))] = None,
    fault: Annotated[list[FaultKind] | None, typer.Option(help=_("What is wrong; may be said more than once."))] = None,
) -> None:
    """Be one meter behind a TCP port."""
    host, port = _host_and_port(listen)
    plan = plan_single(
        model_by_key(model),
        now=instant(now),
        port=port,
        serial=serial,
        address=address,
        password=password,
        households=households,
        household=household,
        faults=frozenset(fault or ()),
    )
    asyncio.run(_until_interrupted(plan, host))


async def _until_interrupted(plan: TownPlan, host: str) -> None:
    def listening(port: int) -> None:
        meter = plan.meters[0]
        words = _("{model} № {serial}, address {address}, listens on tcp://{host}:{port}")
        facts = {"model": model_by_key(meter.model).title, "serial": meter.serial, "address": meter.address}
        out.print(words.format(**facts, host=host, port=port), soft_wrap=True)
        err.print(_("Stop it with Ctrl+C."))

    serving = asyncio.ensure_future(serve_one(plan, host=host, listening=listening))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        return


def _host_and_port(listen: str) -> tuple[str, int]:
    host, _colon, port = listen.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65_535:
        complain(_("{listen} is no place to listen. Write it as 127.0.0.1:4001.").format(listen=repr(listen)))
    return host.strip("[]"), int(port)
