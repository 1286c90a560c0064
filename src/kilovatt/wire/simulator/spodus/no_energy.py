"""The energy of what counts none: a concentrator is made from the same plan as a meter."""

from datetime import UTC, datetime

from kilovatt.measure.metering.registers import Quantity


class NoEnergy:
    """Nothing flows, ever."""

    def register_uwh(self, quantity: Quantity, tariff: int, at: datetime) -> int:
        """Return nothing."""
        del quantity, tariff, at
        return 0

    def flowed_uwh(self, quantity: Quantity, since: datetime, until: datetime) -> int:
        """Return nothing."""
        del quantity, since, until
        return 0

    def power_w(self, quantity: Quantity, at: datetime) -> int:
        """Return nothing."""
        del quantity, at
        return 0

    def tariff_at(self, at: datetime) -> int:
        """Return the one tariff there is."""
        del at
        return 1

    def tariff_table(self, at: datetime) -> tuple[tuple[int, int], ...]:
        """Return a day of one tariff."""
        del at
        return ((0, 1),)

    @property
    def begins_at(self) -> datetime:
        """A beginning before anything."""
        return datetime(2000, 1, 1, tzinfo=UTC)
