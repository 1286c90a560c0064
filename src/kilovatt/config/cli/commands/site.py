"""What a site in earnest needs first: `migrate`, `createoperator`, `serve`, `headend`."""

import asyncio
import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kilovatt.config import site as running
from kilovatt.config.cli.passwords import password_in
from kilovatt.config.cli.voice import _, complain, out
from kilovatt.config.figures import FiguresAddressError, host_and_port
from kilovatt.config.headend import LINES_MAX, read_for_ever

DataOption = Annotated[
    Path | None, typer.Option("--data", help=_("The data directory (default: KILOVATT_DATA or ./kilovatt-data)."))
]

MetricsOption = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help=_("Where to tell figures of the reading, for Prometheus."))
]


def migrate(data: DataOption = None) -> None:
    """Make or upgrade the database of a site."""
    running.open_site(data)
    running.migrate()
    out.print(_("The database is ready."))


def createoperator(
    username: Annotated[str, typer.Argument(help=_("The login."))],
    organisation: Annotated[str, typer.Option(help=_("The organisation's code, such as snt-romashka."))],
    name: Annotated[str | None, typer.Option(help=_("The organisation's name, if it is new."))] = None,
    password_file: Annotated[
        Path | None, typer.Option(help=_("A file that holds the password; asked for otherwise."))
    ] = None,
    data: DataOption = None,
) -> None:
    """Make a login for an operator."""
    running.open_site(data)
    if password_file is not None:
        password = password_in(password_file)
    else:
        password = os.environ.get("KILOVATT_OPERATOR_PASSWORD") or typer.prompt(
            _("Password"), hide_input=True, confirmation_prompt=True
        )
    trouble = running.create_operator(
        username=username, password=password, organisation_code=organisation, organisation_name=name
    )
    if trouble:
        complain(trouble)
    out.print(_("{username} may operate {organisation} now.").format(username=username, organisation=organisation))


class Vat(StrEnum):
    """Which value added tax an organisation's amounts contain."""

    GENERAL = "general"
    FIVE = "five"
    SEVEN = "seven"
    NONE = "none"


def vat(
    organisation: Annotated[str, typer.Argument(help=_("The organisation's code, such as snt-romashka."))],
    rate: Annotated[
        Vat, typer.Argument(help=_("The general rate, five or seven percent (simplified system), or none."))
    ],
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help=_("The first day it holds."))],
    data: DataOption = None,
) -> None:
    """Say which VAT an organisation's amounts contain from a day on."""
    running.open_site(data)
    if not running.set_vat(organisation_code=organisation, rate=rate.value, valid_from=since.date()):
        complain(_("There is no organisation {code} yet.").format(code=organisation))
    out.print(_("Bills of {organisation} say so from {since}.").format(organisation=organisation, since=since.date()))


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
