"""The town's clock: it shows a given instant when the town starts, and goes on from there."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta


class TownClock:
    """A clock that starts at an instant and runs `rate` times as fast as real time."""

    def __init__(
        self, starts_at: datetime, *, rate: float = 1.0, stopwatch_s: Callable[[], float] = time.monotonic
    ) -> None:
        if starts_at.tzinfo is None:
            raise ValueError("a town's clock starts at an instant with a time zone")
        if rate < 0:
            raise ValueError(f"a town's clock never runs backwards: got a rate of {rate}")
        self._starts_at = starts_at
        self._rate = rate
        self._stopwatch_s = stopwatch_s
        self._started_s = stopwatch_s()

    def now(self) -> datetime:
        """Return what the clock shows."""
        return self._starts_at + timedelta(seconds=(self._stopwatch_s() - self._started_s) * self._rate)
