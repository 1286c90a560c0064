"""A round: everything that is missing is read, accepted, judged and carried to the lake."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from kilovatt.config.figures import HeadendFigures
from kilovatt.config.intake import Intake
from kilovatt.config.wiring import errands_by_line
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.keeping import judging, keeper
from kilovatt.office.operations.reading.reading_plan import LineErrands
from kilovatt.wire.headend.polling import Headend


@dataclass(slots=True)
class Tally:
    """How the sessions of a round ended, by outcome."""

    sessions: Counter[str] = field(default_factory=Counter)

    def count(self, report: SessionReport) -> None:
        """Count one session."""
        self.sessions[report.outcome.value] += 1


async def read_round(
    headend: Headend, clock: SiteClock, lines: tuple[LineErrands, ...], noticed: Callable[[SessionReport], None]
) -> None:
    """Read these lines, all at once, and accept what comes; when the head-end is stopped, the sessions in hand end."""
    intake = Intake(clock, noticed, HeadendFigures())
    try:
        await headend.read(await asyncio.to_thread(errands_by_line, lines), intake.sink)
    finally:
        intake.close()


def keep_and_judge(clock: SiteClock) -> None:
    """Carry everything that was accepted to the lake, and judge every meter."""
    carry(clock, judge=None)
    judging.judge_what_is_new(now=clock.now())


def keep_what_is_ripe(clock: SiteClock) -> None:
    """Carry to the lake what has waited for an hour or has become much, judging its meters; judge all once a day."""
    if keeper.is_ripe(now=clock.now()):
        carry(clock, judge=lambda meter_ids: judging.judge_what_is_new(now=clock.now(), meter_ids=meter_ids))
    judging.judge_each_day(now=clock.now())


def carry(clock: SiteClock, *, judge: Callable[[Collection[int]], object] | None) -> None:
    """Carry what has been accepted by now to the lake."""
    now = clock.now()
    while (batch := keeper.carry_to_the_lake(now=clock.now(), judge=judge)) is not None and batch.closed_at < now:
        # A batch that an earlier keeper left open went first; what came since is the next one.
        continue
