"""`kilovatt orderlist` and `kilovatt secondperson`: many meters told the same, and who approves what."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from kilovatt.config import site as running
from kilovatt.config.cli.commands.order import ByOption, What, kind_of, operator_of
from kilovatt.config.cli.options import DataOption
from kilovatt.config.cli.voice import EXIT_NOT_DONE, _, complain, err, ngettext, out, print_json
from kilovatt.office.exchange.faults import FileFaultError
from kilovatt.office.exchange.listed_meters import BYTES_MAX, MeterListFile, meter_list

if TYPE_CHECKING:
    from kilovatt.office.operations.orders.order_lists import ListSum
    from kilovatt.office.records.models import OrderList, Organisation

_SHOWN = 20


class ToMany(StrEnum):
    """What many meters are told at once."""

    OPEN_RELAY = "open-relay"
    CLOSE_RELAY = "close-relay"
    PERMIT_RELAY = "permit-relay"


def order_list(
    what: Annotated[ToMany, typer.Argument(help=_("What the meters are to be told."))],
    file: Annotated[Path, typer.Argument(help=_("A text file: a serial or account number in each row."))],
    organisation: Annotated[str, typer.Option(help=_("The organisation's code, such as snt-romashka."))],
    because: Annotated[str, typer.Option(help=_("Why; it stays on record."))] = "",
    by: ByOption = None,
    json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
    data: DataOption = None,
) -> None:
    """Put a list on record that tells many meters the same; somebody approves it as a whole."""
    listed = _file(file)
    running.open_site(data)
    from kilovatt.office.operations.clock import now
    from kilovatt.office.operations.orders.order_lists import request_list, sum_of

    given = request_list(
        _organisation(organisation),
        kind_of(What(what.value)),
        listed,
        by=operator_of(by),
        because=because,
        now=now(),
    )
    total = sum_of(given)
    if json:
        print_json(
            {
                "list": str(given.pk),
                "kind": given.kind,
                "state": given.state,
                "orders": total.orders,
                "models": dict(total.by_model),
                "left_out": [{"row": row, "number": name, "why": why} for row, name, why in given.left_out],
            }
        )
    else:
        _show(given, total)
    if not total.orders:
        sys.exit(EXIT_NOT_DONE)


def _show(given: "OrderList", total: "ListSum") -> None:
    from django.utils.translation import gettext

    from kilovatt.measure.metering.orders import LeftOut
    from kilovatt.office.pages.order_words import LEFT_OUT

    meters = ngettext("{n} meter", "{n} meters", total.orders).format(n=total.orders)
    out.print(_("List {number}: {meters}.").format(number=given.pk, meters=meters), markup=False, soft_wrap=True)
    table = Table(box=None, pad_edge=False, show_header=False)
    for title, n in total.by_model:
        table.add_row(Text(title), str(n))
    out.print(table)
    if given.left_out:
        count = len(given.left_out)
        err.print(ngettext("{n} row is left out:", "{n} rows are left out:", count).format(n=count), style="red")
        for row, name, why in given.left_out[:_SHOWN]:
            words = _("row {row}, {name}: {because}").format(
                row=row, name=name, because=gettext(LEFT_OUT[LeftOut(why)])
            )
            err.print(words, markup=False, soft_wrap=True)
        if count > _SHOWN:
            err.print(_("… and so on; --json lists all."))
    if total.orders:
        words = _("Somebody approves it: kilovatt orders --approve {number} --meters {n} --by LOGIN.")
        out.print(words.format(number=given.pk, n=total.orders), markup=False, soft_wrap=True)


def second_person(
    organisation: Annotated[str, typer.Argument(help=_("The organisation's code, such as snt-romashka."))],
    kinds: Annotated[
        list[What] | None, typer.Argument(help=_("The commands that whoever asked for them does not approve."))
    ] = None,
    lists: Annotated[
        bool | None,
        typer.Option("--lists/--no-lists", help=_("Whether lists want a second person, whatever they tell.")),
    ] = None,
    none: Annotated[bool, typer.Option("--none", help=_("No single command wants a second person."))] = False,
    by: ByOption = None,
    json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
    data: DataOption = None,
) -> None:
    """Say which commands of an organisation want a second person; without any, print what holds."""
    if kinds and none:
        complain(_("Say either which commands, or --none."))
    running.open_site(data)
    from django.utils.translation import gettext

    from kilovatt.office.operations.clock import now
    from kilovatt.office.operations.orders.approval_rules import rule_of, say_rule
    from kilovatt.office.pages.order_words import KINDS

    found = _organisation(organisation)
    rule = rule_of(found)
    if kinds or none or lists is not None:
        said = frozenset(kind_of(kind) for kind in kinds or ()) if kinds or none else rule.kinds
        rule = say_rule(found, kinds=said, lists=rule.lists if lists is None else lists, by=operator_of(by), now=now())
    if json:
        print_json({"kinds": sorted(rule.kinds), "lists": rule.lists, "said_by": rule.said_by})
        return
    names = [gettext(KINDS[kind].name) for kind in KINDS if kind in rule.kinds]
    names += [_("every list")] if rule.lists else []
    out.print(_("A second person approves: {names}.").format(names=", ".join(names) or _("none")), soft_wrap=True)
    if rule.said_at is None:
        out.print(_("Nobody has said otherwise: so it is where an organisation has two operators or more."))


def _file(file: Path) -> MeterListFile:
    try:
        with file.open("rb") as opened:
            return meter_list(opened.read(BYTES_MAX + 1), name=file.name)
    except OSError as error:
        raise FileFaultError("%(file)s cannot be read: %(reason)s.", file=file, reason=error.strerror) from error


def _organisation(code: str) -> "Organisation":
    from kilovatt.office.records.models import Organisation

    found = Organisation.objects.filter(code=code).first()
    if found is None:
        complain(_("There is no organisation {code} yet.").format(code=code))
    return found
