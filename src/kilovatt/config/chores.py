"""What one process at a time does beside the reading: notice gaps, correct clocks, keep, judge, bill and let go."""

from datetime import timedelta

from kilovatt.config.rounds import keep_what_is_ripe
from kilovatt.office.operations.billing.billing import bill_last_month
from kilovatt.office.operations.clock import SiteClock
from kilovatt.office.operations.clocks import clocks
from kilovatt.office.operations.keeping import ageing
from kilovatt.office.operations.lines import leases
from kilovatt.office.operations.reading import gaps, visits

_CHORES = "chores"
_LEASE = timedelta(minutes=10)


def do_chores(clock: SiteClock) -> bool:
    """Do a round, unless another process is at it; return whether it was done. What breaks off is found again."""
    now = clock.now()
    lease = leases.take(_CHORES, _CHORES, now=now, length=_LEASE)
    if lease is None:
        return False
    try:
        gaps.notice_gaps(now=now)
        gaps.lose_what_is_too_old(now=now)
        clocks.correct_clocks(now=now)
        keep_what_is_ripe(clock)
        bill_last_month(now=now)
        ageing.let_frames_go(now=now)
        visits.forget_requests(now=now)
    finally:
        leases.give_back(lease)
    return True
