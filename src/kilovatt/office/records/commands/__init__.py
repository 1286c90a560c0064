"""Commands to meters, each with who wanted it, why, and what came of it."""
