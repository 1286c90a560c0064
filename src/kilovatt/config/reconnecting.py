"""Threads that outlive a database's connection: what broke is given up, and the next job makes a new one."""

from collections.abc import Callable
from typing import TypeVar

from django.db import Error, close_old_connections

ResultT = TypeVar("ResultT")


def reconnecting(job: Callable[..., ResultT], *arguments: object) -> ResultT:
    """Return what a job returns. After an error of the database a connection of this thread that is broken is closed.

    Pages get a sound connection with each request; in a thread of ours a server that was started anew, or a network
    that was away, would otherwise leave a broken one for good.
    """
    try:
        return job(*arguments)
    except Error:
        close_old_connections()
        raise
