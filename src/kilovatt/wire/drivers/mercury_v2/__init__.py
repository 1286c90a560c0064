"""Conversations with Меркурий of the second language."""
