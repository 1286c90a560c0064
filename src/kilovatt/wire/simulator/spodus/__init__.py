"""Simulated concentrators that speak СПОДУС (СТО 34.01-5.1-013-2023)."""

from kilovatt.wire.simulator.spodus.concentrator import SpodusConcentrator
from kilovatt.wire.simulator.spodus.no_energy import NoEnergy
from kilovatt.wire.simulator.spodus.tables import MANAGEMENT, Behind

__all__ = ["MANAGEMENT", "Behind", "NoEnergy", "SpodusConcentrator"]
