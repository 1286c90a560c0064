"""`kilovatt scan`: which meters are on a line, and how to read them."""

import asyncio
import signal
import sys
from typing import Annotated

import typer

from kilovatt.config.cli.scanned import as_json, show, trying
from kilovatt.config.cli.voice import EXIT_NOT_DONE, _, complain, err, print_json
from kilovatt.config.scan_scope import usual_timeout_s
from kilovatt.measure.metering.scans import (
    ADDRESSES_MAX,
    NoAddressesError,
    TooManyAddressesError,
    addresses_listed,
)
from kilovatt.office.pages import scan_words as words_of
from kilovatt.wire.drivers.finding.order import Verdict
from kilovatt.wire.drivers.finding.probes import Way
from kilovatt.wire.drivers.finding.scope import Scope
from kilovatt.wire.headend.scanning import Progress, Scan, ScanReport, scope_of

EXIT_INTERRUPTED = 130


def scan(
    line: Annotated[
        str, typer.Argument(help=_("tcp://HOST:PORT or serial:///dev/ttyUSB0, all speeds unless one is stated."))
    ],
    addresses: Annotated[
        str | None, typer.Option(help=_("Addresses to ask one by one: 1-240 or 17,41,100-120."))
    ] = None,
    serial: Annotated[
        list[int] | None,
        typer.Option(min=1, help=_("A serial number on the face of a meter; may be said more than once.")),
    ] = None,
    protocol: Annotated[
        list[Way] | None, typer.Option(help=_("Look in this way only; may be said more than once."))
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.05, max=30, help=_("How long to wait for an answer, s (0.3; over a network 0.6; in a call 3).")
        ),
    ] = None,
    factory_passwords: Annotated[
        bool,
        typer.Option("--factory-passwords", help=_("Let each meter be tried once with its maker's reading password.")),
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help=_("Try all speeds and protocols though somebody was found."))
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=_("Print JSON for a program."))] = False,
) -> None:
    """Find the meters on a line."""
    scope = Scope(
        ways=frozenset(protocol or Way),
        addresses=_addresses(addresses),
        serials=tuple(serial or ()),
        timeout_s=timeout if timeout is not None else usual_timeout_s(line),
        factory_passwords=factory_passwords,
        thorough=thorough,
    )
    report, interrupted = asyncio.run(_run(line, scope))
    if json:
        print_json(as_json(report))
    else:
        show(report, scope)
    if interrupted:
        sys.exit(EXIT_INTERRUPTED)
    if report.verdict is not Verdict.FOUND:
        sys.exit(EXIT_NOT_DONE)


async def _run(line: str, scope: Scope) -> tuple[ScanReport, bool]:
    """Search, and return what was found, and whether the search was interrupted."""
    search = Scan(line, scope_of(line, scope))
    with err.status(_("Looking for meters at {line} …").format(line=line), spinner="dots") as status:

        def tell(progress: Progress) -> None:
            status.update(trying(progress))

        running = asyncio.ensure_future(search.run(on_progress=tell))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, running.cancel)
        try:
            return await running, False
        except asyncio.CancelledError:
            return search.report(), True


def _addresses(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    try:
        return addresses_listed(text)
    except NoAddressesError as error:
        complain(_(words_of.NO_ADDRESSES).format(text=repr(error.text)))
    except TooManyAddressesError as error:
        complain(_(words_of.TOO_MANY_ADDRESSES).format(count=error.count, maximum=ADDRESSES_MAX))
