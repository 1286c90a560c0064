"""Which process reads which line: each line is held by one at a time, and moves on when its holder falls silent."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from kilovatt.office.operations import leases
from kilovatt.office.operations.leases import FencedOffError, Lease
from kilovatt.office.records.models import Line, Work

KIND = "line"
_EXTENSIONS_OF_A_LEASE = 4


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A line this process holds, and the proof of it."""

    line_id: int
    url: str
    answer_timeout_ms: int
    quiet_ms: int
    lease: Lease


def lease_length() -> timedelta:
    """A line whose holder has not extended its lease for so long is free: within a minute somebody else reads it."""
    return timedelta(seconds=settings.LINE_LEASE_S)


def extend_every_s() -> float:
    """How often leases are extended [s]: one that comes late, or is missed, costs no line."""
    return lease_length().total_seconds() / _EXTENSIONS_OF_A_LEASE


def take_lines(*, now: datetime, at_most: int, holder: str = "") -> list[HeldLine]:
    """Take lines with meters that nobody holds, at most so many; `holder` is whom people are told of."""
    _enter_new_lines(now)
    free = Work.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), kind=KIND, done_at=None)
    held: list[HeldLine] = []
    for key in free.order_by("lease_until", "pk").values_list("key", flat=True)[: max(0, at_most)]:
        lease = leases.take(KIND, key, now=now, length=lease_length())
        line = Line.objects.filter(pk=int(key)).first()
        if lease is not None and line is not None:
            held.append(HeldLine(line.pk, line.url, line.answer_timeout_ms, line.quiet_ms, lease))
            Work.objects.filter(kind=KIND, key=key, fence=lease.fence).update(payload={"holder": holder})
    return held


def _enter_new_lines(now: datetime) -> None:
    """Make a piece of work of every line that has none."""
    known = Work.objects.filter(kind=KIND).values_list("key", flat=True)
    new = set(map(str, Line.objects.filter(meters__isnull=False).values_list("pk", flat=True))) - set(known)
    Work.objects.bulk_create((Work(kind=KIND, key=key, due_at=now) for key in new), ignore_conflicts=True)


def extend(held: Collection[HeldLine], *, now: datetime) -> list[HeldLine]:
    """Keep lines longer; return those that were lost to somebody else."""
    lost = []
    for line in held:
        try:
            leases.extend(line.lease, now=now, length=lease_length())
        except FencedOffError:
            lost.append(line)
    return lost


def is_line_held(line_id: int, *, now: datetime) -> bool:
    """Whether some process holds a line."""
    return Work.objects.filter(kind=KIND, key=str(line_id), lease_until__gte=now).exists()


def give_back(held: Collection[HeldLine]) -> None:
    """Let go of lines, so that others need not wait for their leases to end."""
    for line in held:
        leases.give_back(line.lease)
