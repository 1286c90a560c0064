"""Mercury V1: meters 200, 201, 203 (but for the 203.2TD) and 206 of Incotex."""
