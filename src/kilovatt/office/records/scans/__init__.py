"""Searches for meters."""
