"""Mass work: one partition in, one out, by any executor, without a database.

Nothing is imported here: a worker sets itself up (`executors`) before Polars is.
"""
