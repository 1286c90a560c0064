"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from kilovatt.config.cli.voice import _

DataOption = Annotated[
    Path | None, typer.Option("--data", help=_("The data directory (default: KILOVATT_DATA or ./kilovatt-data)."))
]
