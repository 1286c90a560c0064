"""A simulated meter of НЗиФ."""

from kilovatt.wire.simulator.nzif.meter import NzifMeter

__all__ = ["NzifMeter"]
