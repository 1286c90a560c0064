"""Simulated meters that speak СПОДЭС (ГОСТ Р 58940-2020)."""

from kilovatt.wire.simulator.spodes.meter import SpodesMeter

__all__ = ["SpodesMeter"]
