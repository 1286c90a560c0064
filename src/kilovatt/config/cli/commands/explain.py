"""`kilovatt explain`: frames in words."""
