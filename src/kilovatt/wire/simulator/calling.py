"""Modems that call in: one connects, says who it is, and passes bytes between whoever listens and its line of meters.

It calls again when the call is lost. Its heartbeat may fall into the middle of an answer, as real ones do.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from kilovatt.wire.protocols.framing.call_in import (
    DATA,
    HEARTBEAT,
    IRZ_HEARTBEAT,
    CollectorFrames,
    Dialect,
    Payload,
    encapsulated,
)
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError
from kilovatt.wire.simulator.gateway import Line
from kilovatt.wire.simulator.plan import TownPlan
from kilovatt.wire.simulator.town import Town

IMEI = "861234567890123"
_WELCOME_END = b",\r"
_WELCOME_BYTES_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingHabits:
    """How a modem calls. `hello` replaces its own words: a line of another kind, or a push in a wrapper."""

    imei: str = IMEI
    password: str = "5492"
    dialect: Dialect = Dialect.IRZ
    hello: bytes | None = None
    heartbeat: bytes = IRZ_HEARTBEAT
    heartbeat_s: float = 55.0
    heartbeats_in_answers: bool = False
    redial_s: float = 1.0

    @property
    def greeting(self) -> bytes:
        """What it says first."""
        if self.hello is not None:
            return self.hello
        own = f"AT$IMEI={self.imei},PSW={self.password},TYP=ATM,DEV=ATM21,VER=01,REV=04,BLD=024.254,HDW=2.0,"
        state = "SIM=0,CSQ=16,ATP=1.2,INT=485+232,"
        collector = "COLPROT=1.3,CHN=1,\n" if self.dialect is Dialect.COLLECTOR else ""
        return (own + state + collector).encode("ascii")


class CallingModem:
    """A modem with a line of meters behind it. `calls` counts how often it got through."""

    def __init__(
        self, line: Line, habits: CallingHabits | None = None, *, connected: Callable[[], None] | None = None
    ) -> None:
        self.line = line
        self.habits = habits or CallingHabits()
        self.calls = 0
        self._connected = connected or _unheard
        self._call: _Call | None = None

    async def run(self, host: str, port: int) -> None:
        """Call until cancelled, again and again."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                _, call = await loop.create_connection(lambda: _Call(self), host, port)
            except OSError:
                await asyncio.sleep(self.habits.redial_s)
                continue
            self._call = call
            self.calls += 1
            self._connected()
            try:
                await call.over
            finally:
                call.hang_up()
            await asyncio.sleep(self.habits.redial_s)

    def hang_up(self) -> None:
        """Lose the call; it calls again soon."""
        if self._call is not None:
            self._call.hang_up()

    def beat(self) -> None:
        """Say at once that it is there."""
        if self._call is not None:
            self._call.beat()

    def push(self, frame: bytes) -> None:
        """Say what nobody has asked for: the frame of a message, as a meter behind the modem sends it."""
        if self._call is not None:
            self._call.say(frame)


class _Call(asyncio.Protocol):
    def __init__(self, modem: CallingModem) -> None:
        self._habits = modem.habits
        self._line = modem.line
        self._loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._next_beat: asyncio.TimerHandle | None = None
        self._frames = CollectorFrames()
        self._is_encapsulated = self._habits.dialect is Dialect.COLLECTOR
        self._is_welcome = not self._is_encapsulated
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._habits.greeting)
        self._line.bus.connected()
        self._beat_later()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._next_beat is not None:
            self._next_beat.cancel()
        if not self.over.done():
            self.over.set_result(None)

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if not self._is_welcome:
            data = self._after_welcome(data)
        if not self._is_encapsulated:
            self._put(data)
            return
        try:
            for event in self._frames.receive(data):
                if isinstance(event, Payload):
                    self._put(event.data)
        except RemoteProtocolError:
            self.hang_up()

    def _after_welcome(self, data: bytes) -> bytes:
        self._heard += data
        welcome, end, rest = self._heard.partition(_WELCOME_END)
        if end:
            self._is_welcome = welcome[14:] == b",MOD=DAT" and welcome[:14].isdigit()
        if (end and not self._is_welcome) or len(welcome) > _WELCOME_BYTES_MAX:
            self.hang_up()
        return rest if self._is_welcome else b""

    def _put(self, data: bytes) -> None:
        if data:
            self._line.put(data, self._deliver)

    def _deliver(self, data: bytes) -> None:
        if not self._habits.heartbeats_in_answers:
            self.say(data)
            return
        middle = len(data) // 2
        self.say(data[:middle])
        self.beat()
        self.say(data[middle:])

    def say(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encapsulated(DATA, data) if self._is_encapsulated else data)

    def beat(self) -> None:
        heartbeat = self._habits.heartbeat
        if self._transport is not None and heartbeat:
            self._transport.write(encapsulated(HEARTBEAT, heartbeat) if self._is_encapsulated else heartbeat)

    def _beat_later(self) -> None:
        self._next_beat = self._loop.call_later(self._habits.heartbeat_s, self._beat_in_time)

    def _beat_in_time(self) -> None:
        self.beat()
        self._beat_later()


async def serve_calling(
    plan: TownPlan, habits: CallingHabits, *, host: str, port: int, connected: Callable[[], None]
) -> None:
    """Have the first line of a town call in until cancelled; `connected` is told each time it got through.

    Raises HouseholdFileError.
    """
    town = Town(plan)
    await CallingModem(town.line(plan.lines[0].name), habits, connected=connected).run(host, port)


def _unheard() -> None:
    return
