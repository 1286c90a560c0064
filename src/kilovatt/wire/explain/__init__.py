"""Frames in words: each byte with what it means."""
