"""Sessions on their way into the records: those that have come meanwhile are accepted in one transaction."""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Lock
from typing import TypeAlias

from django.db import OperationalError, connection

from kilovatt.config.figures import HeadendFigures
from kilovatt.config.reconnecting import reconnecting
from kilovatt.measure.metering.sessions import SessionReport
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.intake import ingest
from kilovatt.office.operations.intake.ingest import Acceptance, Delivered
from kilovatt.office.operations.lines.leases import Lease
from kilovatt.wire.headend.correlation import in_hand

AT_ONCE = 50
"""So many sessions are accepted in one transaction at most: nobody waits long for it."""
COMMIT_EVERY_S = 0.1
"""No transaction begins sooner after the last one began, so that what comes meanwhile shares the next."""
_SWITCH_INTERVAL_S = 0.0005

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    delivered: Delivered
    accepted: "asyncio.Future[None]"
    loop: asyncio.AbstractEventLoop


_Result: TypeAlias = Acceptance | BaseException


class Intake:
    """Accepts sessions in a thread of its own, so that lines never wait for the disk."""

    def __init__(self, clock: SiteClock, noticed: Callable[[SessionReport], None], figures: HeadendFigures) -> None:
        # By default a thread may keep Python for 5 ms while a meter's answer waits to be heard.
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        self._clock = clock
        self._noticed = noticed
        self._figures = figures
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")
        self._waiting: list[_Waiting] = []
        self._lock = Lock()
        self._is_busy = False
        """Whether the thread is at it, and looks again before it rests."""
        self._began_at = -COMMIT_EVERY_S

    def sink(self, report: SessionReport, lease: Lease | None = None) -> Awaitable[None]:
        """Accept a session; done when its transaction is. `lease`: that of its line, where lines are held.

        Raises FencedOffError, or what the database says.
        """
        loop = asyncio.get_running_loop()
        one = _Waiting(Delivered(report, lease), loop.create_future(), loop)
        with self._lock:
            self._waiting.append(one)
            was_busy, self._is_busy = self._is_busy, True
        if not was_busy:
            self._thread.submit(self._accept_waiting)
        return one.accepted

    def close(self) -> None:
        """Accept what is still waiting, and end the thread."""
        self._thread.submit(connection.close)
        self._thread.shutdown(wait=True)

    def _accept_waiting(self) -> None:
        while self._is_busy:
            time.sleep(max(0.0, self._began_at + COMMIT_EVERY_S - time.monotonic()))
            self._began_at = time.monotonic()
            group = self._next_group()
            results = self._accepted([one.delivered for one in group])
            took_s = time.monotonic() - self._began_at
            for one, result in zip(group, results, strict=True):
                self._tell(one, result, took_s)
            with self._lock:
                self._is_busy = bool(self._waiting)

    def _next_group(self) -> list[_Waiting]:
        """Take sessions in their order, of each meter one; the others are for the next transaction."""
        with self._lock:
            meters: set[int] = set()
            group: list[_Waiting] = []
            left: list[_Waiting] = []
            for one in self._waiting:
                meter_id = one.delivered.report.meter_id
                (left if meter_id in meters or len(group) == AT_ONCE else group).append(one)
                meters.add(meter_id)
            self._waiting = left
        return group

    def _accepted(self, group: Sequence[Delivered]) -> list[_Result]:
        now = self._clock.now()
        try:
            return [*reconnecting(partial(ingest.accept_all, group, now=now))]
        except Exception as error:  # noqa: BLE001  # whatever it is, it is one session's and not the others'
            # A connection that had broken while nothing was accepted is no reason to lose what was heard.
            if len(group) == 1 and not isinstance(error, OperationalError):
                return [error]
            _log.warning("%d sessions are accepted one by one: %s", len(group), error)
            return [self._accepted_alone(one, now) for one in group]

    @staticmethod
    def _accepted_alone(one: Delivered, now: datetime) -> _Result:
        try:
            (acceptance,) = reconnecting(partial(ingest.accept_all, [one], now=now))
        except Exception as error:  # noqa: BLE001  # it is raised where the session is waited for
            return error
        return acceptance

    def _tell(self, one: _Waiting, result: _Result, took_s: float) -> None:
        report = one.delivered.report
        error = result if isinstance(result, BaseException) else result.fenced_off
        if error is None and isinstance(result, Acceptance):
            with in_hand(report.session_id):
                facts = {"meter": report.meter_id, "outcome": report.outcome.value, "is_new": result.is_new}
                _log.info("session %s accepted", report.session_id, extra=facts | {"took_ms": round(took_s * 1000)})
                self._figures.session_accepted(report, took_s=took_s)
                try:
                    self._noticed(report)
                except Exception as raised:  # noqa: BLE001  # as above
                    error = raised
        one.loop.call_soon_threadsafe(_done, one.accepted, error)


def _done(accepted: "asyncio.Future[None]", error: BaseException | None) -> None:
    if accepted.cancelled():
        return
    if error is None:
        accepted.set_result(None)
    else:
        accepted.set_exception(error)
