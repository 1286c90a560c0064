"""Searches of one head-end process: asked of the office, done between visits over lines that are held, told as they go.

searches = Searches(clock, served)
await searches.go_on(held, at_desk)    # as often as errands are asked for
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from django.db import DatabaseError

from kilovatt.config.scan_journal import journal_of, progress_of, shown, steps_of
from kilovatt.config.scan_scope import scope_for
from kilovatt.measure.metering.scans import ScanState
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.lines.line_leases import HeldLine
from kilovatt.office.operations.reading import scans
from kilovatt.office.operations.reading.scans import ClaimedScan, ScanTold
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.scanning import Progress, Scan
from kilovatt.wire.headend.served_lines import LineNotServedError, ServedLines

SEARCHES_AT_ONCE = 8
"""So many lines are searched by one process at once: others wait, and every line is read on."""
TELL_EVERY = timedelta(seconds=1)

_log = logging.getLogger(__name__)


class AtDesk(Protocol):
    """Does a job where the database may be asked."""

    def __call__(self, job: Callable[..., Any], *arguments: object) -> Awaitable[Any]: ...


@dataclass(slots=True)
class LineSearch:
    """One search, as it fills the time of its line."""

    scan_id: UUID
    held: HeldLine
    scan: Scan
    state: ScanState = ScanState.RUNNING
    is_ended: bool = False
    """Whether somebody stopped it, or its line went to another process."""
    progress: Progress | None = None
    _told_steps: int = field(default=-1)

    async def go_on(self, carrier: Carrier, may_go_on: Callable[[], bool]) -> bool:
        """Search on until it is over, ended, or may not."""
        if self.is_ended:
            return True
        try:
            is_over = await self.scan.go_on(
                lambda: not self.is_ended and may_go_on(),
                lent=carrier,
                on_progress=self._note,
            )
        except Exception:  # noqa: BLE001  # whatever it is, the meters of the line are read on
            _log.exception("the search %s broke off", self.scan_id, extra={"line": self.held.line_id})
            self.state = ScanState.BROKEN
            return True
        if is_over:
            self.state = ScanState.OVER
        return is_over or self.is_ended

    def _note(self, progress: Progress) -> None:
        self.progress = progress

    def told(self) -> ScanTold | None:
        """Return what is new of it; None where nothing is."""
        steps = len(self.scan.steps)
        if self.state is ScanState.RUNNING and steps == self._told_steps:
            return None
        self._told_steps = steps
        is_going = self.state is ScanState.RUNNING and self.progress is not None
        return ScanTold(
            shown=shown(self.scan),
            journal=journal_of(self.scan.steps),
            progress=progress_of(self.progress) if is_going and self.progress is not None else {},
            state=self.state,
        )


class Searches:
    """The searches that one process has in hand."""

    def __init__(self, clock: SiteClock, served: ServedLines) -> None:
        self._clock = clock
        self._served = served
        self._in_hand: dict[UUID, LineSearch] = {}
        self._told_at = float("-inf")

    async def go_on(self, held: Mapping[int, HeldLine], at_desk: AtDesk) -> None:
        """Tell of the searches in hand, end those that are over, and begin what is wished for. May be called often."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_at < TELL_EVERY.total_seconds():
            return
        self._told_at = now_s
        # What goes on in this thread is looked at in it.
        told = {scan_id: search.told() for scan_id, search in self._in_hand.items()}
        self._leave(held)
        try:
            await self._tell({scan_id: one for scan_id, one in told.items() if one is not None}, at_desk)
            await self._begin(held, at_desk)
        except DatabaseError as error:
            # What was not told of is told of with what follows it.
            _log.error("the database did not answer: %s", error)

    async def _tell(self, told: Mapping[UUID, ScanTold], at_desk: AtDesk) -> None:
        leases_of = {scan_id: search.held.lease for scan_id, search in self._in_hand.items()}
        ended: Collection[UUID] = await at_desk(self._note, told, leases_of) if told else ()
        for scan_id in ended:
            self._in_hand.pop(scan_id).is_ended = True

    def _note(self, told: Mapping[UUID, ScanTold], leases_of: Mapping[UUID, Any]) -> list[UUID]:
        now = self._clock.now()
        return [
            scan_id for scan_id, one in told.items() if not scans.note(scan_id, one, lease=leases_of[scan_id], now=now)
        ]

    def _leave(self, held: Mapping[int, HeldLine]) -> None:
        """End here what is done over lines that are held no more: whoever holds them next goes on."""
        for scan_id, search in list(self._in_hand.items()):
            if held.get(search.held.line_id) is not search.held:
                self._in_hand.pop(scan_id).is_ended = True

    async def _begin(self, held: Mapping[int, HeldLine], at_desk: AtDesk) -> None:
        room = SEARCHES_AT_ONCE - len(self._in_hand)
        begun: list[LineSearch] = await at_desk(self._claimed, held, room) if room > 0 and held else []
        for search in begun:
            try:
                self._served.fill(search.held.line_id, search)
            except LineNotServedError:
                # Let go meanwhile: whoever holds it now takes the search over.
                continue
            self._in_hand[search.scan_id] = search

    def _claimed(self, held: Mapping[int, HeldLine], room: int) -> list[LineSearch]:
        fences = {line_id: line.lease.fence for line_id, line in held.items()}
        claimed = scans.claim(fences, now=self._clock.now(), at_most=room)
        searches = []
        for one in claimed:
            try:
                searches.append(LineSearch(one.scan_id, held[one.line_id], _scan(one, self._clock)))
            except ValueError as error:
                # Its line was given another address since, and not one of a line.
                _log.error("the search %s cannot be made: %s", one.scan_id, error)
                shown = {"remarks": {"detail": str(error)[:300]}}
                told = ScanTold(shown=shown, journal={}, progress={}, state=ScanState.BROKEN)
                scans.note(one.scan_id, told, lease=held[one.line_id].lease, now=self._clock.now())
        return searches


def _scan(claimed: ClaimedScan, clock: SiteClock) -> Scan:
    """Return a search that goes on from where the journal ends; from the beginning where that cannot be read."""
    scope = scope_for(claimed.url, claimed.wishes, answer_timeout_s=claimed.answer_timeout_ms / 1000)
    try:
        steps = steps_of(claimed.journal)
    except (ValueError, KeyError, TypeError):
        _log.warning("the journal of the search %s cannot be read: it begins anew", claimed.scan_id)
        steps = []
    return Scan(claimed.url, scope, clock=clock, steps=steps)
