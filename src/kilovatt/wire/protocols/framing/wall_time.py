"""What a meter's clock shows: local time without a zone, as frames carry it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

CENTURY = 2000
"""Frames carry two digits of the year; no meter that carries them is older than the century."""


@dataclass(frozen=True, slots=True, order=True)
class WallTime:
    """A local date and time of the meter. Raises ValueError for what no clock shows."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int

    def __post_init__(self) -> None:
        datetime(self.year, self.month, self.day, self.hour, self.minute, self.second, tzinfo=UTC)
        if not CENTURY <= self.year < CENTURY + 100:
            raise ValueError(f"a year is {CENTURY} to {CENTURY + 99}: got {self.year}")

    @classmethod
    def of(cls, instant: datetime, zone: tzinfo) -> "WallTime":
        """Return what a clock set to a zone shows at an instant."""
        local = instant.astimezone(zone)
        return cls(local.year, local.month, local.day, local.hour, local.minute, local.second)

    def instant(self, zone: tzinfo, *, winter: bool = False) -> datetime:
        """Return the instant [UTC] when a clock set to a zone shows this.

        Of the two in a night when summer time ends, `winter` says whether it is the second.
        """
        first = datetime(self.year, self.month, self.day, self.hour, self.minute, self.second, tzinfo=zone)
        second = first.replace(fold=1)
        is_second = winter and second.dst() != first.dst() and not second.dst()
        return (second if is_second else first).astimezone(UTC)

    @property
    def day_on(self) -> date:
        """The local day."""
        return date(self.year, self.month, self.day)

    def __str__(self) -> str:
        return f"{self.day_on.isoformat()} {self.hour:02}:{self.minute:02}:{self.second:02}"
