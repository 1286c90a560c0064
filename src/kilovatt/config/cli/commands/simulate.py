"""`kilovatt simulate`: one meter on a TCP port, until interrupted."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from kilovatt.config.cli.instants import instant
from kilovatt.config.cli.keys import given_keys
from kilovatt.config.cli.transcripts import transcript_in
from kilovatt.config.cli.voice import _, complain, err, ngettext, out
from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.catalogue.spodus import is_concentrator
from kilovatt.wire.explain.transcript import Transcript
from kilovatt.wire.simulator.calling import IMEI, CallingHabits, serve_calling
from kilovatt.wire.simulator.faults import FaultKind
from kilovatt.wire.simulator.plan import ConcentratorPlan, MeterPlan, TownPlan
from kilovatt.wire.simulator.replayed import ReplayedBus, serve_replay, serve_replay_at_terminal
from kilovatt.wire.simulator.single import plan_concentrator, plan_single, serve_one

TERMINAL = "pty"
"""Stands for a place to listen: a pseudo-terminal."""
SHOWN_BYTES = 40


def simulate(
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help=_("Where to listen; port 0 takes a free one."))
    ] = None,
    model: Annotated[str | None, typer.Option(help=_("The model, as `kilovatt models` names it."))] = None,
    serial: Annotated[int | None, typer.Option(help=_("The serial number."))] = None,
    address: Annotated[int | None, typer.Option(help=_("The address on the line, if not the factory's."))] = None,
    password: Annotated[str | None, typer.Option(help=_("The password of level 1, if not the factory's."))] = None,
    keys_file: Annotated[
        Path | None, typer.Option(help=_("A file with the meter's keys (or set KILOVATT_METER_KEYS)."))
    ] = None,
    households: Annotated[Path | None, typer.Option(help=_("A Parquet file of half-hour curves."))] = None,
    household: Annotated[str | None, typer.Option(help=_("The column that feeds the meter."))] = None,
    meters: Annotated[
        int, typer.Option(min=0, max=500, help=_("How many meters stand behind a concentrator (spodus-uspd)."))
    ] = 5,
    now: Annotated[str | None, typer.Option(help=_("What the meter's clock shows at the start."))] = None,
    fault: Annotated[list[FaultKind] | None, typer.Option(help=_("What is wrong; may be said more than once."))] = None,
    replay: Annotated[
        Path | None,
        typer.Option(help=_("A transcript to serve as a meter, on a port or (--listen pty) a terminal of its own.")),
    ] = None,
    real_time: Annotated[
        bool, typer.Option("--real-time", help=_("Let a replayed meter think as long as it did."))
    ] = False,
    call: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help=_("Instead of listening, call in there as a modem of iRZ does.")),
    ] = None,
    imei: Annotated[str, typer.Option(help=_("The IMEI of the modem that calls in."))] = IMEI,
) -> None:
    """Be one meter behind a TCP port."""
    listen = listen or call
    if listen is None:
        complain(_("Where is the meter to be? Add --listen HOST:PORT, or --call HOST:PORT to call in as a modem does."))
    if replay is not None:
        _replay(replay, listen, model, in_real_time=real_time)
        return
    if model is None:
        complain(_("What is to be simulated? Add --model, or --replay with a transcript."))
    host, port = _host_and_port(listen)
    row = model_by_key(model)
    faults = frozenset(fault or ())
    if is_concentrator(row):
        behind = plan_concentrator(
            row, meters=meters, now=instant(now), port=port, serial=serial, password=password, faults=faults
        )
        asyncio.run(_serve_plan(behind, host) if call is None else _call_in(behind, host, port, imei))
        return
    keys = given_keys(row, keys_file)
    plan = plan_single(
        row,
        now=instant(now),
        port=port,
        serial=serial,
        address=address,
        password=password,
        keys=keys.bundle,
        master_key=keys.master,
        households=households,
        household=household,
        faults=faults,
    )
    asyncio.run(_serve_plan(plan, host) if call is None else _call_in(plan, host, port, imei))


def _replay(file: Path, listen: str, model: str | None, *, in_real_time: bool) -> None:
    if model is not None:
        complain(_("A transcript says itself which model it is of: leave --model out."))
    transcript = transcript_in(file)
    place = None if listen == TERMINAL else _host_and_port(listen)
    bus = ReplayedBus(transcript, in_real_time=in_real_time)
    if not transcript.finished:
        err.print(_("The session was cut off: the meter knows what was asked until then."))
    asyncio.run(_serve_replay(transcript, bus, place))
    bus.fall_silent()
    if bus.unheard:
        words = ngettext(
            "{n} request was not in the transcript: {first}",
            "{n} requests were not in the transcript: first {first}",
            bus.unheard,
        )
        first = bus.first_unheard[:SHOWN_BYTES].hex(" ").upper() + (
            " …" if len(bus.first_unheard) > SHOWN_BYTES else ""
        )
        err.print(words.format(n=bus.unheard, first=first), soft_wrap=True)


async def _serve_replay(transcript: Transcript, bus: ReplayedBus, place: tuple[str, int] | None) -> None:
    def listening(line: str) -> None:
        words = _("{model} as it was read on {began}, listens on {line}")
        began = transcript.head.began_at.isoformat().replace("+00:00", "Z")
        out.print(words.format(model=transcript.head.model, began=began, line=line), soft_wrap=True)
        err.print(_("Stop it with Ctrl+C."))

    if place is None:
        await _until_interrupted(
            serve_replay_at_terminal(transcript, bus, listening=lambda path: listening(f"serial://{path}"))
        )
        return
    host, port = place
    shown = f"[{host}]" if ":" in host else host
    await _until_interrupted(
        serve_replay(transcript, bus, host=host, port=port, listening=lambda taken: listening(f"tcp://{shown}:{taken}"))
    )


async def _serve_plan(plan: TownPlan, host: str) -> None:
    def listening(port: int) -> None:
        words = _("{model} № {serial}, address {address}, listens on tcp://{host}:{port}")
        for facts in _listening(plan):
            out.print(words.format(**facts, host=host, port=port), soft_wrap=True)
        err.print(_("Stop it with Ctrl+C."))

    await _until_interrupted(serve_one(plan, host=host, listening=listening))


async def _call_in(plan: TownPlan, host: str, port: int, imei: str) -> None:
    def connected() -> None:
        words = _("{model} № {serial}, address {address}, called tcp://{host}:{port} as modem {imei}")
        for facts in _listening(plan):
            out.print(words.format(**facts, host=host, port=port, imei=imei), soft_wrap=True)

    err.print(_("Stop it with Ctrl+C."))
    habits = CallingHabits(imei=imei)
    await _until_interrupted(serve_calling(plan, habits, host=host, port=port, connected=connected))


def _listening(plan: TownPlan) -> Iterator[dict[str, object]]:
    planned: list[MeterPlan | ConcentratorPlan] = [
        line.concentrator for line in plan.lines if line.concentrator is not None
    ]
    for one in (*planned, *plan.meters):
        yield {"model": model_by_key(one.model).title, "serial": one.serial, "address": one.address}


async def _until_interrupted(service: Coroutine[Any, Any, None]) -> None:
    serving = asyncio.ensure_future(service)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        return


def _host_and_port(listen: str) -> tuple[str, int]:
    host, _colon, port = listen.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65_535:
        complain(_("{listen} is no place to listen. Write it as 127.0.0.1:4001.").format(listen=repr(listen)))
    return host.strip("[]"), int(port)
