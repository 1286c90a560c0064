"""What is written into a simulated meter: at the factory, and by commands."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from kilovatt.wire.protocols.mercury_v1.answers import Firmware, ModelCode, TariffMark
from kilovatt.wire.protocols.mercury_v1.requests import TariffDay
from kilovatt.wire.protocols.mercury_v1.writes import RelayMode
from kilovatt.wire.simulator.meter import SimulatedMeterPlan

FIRMWARE = Firmware(major=8, minor=3, released_on=date(2010, 3, 1))
"""As captured from a 206."""

_MODEL_CODES = {
    "mercury-200-04": ModelCode(model=2, features=0),
    "mercury-203-2t-gbo": ModelCode(model=4, features=1),
    "mercury-206-prlsno": ModelCode(model=8, features=2),
}
"""As mercury-base reads them: 203.2T with a relay, 206 with RS-485 and a relay."""

_MARKS = 16
_MINUTES_OF_A_DAY = 24 * 60
_FIRST_MADE_ON = date(2012, 1, 9)
_YEARS_OF_MAKING = 3000


@dataclass(slots=True)
class Settings:
    """The settings of one meter."""

    plan: SimulatedMeterPlan
    group_address: int = 0
    power_limit_w: int = 99_990
    """Switched off, as it left the factory in a captured answer."""
    relay_mode: int = RelayMode.ON
    tariff_tables: dict[TariffDay, tuple[TariffMark, ...]] = field(default_factory=dict)

    @property
    def group_address_bytes(self) -> bytes | None:
        """The group address as it stands in a frame; None while it obeys none."""
        return self.group_address.to_bytes(4, "big") if self.group_address else None

    @property
    def made_on(self) -> date:
        """The day it was made: always the same for a serial number."""
        return _FIRST_MADE_ON + timedelta(days=self.plan.serial % _YEARS_OF_MAKING)

    @property
    def variant(self) -> bytes:
        """The variant word, the high byte first: a relay or none, one current sensor."""
        return b"\x55\x00" if self.plan.model.relay else b"\x00\x00"

    @property
    def model_code(self) -> ModelCode:
        """What it answers to the question that the maker's text does not have."""
        return _MODEL_CODES.get(self.plan.model.key, ModelCode(model=0, features=0))

    def tariff_table(self, day: TariffDay, now: datetime) -> tuple[TariffMark, ...]:
        """Return the sixteen marks of a kind of day: as written, else the table the energy is counted by."""
        if day in self.tariff_tables:
            return self.tariff_tables[day]
        marks = tuple(TariffMark(minute, tariff) for minute, tariff in self.plan.energy.tariff_table(now))
        unused = TariffMark(_MINUTES_OF_A_DAY, marks[-1].tariff)
        return (marks + (unused,) * _MARKS)[:_MARKS]
