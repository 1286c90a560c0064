"""Who reads which line: leases, and lines that follow the calls of their modems."""
