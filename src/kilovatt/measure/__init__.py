"""What was measured, and whether to believe it. Pure: no clock, no database, no sockets."""
