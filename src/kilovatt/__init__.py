"""Reads electricity meters, bills, and shows: from the wire to the kopeck and back."""

__version__ = "0.1.0"
