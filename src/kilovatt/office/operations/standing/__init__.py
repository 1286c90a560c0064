"""How meters and accounts stand: what pages and the status tell."""
