"""Reports on their way to the one who accepts them, and how far a reading has come."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeAlias

from kilovatt.measure.metering.sessions import SessionReport

Sink: TypeAlias = Callable[[SessionReport], Awaitable[None]]
"""Accepts a report; done when it is safe. What it raises ends the reading."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reading of lines has come. A line is done when its last report is accepted."""

    meters: int
    meters_done: int
    lines: int
    lines_done: int


class Tally:
    """Counts meters and lines, and tells after each."""

    __slots__ = ("_lines", "_lines_done", "_meters", "_meters_done", "_tell")

    def __init__(self, tell: Callable[[Progress], None] | None, *, meters: int = 0, lines: int = 0) -> None:
        self._tell = tell
        self._meters = meters
        self._lines = lines
        self._meters_done = 0
        self._lines_done = 0

    def meter_done(self) -> None:
        """Count a meter."""
        self._meters_done += 1
        self._say()

    def line_done(self) -> None:
        """Count a line."""
        self._lines_done += 1
        self._say()

    def _say(self) -> None:
        if self._tell is not None:
            self._tell(Progress(self._meters, self._meters_done, self._lines, self._lines_done))


class Delivery:
    """Hands a line's reports over in order. One may be under way while the next meter is read, never two."""

    __slots__ = ("_sink", "_tally", "_under_way")

    def __init__(self, sink: Sink, tally: Tally) -> None:
        self._sink = sink
        self._tally = tally
        self._under_way: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the last report to be accepted; after an error, give it up."""
        if self._under_way is None:
            return
        if error is None:
            await self._under_way
        else:
            self._under_way.cancel()
            await asyncio.gather(self._under_way, return_exceptions=True)

    async def hand_over(self, report: SessionReport) -> None:
        """Hand over a report once the one before is accepted. Raises what the sink raised for that one."""
        await self.settled()
        self._under_way = asyncio.create_task(self._accepted(report))

    async def settled(self) -> None:
        """Wait until what was handed over is accepted. Raises what the sink raised."""
        if self._under_way is not None:
            under_way, self._under_way = self._under_way, None
            await under_way

    async def _accepted(self, report: SessionReport) -> None:
        await self._sink(report)
        self._tally.meter_done()


async def all_or_none(jobs: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run jobs side by side; if one fails, cancel the others, wait until they have let go, and raise what it raised."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
