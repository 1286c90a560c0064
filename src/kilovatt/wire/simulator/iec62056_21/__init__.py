"""Simulated meters of IEC 62056-21."""

from kilovatt.wire.simulator.iec62056_21.meter import Iec62056Meter, iec62056_meter

__all__ = ["Iec62056Meter", "iec62056_meter"]
