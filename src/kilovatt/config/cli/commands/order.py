"""`kilovatt order` and `kilovatt orders`: a meter told something, and what became of it, without a browser."""

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn
from uuid import UUID

import typer

from kilovatt.config import site as running
from kilovatt.config.cli.options import DataOption
from kilovatt.config.cli.passwords import password_in
from kilovatt.config.cli.voice import EXIT_NOT_DONE, _, complain, err, ngettext, out, print_json
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.commands import CommandKind
from kilovatt.measure.metering.models import MeterModel
from kilovatt.office.operations.orders.order_refusals import OrderRefusedError

if TYPE_CHECKING:
    from kilovatt.measure.metering.commands import Command
    from kilovatt.office.records.models import Meter, MeterOrder, OrderList, User

_POLL_S = 0.3


class What(StrEnum):
    """What a meter is told."""

    OPEN_RELAY = "open-relay"
    CLOSE_RELAY = "close-relay"
    PERMIT_RELAY = "permit-relay"
    POWER_LIMIT = "power-limit"
    TARIFF_TABLE = "tariff-table"
    SET_CLOCK = "set-clock"
    SHIFT_CLOCK = "shift-clock"
    CHANGE_PASSWORD = "change-password"
    CHANGE_KEYS = "change-keys"


_SETS = {
    What.POWER_LIMIT: CommandKind.SET_POWER_LIMIT,
    What.TARIFF_TABLE: CommandKind.SET_TARIFF_TABLE,
}


class Level(StrEnum):
    """Which password of a meter is changed."""

    READING = "reading"
    COMMANDING = "commanding"


def kind_of(what: What) -> CommandKind:
    """Return the kind of a command by its name on the command line."""
    return _SETS.get(what) or CommandKind(what.value.replace("-", "_"))


ByOption = Annotated[str | None, typer.Option("--by", help=_("The login of the operator who answers for it."))]


def order(
    model: Annotated[str, typer.Argument(help=_("The model, as `kilovatt models` names it."))],
    serial: Annotated[str, typer.Argument(help=_("The serial number on record."))],
    what: Annotated[What, typer.Argument(help=_("What the meter is to be told."))],
    value: Annotated[
        str | None,
        typer.Argument(
            help=_(
                "power-limit: W. shift-clock: seconds, such as -30; without, what the clock is known to be off. "
                "tariff-table: 00:00=2,07:00=1,23:00=2."
            )
        ),
    ] = None,
    because: Annotated[str, typer.Option(help=_("Why; it stays on record."))] = "",
    by: ByOption = None,
    level: Annotated[
        Level, typer.Option(help=_("change-password: which one, for reading or for commanding."))
    ] = Level.READING,
    password_file: Annotated[
        Path | None,
        typer.Option(
            help=_("change-password: a file with the new one; without, it is made by chance and seen by nobody.")
        ),
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help=_("Approve it too: it is sent to the meter."))] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help=_("Say how it goes until it is over; end with 1 if it is not confirmed."))
    ] = False,
    data: DataOption = None,
) -> None:
    """Tell a meter something."""
    row = model_by_key(model)
    running.open_site(data)
    from kilovatt.office.operations.clock import now
    from kilovatt.office.operations.orders import orders

    operator, meter = operator_of(by), meter_on_record(row, serial)
    command = _command(row, meter, what, value, level=level, password_file=password_file)
    given = orders.request(meter, command, by=operator, because=because, now=now())
    if approve:
        try:
            orders.approve(given, by=operator, now=now())
        except OrderRefusedError as error:
            # It is on record, and waits for somebody else.
            _say(given)
            complain(_(error.sentence) % error.values)
        given.refresh_from_db()
    if wait:
        _follow(given)
        return
    _say(given)
    if not approve:
        words = _("Somebody approves it: kilovatt orders --approve {number} --by LOGIN.")
        out.print(words.format(number=given.pk), markup=False, soft_wrap=True)


def orders(
    json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
    approve: Annotated[UUID | None, typer.Option(help=_("Approve the order or list of this number."))] = None,
    withdraw: Annotated[
        UUID | None, typer.Option(help=_("Withdraw the order or list of this number, as far as it is in time."))
    ] = None,
    meters: Annotated[
        int | None, typer.Option(help=_("With --approve of a list: how many meters it comes to, as you have seen."))
    ] = None,
    by: ByOption = None,
    data: DataOption = None,
) -> None:
    """List what meters were told, or approve or withdraw one."""
    running.open_site(data)
    from kilovatt.config.cli.ordered import as_json, show, show_lists
    from kilovatt.office.operations.clock import now
    from kilovatt.office.operations.orders.order_file import orders_of_site

    if approve is not None:
        _approve(approve, meters=meters, by=operator_of(by))
    if withdraw is not None:
        _withdraw(withdraw, by=operator_of(by))
    if approve is not None or withdraw is not None:
        return
    listed = list(orders_of_site(now=now()))
    if json:
        print_json([as_json(one) for one in listed])
    else:
        show_lists()
        show(listed)


