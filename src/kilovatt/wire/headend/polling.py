"""The head-end: many lines at once, on each of them one meter after another, and a report of each.

    await read_lines([(LineSpec(line_id=1, url="tcp://10.0.0.5:4001"), errands)], sink, clock)

`read_lines` reads what it is given and ends. `Headend.serve` keeps its lines and reads what comes in through
a queue until it is stopped. A line is opened with its first errand and kept; where it cannot be opened, every
meter waiting on it is reported at once.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import Driver
from kilovatt.wire.headend.carrier import Carrier, OpenChannel
from kilovatt.wire.headend.clock import Clock
from kilovatt.wire.headend.debts import Debts
from kilovatt.wire.headend.delivery import Delivery, Progress, Sink, Tally, all_or_none
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.opening import open_channel
from kilovatt.wire.headend.session import Errand, read_meter, unreached

LINES_AT_ONCE = 1_000
IDLE_CLOSE_S = 30.0
"""A served line with nothing to do is let go after this, so that others may use its gateway or port."""

LineErrands: TypeAlias = tuple[LineSpec, Sequence[Errand]]
AwaitedT = TypeVar("AwaitedT")


@dataclass(frozen=True, slots=True)
class LineErrand:
    """An errand for a served line; one on demand goes before all that are not."""

    line_id: int
    errand: Errand
    on_demand: bool = False


async def read_lines(
    lines: Iterable[LineErrands],
    sink: Sink,
    clock: Clock,
    *,
    progress: Callable[[Progress], None] | None = None,
    lines_at_once: int = LINES_AT_ONCE,
) -> None:
    """Read every meter of these lines once, handing each report to the sink; return when all are accepted.

    Raises what the sink raises, after every line has been let go.
    """
    await Headend(clock, lines_at_once=lines_at_once).read(lines, sink, progress=progress)


class Headend:
    """Reads many lines at once, at most `lines_at_once`; `stop` ends it after the sessions in hand."""

    def __init__(
        self,
        clock: Clock,
        *,
        lines_at_once: int = LINES_AT_ONCE,
        open_channel: OpenChannel = open_channel,
        drivers: Callable[[MeterModel], Driver] = driver_for,
    ) -> None:
        if lines_at_once < 1:
            raise ValueError(f"at least one line is read at once; got {lines_at_once}")
        self._clock = clock
        self._open_channel = open_channel
        self._drivers = drivers
        self._permits = asyncio.Semaphore(lines_at_once)
        self._stopping = asyncio.Event()
        self._debts: dict[str, Debts] = {}

    def stop(self) -> None:
        """Begin no further session; those in hand end and are reported."""
        self._stopping.set()

    async def read(
        self, lines: Iterable[LineErrands], sink: Sink, *, progress: Callable[[Progress], None] | None = None
    ) -> None:
        """Read every meter of these lines once; see `read_lines`."""
        given = list(lines)
        tally = Tally(progress, meters=sum(len(errands) for _, errands in given), lines=len(given))
        await all_or_none([self._read_line(spec, errands, sink, tally) for spec, errands in given])

    async def serve(self, lines: Iterable[LineSpec], errands: "asyncio.Queue[LineErrand]", sink: Sink) -> None:
        """Read what comes through the queue, lines side by side, until stopped; sessions begun are reported."""
        waiting = {spec.line_id: _Waiting() for spec in lines}
        served = [self._serve_line(spec, waiting[spec.line_id], sink) for spec in lines]
        await all_or_none([self._sort(errands, waiting, sink), *served])

    async def _read_line(self, spec: LineSpec, errands: Sequence[Errand], sink: Sink, tally: Tally) -> None:
        async with self._permits:
            carrier = self._carrier(spec)
            try:
                async with Delivery(sink, tally) as delivery:
                    for errand in errands:
                        if self._stopping.is_set():
                            return
                        await delivery.hand_over(await self._report(errand, carrier))
            finally:
                await carrier.close()
        tally.line_done()

    def _carrier(self, spec: LineSpec) -> Carrier:
        carrier = Carrier(spec, self._clock, self._open_channel)
        # What a line owed at the end of one reading it owes at the beginning of the next.
        carrier.debts = self._debts.setdefault(spec.url, carrier.debts)
        return carrier

    async def _report(self, errand: Errand, carrier: Carrier) -> SessionReport:
        # Where a line could not be opened once, the meters behind it do not wait for sixty more attempts.
        if carrier.unreachable is not None:
            return unreached(errand, self._clock, carrier.unreachable)
        return await read_meter(errand, carrier, self._clock, self._drivers(errand.address.model))

    async def _serve_line(self, spec: LineSpec, waiting: "_Waiting", sink: Sink) -> None:
        carrier = self._carrier(spec)
        try:
            async with Delivery(sink, Tally(None)) as delivery:
                while (errand := await self._next(waiting, carrier)) is not None:
                    async with self._permits:
                        await delivery.hand_over(await self._report(errand, carrier))
        finally:
            await carrier.close()

    async def _next(self, waiting: "_Waiting", carrier: Carrier) -> Errand | None:
        """Return the next errand of a line, None when stopped."""
        if waiting.queue.empty():
            # Whoever waited is reported; who comes later finds the line tried anew.
            carrier.unreachable = None
            if carrier.is_open:
                soon = await self._unless_stopped(waiting.queue.get(), patience_s=IDLE_CLOSE_S)
                if soon is not None:
                    return soon.errand
                await carrier.close()
        due = await self._unless_stopped(waiting.queue.get())
        return None if due is None else due.errand

    async def _sort(self, errands: "asyncio.Queue[LineErrand]", lines: "dict[int, _Waiting]", sink: Sink) -> None:
        while (asked := await self._unless_stopped(errands.get())) is not None:
            if asked.line_id in lines:
                lines[asked.line_id].add(asked)
            else:
                await sink(unreached(asked.errand, self._clock, f"line {asked.line_id} is not served here"))

    async def _unless_stopped(
        self, awaited: Coroutine[Any, Any, AwaitedT], *, patience_s: float | None = None
    ) -> AwaitedT | None:
        wanted = asyncio.ensure_future(awaited)
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait([wanted, stopped], timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            return wanted.result() if wanted.done() and not self._stopping.is_set() else None
        finally:
            wanted.cancel()
            stopped.cancel()


@dataclass(order=True, slots=True)
class _Due:
    later: bool
    number: int
    errand: Errand = field(compare=False)


class _Waiting:
    """The errands of one line: on demand first, else as they came."""

    def __init__(self) -> None:
        self.queue: asyncio.PriorityQueue[_Due] = asyncio.PriorityQueue()
        self._number = 0

    def add(self, asked: LineErrand) -> None:
        self._number += 1
        self.queue.put_nowait(_Due(not asked.on_demand, self._number, asked.errand))
