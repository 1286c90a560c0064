"""A round: everything that is missing is read, accepted, judged and carried to the lake."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from kilovatt.config.figures import HeadendFigures
from kilovatt.config.intake import Intake
from kilovatt.config.wiring import errands_by_line
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.office.operations import judging, keeper
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.reading_plan import LineErrands
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
    """Carry what was accepted to the lake and judge it."""
    while keeper.carry_to_the_lake(now=clock.now()) is not None:
        # A batch that an earlier keeper left open goes first; what came since is the next one.
        continue
    judging.judge_what_is_new(now=clock.now())
