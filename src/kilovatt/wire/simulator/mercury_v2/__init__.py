"""A simulated meter of the Mercury V2 language."""

from kilovatt.wire.simulator.mercury_v2.meter import MercuryV2Meter

__all__ = ["MercuryV2Meter"]
