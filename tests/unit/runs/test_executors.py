from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import Any

import polars as pl
import pytest

from kilovatt.measure.vee import limits_on
from kilovatt.runs.executors import map_partitions, process_pool
from kilovatt.runs.judge import judge_partition
from kilovatt.runs.partitions import HeardRow, rows_of_days
from kilovatt.runs.sums import sum_day_parts

DayMaker = Callable[..., HeardRow]


class CountingExecutor(Executor):
    """Does nothing until a result is asked for, and counts what was handed out."""

    def __init__(self) -> None:
        self.handed_out = 0
        self.futures: list[Future[int]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  # Executor's own signature
        self.handed_out += 1
        future: Future[Any] = Future()
        if args != (3,):
            future.set_result(fn(*args, **kwargs))
        self.futures.append(future)
        return future


def test_results_come_in_the_order_of_partitions() -> None:
    with ThreadPoolExecutor(3) as executor:
        assert list(map_partitions(executor, str, range(100), waiting_max=5)) == [str(n) for n in range(100)]


def test_no_more_partitions_are_handed_out_than_may_wait() -> None:
    asked: list[int] = []

    def partitions() -> Iterator[int]:
        for number in (10, 11, 12, 13, 14):
            asked.append(number)
            yield number

    executor = CountingExecutor()
    results = map_partitions(executor, abs, partitions(), waiting_max=2)
    assert next(results) == 10
    assert executor.handed_out == 2
    assert asked == [10, 11, 12]
    assert list(results) == [11, 12, 13, 14]


def test_what_a_partition_raises_is_raised_and_the_rest_is_called_off() -> None:
    def fail(number: int) -> int:
        return 1 // number

    with ThreadPoolExecutor(1) as executor, pytest.raises(ZeroDivisionError):
        list(map_partitions(executor, fail, [1, 0, 2]))


def test_who_stops_listening_calls_off_what_has_not_begun() -> None:
    executor = CountingExecutor()
    results = map_partitions(executor, abs, [1, 2, 3, 4], waiting_max=3)
    assert next(results) == 1
    results.close()  # type: ignore[attr-defined]  # a generator
    assert executor.futures[2].cancelled()


def test_processes_that_are_started_anew_judge_and_sum_as_this_one_does(
    heard: DayMaker, registers: pl.DataFrame, meters: pl.DataFrame
) -> None:
    partitions = [rows_of_days([heard(1, 0, 2), heard(1, 1, 2, known=9)]), rows_of_days([heard(2, 0, 2, known=24)])]
    summing = partial(sum_day_parts, zone_name="Europe/Moscow")
    judging = partial(
        judge_partition,
        registers=registers,
        meters=meters,
        zone_name="Europe/Moscow",
        limits=limits_on(date(2026, 10, 1)),
    )
    with process_pool(1) as executor:
        sums = list(map_partitions(executor, summing, partitions))
        findings = list(map_partitions(executor, judging, partitions))
        threads = executor.submit(pl.thread_pool_size).result()
    assert [one.equals(summing(days)) for one, days in zip(sums, partitions, strict=True)] == [True, True]
    assert [one.equals(judging(days)) for one, days in zip(findings, partitions, strict=True)] == [True, True]
    assert threads == 1
