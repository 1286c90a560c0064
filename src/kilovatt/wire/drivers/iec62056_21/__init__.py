"""Conversations with meters of IEC 62056-21 that are read by names or by readout."""
