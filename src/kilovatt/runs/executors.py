"""One function over many partitions, by any executor: threads, processes of this machine, or a cluster's."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

PartitionT = TypeVar("PartitionT")
ResultT = TypeVar("ResultT")

WAITING_MAX = 32
"""How many partitions are handed out at once: results that nobody has fetched yet cost memory."""


def map_partitions(
    executor: Executor,
    function: Callable[[PartitionT], ResultT],
    partitions: Iterable[PartitionT],
    *,
    waiting_max: int = WAITING_MAX,
) -> Iterator[ResultT]:
    """Yield the function of each partition, in their order, with at most `waiting_max` handed out at once.

    `function` and partitions travel to other processes: a function of a module, and paths rather than frames. What
    the function raises is raised here, and partitions not begun are not begun.
    """
    waiting: deque[Future[ResultT]] = deque()
    try:
        for partition in partitions:
            if len(waiting) >= waiting_max:
                yield waiting.popleft().result()
            waiting.append(executor.submit(function, partition))
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of processes that are started anew (fork hangs with Polars and deltalake), each on one thread."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread)


def _one_thread() -> None:
    # Read when Polars is first imported, which a worker does with its first partition.
    os.environ["POLARS_MAX_THREADS"] = "1"
