"""Conversations with meters of СПОДЭС."""
