"""`kilovatt held`: what wrong clocks have stamped, and what an operator decides on it."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from kilovatt.config import site as running
from kilovatt.config.cli.commands.order import ByOption, meter_on_record, operator_of
from kilovatt.config.cli.options import DataOption
from kilovatt.config.cli.voice import _, complain, ngettext, out, print_json
from kilovatt.measure.metering.catalogue import model_by_key

if TYPE_CHECKING:
    from kilovatt.office.records.models import Meter


class As(StrEnum):
    """With which instants what is held apart is accepted."""

    BY_ITS_CLOCK = "by-its-clock"
    AS_STAMPED = "as-stamped"


def held(
    model: Annotated[str | None, typer.Argument(help=_("The model, as `kilovatt models` names it."))] = None,
    serial: Annotated[str | None, typer.Argument(help=_("The serial number on record."))] = None,
    accept: Annotated[
        As | None,
        typer.Option(help=_("Accept it: moved by what its clock was off, or as it is stamped. Bills are made of it.")),
    ] = None,
    discard: Annotated[bool, typer.Option("--discard", help=_("Discard it: it is never billed."))] = False,
    only: Annotated[
        list[int] | None, typer.Option(help=_("Decide on the value of this number alone; may be given several times."))
    ] = None,
    because: Annotated[str, typer.Option(help=_("Why; it stays on record."))] = "",
    by: ByOption = None,
    json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
    data: DataOption = None,
) -> None:
    """List what is held apart, of all meters or of one, or decide on it."""
    if accept is not None and discard:
        complain(_("Either accept it or discard it."))
    if (accept is not None or discard) and (model is None or serial is None):
        complain(_("Say of which meter: its model and its serial number."))
    running.open_site(data)
    meter = None if model is None or serial is None else meter_on_record(model_by_key(model), serial)
    if accept is None and not discard:
        _list(meter, json=json)
        return
    assert meter is not None
    _decide(meter, accept, only, because=because, by=by)


def _decide(meter: "Meter", accept: As | None, only: list[int] | None, *, because: str, by: str | None) -> None:
    from kilovatt.office.operations.clock import now
    from kilovatt.office.operations.clocks import held_apart
    from kilovatt.office.operations.clocks.held_file import Decision, held_groups

    operator = operator_of(by)
    decision = {None: Decision.DISCARD, As.BY_ITS_CLOCK: Decision.BY_ITS_CLOCK, As.AS_STAMPED: Decision.AS_STAMPED}[
        accept
    ]
    groups = [group for group in held_groups(meter.pk) if decision in group.decisions]
    offered = {value.held_id for group in groups for value in group.values}
    for number in only or ():
        if number not in offered:
            complain(_("Of value {number} that cannot be decided.").format(number=number))
    ids = only or offered
    if accept is None:
        settled = held_apart.discard(meter, ids, because=because, by=operator, now=now())
        words = ngettext("{n} value was discarded.", "{n} values were discarded.", settled)
    else:
        move_by_s = 0 if accept is As.AS_STAMPED else None
        settled = held_apart.release(meter, ids, move_by_s=move_by_s, because=because, by=operator, now=now())
        words = ngettext("{n} value was accepted.", "{n} values were accepted.", settled)
    out.print(words.format(n=settled), markup=False)


def _list(meter: "Meter | None", *, json: bool) -> None:
    from kilovatt.config.cli.held import as_json, show
    from kilovatt.office.operations.clocks.held_file import held_groups, meters_with_held
    from kilovatt.office.records.models import Meter

    meters = [meter] if meter is not None else list(Meter.objects.filter(pk__in=meters_with_held()).order_by("pk"))
    groups = [(one, group) for one in meters for group in held_groups(one.pk)]
    if json:
        print_json([as_json(one, group) for one, group in groups])
    else:
        show(groups)
