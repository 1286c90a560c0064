"""The demonstration: a simulated town that is read, billed and shown, on this machine alone."""
