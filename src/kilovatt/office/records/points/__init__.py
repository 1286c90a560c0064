"""Metering points, meters, installations and lines."""
