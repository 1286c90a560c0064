"""Tariff plans with dated prices."""
