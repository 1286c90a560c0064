from datetime import UTC, datetime, timedelta

import pytest

from kilovatt.wire.simulator.clock import TownClock

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


class Stopwatch:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_towns_clock_starts_at_its_instant_and_runs_at_its_rate() -> None:
    stopwatch = Stopwatch()
    clock = TownClock(NOW, rate=60, stopwatch_s=stopwatch)

    assert clock.now() == NOW
    stopwatch.seconds += 1.5
    assert clock.now() == NOW + timedelta(seconds=90)


def test_a_stopped_clock_shows_its_instant() -> None:
    assert TownClock(NOW, rate=0).now() == NOW


def test_a_clock_without_a_zone_or_running_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        TownClock(datetime(2026, 11, 24))
    with pytest.raises(ValueError, match="never runs backwards: got a rate of -1"):
        TownClock(NOW, rate=-1)
