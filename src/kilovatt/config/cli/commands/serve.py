"""`kilovatt serve` and `kilovatt headend`: a site that runs until it is told to stop."""

import asyncio
from typing import Annotated

import typer

from kilovatt.config import site as running
from kilovatt.config.cli.options import DataOption
from kilovatt.config.cli.voice import _, complain
from kilovatt.config.figures import FiguresAddressError, host_and_port
from kilovatt.config.headend import LINES_MAX, read_for_ever

MetricsOption = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help=_("Where to tell figures of the reading, for Prometheus."))
]


def serve(
    host: Annotated[str, typer.Option(help=_("The address to serve the pages at."))] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help=_("The port to serve the pages at."))] = 8000,
    every: Annotated[int, typer.Option(min=1, help=_("Read all meters every so many minutes."))] = 30,
    readers: Annotated[
        int, typer.Option(min=0, max=64, help=_("How many processes read the meters; 0: only the pages are served."))
    ] = 1,
    metrics: MetricsOption = None,
    data: DataOption = None,
) -> None:
    """Run a site on this machine."""
    running.open_site(data)
    figures_at = [None] * readers if metrics is None else [_beside(metrics, number) for number in range(readers)]
    running.serve(host=host, port=port, every_minutes=every, figures_at=figures_at)


def headend(
    lines: Annotated[int, typer.Option(min=1, help=_("Hold at most so many lines."))] = LINES_MAX,
    metrics: MetricsOption = None,
    data: DataOption = None,
) -> None:
    """Be one of the processes that read the meters of a site."""
    running.open_site(data)
    asyncio.run(read_for_ever(lines, metrics and _beside(metrics, 0)))


def _beside(metrics: str, number: int) -> str:
    """Return the address so many ports behind one."""
    try:
        host, port = host_and_port(metrics)
    except FiguresAddressError:
        complain(_("Write --metrics as HOST:PORT, such as 127.0.0.1:9464."))
    return f"[{host}]:{port + number}" if ":" in host else f"{host}:{port + number}"
