"""The works of a simulated meter, and how it refuses."""

from dataclasses import dataclass
from enum import IntEnum

from kilovatt.wire.protocols.mercury_v2.profile import AddressOrder
from kilovatt.wire.protocols.mercury_v2.variant import Variant
from kilovatt.wire.simulator.mercury_v2.channel import AccessChannel
from kilovatt.wire.simulator.mercury_v2.clockwork import Clockwork
from kilovatt.wire.simulator.mercury_v2.counting import Counting
from kilovatt.wire.simulator.mercury_v2.flow import Flow
from kilovatt.wire.simulator.mercury_v2.journals import Journals
from kilovatt.wire.simulator.mercury_v2.ring import ProfileRing
from kilovatt.wire.simulator.mercury_v2.settings import Settings
from kilovatt.wire.simulator.meter import SimulatedMeterPlan
from kilovatt.wire.simulator.switched_energy import SwitchedEnergy


class Status(IntEnum):
    """The status of a refusal."""

    UNKNOWN = 1
    ACCESS_DENIED = 3
    CLOCK_ALREADY_CORRECTED = 4
    CHANNEL_CLOSED = 5


WRONG_PASSWORD = Status.CHANNEL_CLOSED
"""What a wrong password is answered with. Clients document 5; the maker says nothing, and 1 and 3 are heard of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """The works of one meter."""

    plan: SimulatedMeterPlan
    variant: Variant
    channel: AccessChannel
    clockwork: Clockwork
    switched: SwitchedEnergy
    counting: Counting
    ring: ProfileRing
    flow: Flow
    journals: Journals
    settings: Settings
    address_order: AddressOrder

    @property
    def is_newer(self) -> bool:
        """Whether its firmware has what came with the extended arrays."""
        return self.variant.has_extended_arrays

    @property
    def firmware(self) -> str:
        """The version of its firmware."""
        return "9.0.0" if self.is_newer else "2.3.5"
