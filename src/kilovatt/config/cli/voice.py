"""How the command line speaks: its language, its colours, and what it says when something is wrong."""

import gettext
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

EXIT_BAD_INPUT = 2
"""The exit code when what was asked cannot be done as asked."""
EXIT_NOT_DONE = 1
"""The exit code when it was tried and did not succeed."""

_LOCALE = Path(__file__).resolve().parent.parent.parent / "locale"

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def language() -> str:
    """The language to speak: KILOVATT_LANGUAGE, else that of the environment; Russian or English."""
    for name in ("KILOVATT_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "ru" if value.lower().startswith("ru") else "en"
    return "en"


_translation = gettext.translation("django", _LOCALE, [language()], fallback=True)
_: Callable[[str], str] = _translation.gettext
ngettext: Callable[[str, str, int], str] = _translation.ngettext


def complain(sentence: str) -> NoReturn:
    """Say what is wrong and what to do, and leave with EXIT_BAD_INPUT."""
    words = _("Not possible:")
    err.print(f"[bold red]{words}[/] ", end="")
    err.print(sentence, markup=False, soft_wrap=True)
    sys.exit(EXIT_BAD_INPUT)


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write one JSON value to standard output, for programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def progress() -> Progress:
    """A progress bar on standard error; silent where that is not a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
