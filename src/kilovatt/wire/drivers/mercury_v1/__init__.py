"""Conversations with Меркурий of the first language."""
