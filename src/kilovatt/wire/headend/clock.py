"""The clock is a port: what time it is, is handed in; deadlines of exchanges are real time and the loop's affair."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Says what time it is where the meters are read: the machine's clock, or a simulated town's."""

    def now(self) -> datetime:
        """Return the present instant, aware, UTC."""


class MachineClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the machine's time [UTC]."""
        return datetime.now(UTC)
