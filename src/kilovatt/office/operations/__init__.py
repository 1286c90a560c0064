"""Use cases: each writes in one transaction, takes `now` and the actor, and may run twice at once."""
