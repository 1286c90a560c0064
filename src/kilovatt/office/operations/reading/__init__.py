"""When which meter is read, and what is missing of its past."""
