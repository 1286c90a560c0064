"""What the languages share: checksums, secret spans, and the shape of a connection."""
