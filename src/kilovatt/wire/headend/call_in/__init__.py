"""Modems and meters that call us: where they are received, and how a line is opened over a call."""
