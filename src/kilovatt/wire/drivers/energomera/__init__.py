"""Conversations with meters of Энергомера in their binary language."""