def _approve(number: UUID, *, meters: int | None, by: "User") -> None:
    from kilovatt.office.operations.clock import now
    from kilovatt.office.operations.orders import order_lists, orders

    listed = _list(number)
    if listed is not None:
        if meters is None:
            complain(_("It is a list: say with --meters how many meters it comes to."))
        sent = order_lists.approve_list(listed, by=by, orders=meters, now=now())
        listed.refresh_from_db()
        if not sent:
            _too_late(_("Order {number} does not wait for approval: it is {state}."), number, listed.state)
        words = ngettext("Approved: {n} meter is told.", "Approved: {n} meters are told.", sent)
        out.print(words.format(n=sent))
        return
    found = _order(number)
    is_done = orders.approve(found, by=by, now=now())
    found.refresh_from_db()
    if not is_done:
        _too_late(_("Order {number} does not wait for approval: it is {state}."), number, found.state)
    _say(found)


def _withdraw(number: UUID, *, by: "User") -> None:
    from kilovatt.office.operations.clock import now
    from kilovatt.office.operations.orders import order_lists, orders

    listed = _list(number)
    if listed is not None:
        taken_back = order_lists.withdraw_list(listed, by=by, now=now())
        words = ngettext("{n} command was taken back.", "{n} commands were taken back.", taken_back)
        out.print(words.format(n=taken_back))
        return
    found = _order(number)
    is_done = orders.withdraw(found, by=by, now=now())
    found.refresh_from_db()
    if not is_done:
        _too_late(_("Order {number} cannot be withdrawn any more: it is {state}."), number, found.state)
    _say(found)


def _too_late(refusal: str, number: UUID, state: str) -> NoReturn:
    from kilovatt.config.cli.ordered import state_called

    complain(refusal.format(number=number, state=state_called(state)))


def _list(number: UUID) -> "OrderList | None":
    from kilovatt.office.records.models import OrderList

    return OrderList.objects.select_related("organisation").filter(pk=number).first()


def operator_of(login: str | None) -> "User":
    """Return the user who answers for an order, or say that there is none and leave."""
    from kilovatt.office.records.models import User

    if not login:
        complain(_("Say who answers for it: --by LOGIN."))
    found = User.objects.filter(username=login, is_active=True).first()
    if found is None:
        complain(_("There is no login {login}.").format(login=login))
    return found


def meter_on_record(row: MeterModel, serial: str) -> "Meter":
    """Return a meter; says that none is on record and leaves with 1 where there is none."""
    from kilovatt.office.records.models import Meter

    meter = Meter.objects.filter(model_key=row.key, serial=serial).first()
    if meter is None:
        err.print(_("No meter {model} № {serial} is on record.").format(model=row.title, serial=serial), style="red")
        sys.exit(EXIT_NOT_DONE)
    return meter


def _order(number: UUID) -> "MeterOrder":
    from kilovatt.office.records.models import MeterOrder

    found = MeterOrder.objects.filter(pk=number).first()
    if found is None:
        complain(_("There is no order {number}.").format(number=number))
    return found


def _command(
    row: MeterModel, meter: "Meter", what: What, value: str | None, *, level: Level, password_file: Path | None
) -> "Command":
    from kilovatt.config.cli import ordering

    if what is What.CHANGE_PASSWORD:
        number = list(Level).index(level) + 1
        new = None if password_file is None else password_in(password_file)
        return ordering.change_of_password(row, level=number, new=new)
    return ordering.command(row, meter, what.value, value)


def _say(given: "MeterOrder") -> None:
    from kilovatt.config.cli.ordered import line_of

    out.print(line_of(given), markup=False, soft_wrap=True)


def _follow(given: "MeterOrder") -> None:
    """Say each state an order comes to until it is over, and end with 1 if it is not confirmed."""
    from kilovatt.measure.metering.orders import OrderState

    said = ""
    while True:
        given.refresh_from_db()
        state = OrderState(given.state)
        if state.value != said:
            _say(given)
            said = state.value
        if state.is_over or (state is OrderState.UNKNOWN and given.due_at is None):
            break
        time.sleep(_POLL_S)
    if state is not OrderState.CONFIRMED:
        sys.exit(EXIT_NOT_DONE)
