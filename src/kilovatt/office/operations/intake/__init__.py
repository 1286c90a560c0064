"""What comes into the records: sessions, pushes, files."""
