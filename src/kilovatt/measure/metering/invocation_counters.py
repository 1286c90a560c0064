"""Invocation counters by the clock: numbers that each message under a key must bear anew (IEC 62056-5-3, 5.3)."""

from datetime import UTC, datetime, timedelta

COUNTER_MAX = (1 << 32) - 1
_COUNTED_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_COUNT = timedelta(milliseconds=250)


def counter_by_clock(now: datetime) -> int:
    """Return an invocation counter that no session before has used: four for each second since 2020, till 2054.

    Sure as long as a meter is sent less than four messages a second, from the beginning of one session to that of the
    next; where it may be more, the counter is to be stored, or the meter to be one that tells its own.
    """
    return min(max(1, (now - _COUNTED_SINCE) // _COUNT), COUNTER_MAX)
