"""The head-end: many lines at once, on each of them one meter after another, and a report of each.

    await read_lines([(LineSpec(line_id=1, url="tcp://10.0.0.5:4001"), errands)], sink, clock)

`read_lines` reads what it is given and ends; `served_lines` keeps lines and reads what comes. A line is opened with
its first errand and kept; where it cannot be opened, every meter waiting on it is reported at once.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeAlias

from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.wire.drivers.catalogue import driver_for
from kilovatt.wire.drivers.conversation import Driver
from kilovatt.wire.headend.carrier import Carrier
from kilovatt.wire.headend.clock import Clock
from kilovatt.wire.headend.debts import Debts
from kilovatt.wire.headend.delivery import Delivery, Progress, Sink, Tally, all_or_none
from kilovatt.wire.headend.kept_line import OpenChannel
from kilovatt.wire.headend.lines import LineSpec
from kilovatt.wire.headend.opening import open_channel, within_reach
from kilovatt.wire.headend.record import Traffic
from kilovatt.wire.headend.session import Errand, read_meter, unreached

LINES_AT_ONCE = 1_000
LineErrands: TypeAlias = tuple[LineSpec, Sequence[Errand]]


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
        self.permits = asyncio.Semaphore(lines_at_once)
        """Held while a line is talked over."""
        self._stopping = asyncio.Event()
        self._debts: dict[str, Debts] = {}
        self.traffic = Traffic()
        """What went over all its lines."""

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

    async def _read_line(self, spec: LineSpec, errands: Sequence[Errand], sink: Sink, tally: Tally) -> None:
        async with self.permits, within_reach(spec):
            carrier = self.carrier(spec)
            try:
                async with Delivery(sink, tally) as delivery:
                    for errand in errands:
                        if self._stopping.is_set():
                            return
                        await delivery.hand_over(await self.report(errand, carrier))
            finally:
                await carrier.close()
        tally.line_done()

    def carrier(self, spec: LineSpec) -> Carrier:
        """Return what carries conversations over a line, knowing what the line still owes."""
        carrier = Carrier(spec, self._clock, self._open_channel)
        # What a line owed at the end of one reading it owes at the beginning of the next.
        carrier.debts = self._debts.setdefault(spec.url, carrier.debts)
        carrier.traffic = self.traffic
        return carrier

    def report(self, errand: Errand, carrier: Carrier) -> Coroutine[Any, Any, SessionReport]:
        """Read a meter over its line and return what came of it."""
        # Where a line could not be opened once, the meters behind it do not wait for sixty more attempts.
        if carrier.unreachable is not None:
            return _at_once(unreached(errand, self._clock, carrier.unreachable, carrier.unreachable_outcome))
        return read_meter(errand, carrier, self._clock, self._drivers(errand.address.model))


async def _at_once(report: SessionReport) -> SessionReport:
    return report
