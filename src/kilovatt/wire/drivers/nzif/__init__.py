"""Conversations with meters of НЗиФ."""
