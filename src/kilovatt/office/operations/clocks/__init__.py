"""Clocks of meters: their corrections, and what a wrong one has stamped."""
