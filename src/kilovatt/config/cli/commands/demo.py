"""`kilovatt demo`: the whole path on this machine, once or with its pages."""

import os
import tempfile
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kilovatt.config import site
from kilovatt.config.cli.instants import instant
from kilovatt.config.cli.voice import _, err, language, print_json
from kilovatt.config.demo.town_file import TownWish
from kilovatt.wire.simulator.planning import FaultPlan

DEFAULT_DATA = Path("kilovatt-demo")


def demo(
    once: Annotated[
        bool, typer.Option("--once", help=_("Read and bill once, then end; otherwise keep serving."))
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=_("Print what came of it as JSON."))] = False,
    data: Annotated[Path | None, typer.Option(help=_("The data directory (default: ./kilovatt-demo)."))] = None,
    households: Annotated[Path | None, typer.Option(help=_("A Parquet file of half-hour curves."))] = None,
    meters: Annotated[int | None, typer.Option(min=1, max=2000, help=_("How many meters."))] = None,
    now: Annotated[str | None, typer.Option(help=_("The instant the town lives at."))] = None,
    seed: Annotated[int, typer.Option(help=_("The seed of all that is random in the town."))] = 1,
    faults: Annotated[FaultPlan | None, typer.Option(help=_("What goes wrong: none, or some of everything."))] = None,
    host: Annotated[str, typer.Option(help=_("The address to serve the pages at."))] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help=_("The port to serve the pages at."))] = 8000,
) -> None:
    """Run the demonstration."""
    at = instant(now)
    # A town that is looked at shows its troubles; a run for a program is calm unless asked.
    weather = faults or (FaultPlan.NONE if once else FaultPlan.SOME)
    wish = TownWish(households=households, meters=meters, seed=seed, faults=weather)
    with ExitStack() as stack:
        if data is None and once:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kilovatt-demo-")))
        _run(data or DEFAULT_DATA, wish, at, once=once, json=json, host=host, port=port)


def _run(data: Path, wish: TownWish, at: datetime, *, once: bool, json: bool, host: str, port: int) -> None:
    if not once:
        site.require_free_port(host, port)
    # Its logins are made for whoever typed the command: the pages speak to them as the command line does.
    os.environ.setdefault("KILOVATT_LANGUAGE", language())
    directory = site.open_site(data)
    from kilovatt.config.demo import report, run, show
    from kilovatt.config.demo.town_records import logins_of
    from kilovatt.office.records.models import Organisation

    with run.running_town(directory.path, wish, at) as (plan, town):
        site.migrate()
        told = run.read_and_bill(plan, town, at)
        association = Organisation.objects.get(code="romashka")
        result = report.report(told, association)
        if json:
            print_json(result)
        else:
            show.summary(result)
        if once:
            return
        logins = logins_of(directory.path, association, len(plan.meters))
        os.environ["KILOVATT_CLOCK_AHEAD_S"] = str(told.clock.ahead.total_seconds())
        show.invitation(f"http://{host}:{port}/", logins)
        err.print(_("Stop it with Ctrl+C; the data stay in {directory}.").format(directory=directory.path))
        site.serve(host=host, port=port, every_minutes=30)
