"""Where modems and meters call in, and who calls."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.measure.metering.models import MeterModel
from kilovatt.wire.headend.call_in.happenings import CallEnded, Happening, ModemCalled, TurnedAway
from kilovatt.wire.headend.call_in.reception import CallInLimits, Reception
from kilovatt.wire.headend.clock import MachineClock
from kilovatt.wire.protocols.framing.call_in import HelloPattern
from kilovatt.wire.simulator.bus import Bus
from kilovatt.wire.simulator.calling import IMEI, CallingModem
from kilovatt.wire.simulator.clock import TownClock
from kilovatt.wire.simulator.gateway import Line, Pace
from kilovatt.wire.simulator.single import plan_single
from kilovatt.wire.simulator.town import build_meter, homes_of

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
MERCURY = model_by_key("mercury-234-artm-01-pob-r")
SPODES = model_by_key("rim-289-spodes")
SERIAL = 41_906_467
ATM21 = (
    f"AT$IMEI={IMEI},PSW=5492,TYP=ATM,DEV=ATM21,VER=01,REV=04,BLD=024.254,HDW=2.0,SIM=0,CSQ=16,ATP=1.2,INT=485+232,"
).encode()
PUSH = bytes.fromhex(
    "0F4000004D0C07E60B03FF0F2619FFFF4CFF02070107020612002809060000190900FF0F0212000002021600000100020612000109060000"
    "600586FF0F02120000020216000001000206120001090600002A0000FF0F0212000002021600000100020612000109060000600100FF0F02"
    "12000002021600000100020612000109060000616200FF0F021200000202160000010002061200010906000061620AFF0F02120000020216"
    "00000100020612000109060000600587FF0F021200000202160000010016010910454D523032323231373336303837313009203031323431"
    "3531373336303837313000000000000000000000000000000000000600000010060000FFFF020209060000636204FF120003"
)
"""Real: an Energomera meter tells that its terminal cover was opened."""


def line_of(model: MeterModel = MERCURY, *, think_s: float = 0.0) -> Line:
    plan = plan_single(model, now=NOW, port=0, serial=SERIAL)
    homes = homes_of(plan)
    bus = Bus([build_meter(meter, plan, homes) for meter in plan.meters])
    return Line(bus, TownClock(NOW), pace=Pace(think_s=think_s))


@asynccontextmanager
async def reception(
    *, limits: CallInLimits | None = None, patterns: tuple[HelloPattern, ...] = ()
) -> AsyncIterator[tuple[Reception, int, list[Happening]]]:
    """Where calls are received, its port, and what happens there."""
    happened: list[Happening] = []
    received = Reception(MachineClock(), limits=limits, tell=happened.append)
    received.know(patterns)
    port = await received.listen("127.0.0.1", 0)
    try:
        yield received, port, happened
    finally:
        await received.close()


@asynccontextmanager
async def calling(modem: CallingModem, port: int) -> AsyncIterator[CallingModem]:
    """A modem that calls."""
    running = asyncio.create_task(modem.run("127.0.0.1", port))
    try:
        yield modem
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(claim: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(10):
        while not claim():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


async def free_port() -> int:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


def endings(happened: list[Happening]) -> list[TurnedAway]:
    return [one.why for one in happened if isinstance(one, CallEnded)]


def calls_of(happened: list[Happening]) -> list[ModemCalled]:
    return [one for one in happened if isinstance(one, ModemCalled)]
