"""Simulated meters of Landis+Gyr that are asked by DLMS."""

from kilovatt.wire.simulator.landis_gyr.meter import LandisGyrMeter

__all__ = ["LandisGyrMeter"]
