"""Where calls are received: who is there by name, who is a stranger, and what the limits are.

A call must say who it is within `hello_s`; slow bytes win nothing. What is idle is bounded in all and by address: the
oldest stranger goes first, then whoever was not heard for longest and carries no line. A modem that calls again takes
the place of its own old call, and of the line over it; a second caller that claims the name of a connected modem with
another password is turned away and told of, and where two take a name from each other again and again the one that
is there is kept. A modem of a plain hello line has no password: of those the newest call wins.
"""

import asyncio
import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.wire.headend.call_in.caller import Caller, CallInChannel
from kilovatt.wire.headend.call_in.crowd import Crowd
from kilovatt.wire.headend.call_in.happenings import (
    CallEnded,
    Happening,
    ModemCalled,
    ModemGone,
    PushCame,
    Tell,
    TurnedAway,
)
from kilovatt.wire.headend.call_in.pushes import PushesOfACaller, Unasked
from kilovatt.wire.headend.channels import NoRouteError
from kilovatt.wire.headend.clock import Clock
from kilovatt.wire.protocols.framing.call_in import Dialect, HelloPattern, Introduced, masked
from kilovatt.wire.protocols.framing.connection import RemoteProtocolError

_BUFFER_BYTES = 4096
_SWEEP_S = 0.5
BACKLOG = 256
"""So many are also accepted at a time, before anybody is listened to."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInLimits:
    """What callers may take of one process, and how long they may be idle [s].

    Many modems may come from one address, that of their operator's gateway.
    """

    calls_max: int = 20_000
    calls_per_address_max: int = 10_000
    strangers_max: int = 2_000
    strangers_per_address_max: int = 500
    settling_s: float = 5.0
    """So long a stranger is let be: when a network comes back all its modems call at once, and hellos take seconds."""
    hello_s: float = 20.0
    idle_s: float = 300.0
    """A modem says every minute that it is there."""
    replacements_max: int = 6
    """So often within `contest_s` a name may change callers."""
    contest_s: float = 60.0
    names_remembered_max: int = 100_000
    pushes_per_minute_max: int = 1_200
    """Of one caller, be it a concentrator with a village behind it."""


class Reception:
    """Receives calls at one place. Made inside a running loop."""

    def __init__(self, clock: Clock, *, limits: CallInLimits | None = None, tell: Tell | None = None) -> None:
        self.buffer = bytearray(_BUFFER_BYTES)
        self.limits = limits or CallInLimits()
        self.tell = tell or _untold
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._began_at = clock.now()
        self._patterns: tuple[HelloPattern, ...] = ()
        self._strangers: Crowd[Caller] = Crowd()
        """In the order in which they came."""
        self._idle: Crowd[Caller] = Crowd()
        self._in_use: set[Caller] = set()
        self._by_host: Counter[str] = Counter()
        self._named: dict[str, Caller] = {}
        self._pushes: dict[Caller, PushesOfACaller] = {}
        self._replaced_at_s: dict[str, deque[float]] = {}
        self._gone: OrderedDict[str, tuple[datetime, str]] = OrderedDict()
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None

    # ── Receiving ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def listen(self, host: str, port: int, *, shared: bool = False) -> int:
        """Begin to take calls and return the port (0 asks for any). Raises OSError.

        `shared`: several processes take calls at this place, and the system spreads them.
        """
        self._server = await self._loop.create_server(
            lambda: Caller(self), host, port, reuse_port=shared or None, backlog=BACKLOG
        )
        self._sweeper = self._loop.call_later(_SWEEP_S, self._sweep)
        port_taken: int = self._server.sockets[0].getsockname()[1]
        return port_taken

    async def close(self) -> None:
        """Take no more calls, and end those that are."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._server is not None:
            self._server.close()
        for caller in (*self._strangers, *self._idle, *self._in_use):
            caller.hang_up("we take no more calls")
        if self._server is not None:
            await self._server.wait_closed()

    def know(self, patterns: Iterable[HelloPattern]) -> None:
        """Know further kinds of hello lines; of calls that come from now on."""
        self._patterns = tuple(dict.fromkeys((*self._patterns, *patterns)))

    def names(self) -> list[str]:
        """Return who is connected."""
        return sorted(self._named)

    def __len__(self) -> int:
        """How many calls there are, strangers' too."""
        return len(self._strangers) + len(self._idle) + len(self._in_use)

    async def line_to(self, name: str, wait_s: float) -> CallInChannel:
        """Return a line over the call of a modem, waiting for it to call. Raises NoRouteError: offline, or in use."""
        if name not in self._named:
            await self._called(name, wait_s)
        caller = self._named[name]
        if caller.channel is not None:
            raise NoRouteError(f"{name} carries another line", Outcome.BUSY)
        self._idle.discard(caller)
        self._in_use.add(caller)
        return caller.line()

    def end_call(self, name: str, why: TurnedAway) -> None:
        """End the call of a modem that must not be ours, if there is one, and wait for no other."""
        caller = self._named.get(name)
        if caller is not None:
            self._turn_away(caller, why)
        self._give_up_on(name, NoRouteError(f"{name} was waited for in vain: {_BECAUSE[why]}", Outcome.BUSY))

    def give_up_waiting(self) -> None:
        """Have every line that waits for a modem to call fail at once."""
        for name in self._waiting:
            self._give_up_on(name, NoRouteError(f"{name} was waited for in vain: we stop", Outcome.BUSY))

    def _give_up_on(self, name: str, error: NoRouteError) -> None:
        for waiter in self._waiting.get(name, ()):
            if not waiter.done():
                waiter.set_exception(error)

    async def _called(self, name: str, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                while name not in self._named:
                    with self._waiter(name) as waiter:
                        await waiter
        except TimeoutError as error:
            raise NoRouteError(f"{name} is offline: {self._since(name)}", Outcome.MODEM_OFFLINE) from error

    @contextmanager
    def _waiter(self, name: str) -> Iterator[asyncio.Future[None]]:
        waiter: asyncio.Future[None] = self._loop.create_future()
        waiting = self._waiting.setdefault(name, [])
        waiting.append(waiter)
        try:
            yield waiter
        finally:
            waiting.remove(waiter)
            if not waiting and self._waiting.get(name) is waiting:
                del self._waiting[name]

    def _since(self, name: str) -> str:
        gone = self._gone.get(name)
        if gone is None:
            return f"it has not called since {self._began_at:%Y-%m-%d %H:%M:%S} UTC"
        return f"since {gone[0]:%Y-%m-%d %H:%M:%S} UTC ({gone[1]})"

    # ── What callers tell ───────────────────────────────────────────────────────────────────────────────────────────

    def patterns(self) -> tuple[HelloPattern, ...]:
        """Return the hello lines that are known."""
        return self._patterns

    def arrived(self, caller: Caller) -> None:
        """Take a stranger in, and make room for it."""
        self._strangers.add(caller)
        self._by_host[caller.host] += 1
        limits = self.limits
        if self._by_host[caller.host] > limits.calls_per_address_max:
            self._turn_away(self._longest_idle(caller.host), TurnedAway.TOO_MANY)
        elif len(self) > limits.calls_max:
            self._turn_away(self._longest_idle(), TurnedAway.TOO_MANY)
        elif self._strangers.count_of(caller.host) > limits.strangers_per_address_max:
            self._turn_away(self._settled(caller.host), TurnedAway.TOO_MANY)
        elif len(self._strangers) > limits.strangers_max:
            self._turn_away(self._settled(), TurnedAway.TOO_MANY)

    def _settled(self, host: str | None = None) -> Caller | None:
        oldest = self._strangers.longest_silent(host)
        if oldest is None or self._loop.time() - oldest.arrived_at_s < self.limits.settling_s:
            return None
        return oldest

    def _longest_idle(self, host: str | None = None) -> Caller | None:
        # Whoever has just come is a stranger too: where all others carry lines, it has to go.
        oldest = self._strangers.longest_silent(host)
        idle = self._idle.longest_silent(host)
        is_alone = (self._strangers.count_of(host) if host is not None else len(self._strangers)) == 1
        return idle if is_alone and idle is not None else oldest

    def heard(self, caller: Caller) -> None:
        """Note that an idle modem is there."""
        if caller in self._idle:
            self._idle.add(caller)

    def introduced(self, caller: Caller, who: Introduced) -> None:
        """Take a caller for who it says it is, or turn it away."""
        caller.who = who
        if who.dialect is not Dialect.WRAPPER:
            self._take_for(caller, who.name)

    def _is_taken_for(self, caller: Caller, name: str) -> bool:
        self._take_for(caller, name)
        return caller.is_wanted

    def pushed(self, caller: Caller, unasked: Unasked) -> None:
        """Hand on what a meter pushes; in a wrapper its first push tells its name. Who was hung up on says nothing."""
        if not caller.is_wanted:
            return
        pushes = self._pushes.setdefault(caller, PushesOfACaller())
        if pushes.are_too_many(self._loop.time(), self.limits.pushes_per_minute_max):
            self._turn_away(caller, TurnedAway.TOO_MANY_PUSHES)
            return
        came = pushes.hear(unasked)
        if came is None:
            return
        if not caller.name and came.name and not self._is_taken_for(caller, came.name):
            # Nor is what an impostor pushes taken for that of whom it names.
            return
        self._tell(
            PushCame(
                at=self._clock.now(),
                name=caller.name,
                peer=caller.peer,
                source=unasked.message.source,
                destination=unasked.message.destination,
                message=came.message,
                frame=came.frame,
                said=came.said,
                fault=came.fault,
                title=came.title,
            )
        )

    def broke_rules(self, caller: Caller, fault: RemoteProtocolError) -> None:
        """Turn a caller away that says what no caller says."""
        self._turn_away(caller, TurnedAway.NO_HELLO, str(fault))

    def set_free(self, caller: Caller) -> None:
        """Count a caller whose line was closed among the idle."""
        if caller in self._in_use:
            self._in_use.discard(caller)
            self._idle.add(caller)

    def left(self, caller: Caller, because: str) -> None:
        """Forget a caller."""
        self._strangers.discard(caller)
        self._idle.discard(caller)
        self._in_use.discard(caller)
        self._pushes.pop(caller, None)
        self._by_host[caller.host] -= 1
        if not self._by_host[caller.host]:
            del self._by_host[caller.host]
        if caller.name and self._named.get(caller.name) is caller:
            del self._named[caller.name]
            self._remember(caller.name, because)

    # ── Names ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _take_for(self, caller: Caller, name: str) -> None:
        there = self._named.get(name) if name else None
        if there is not None and there is not caller:
            refusal = self._refusal(caller, there, name)
            if refusal is not None:
                caller.name = ""
                self._turn_away(caller, refusal, name=name)
                return
        self._strangers.discard(caller)
        self._idle.add(caller)
        caller.name = name
        if not name:
            return
        self._named[name] = caller
        self._gone.pop(name, None)
        if there is not None:
            there.hang_up("the modem called again")
        caller.welcome(self._clock.now())
        assert caller.who is not None, "who is taken for somebody has said who it is"
        self._tell(ModemCalled(self._clock.now(), name, caller.who, caller.peer, there.peer if there else None))
        for waiter in self._waiting.get(name, ()):
            if not waiter.done():
                waiter.set_result(None)

    def _refusal(self, caller: Caller, there: Caller, name: str) -> TurnedAway | None:
        if caller.password != there.password:
            return TurnedAway.ANOTHER_PASSWORD
        now = self._loop.time()
        replaced = self._replaced_at_s.setdefault(name, deque(maxlen=self.limits.replacements_max))
        if len(replaced) == self.limits.replacements_max and now - replaced[0] < self.limits.contest_s:
            return TurnedAway.CONTESTED
        replaced.append(now)
        return None

    def _remember(self, name: str, because: str) -> None:
        now = self._clock.now()
        self._gone[name] = (now, because)
        if len(self._gone) > self.limits.names_remembered_max:
            forgotten, _ = self._gone.popitem(last=False)
            self._replaced_at_s.pop(forgotten, None)
        self._tell(ModemGone(now, name, because))

    # ── Turning away ────────────────────────────────────────────────────────────────────────────────────────────────

    def _sweep(self) -> None:
        self._sweeper = self._loop.call_later(_SWEEP_S, self._sweep)
        now = self._loop.time()
        for caller in self._strangers:
            if now - caller.arrived_at_s < self.limits.hello_s:
                break
            self._turn_away(caller, TurnedAway.TOO_SLOW)
        for caller in self._idle:
            if now - caller.heard_at_s < self.limits.idle_s:
                break
            self._turn_away(caller, TurnedAway.FELL_SILENT)

    def _turn_away(self, caller: Caller | None, why: TurnedAway, fault: str = "", *, name: str = "") -> None:
        if caller is None:
            return
        heard = fault or masked(caller.beginning).hex(" ") if caller.who is None else fault
        self._tell(CallEnded(self._clock.now(), why, caller.peer, name or caller.name, heard))
        caller.hang_up(_BECAUSE[why])

    def _tell(self, happening: Happening) -> None:
        if isinstance(happening, CallEnded) and happening.why in _ALARMING:
            _log.warning("a call from %s as %s was ended: %s", happening.peer, happening.name, happening.why.value)
        else:
            _log.debug("%s", happening)
        self.tell(happening)


_BECAUSE = {
    TurnedAway.NO_HELLO: "it said what no modem says",
    TurnedAway.TOO_SLOW: "it did not say who it is in time",
    TurnedAway.TOO_MANY: "too many calls were idle",
    TurnedAway.FELL_SILENT: "it fell silent",
    TurnedAway.ANOTHER_PASSWORD: "it claimed the name of another",
    TurnedAway.CONTESTED: "it claimed the name of another",
    TurnedAway.ELSEWHERE: "another process has its line",
    TurnedAway.TOO_MANY_PUSHES: "it pushed too much",
}
_ALARMING = frozenset({TurnedAway.ANOTHER_PASSWORD, TurnedAway.CONTESTED, TurnedAway.TOO_MANY_PUSHES})


def _untold(happening: Happening) -> None:
    del happening
