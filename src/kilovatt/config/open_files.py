"""How many files and connections a process may have open, and how many of them callers may take."""

import resource
from dataclasses import replace

from kilovatt.wire.headend.call_in.reception import BACKLOG, CallInLimits

_PLENTY = 1_048_576
"""Where the system states no limit."""
_CALLERS_SHARE = 2
"""One in so many is for those who call: the other lines, the database and the log need theirs."""
_AT_A_TIME = 2 * BACKLOG
"""So many are there beyond the limit for a moment: accepted and not looked at yet, or hung up on and not closed yet."""
_CALLS_MIN = 16


def raise_limit() -> int:
    """Let this process open as many files and connections as the system allows at all; return how many.

    Many systems let a program begin with 1,024, which a crowd of idle callers would take from the lines.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _PLENTY if hard == resource.RLIM_INFINITY else min(hard, _PLENTY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


def limits_of_calls(allowed: int) -> CallInLimits:
    """Return what callers may take of a process that may open so many files and connections."""
    limits = CallInLimits()
    calls_max = max(_CALLS_MIN, min(limits.calls_max, (allowed - _AT_A_TIME) // _CALLERS_SHARE))
    strangers_max = min(limits.strangers_max, calls_max // 2)
    return replace(
        limits,
        calls_max=calls_max,
        calls_per_address_max=min(limits.calls_per_address_max, calls_max),
        strangers_max=strangers_max,
        strangers_per_address_max=min(limits.strangers_per_address_max, strangers_max),
    )
