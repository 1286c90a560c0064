"""What a meter with a relay counts: nothing while a command holds the relay open."""

from datetime import datetime

from kilovatt.measure.metering.registers import TOTAL_TARIFF, Quantity
from kilovatt.wire.simulator.meter import EnergySource


class SwitchedEnergy:
    """An energy source behind a relay that commands open and close."""

    def __init__(self, energy: EnergySource) -> None:
        self._energy = energy
        self._open_since: datetime | None = None
        self._gaps: list[tuple[datetime, datetime]] = []

    def open_relay(self, at: datetime) -> None:
        """Stop the flow, if it flows."""
        if self._open_since is None:
            self._open_since = at

    def close_relay(self, at: datetime) -> None:
        """Let it flow again, if it does not."""
        if self._open_since is not None:
            self._gaps.append((self._open_since, at))
            self._open_since = None

    def register_uwh(self, quantity: Quantity, tariff: int, at: datetime) -> int:
        """Return the register of a tariff (0 = total) at an instant [µWh or µvarh]."""
        register_uwh = self._energy.register_uwh(quantity, tariff, at)
        for opened_at, closed_at in self._gaps_until(at):
            register_uwh -= self._energy.register_uwh(quantity, tariff, closed_at)
            register_uwh += self._energy.register_uwh(quantity, tariff, opened_at)
        return register_uwh

    def power_w(self, quantity: Quantity, at: datetime) -> int:
        """Return the power around an instant [W or var]."""
        return 0 if self._open_since is not None else self._energy.power_w(quantity, at)

    def flowed_uwh(self, quantity: Quantity, until: datetime) -> int:
        """Return what has flowed since the curve began [µWh or µvarh], over all tariffs."""
        begins_at = self._energy.begins_at
        return self.register_uwh(quantity, TOTAL_TARIFF, until) - self.register_uwh(quantity, TOTAL_TARIFF, begins_at)

    def _gaps_until(self, at: datetime) -> list[tuple[datetime, datetime]]:
        gaps = self._gaps if self._open_since is None else [*self._gaps, (self._open_since, at)]
        return [(opened_at, min(closed_at, at)) for opened_at, closed_at in gaps if opened_at < at]
