"""What a site in earnest needs first: `migrate`, `createoperator`, `vat`."""

import os
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kilovatt.config import site as running
from kilovatt.config.cli.options import DataOption
from kilovatt.config.cli.passwords import password_in
from kilovatt.config.cli.voice import _, complain, out


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
