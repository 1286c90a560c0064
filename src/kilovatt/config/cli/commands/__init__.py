"""The commands, one module each; `app` is all of them.

A command's module is imported when the command is run, or its help is shown: `kilovatt status` need not know how a town
is simulated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from kilovatt.config.cli.voice import _


@dataclass(frozen=True, slots=True)
class _Entry:
    """A command: where it is, and what is said of it."""

    module: str
    function: str
    help: str
    settings: Mapping[str, Any] | None = None

    def made(self, name: str) -> TyperCommand | TyperGroup:
        found = getattr(import_module(f"{__name__}.{self.module}"), self.function)
        if isinstance(found, typer.Typer):
            # Several commands under one name.
            made = get_command(found)
            made.name, made.help = name, self.help
        else:
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
            alone.command(name, help=self.help, context_settings=dict(self.settings or {}))(found)
            made = get_command(alone)
        assert isinstance(made, TyperCommand | TyperGroup)
        return made


_COMMANDS: Mapping[str, _Entry] = {
    "demo": _Entry("demo", "demo", _("Read, bill and show a simulated town: the whole path on this machine.")),
    "read": _Entry("read", "read", _("Read one meter, with no database at all.")),
    "scan": _Entry("scan", "scan", _("Find the meters on a line, and how to read them.")),
    "simulate": _Entry("simulate", "simulate", _("Be one meter on a TCP port, until interrupted.")),
    "explain": _Entry("explain", "explain", _("Explain frames byte by byte: requests and answers in turn.")),
    "models": _Entry(
        "models", "models", _("List the models of meters, what each can do, and the grade of its evidence.")
    ),
    "migrate": _Entry("site", "migrate", _("Make or upgrade the database of this site.")),
    "createoperator": _Entry("site", "createoperator", _("Make a login for an operator of an organisation.")),
    "import": _Entry("importing", "import_readings", _("Take readings from a file of another system.")),
    "vat": _Entry("site", "vat", _("Say which VAT the amounts of an organisation contain, from a day on.")),
    "status": _Entry("status", "status", _("Say how much is read, why the rest is not, and who is at work.")),
    "order": _Entry(
        "order",
        "order",
        _("Tell a meter something: relay, power limit, tariffs, clock, password, keys."),
        # A correction of a clock may be negative, which looks like an option.
        {"ignore_unknown_options": True},
    ),
    "orders": _Entry(
        "order", "orders", _("List what meters were told and what became of it; approve or withdraw one.")
    ),
    "orderlist": _Entry(
        "order_list", "order_list", _("Tell many meters the same, from a list that is approved as a whole.")
    ),
    "secondperson": _Entry(
        "order_list", "second_person", _("Say which commands whoever asked for them does not approve.")
    ),
    "held": _Entry("held", "held", _("List what wrong clocks have stamped, and accept or discard it.")),
    "keys": _Entry("keys", "app", _("The keys of a site, and the passwords and keys of its meters.")),
    "serve": _Entry("serve", "serve", _("Serve the pages, read the meters and keep the records, until interrupted.")),
    "headend": _Entry(
        "serve", "headend", _("Be one more process that reads the meters of a site, until told to stop.")
    ),
}


class _AsWanted(Mapping[str, TyperCommand | TyperGroup]):
    """The commands by name, each made when it is wanted."""

    def __getitem__(self, name: str) -> TyperCommand | TyperGroup:
        return _COMMANDS[name].made(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


class _Commands(TyperGroup):
    """All commands, in the order in which they are listed."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  # whatever Typer hands its group
        super().__init__(**settings)
        self.commands = _AsWanted()  # type: ignore[assignment]  # nobody adds one

    def list_commands(self, ctx: object) -> list[str]:
        del ctx
        return list(self.commands)


app = typer.Typer(
    name="kilovatt",
    cls=_Commands,
    help=_("Reads electricity meters, makes bills that anyone can check, and shows both."),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def _all() -> None:
    pass
