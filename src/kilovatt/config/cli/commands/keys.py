"""`kilovatt keys`: the master key of a site, and which meters anybody can open."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from kilovatt.config import site as running
from kilovatt.config.cli.keys import given_keys
from kilovatt.config.cli.options import DataOption
from kilovatt.config.cli.passwords import password_in
from kilovatt.config.cli.voice import EXIT_NOT_DONE, _, complain, err, ngettext, out, print_json
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.protocols.dlms.security.slots import MASTER, slots_of

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich")
_SHOWN = 20


def status(
    json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
    data: DataOption = None,
) -> None:
    """Say which master key is used, and which meters still have the passwords of their factory."""
    running.open_site(data)
    from kilovatt.office.operations.secrets.master_key import masters, on_factory_passwords

    weak = list(on_factory_passwords())
    if json:
        meters = [
            {"model": one.model_key, "serial": one.serial, "reading": one.reading, "commanding": one.commanding}
            for one in weak
        ]
        print_json({"master_key": masters()[0], "on_factory_passwords": meters})
        return
    out.print(_("Master key {name}.").format(name=masters()[0]))
    count = len(weak)
    if not count:
        out.print(_("No meter has a password of its factory."))
        return
    words = ngettext(
        "{n} meter has a password of its factory: whoever has its manual can open it.",
        "{n} meters have passwords of their factories: whoever has their manuals can open them.",
        count,
    )
    out.print(words.format(n=count))
    table = Table(box=None, pad_edge=False, show_header=False)
    for one in weak[:_SHOWN]:
        levels = [name for name, holds in ((_("reading"), one.reading), (_("commanding"), one.commanding)) if holds]
        table.add_row(model_by_key(one.model_key).title, f"№ {one.serial}", ", ".join(levels))
    out.print(table)
    if count > _SHOWN:
        out.print(_("… and so on; --json lists all."))


def rotate(data: DataOption = None) -> None:
    """Change the master key; secrets of meters stay as they are."""
    directory = running.open_site(data)
    from kilovatt.config.data_directory import BEFORE, MASTER_KEY, NEXT, master_key_given
    from kilovatt.office.operations.secrets.master_key import change_master_key, seal_data_keys_under

    given = master_key_given()
    if given is not None:
        changed = seal_data_keys_under(directory.master_keys()[0])
        out.print(_("Everything is under the key of {file} now.").format(file=given))
    else:
        file = directory.keys / MASTER_KEY
        changed = change_master_key(
            file, next_file=directory.keys / f"{MASTER_KEY}{NEXT}", before_file=directory.keys / f"{MASTER_KEY}{BEFORE}"
        )
        out.print(_("The new master key is in {file}; the old one stays beside it.").format(file=file))
        out.print(_("Backups of the database from before need the old one: keep it as long as you keep them."))
    out.print(ngettext("{n} data key sealed anew.", "{n} data keys sealed anew.", changed).format(n=changed))


def set_secrets(
    model: Annotated[str, typer.Argument(help=_("The model, as `kilovatt models` names it."))],
    serial: Annotated[str, typer.Argument(help=_("The serial number on record."))],
    password_file: Annotated[Path | None, typer.Option(help=_("A file with the password for reading."))] = None,
    commanding_password_file: Annotated[
        Path | None, typer.Option(help=_("A file with the password of the second access level."))
    ] = None,
    keys_file: Annotated[Path | None, typer.Option(help=_("A file with its keys, as for `kilovatt read`."))] = None,
    data: DataOption = None,
) -> None:
    """Put a meter's password and keys on record, sealed; the meter itself is not told."""
    row = model_by_key(model)
    if password_file is None and commanding_password_file is None and keys_file is None:
        complain(_("Say what to put on record: --password-file, --commanding-password-file or --keys-file."))
    passwords = {1: password_file, 2: commanding_password_file}
    told = {level: password_in(file) for level, file in passwords.items() if file is not None}
    for password in told.values():
        if row.password is None or not row.password.allows(password):
            complain(_("A {model} cannot have such a password.").format(model=row.title))
    slots: dict[str, str] = {}
    if keys_file is not None:
        given = given_keys(row, keys_file)
        slots = slots_of(given.bundle) | ({} if given.master is None else {MASTER: given.master.hex()})
    running.open_site(data)
    from kilovatt.office.operations.secrets.meter_keys import put_keys, put_password
    from kilovatt.office.records.models import Meter

    meter = Meter.objects.filter(model_key=model, serial=serial).first()
    if meter is None:
        err.print(_("No meter {model} № {serial} is on record.").format(model=row.title, serial=serial), style="red")
        sys.exit(EXIT_NOT_DONE)
    for level, password in told.items():
        put_password(meter, password, level=level)
    if slots:
        put_keys(meter, {slot: bytes.fromhex(key) for slot, key in slots.items()})
    out.print(_("On record, sealed, for {model} № {serial}.").format(model=row.title, serial=serial))


app.command("status", help=_("Say which master key is used, and which meters have passwords of their factories."))(
    status
)
app.command("rotate", help=_("Change the master key; secrets of meters stay as they are."))(rotate)
app.command("set", help=_("Put a meter's password and keys on record, sealed."))(set_secrets)
