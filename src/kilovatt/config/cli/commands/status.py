"""`kilovatt status`: how much is read, why the rest is not, and who is at work, in one look."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kilovatt.config import site as running
from kilovatt.config.cli.options import DataOption
from kilovatt.config.cli.voice import EXIT_NOT_DONE, _, complain, err, print_json


def status(
    json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
    fail_below: Annotated[
        float | None,
        typer.Option(
            min=0, max=100, help=_("End with 1 if less than so many percent of the meters were read within a day.")
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help=_("How many past days are to be whole."))] = 30,
    lines: Annotated[int, typer.Option(min=0, help=_("How many lines to show, the worst first."))] = 10,
    data: DataOption = None,
) -> None:
    """Say how a site stands."""
    directory = running.open_site(data)
    if _database_is_behind():
        complain(_("The database is not ready. Make or upgrade it: kilovatt migrate."))
    from kilovatt.config.cli import standing
    from kilovatt.office.operations.clock import site_clock
    from kilovatt.office.operations.intake.callers import unknown_callers
    from kilovatt.office.operations.standing.site_status import site_status

    found, strangers = site_status(now=site_clock().now(), days=days), unknown_callers()
    if json:
        print_json(standing.as_json(found, days=days, strangers=strangers))
    else:
        standing.show(found, days=days, lines=lines, data=Path(directory.path), strangers=strangers)
    if fail_below is not None and found.success.read.is_below(fail_below):
        words = _("The meters that were read within a day are fewer than {percent:g} %.").format(percent=fail_below)
        err.print(words, style="red", markup=False)
        sys.exit(EXIT_NOT_DONE)


def _database_is_behind() -> bool:
    """Whether the database lacks something that this Kilovatt's migrations make."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
