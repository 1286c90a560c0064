"""The commands, one module each; `app` is all of them."""

import typer

from kilovatt.config.cli.commands import (
    demo,
    explain,
    held,
    importing,
    keys,
    models,
    order,
    order_list,
    read,
    scan,
    simulate,
    site,
    status,
)
from kilovatt.config.cli.voice import _

app = typer.Typer(
    name="kilovatt",
    help=_("Reads electricity meters, makes bills that anyone can check, and shows both."),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("demo", help=_("Read, bill and show a simulated town: the whole path on this machine."))(demo.demo)
app.command("read", help=_("Read one meter, with no database at all."))(read.read)
app.command("scan", help=_("Find the meters on a line, and how to read them."))(scan.scan)
app.command("simulate", help=_("Be one meter on a TCP port, until interrupted."))(simulate.simulate)
app.command("explain", help=_("Explain frames byte by byte: requests and answers in turn."))(explain.explain)
app.command("models", help=_("List the models of meters, what each can do, and the grade of its evidence."))(
    models.models
)
app.command("migrate", help=_("Make or upgrade the database of this site."))(site.migrate)
app.command("createoperator", help=_("Make a login for an operator of an organisation."))(site.createoperator)
app.command("import", help=_("Take readings from a file of another system."))(importing.import_readings)
app.command("vat", help=_("Say which VAT the amounts of an organisation contain, from a day on."))(site.vat)
app.command("status", help=_("Say how much is read, why the rest is not, and who is at work."))(status.status)
# A correction of a clock may be negative, which looks like an option.
app.command(
    "order",
    help=_("Tell a meter something: relay, power limit, tariffs, clock, password, keys."),
    context_settings={"ignore_unknown_options": True},
)(order.order)
app.command("orders", help=_("List what meters were told and what became of it; approve or withdraw one."))(
    order.orders
)
app.command("orderlist", help=_("Tell many meters the same, from a list that is approved as a whole."))(
    order_list.order_list
)
app.command("secondperson", help=_("Say which commands whoever asked for them does not approve."))(
    order_list.second_person
)
app.command("held", help=_("List what wrong clocks have stamped, and accept or discard it."))(held.held)
app.add_typer(keys.app, name="keys", help=_("The keys of a site, and the passwords and keys of its meters."))
app.command("serve", help=_("Serve the pages, read the meters and keep the records, until interrupted."))(site.serve)
app.command("headend", help=_("Be one more process that reads the meters of a site, until told to stop."))(site.headend)
