"""Conversations with concentrators of СПОДУС, and through them."""
