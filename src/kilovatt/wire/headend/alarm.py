"""One alarm per line: moved with every exchange, and armed anew only when it must go off earlier."""

import asyncio
from collections.abc import Callable
from math import inf


class Alarm:
    """Rings once at the time it was last set to.

    A timer for each exchange would cost more than the exchange: a timer that goes off too early is left to find
    that out by itself, about once in the time of an answer.
    """

    __slots__ = ("_armed_for", "_at", "_loop", "_ring", "_timer")

    def __init__(self, ring: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ring = ring
        self._at = 0.0
        self._armed_for = inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, at: float) -> None:
        """Ring at this loop time, and at no other."""
        self._at = at
        if at < self._armed_for:
            self._arm()

    def stop(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._armed_for = inf

    @property
    def is_set(self) -> bool:
        """Whether it will ring, or look whether to."""
        return self._timer is not None

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = self._at
        self._timer = self._loop.call_at(self._at, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._armed_for = inf
        if self._loop.time() < self._at:
            self._arm()
        else:
            self._ring()
