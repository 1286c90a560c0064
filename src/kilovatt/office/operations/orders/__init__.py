"""Commands to meters, from the request to the proof."""
