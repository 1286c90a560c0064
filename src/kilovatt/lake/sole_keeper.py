"""One keeper of a lake at a time: a lock of the operating system, which a dead process cannot hold."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK = ".keeper.lock"


@contextmanager
def sole_keeper(lake: Path) -> Iterator[bool]:
    """Hold the lock of the lake in this folder while the block runs; yields whether it could be had.

    The lock ends with the process that holds it, however that ends, so nobody waits for the dead.
    """
    lake.mkdir(parents=True, exist_ok=True)
    with (lake / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
