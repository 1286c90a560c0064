"""Calls that come in: what meters push, and who calls that is not on record."""
