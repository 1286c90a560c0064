"""Finding meters: what is asked of a line, in which order, and what the answers may be."""
