"""What the objects of one simulated СПОДЭС meter share: its clock, its energy, its journals, its settings."""

from dataclasses import dataclass, field
from datetime import datetime

from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.dlms.values import OctetString
from kilovatt.wire.simulator.clockwork import Clockwork
from kilovatt.wire.simulator.mains import Mains, mains_at
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.spodes.journals import Journals
from kilovatt.wire.simulator.spodes.stamps import stamp_of
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy
from kilovatt.wire.simulator.tariffed_energy import TariffedEnergy

UWH_PER_WH = 1_000_000
_REMEMBERED_MAX = 4096


@dataclass(slots=True, kw_only=True)
class Works:
    """The inside of one meter."""

    plan: SimulatedMeterPlan
    clockwork: Clockwork
    tariffed: TariffedEnergy
    switched: SwitchedEnergy
    journals: Journals
    stamps_ahead_of_utc: bool
    """Whether deviations are local time minus UTC."""
    _wh: dict[tuple[Quantity, int, datetime], int] = field(default_factory=dict)

    def stamp(self, at: datetime) -> OctetString:
        """Return what the clock showed at an instant."""
        return stamp_of(self.clockwork.shown_at(at), self.plan.zone, ahead_of_utc=self.stamps_ahead_of_utc)

    def register_wh(self, quantity: Quantity, tariff: int, at: datetime) -> int:
        """Return a register at an instant [Wh or varh], floored; asked for again, it is remembered."""
        key = (quantity, tariff, at)
        found = self._wh.get(key)
        if found is None:
            if len(self._wh) > _REMEMBERED_MAX:
                self.forget()
            found = self._wh[key] = self.switched.register_uwh(quantity, tariff, at) // UWH_PER_WH
        return found

    def mains(self, now: datetime) -> Mains:
        """Return what is measured now."""
        return mains_at(now, serial=self.plan.serial, phases=self.plan.model.phases, power=self.switched)

    def forget(self) -> None:
        """Count anew: something was changed that registers depend on."""
        self._wh.clear()
