"""The demonstration, whole: a town is started, put on record, read, judged, billed and told of."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.progress import Progress

from kilovatt.config.cli.voice import _, progress
from kilovatt.config.demo.town_file import TownWish, town_of
from kilovatt.config.demo.town_records import put_town_on_record
from kilovatt.config.rounds import Tally, keep_and_judge, read_round
from kilovatt.measure.metering.outcomes import Outcome
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.office.operations.billing.billing import bill_last_month
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.reading.gaps import notice_gaps
from kilovatt.office.operations.reading.reading_plan import lines_to_read
from kilovatt.quantities.periods import local_date, local_midnight
from kilovatt.wire.headend.clock import MachineClock
from kilovatt.wire.headend.polling import Headend
from kilovatt.wire.simulator.plan import TownPlan
from kilovatt.wire.simulator.town_process import TownProcess

_ROUNDS_MAX = 3
_MIDNIGHT_REST = timedelta(seconds=4)
_WORTH_ANOTHER_ROUND = frozenset(
    {
        Outcome.NOISE,
        Outcome.SILENCE,
        Outcome.CHANNEL_CLOSED,
        Outcome.ECHO,
        Outcome.METER_UNREACHED,
        Outcome.CONCENTRATOR_SILENT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a run did, for its report."""

    plan: TownPlan
    now: datetime
    clock: SiteClock
    tally: Tally
    seconds: float


@contextmanager
def running_town(directory: Path, wish: TownWish, now: datetime) -> Iterator[tuple[TownPlan, TownProcess]]:
    """Start the town of a data directory; it ends with this process, however that ends."""
    plan = town_of(directory, wish, now)
    with TownProcess(plan) as town:
        yield plan, town


def read_and_bill(plan: TownPlan, town: TownProcess, now: datetime) -> Told:
    """Read the town until what can be read is read, judge it, and bill the last full month."""
    began = time.perf_counter()
    clock = SiteClock(ahead=now - MachineClock().now())
    with progress() as shown:
        step = shown.add_task(_("Putting the town on record"), total=1)
        put_town_on_record(plan, town.addresses.ports, town.addresses.host)
        shown.advance(step)
        tally = asyncio.run(_read(clock, now, ZoneInfo(plan.zone), shown))
        step = shown.add_task(_("Judging and keeping what was read"), total=1)
        keep_and_judge(clock)
        shown.advance(step)
        step = shown.add_task(_("Billing the last full month"), total=1)
        bill_last_month(now=now)
        shown.advance(step)
    return Told(plan=plan, now=now, clock=clock, tally=tally, seconds=time.perf_counter() - began)


async def _past_midnight(clock: SiteClock, zone: ZoneInfo) -> None:
    # What "today" and "this month" mean to a meter is in the air at the stroke of midnight.
    now = clock.now()
    since_midnight = now - local_midnight(local_date(now, zone), zone)
    if since_midnight < _MIDNIGHT_REST:
        await asyncio.sleep((_MIDNIGHT_REST - since_midnight).total_seconds())


async def _read(clock: SiteClock, now: datetime, zone: ZoneInfo, shown: Progress) -> Tally:
    tally = Tally()
    await _past_midnight(clock, zone)
    headend = Headend(clock)
    wanted: list[int] | None = None
    for number in range(1, _ROUNDS_MAX + 1):
        await asyncio.to_thread(notice_gaps, now=now)
        lines = await asyncio.to_thread(lines_to_read, now=now, meter_ids=wanted)
        if not lines:
            break
        total = sum(len(line.meters) for line in lines)
        words = _("Reading the meters") if number == 1 else _("Asking again")
        step = shown.add_task(words, total=total)
        failed: list[int] = []

        def noticed(report: SessionReport, step: int = step, failed: list[int] = failed) -> None:
            tally.count(report)
            shown.advance(step)  # type: ignore[arg-type]  # rich names an int TaskID
            if report.outcome in _WORTH_ANOTHER_ROUND:
                failed.append(report.meter_id)

        await read_round(headend, clock, lines, noticed)
        if not failed:
            break
        wanted = failed
    return tally
