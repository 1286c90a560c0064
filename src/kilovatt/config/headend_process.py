"""One head-end process: lines held by leases, errands asked of the office, sessions accepted under the line's fence."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.db import DatabaseError, close_old_connections, connection

from kilovatt.config.call_ins import CallIns
from kilovatt.config.chores import do_chores
from kilovatt.config.figures import HeadendFigures, Present
from kilovatt.config.intake import Intake
from kilovatt.config.reconnecting import reconnecting
from kilovatt.config.scans import Searches
from kilovatt.config.wiring import errands_by_line, line_spec, order_errand
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.office.operations import vault
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.lines import leases, line_leases, shares
from kilovatt.office.operations.lines.line_leases import HeldLine
from kilovatt.office.operations.orders import orders
from kilovatt.office.operations.reading import gaps, visits
from kilovatt.office.operations.reading.reading_plan import LineErrands, back_fill, lines_to_read
from kilovatt.wire.headend.commanding import WithdrawnError
from kilovatt.wire.headend.lines import TcpAddress, UdpAddress, parse_address
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.served_lines import LineErrand, LineNotServedError, Rank, ServedLines
from kilovatt.wire.protocols.dlms.security.slots import UnusableKeysError

ASK_EVERY_S = 0.5
CHORES_EVERY_S = 300.0
ERRANDS_AHEAD = 500
"""So many visits are planned ahead at most: what waits longer is planned with what is known then."""
DAYS_OF_A_VISIT = 7
DAYS_AT_ONCE = 56
SECONDS_OF_A_BACK_FILL = 60.0
"""A visit for the past takes so long at most, by what the last one took a day: others wait for the line."""
GIVEN_UP_AT_ONCE = 64
"""So many lines are left to other processes at a time."""
HOLDER = f"{socket.gethostname()} {os.getpid()}"
"""By what name people are told which process holds a line."""

ResultT = TypeVar("ResultT")
_log = logging.getLogger(__name__)


class HeadendProcess:
    """Reads what is due on the lines it can get."""

    def __init__(
        self,
        clock: SiteClock,
        *,
        lines_max: int,
        noticed: Callable[[SessionReport], None] | None = None,
        chores_every_s: float = CHORES_EVERY_S,
        figures: HeadendFigures | None = None,
    ) -> None:
        self._clock = clock
        self._lines_max = lines_max
        self._chores_every_s = chores_every_s
        self._held: dict[int, HeldLine] = {}
        self._past: dict[int, int] = {}
        """Meters that were just read and may have more of the past, and how many days a visit can take."""
        self._days_at_once: dict[int, int] = {}
        """Of meters whose visits have failed: what one late answer makes doubtful is thrown away whole."""
        self._requests: set[str] = set()
        """Keys of requests that have been put in a line's queue."""
        self._figures = figures or HeadendFigures()
        self._intake = Intake(clock, noticed or _unnoticed, self._figures)
        headend = Headend(clock, lines_at_once=lines_max)
        self._served = ServedLines(headend, self._sink, lost=self._lost)
        self._searches = Searches(clock, self._served)
        self._figures.watch(Present(self._held.__len__, self._served.waiting_by_rank, headend.traffic))
        self._calls = CallIns(clock, holder=HOLDER, held=self._held, take=self._hold)
        self._leaving: set[asyncio.Task[None]] = set()
        self._given_up: set[int] = set()
        """Lines that other processes are to have, once their sessions in hand are over."""
        self._desk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk")
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Begin no further session; `run` returns when those in hand are accepted and the lines given back."""
        self._stopped.set()
        self._served.stop()

    async def run(self) -> None:
        """Read until stopped."""
        self._calls.begin()
        chores = asyncio.create_task(self._do_chores())
        calls = asyncio.create_task(self._calls.run(self._stopped))
        try:
            await asyncio.gather(self._hold_lines(), self._hand_out(), self._served.until_stopped())
        finally:
            self.stop()
            await asyncio.gather(chores, calls, *self._leaving)
            self._intake.close()
            await self._at_desk(self._give_back_all)
            self._desk.submit(connection.close)
            self._desk.shutdown(wait=True)

    # ── Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _hold_lines(self) -> None:
        while not self._stopped.is_set():
            try:
                await self._change_lines()
            except DatabaseError as error:
                # What cannot be extended is lost in time, and then found out by its fence.
                _log.error("the database did not answer: %s", error)
            await self._rest(line_leases.extend_every_s())

    async def _change_lines(self) -> None:
        # Before the leases: when a process dies, its share is free as soon as its lines are.
        share = await self._at_desk(self._be_there)
        for line in await self._at_desk(self._extend):
            _log.warning("line %s was lost to another process", line.line_id, extra={"line": line.line_id})
            if self._held.get(line.line_id) is not line:
                # It came back with its call meanwhile.
                continue
            del self._held[line.line_id]
            self._calls.line_lost(line)
            self._leave(self._served.let_go(line.line_id))
        for line in self._surplus(share):
            self._given_up.add(line.line_id)
            self._leave(self._give_up(line))
        for line in await self._at_desk(self._take, share - len(self._held)):
            self._hold(line)

    def _leave(self, leaving: Coroutine[Any, Any, None]) -> None:
        """Let go of a line beside everything else: the session in hand may take its time."""
        task = asyncio.create_task(leaving)
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _surplus(self, share: int) -> list[HeldLine]:
        """Return the lines that are another process's share, those with the least to do first.

        Only such as every process can reach: a port is on one machine, and a modem has called this process.
        """
        more = len(self._held) - len(self._given_up) - share
        if more <= 0:
            return []
        held = [line for line_id, line in self._held.items() if line_id not in self._given_up]
        reached = [line for line in held if isinstance(parse_address(line.url), TcpAddress | UdpAddress)]
        # Each is given back by itself, while leases have to be extended.
        return sorted(reached, key=lambda line: len(self._served.waiting(line.line_id)))[: min(more, GIVEN_UP_AT_ONCE)]

    async def _give_up(self, line: HeldLine) -> None:
        await self._served.let_go(line.line_id)
        self._given_up.discard(line.line_id)
        if self._held.get(line.line_id) is line:
            del self._held[line.line_id]
            try:
                await self._at_desk(line_leases.give_back, [line])
            except DatabaseError as error:
                # Its lease ends by itself.
                _log.error("the database did not answer: %s", error)

    def _be_there(self) -> int:
        now = self._clock.now()
        line_leases.enter_new_lines(now)
        shares.be_there(HOLDER, lines_max=self._lines_max, now=now)
        return shares.share_of(HOLDER, lines_max=self._lines_max, now=now)

    def _give_back_all(self) -> None:
        shares.be_gone(HOLDER)
        line_leases.give_back(list(self._held.values()))

    def _hold(self, line: HeldLine) -> None:
        self._held[line.line_id] = line
        self._served.take(line_spec(line))
        # What was asked for before it was let go of was forgotten with its queue.
        self._desk.submit(self._forget_requests)

    def _forget_requests(self) -> None:
        self._requests = set()

    def _extend(self) -> list[HeldLine]:
        return line_leases.extend(list(self._held.values()), now=self._clock.now())

    def _take(self, at_most: int) -> list[HeldLine]:
        return line_leases.take_free_lines(now=self._clock.now(), at_most=at_most, holder=HOLDER)

    def _lost(self, line_id: int, error: BaseException) -> None:
        _log.error("line %s is let go: %s", line_id, error, extra={"line": line_id})
        held = self._held.pop(line_id, None)
        if held is not None and not isinstance(error, leases.FencedOffError):
            self._desk.submit(reconnecting, line_leases.give_back, [held])

    # ── Errands ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _hand_out(self) -> None:
        while not self._stopped.is_set():
            held = {line_id: line for line_id, line in self._held.items() if line_id not in self._given_up}
            in_hand = frozenset().union(*(self._served.waiting(line_id) for line_id in held))
            try:
                wanted = await self._at_desk(self._wanted, held, in_hand)
            except DatabaseError as error:
                _log.error("the database did not answer: %s", error)
                wanted = []
            self._put(wanted)
            await self._searches.go_on(held, self._at_desk)
            await self._rest(ASK_EVERY_S)

    def _wanted(self, held: Mapping[int, HeldLine], in_hand: frozenset[int]) -> list[LineErrand]:
        """Ask the office who is waited for, who is due, and what is to be told to whom."""
        now = self._clock.now()
        if not held:
            return []
        waited_for = visits.asked_for(held, now=now)
        new = {key: meter_id for key, meter_id in waited_for.items() if key not in self._requests}
        room = ERRANDS_AHEAD - len(in_hand)
        busy = in_hand | set(new.values())
        past = self._take_past()
        try:
            due = visits.due_meters(held, now=now, at_most=room, but_not=busy) if room > 0 else []
            asked = self._planned(sorted(set(new.values())), Rank.ON_DEMAND)
            filled = _ranked(back_fill(past, now=now), Rank.BACK_FILL)
            errands = asked + self._orders(held) + self._planned(due, Rank.SCHEDULED) + filled
        except DatabaseError:
            self._past = past | self._past
            raise
        # Not before: what could not be handed out is asked for again.
        self._requests = set(waited_for)
        return errands

    def _take_past(self) -> dict[int, int]:
        past, self._past = self._past, {}
        return past

    def _orders(self, held: Mapping[int, HeldLine]) -> list[LineErrand]:
        """Claim the commands for meters of these lines that are due."""
        now = self._clock.now()
        errands = []
        fences = {line_id: line.lease.fence for line_id, line in held.items()}
        for due in orders.claim_due(fences, now=now):
            announce = partial(self._announce, due.order.order_id, held[due.line_id].lease)
            for line in lines_to_read(now=now, meter_ids=[due.meter_id], days_at_once=0):
                (wanted,) = line.meters
                try:
                    errand = order_errand(wanted, due.order, announce)
                except (vault.SealBrokenError, UnusableKeysError) as error:
                    # The next master key, or `keys set`, may open them: those that were sent are looked at again.
                    _log.error("order %s: %s", due.order.order_id, error)
                    orders.fail_unsent(due.order.order_id, str(error), now=now)
                else:
                    errands.append(LineErrand(due.line_id, errand, Rank.COMMAND))
        return errands

    async def _announce(self, order_id: UUID, lease: leases.Lease) -> None:
        """Note that a command is being sent. Raises WithdrawnError when it may not be."""
        try:
            may_be_sent = await self._at_desk(partial(orders.note_sent, order_id, lease=lease, now=self._clock.now()))
        except leases.FencedOffError as error:
            raise WithdrawnError(str(error)) from error
        if not may_be_sent:
            raise WithdrawnError("the order was withdrawn or has expired")

    def _planned(self, meter_ids: Sequence[int], rank: Rank) -> list[LineErrand]:
        if not meter_ids:
            return []
        now = self._clock.now()
        # A day that has just passed is asked for by the first visit after it.
        gaps.notice_gaps(now=now, meter_ids=meter_ids)
        is_whole = rank is Rank.ON_DEMAND
        lines = lines_to_read(now=now, meter_ids=meter_ids, days_at_once=DAYS_OF_A_VISIT, is_whole=is_whole)
        return _ranked(lines, rank)

    def _put(self, errands: Iterable[LineErrand]) -> None:
        for errand in errands:
            try:
                self._served.put(errand)
            except LineNotServedError:
                # Let go meanwhile: whoever holds it now is asked the same.
                continue

    async def _sink(self, line_id: int, report: SessionReport) -> None:
        held = self._held.get(line_id)
        if held is None:
            raise leases.FencedOffError(f"line {line_id} is held by another process now")
        await self._intake.sink(report, held.lease)
        self._look_back(report)

    def _look_back(self, report: SessionReport) -> None:
        """Have more of a meter's past read, if it told some just now: fewer days at once where visits fail."""
        days, meter_id = _days_told(report), report.meter_id
        if report.outcome is not Outcome.OK:
            self._days_at_once[meter_id] = max(DAYS_OF_A_VISIT, self._days_at_once.get(meter_id, DAYS_AT_ONCE) // 4)
        if days:
            in_time = _days_of_a_back_fill(report, days)
            self._past[meter_id] = min(in_time, self._days_at_once.get(meter_id, in_time))
            if report.outcome is Outcome.OK and meter_id in self._days_at_once:
                self._days_at_once[meter_id] *= 2

    # ── Chores ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _do_chores(self) -> None:
        """Notice gaps, correct clocks, keep, judge and bill: in one process at a time, while the others read on."""
        while not self._stopped.is_set():
            await asyncio.to_thread(self._chores)
            await self._rest(self._chores_every_s)

    def _chores(self) -> None:
        began = time.perf_counter()
        try:
            if do_chores(self._clock):
                self._figures.chores_done(took_s=time.perf_counter() - began, at=self._clock.now())
        except Exception:  # noqa: BLE001  # whatever it is, meters are read on
            # The next round of chores finds the same work.
            _log.exception("chores were broken off")
        finally:
            close_old_connections()
            connection.close()

    # ── Waiting ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _at_desk(self, job: Callable[..., ResultT], *arguments: object) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._desk, reconnecting, job, *arguments)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return


def _days_told(report: SessionReport) -> int:
    """Return of how many days a meter was asked, or what it told whole before something went wrong."""
    if report.outcome is Outcome.OK:
        return len(report.asked_days)
    return sum(day.is_whole for day in report.learnt.meter_days)


def _days_of_a_back_fill(report: SessionReport, days: int) -> int:
    """Return of how many days a visit for the past may ask, by how long the last one took."""
    day_s = (report.ended_at - report.started_at).total_seconds() / days
    in_time = int(SECONDS_OF_A_BACK_FILL / max(day_s, 0.01))
    return max(DAYS_OF_A_VISIT, in_time)


def _ranked(lines: Iterable[LineErrands], rank: Rank) -> list[LineErrand]:
    """Errands for the head-end; here secrets are opened, so it belongs to the desk."""
    return [LineErrand(spec.line_id, errand, rank) for spec, errands in errands_by_line(lines) for errand in errands]


def _unnoticed(report: SessionReport) -> None:
    del report
