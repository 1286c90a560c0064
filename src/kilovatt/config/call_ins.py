"""What happens where modems and meters call in, as the office takes it: pushes kept, lines that follow their calls.

    calls = CallIns(clock, holder="host 17", held=held, take=take)
    calls.begin()
    await calls.run(stopped)

The loop only notes what happened; a thread of its own deals with it, one thing after another, within seconds. What
waits is bounded: beyond that the oldest is lost, and the log says how much.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from django.db import DatabaseError, connection
from django.utils.crypto import salted_hmac

from kilovatt.config.pushed import StrangerSaid, is_late_answer, taken
from kilovatt.config.reconnecting import reconnecting
from kilovatt.office.operations import callers, pushes
from kilovatt.office.operations.call_leases import CallRefusal, follow_call, note_call
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.line_leases import HeldLine
from kilovatt.office.records.models import Line
from kilovatt.wire.headend.call_in.desk import call_in_desk
from kilovatt.wire.headend.call_in.happenings import (
    CallEnded,
    Happening,
    ModemCalled,
    ModemGone,
    PushCame,
    TurnedAway,
)
from kilovatt.wire.headend.lines import CallInAddress, LineAddressError, parse_address
from kilovatt.wire.headend.session import new_session_id

WAITING_MAX, WAITING_BYTES_MAX = 20_000, 64 << 20
TRIES_MAX = 5
"""A database that does not answer is asked again a second later, so many times."""
UNKNOWN_AGAIN_AFTER = timedelta(minutes=1)
UNKNOWN_NAMES_MAX = 5_000
"""So many are known to be unknown; of others it is asked anew."""
LINES_AGAIN_AFTER = timedelta(seconds=30)
_MISSED_AGAIN_AFTER = timedelta(seconds=1)
_AGAIN_S = 1.0
_TURNED_AWAY: Mapping[CallRefusal, TurnedAway] = {
    CallRefusal.ANOTHER_PASSWORD: TurnedAway.ANOTHER_PASSWORD,
    CallRefusal.CONTESTED: TurnedAway.CONTESTED,
}
_SALT = "kilovatt.call-in"

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
        self._holder = holder
        self._held = held
        self._take = take
        self._waiting: deque[Happening] = deque()
        self._waiting_bytes = 0
        self._lost = 0
        self._came = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="calls")
        self._lines: dict[str, int] = {}
        self._lines_at: datetime | None = None
        self._unknown: OrderedDict[str, datetime] = OrderedDict()

    def begin(self) -> None:
        """Hear of everything from now on; before a line is opened."""
        call_in_desk().tell = self._tell

    def line_lost(self, line: HeldLine) -> None:
        """End the call of a line that another process has taken: its modem has called there since."""
        name = _name_of(line.url)
        if name is not None:
            call_in_desk().end_call(name, TurnedAway.ELSEWHERE)

    async def run(self, stopped: asyncio.Event) -> None:
        """Deal with what happens until stopped, and with what happened before."""
        until = asyncio.create_task(stopped.wait())
        try:
            while not (stopped.is_set() and not self._waiting):
                if self._waiting:
                    await self._deal_with(self._next())
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

    async def _deal_with(self, happening: Happening) -> None:
        for _ in range(TRIES_MAX):
            try:
                await self._dealt_with(happening)
            except DatabaseError as error:
                _log.error("the database did not take what called in: %s", error)
                await asyncio.sleep(_AGAIN_S)
            except Exception:  # noqa: BLE001  # whatever a stranger says, the others are heard on
                _log.exception("%s could not be dealt with", type(happening).__name__)
                return
            else:
                return
        _log.error("%s was given up after %s tries", type(happening).__name__, TRIES_MAX)

    async def _dealt_with(self, happening: Happening) -> None:
        loop = asyncio.get_running_loop()
        match happening:
            case PushCame():
                await loop.run_in_executor(self._thread, reconnecting, self._push_came, happening)
            case ModemCalled():
                followed = await loop.run_in_executor(self._thread, reconnecting, self._modem_called, happening)
                if isinstance(followed, HeldLine):
                    self._take(followed)
                elif followed is not None:
                    call_in_desk().end_call(happening.name, _TURNED_AWAY[followed])
            case ModemGone():
                await loop.run_in_executor(self._thread, reconnecting, self._modem_gone, happening)
            case CallEnded():
                pass
            case _:
                assert_never(happening)

    # ── In the thread ───────────────────────────────────────────────────────────────────────────────────────────────

    def _push_came(self, came: PushCame) -> None:
        if is_late_answer(came):
            return
        line_id = self._line_of(came.name)
        if line_id is None and came.name and self._is_known_unknown(came.name, came.at):
            return
        said = taken(came, line_id)
        if isinstance(said, StrangerSaid):
            self._note_unknown(came.name, came.peer, said.why, serial=said.serial, pushed=came.frame, at=came.at)
            return
        kept = pushes.accept_push(
            said.meter_id,
            said.push,
            peer=came.peer,
            session_id=new_session_id(came.at),
            key_generation=said.key_generation,
            now=came.at,
        )
        facts = {"meter": said.meter_id, "new_events": kept.new_events, "trouble": kept.trouble, "asked": kept.asked}
        if kept.trouble is None:
            _log.info("meter %s pushed", said.meter_id, extra=facts)
        else:
            _log.warning("a push of meter %s was not believed: %s", said.meter_id, kept.trouble.value, extra=facts)

    def _modem_called(self, called: ModemCalled) -> HeldLine | CallRefusal | None:
        name = called.name
        line_id = self._line_of(name)
        if line_id is None:
            # Who has not pushed, and has no name, says who it is by what it pushes.
            if name and not self._is_known_unknown(name, called.at):
                self._note_unknown(name, called.peer, callers.Why.NO_LINE, at=called.at)
            return None
        held = self._held.get(line_id)
        if held is not None:
            if called.who.password:
                note_call(held, _proof(called))
            return None
        try:
            followed = follow_call(line_id, proof=_proof(called), holder=self._holder, now=called.at)
        except Line.DoesNotExist:
            return None
        if isinstance(followed, HeldLine):
            _log.info("line %s follows the call of its modem here", line_id, extra={"line": line_id})
        return followed

    def _modem_gone(self, gone: ModemGone) -> None:
        line_id = self._line_of(gone.name)
        held = None if line_id is None else self._held.get(line_id)
        if held is not None:
            note_call(held, None)

    def _line_of(self, name: str) -> int | None:
        """Return the line of a name. The list of them is read anew now and then, and where one is missing, soon."""
        if not name:
            return None
        age = None if self._lines_at is None else self._clock.now() - self._lines_at
        if age is None or age > LINES_AGAIN_AFTER or (name not in self._lines and age > _MISSED_AGAIN_AFTER):
            lines = callers.lines_that_call()
            self._lines = {found: line_id for line_id, url in lines if (found := _name_of(url)) is not None}
            self._lines_at = self._clock.now()
            known = self._unknown.keys() & self._lines.keys()
            for found in known:
                del self._unknown[found]
            if known:
                callers.now_known(known)
        return self._lines.get(name)

    def _is_known_unknown(self, key: str, at: datetime) -> bool:
        noted_at = self._unknown.get(key)
        return noted_at is not None and at - noted_at < UNKNOWN_AGAIN_AFTER

    def _note_unknown(
        self, name: str, peer: str, why: callers.Why, *, serial: str = "", pushed: bytes | None = None, at: datetime
    ) -> None:
        key = name or peer.rpartition(":")[0]
        if self._is_known_unknown(key, at):
            return
        callers.note_unknown(name=key, peer=peer, why=why, serial=serial, pushed=pushed, now=at)
        self._unknown[key] = at
        self._unknown.move_to_end(key)
        if len(self._unknown) > UNKNOWN_NAMES_MAX:
            self._unknown.popitem(last=False)


def _bytes_of(happening: Happening) -> int:
    return len(happening.message) + len(happening.frame) if isinstance(happening, PushCame) else 0


def _name_of(url: str) -> str | None:
    try:
        address = parse_address(url)
    except LineAddressError:
        return None
    return address.name if isinstance(address, CallInAddress) else None


def _proof(called: ModemCalled) -> str:
    """Return what shows that two calls gave one password, and not what it is."""
    if not called.who.password:
        return ""
    return salted_hmac(_SALT, f"{called.name}\0{called.who.password}", algorithm="sha256").hexdigest()
