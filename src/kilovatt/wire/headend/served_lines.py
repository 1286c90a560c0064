"""Lines that are served for as long as somebody holds them: errands come, the most urgent goes first.

    served = ServedLines(headend, sink)
    served.take(LineSpec(line_id=1, url="tcp://10.0.0.5:4001"))
    served.put(LineErrand(1, errand, Rank.ON_DEMAND))
    await served.until_stopped()

One exchange at a time goes over a line, one session after another; what fills the time between them (a search for
meters) goes piece by piece. A line that fails its sink (its holder was fenced
off, say) is let go of and told of; the others go on.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Protocol, TypeAlias

from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.delivery import Delivery, Tally
from kilovatt.wire.headend.lines import LineSpec, ModemAddress
from kilovatt.wire.headend.opening import give_up_waiting, within_reach
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.headend.session import Errand

IDLE_CALL_S = 2.0
"""A call is paid for by the minute, and others wait for its modem."""
IDLE_CLOSE_S = 30.0
"""A line with nothing to do is let go after this, so that others may use its gateway or port."""

PIECE_S = 5.0
"""So long what fills the time between visits goes on while a visit that can wait is due."""

_log = logging.getLogger(__name__)


class Rank(IntEnum):
    """What goes before what on a line."""

    ON_DEMAND = 0
    """Somebody waits for it."""
    COMMAND = 1
    SCHEDULED = 2
    BACK_FILL = 3
    """The past, when the present is read."""


@dataclass(frozen=True, slots=True)
class LineErrand:
    """An errand for a line that is served."""

    line_id: int
    errand: Errand
    rank: Rank = Rank.SCHEDULED


class Filling(Protocol):
    """Something long that fills the time between visits of a line, piece by piece. It raises nothing."""

    async def go_on(self, carrier: Carrier, may_go_on: Callable[[], bool]) -> bool:
        """Go on over a line until it is over, or may not; return whether it is over.

        The carrier is lent: it may be closed, and comes back as it was otherwise.
        """


LineSink: TypeAlias = Callable[[int, SessionReport], Awaitable[None]]
"""Accepts what was heard on a line; done when it is safe. What it raises costs the line, and no other."""


class LineNotServedError(LookupError):
    """Nobody here serves the line of an errand."""


class ServedLines:
    """The lines one process holds. `lost` is told of a line that was let go of because its sink raised."""

    def __init__(
        self, headend: Headend, sink: LineSink, *, lost: Callable[[int, BaseException], None] | None = None
    ) -> None:
        self._headend = headend
        self._sink = sink
        self._lost = lost or _logged
        self._lines: dict[int, _ServedLine] = {}
        self._stopped = asyncio.Event()

    @property
    def line_ids(self) -> frozenset[int]:
        """The lines that are served now."""
        return frozenset(self._lines)

    def take(self, spec: LineSpec) -> None:
        """Serve a line from now on; one that is served already goes on as it was."""
        if spec.line_id in self._lines:
            return
        line = _ServedLine(spec)
        self._lines[spec.line_id] = line
        line.task = asyncio.create_task(self._serve(line), name=f"line {spec.line_id}")

    async def let_go(self, line_id: int) -> None:
        """Serve a line no longer: the session in hand ends and is reported, errands that waited are forgotten."""
        line = self._lines.pop(line_id, None)
        if line is not None and line.task is not None:
            line.leaving = True
            line.wake.set()
            await asyncio.gather(line.task, return_exceptions=True)

    def put(self, asked: LineErrand) -> None:
        """Have a meter visited in its turn; one that waits already waits for the more urgent of both errands.

        Raises LineNotServedError.
        """
        line = self._lines.get(asked.line_id)
        if line is None:
            raise LineNotServedError(asked.line_id)
        line.add(asked)

    def fill(self, line_id: int, filling: Filling) -> None:
        """Have something go over a line between its visits, until it is over. Raises LineNotServedError."""
        line = self._lines.get(line_id)
        if line is None:
            raise LineNotServedError(line_id)
        line.filling = filling
        line.wake.set()

    def waiting(self, line_id: int) -> frozenset[int]:
        """The meters of a line whose turn has not come yet, or whose report is not accepted yet."""
        line = self._lines.get(line_id)
        return frozenset() if line is None else frozenset(line.meter_ids)

    def waiting_by_rank(self) -> dict[Rank, int]:
        """How many errands of each rank wait for their turn. May be asked from any thread."""
        # list() of a dict is one step of the interpreter: nothing is added to it meanwhile.
        ranks = Counter(rank for line in list(self._lines.values()) for rank, _, _ in list(line.waiting.values()))
        return {rank: ranks[rank] for rank in Rank}

    def stop(self) -> None:
        """Begin no further session; `until_stopped` returns when those in hand are reported."""
        self._stopped.set()
        give_up_waiting()

    async def until_stopped(self) -> None:
        """Serve until told to stop, and then let go of every line."""
        await self._stopped.wait()
        await asyncio.gather(*(self.let_go(line_id) for line_id in list(self._lines)))

    async def _serve(self, line: "_ServedLine") -> None:
        carrier = self._headend.carrier(line.spec)
        try:
            async with within_reach(line.spec), Delivery(partial(self._accept, line), Tally(None)) as delivery:
                while (asked := await line.next(carrier, delivery)) is not None:
                    async with self._headend.permits:
                        if not isinstance(asked, LineErrand):
                            await line.go_on_with(asked, carrier)
                            continue
                        report = await self._headend.report(asked.errand, carrier)
                    await delivery.hand_over(report)
        except Exception as error:  # noqa: BLE001  # whatever it is, it costs this line and no other
            self._lines.pop(line.spec.line_id, None)
            self._lost(line.spec.line_id, error)
        finally:
            await carrier.close()

    async def _accept(self, line: "_ServedLine", report: SessionReport) -> None:
        await self._sink(line.spec.line_id, report)
        line.in_hand.discard(report.meter_id)


@dataclass(slots=True)
class _ServedLine:
    spec: LineSpec
    task: "asyncio.Task[None] | None" = None
    leaving: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: "dict[tuple[int, bool], tuple[Rank, int, LineErrand]]" = field(default_factory=dict)
    """By meter, and whether it is a command: its rank, the number of its coming, and the errand."""
    in_hand: set[int] = field(default_factory=set)
    """Meters that are visited, or whose report is on its way."""
    filling: Filling | None = None
    _has_visited: bool = False
    """Whether the latest turn was a visit's."""
    _number: int = 0

    @property
    def meter_ids(self) -> set[int]:
        return self.in_hand | {meter_id for meter_id, _ in self.waiting}

    def add(self, asked: LineErrand) -> None:
        key = (asked.errand.meter_id, asked.errand.order is not None)
        before = self.waiting.get(key)
        if before is None or asked.rank < before[0]:
            self._number += 1
            self.waiting[key] = (asked.rank, self._number, asked)
            self.wake.set()

    async def next(self, carrier: Carrier, delivery: Delivery) -> LineErrand | Filling | None:
        """Return the most urgent errand or what fills the time, waiting for one; None when the line is to be let go.

        Raises what the sink raised for the last report before nothing was left to do.
        """
        if not self.waiting:
            await delivery.settled()
        if not self.waiting and not self.filling and not self.leaving:
            # Whoever waited is reported; who comes later finds the line tried anew.
            carrier.unreachable = None
            await self._wait(carrier)
        if self.leaving:
            return None
        if self.filling is not None and self._may_be_filled():
            self._has_visited = False
            return self.filling
        self._has_visited = True
        first = min(self.waiting, key=lambda one: self.waiting[one][:2])
        self.in_hand.add(first[0])
        return self.waiting.pop(first)[2]

    async def go_on_with(self, filling: Filling, carrier: Carrier) -> None:
        """Let something go on over the line until it is over or a visit has its turn."""
        until = asyncio.get_running_loop().time() + PIECE_S
        is_over = await filling.go_on(carrier, partial(self._may_go_on, until))
        if is_over and self.filling is filling:
            self.filling = None

    def _may_be_filled(self) -> bool:
        """Whether nobody waits, and each visit that is due takes turns with what fills the time."""
        most_urgent = self._most_urgent()
        return most_urgent > Rank.SCHEDULED or (self._has_visited and most_urgent > Rank.COMMAND)

    def _may_go_on(self, until: float) -> bool:
        most_urgent = self._most_urgent()
        has_time = most_urgent > Rank.SCHEDULED or asyncio.get_running_loop().time() < until
        return has_time and most_urgent > Rank.COMMAND and not self.leaving

    def _most_urgent(self) -> Rank:
        return min((rank for rank, _, _ in self.waiting.values()), default=Rank.BACK_FILL)

    async def _wait(self, carrier: Carrier) -> None:
        self.wake.clear()
        if carrier.is_open:
            try:
                is_call = isinstance(carrier.spec.address, ModemAddress)
                async with asyncio.timeout(IDLE_CALL_S if is_call else IDLE_CLOSE_S):
                    await self.wake.wait()
            except TimeoutError:
                await carrier.close()
        await self.wake.wait()


def _logged(line_id: int, error: BaseException) -> None:
    _log.error("line %s is let go: %s", line_id, error, extra={"line": line_id})
