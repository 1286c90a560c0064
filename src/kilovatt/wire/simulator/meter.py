"""What every simulated meter is: a thing on a bus that hears frames and sometimes answers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from kilovatt.measure.metering.events import EventKind, RelayCause
from kilovatt.measure.metering.models import MeterModel
from kilovatt.measure.metering.registers import Quantity
from kilovatt.wire.protocols.dlms.security.sealing import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvent:
    """Something that happened to the meter, as its journal will tell."""

    kind: EventKind
    began_at: datetime
    ended_at: datetime | None = None
    cause: RelayCause | None = None


class EnergySource(Protocol):
    """The energy that has flowed through a meter's terminals (after the current transformers), exactly.

    Everything is whole µWh; instants are UTC. Registers count from the meter's making; before the curve
    begins they hold their starting values. `energy.MeterEnergy` is the one implementation.
    """

    def register_uwh(self, quantity: Quantity, tariff: int, at: datetime) -> int:
        """The register of a tariff (0 = total, 1..4) at an instant [µWh or µvarh]."""

    def flowed_uwh(self, quantity: Quantity, since: datetime, until: datetime) -> int:
        """What flowed in a period [µWh or µvarh]: the sum over tariffs."""

    def power_w(self, quantity: Quantity, at: datetime) -> int:
        """The mean power of the half-hour around an instant [W or var]."""

    def tariff_at(self, at: datetime) -> int:
        """Which tariff (1..4) counts at an instant, by the meter's own table."""

    def tariff_table(self, at: datetime) -> tuple[tuple[int, int], ...]:
        """The day's switching marks: (minute of the local day, tariff 1..4), the first at minute 0."""

    @property
    def begins_at(self) -> datetime:
        """Where the curve, and so the load profile, begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedMeterPlan:
    """What a simulated meter is made from. Passwords are by access level."""

    model: MeterModel
    serial: int
    address: int
    passwords: dict[int, str] = field(default_factory=dict, repr=False)
    """What is not given is the factory's."""
    zone: ZoneInfo
    energy: EnergySource
    past_events: tuple[PastEvent, ...] = ()
    clock_ahead: timedelta = timedelta(0)
    """How far the meter's clock is ahead of the town's."""
    keys: Keys | None = field(default=None, repr=False)
    """Keys of DLMS; a meter that has some takes a configurator who proves that he knows them."""
    hls_secret: bytes | None = field(default=None, repr=False)
    """What a configurator proves with mechanism 2; the password of level 2 where none is given."""
    master_key: bytes | None = field(default=None, repr=False)
    """What new keys come wrapped with; a meter without one takes none."""
    ratio: int = 1
    """The transformer ratio written into the meter; informational: the meter does not apply it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "passwords", self.model.factory_passwords | self.passwords)


class SimulatedMeter(Protocol):
    """A meter on a bus."""

    plan: SimulatedMeterPlan

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Answer a frame, or keep silent (None) as the real meter does.

        `frame` is everything heard since the line was last silent: it may be for another meter, unfinished
        or noise. `now` is the town's clock [UTC].
        """
