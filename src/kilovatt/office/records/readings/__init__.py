"""What meters said: sessions, the intake, latest registers, events, findings."""
