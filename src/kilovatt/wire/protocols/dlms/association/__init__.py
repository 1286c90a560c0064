"""Associations: a client that asks one meter, and a meter that serves its clients."""
