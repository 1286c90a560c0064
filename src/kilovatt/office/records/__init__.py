"""Models, constraints, migrations and queries, by area."""
