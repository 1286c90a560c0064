"""`kilovatt import`: readings from a file of another system."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kilovatt.config import site as running
from kilovatt.config.cli.options import DataOption
from kilovatt.config.cli.voice import EXIT_NOT_DONE, _, complain, err, ngettext, out, print_json
from kilovatt.office.exchange.mapping import read_mapping
from kilovatt.wire.headend.clock import MachineClock

if TYPE_CHECKING:
    from kilovatt.office.operations.intake.import_readings import Imported

_SHOWN = 20


def import_readings(
    file: Annotated[Path, typer.Argument(help=_("A table: CSV or XLSX."))],
    mapping: Annotated[Path, typer.Option(help=_("A TOML file that says what its columns mean (see the manual)."))],
    organisation: Annotated[str, typer.Option(help=_("The organisation's code, such as snt-romashka."))],
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Look at everything and take nothing."))] = False,
    json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
    data: DataOption = None,
) -> None:
    """Take readings from a file; the same file again changes nothing."""
    declared = read_mapping(mapping)
    running.open_site(data)
    from kilovatt.office.operations.intake import import_readings as operation

    if not running.is_organisation(organisation):
        complain(_("There is no organisation {code} yet.").format(code=organisation))
    with err.status(_("Reading {file} …").format(file=file.name), spinner="dots") as status:
        imported = operation.import_readings(
            file,
            declared,
            organisation_code=organisation,
            now=MachineClock().now(),
            dry=dry_run,
            progress=lambda rows: status.update(ngettext("{n} row …", "{n} rows …", rows).format(n=rows)),
        )
    if json:
        print_json(
            {
                "rows": imported.rows,
                "meters": len(imported.meters),
                "registers": imported.registers,
                "known": imported.known,
                "complaints": [{"row": one.row, "because": str(one)} for one in imported.complaints],
            }
        )
    else:
        _show(imported, dry_run=dry_run)
    if imported.complaints:
        sys.exit(EXIT_NOT_DONE)


def _show(imported: "Imported", *, dry_run: bool) -> None:
    meters = len(imported.meters)
    of_meters = ngettext("{n} meter", "{n} meters", meters).format(n=meters)
    registers = ngettext("{n} register", "{n} registers", imported.registers).format(n=imported.registers)
    taken = _("Would be taken: {registers} of {meters}.") if dry_run else _("Taken: {registers} of {meters}.")
    out.print(taken.format(registers=registers, meters=of_meters))
    if imported.known:
        words = ngettext(
            "{n} meter had its rows taken before.", "{n} meters had their rows taken before.", imported.known
        )
        out.print(words.format(n=imported.known))
    if not imported.complaints:
        return
    count = len(imported.complaints)
    err.print(ngettext("{n} row is not taken:", "{n} rows are not taken:", count).format(n=count), style="red")
    for complaint in imported.complaints[:_SHOWN]:
        because = _(complaint.sentence) % complaint.values
        err.print(_("row {row}: {because}").format(row=complaint.row, because=because), markup=False, soft_wrap=True)
    if count > _SHOWN:
        err.print(_("… and so on; --json lists all."))
