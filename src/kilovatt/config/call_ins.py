"""What happens where modems and meters call in, as the office takes it: pushes kept, lines that follow their calls.

    calls = CallIns(clock, holder="host 17", held=held, take=take)
    calls.begin()
    await calls.run(stopped)

The loop only notes what happened; a thread of its own deals with it, one thing after another, within seconds. What
waits is bounded: beyond that the oldest is lost, and the log says how much.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from django.db import DatabaseError, DataError, connection

from kilovatt.config.call_book import CallBook, name_of
from kilovatt.config.reconnecting import reconnecting
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.lines.call_leases import CallRefusal
from kilovatt.office.operations.lines.line_leases import HeldLine
from kilovatt.wire.headend.call_in.desk import call_in_desk
from kilovatt.wire.headend.call_in.happenings import (
    CallEnded,
    Happening,
    ModemCalled,
    PushCame,
    TurnedAway,
)

WAITING_MAX, WAITING_BYTES_MAX = 20_000, 64 << 20
TRIES_MAX = 5
"""A database that does not answer is asked again a second later, so many times."""
_AGAIN_S = 1.0
_TURNED_AWAY: Mapping[CallRefusal, TurnedAway] = {
    CallRefusal.ANOTHER_PASSWORD: TurnedAway.ANOTHER_PASSWORD,
    CallRefusal.CONTESTED: TurnedAway.CONTESTED,
}

_log = logging.getLogger(__name__)


class CallIns:
    """Deals with what happens at the receptions of one process.

    `held` are the lines it holds, by their numbers; `take` is called in the loop with a line that has followed its call
    here. `holder` is whom people are told of.
    """

    def __init__(
        self, clock: SiteClock, *, holder: str, held: Mapping[int, HeldLine], take: Callable[[HeldLine], None]
    ) -> None:
        self._clock = clock
        self._book = CallBook(holder=holder, held=held)
        self._take = take
        self._waiting: deque[Happening] = deque()
        self._waiting_bytes = 0
        self._lost = 0
        self._came = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="calls")

    def begin(self) -> None:
        """Hear of everything from now on; before a line is opened."""
        call_in_desk().tell = self._tell

    def line_lost(self, line: HeldLine) -> None:
        """End the call of a line that another process has taken: its modem has called there since."""
        name = name_of(line.url)
        if name is not None:
            call_in_desk().end_call(name, TurnedAway.ELSEWHERE)

    async def run(self, stopped: asyncio.Event) -> None:
        """Deal with what happens until stopped, and with what happened before."""
        until = asyncio.create_task(stopped.wait())
        try:
            while not (stopped.is_set() and not self._waiting):
                if self._waiting:
                    await self._deal_with(self._next(), tries=1 if stopped.is_set() else TRIES_MAX)
                    continue
                self._came.clear()
                coming = asyncio.create_task(self._came.wait())
                await asyncio.wait((coming, until), return_when=asyncio.FIRST_COMPLETED)
                coming.cancel()
        finally:
            until.cancel()
            self._thread.submit(connection.close)
            self._thread.shutdown(wait=True)

    # ── In the loop ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, happening: Happening) -> None:
        if isinstance(happening, CallEnded):
            # Those that alarm are logged where they are ended.
            return
        # By the clock of the site, which need not be that of the machine.
        self._waiting.append(replace(happening, at=self._clock.now()))
        self._waiting_bytes += _bytes_of(happening)
        while len(self._waiting) > WAITING_MAX or self._waiting_bytes > WAITING_BYTES_MAX:
            self._next()
            self._lost += 1
            if self._lost & (self._lost - 1) == 0:
                _log.error("calls and pushes come faster than they are kept: %s were lost so far", self._lost)
        self._came.set()

    def _next(self) -> Happening:
        happening = self._waiting.popleft()
        self._waiting_bytes -= _bytes_of(happening)
        return happening

    async def _deal_with(self, happening: Happening, *, tries: int) -> None:
        """Deal with something; while we stop, once: twenty thousand that wait must not keep us from it."""
        for further in reversed(range(tries)):
            try:
                await self._dealt_with(happening)
            except DataError:
                # It is what was said that a database cannot keep: no further try will do.
                _log.exception("%s could not be kept", type(happening).__name__)
                return
            except DatabaseError as error:
                _log.error("the database did not take what called in: %s", error)
                if further:
                    await asyncio.sleep(_AGAIN_S)
            except Exception:  # noqa: BLE001  # whatever a stranger says, the others are heard on
                _log.exception("%s could not be dealt with", type(happening).__name__)
                return
            else:
                return
        _log.error("%s was given up after %s tries", type(happening).__name__, tries)

    async def _dealt_with(self, happening: Happening) -> None:
        loop = asyncio.get_running_loop()
        followed = await loop.run_in_executor(self._thread, reconnecting, self._book.deal_with, happening)
        if isinstance(followed, HeldLine):
            self._take(followed)
        elif followed is not None and isinstance(happening, ModemCalled):
            call_in_desk().end_call(happening.name, _TURNED_AWAY[followed])


def _bytes_of(happening: Happening) -> int:
    return len(happening.message) + len(happening.frame) if isinstance(happening, PushCame) else 0
