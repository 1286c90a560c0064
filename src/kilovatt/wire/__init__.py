"""How a meter is reached and understood."""
