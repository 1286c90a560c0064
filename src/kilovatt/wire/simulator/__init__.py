"""Meters, lines and modems that behave as real ones do, faults included."""
