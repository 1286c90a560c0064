"""A conversation per meter family: what to ask, in which order, and what the answers mean. Pure."""
