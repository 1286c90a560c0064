"""A simulated meter of Энергомера's own language."""

from kilovatt.wire.simulator.energomera.meter import EnergomeraMeter

__all__ = ["EnergomeraMeter"]
