"""Meters and modems that call real head-end processes: pushes become events, and lines follow their calls."""

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from called_in import calling
from called_site import free_port, is_listened, let_call
from demonstration import KILOVATT, environment
from kilovatt.measure.metering.spodes.event_code import Journal
from kilovatt.wire.headend.clock import MachineClock
from kilovatt.wire.protocols.framing.wrapper import wrapped
from kilovatt.wire.simulator.calling import CallingHabits, CallingModem
from kilovatt.wire.simulator.spodes.pushing import alarm_pushed, flags_pushed, framed
from kilovatt.wire.simulator.town import Town
from simulated_site import Site, site_of

MOSCOW = ZoneInfo("Europe/Moscow")
WITHIN_S = 5
EVENTS = "SELECT count(*) FROM records_event WHERE code = ?"
COVER, MAGNET = "spodes:external_influence:3", "spodes:external_influence:1"


def pushed(port: int, message: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as call:
        call.sendall(wrapped(message, source=1, destination=16))


def status(site: Site) -> dict[str, object]:
    done = subprocess.run(
        [str(KILOVATT), "status", "--json", "--data", str(site.data)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        check=True,
    )
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_a_push_is_an_event_within_seconds_and_a_stranger_shows_in_the_status(tmp_path: Path) -> None:
    port = free_port()
    with site_of(tmp_path / "site", ["rim-289-spodes"], meters=1) as site:
        serial = site.value("SELECT serial FROM records_meter")
        device = f"RIM{serial:0>13}"
        let_call(site, 1, device, port)
        site.start()
        site.wait(lambda: is_listened(port), seconds=30, what="a place to call")
        alarm = alarm_pushed(
            device=device,
            serial=serial,
            journal=Journal.EXTERNAL_INFLUENCE,
            code=3,
            flags=1 << 4,
            at=MachineClock().now(),
            zone=MOSCOW,
        )
        visits = site.value("SELECT count(*) FROM records_session WHERE outcome = 'ok'")
        for _ in range(3):
            pushed(port, alarm)
        site.wait(lambda: site.value(EVENTS, COVER) == 1, seconds=WITHIN_S, what="a push kept")
        pushed(port, alarm.replace(device.encode(), b"ABC0000000000001").replace(serial.encode(), b"9" * len(serial)))
        unknown = "SELECT name, why FROM records_unknowncaller"
        site.wait(lambda: bool(site.rows(unknown)), seconds=WITHIN_S, what="a stranger noted")
        assert site.rows(unknown) == [("ABC0000000000001", "no_line")]
        assert site.value(EVENTS, COVER) == 1
        assert site.value("SELECT count(*) FROM records_session WHERE outcome = 'ok'") == visits + 1
        callers = status(site)["unknown_callers"]
        assert isinstance(callers, list)
        (caller,) = callers
        assert (caller["name"], caller["why"], caller["calls"]) == ("ABC0000000000001", "no_line", 1)


@asynccontextmanager
async def modems_of(site: Site, port: int, names: Sequence[str]) -> AsyncIterator[list[CallingModem]]:
    """A modem that calls for each line of a site, with the line's meters behind it."""
    town = Town(site.plan)
    async with AsyncExitStack() as stack:
        modems = []
        for line, name in zip(site.plan.lines, names, strict=True):
            modem = CallingModem(town.line(line.name), CallingHabits(imei=name, redial_s=0.2))
            modems.append(await stack.enter_async_context(calling(modem, port)))
        yield modems


def test_a_line_follows_its_modems_call_to_the_process_that_received_it(tmp_path: Path) -> None:
    port = free_port()
    models = ("mercury-234-artm-01-pob-r", "mercury-206-prlsno", "spodes-1ph", "psch-4tm-05mk-16-02")
    with site_of(tmp_path / "site", models, meters=4) as site:
        lines = len(site.plan.lines)
        names = [f"86123456789012{number}" for number in range(lines)]
        for line_id, name in enumerate(names, start=1):
            let_call(site, line_id, name, port)
        for _ in range(2):
            site.start("--lines", str(lines // 2))
        held = "SELECT count(*) FROM records_work WHERE kind = 'line' AND lease_until IS NOT NULL"
        site.wait(lambda: site.value(held) == lines, seconds=30, what="every line held")
        # A browser of another journey may have left its loop running in this thread.
        with ThreadPoolExecutor(max_workers=1) as thread:
            thread.submit(asyncio.run, follow(site, port, names)).result()


def has_followed(site: Site) -> bool:
    return any("follows the call" in site.said(number) for number in (0, 1))


async def follow(site: Site, port: int, names: Sequence[str]) -> None:
    async with modems_of(site, port, names) as modems:
        await wait(site, lambda: all(modem.calls for modem in modems), what="every modem through")
        for _ in range(20):
            # A hello without an end is over when nothing came for a second.
            await asyncio.sleep(2)
            if has_followed(site):
                break
            modems[0].hang_up()
        assert has_followed(site)
        asked = [site.ask_for(meter_id) for (meter_id,) in site.rows("SELECT id FROM records_meter")]
        done = "SELECT count(*) FROM records_work WHERE kind = 'reading' AND done_at IS NOT NULL"
        await wait(site, lambda: site.value(done) == len(asked), what="every meter read over its call")
        read = "SELECT count(*) FROM records_meterstanding WHERE last_outcome = 'ok'"
        await wait(site, lambda: site.value(read) == len(asked), what="every meter read well")
        # What a meter behind a modem says by itself is heard between, and beside, what it is asked.
        spodes = site.value("SELECT id FROM records_meter WHERE model_key = 'spodes-1ph'")
        line_id = site.value("SELECT line_id FROM records_meter WHERE id = ?", spodes)
        modems[line_id - 1].push(framed(flags_pushed(1 << 3)))
        await wait(site, lambda: site.value(EVENTS, MAGNET) == 1, what="a push through a modem", seconds=WITHIN_S)
        assert site.value("SELECT meter_id FROM records_event WHERE code = ?", MAGNET) == spodes


async def wait(site: Site, until: Callable[[], bool], *, what: str, seconds: float = 60) -> None:
    await asyncio.to_thread(site.wait, until, seconds=seconds, what=what)
