"""Organisations and their dated roles."""
