"""Two meters at one address, as after a careless exchange: for a while one answers, then both, then the other."""

from datetime import datetime
from typing import assert_never

from kilovatt.measure.metering.catalogue import model_by_key
from kilovatt.wire.drivers.addresses import address_rule
from kilovatt.wire.simulator.bus import KnowsConnections, collided
from kilovatt.wire.simulator.faults import Presence, who_is_there
from kilovatt.wire.simulator.meter import SimulatedMeter
from kilovatt.wire.simulator.plan import MeterPlan

_FURTHER = 5_000
"""The last three digits of a serial number are an address of many a model, and stay."""


def other_serial(meter: MeterPlan) -> int:
    """Return the serial number of another meter that could have the address of this one."""
    further = meter.serial + _FURTHER
    return further if further <= address_rule(model_by_key(meter.model)).serial_max else meter.serial - _FURTHER


class Twins:
    """A meter and another at its address. Who is not there hears nothing; who comes, comes as it was."""

    def __init__(self, first: SimulatedMeter, second: SimulatedMeter) -> None:
        self.plan = first.plan
        self._first = first
        self._second = second

    def connected(self) -> None:
        """Tell both that the connection was made anew."""
        for meter in (self._first, self._second):
            if isinstance(meter, KnowsConnections):
                meter.connected()

    def hear(self, frame: bytes, now: datetime) -> bytes | None:
        """Return what is on the line for a frame: the answer of whoever is there, or of both at once."""
        presence = who_is_there(now.timestamp(), serial=self.plan.serial)
        match presence:
            case Presence.FIRST:
                return self._first.hear(frame, now)
            case Presence.SECOND:
                return self._second.hear(frame, now)
            case Presence.BOTH:
                return collided((self._first.hear(frame, now), self._second.hear(frame, now)))
            case _:
                assert_never(presence)
