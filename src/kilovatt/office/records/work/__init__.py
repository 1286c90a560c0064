"""The one table of work to be done."""
