"""Conversations with meters of Landis+Gyr over DLMS."""
