"""A simulated meter of the Mercury V1 language."""

from kilovatt.wire.simulator.mercury_v1.meter import MercuryV1Meter

__all__ = ["MercuryV1Meter"]
