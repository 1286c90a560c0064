"""Which process reads which line: each line is held by one at a time, and moves on when its holder falls silent."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast

from kilovatt.office.operations.lines import leases
from kilovatt.office.operations.lines.leases import Lease
from kilovatt.office.records.models import Line, Work

KIND = "line"
_EXTENSIONS_OF_A_LEASE = 4
_AT_ONCE = 8


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
    enter_new_lines(now)
    return take_free_lines(now=now, at_most=at_most, holder=holder)


def take_free_lines(*, now: datetime, at_most: int, holder: str) -> list[HeldLine]:
    """Take lines that were entered and that nobody holds, at most so many."""
    held: list[HeldLine] = []
    while len(held) < at_most:
        # Few at a time: of processes that begin together each gets some.
        some = leases.take_some(
            KIND, now=now, length=lease_length(), at_most=min(at_most - len(held), _AT_ONCE), note={"holder": holder}
        )
        if not some:
            break
        lines = Line.objects.in_bulk([int(lease.key) for lease in some])
        held += [
            HeldLine(line.pk, line.url, line.answer_timeout_ms, line.quiet_ms, lease)
            for lease in some
            if (line := lines.get(int(lease.key))) is not None
        ]
    return held


def enter_new_lines(now: datetime) -> None:
    """Make a piece of work of every line with meters that has none."""
    works = Work.objects.filter(kind=KIND, key=Cast(OuterRef("pk"), CharField()))
    new = Line.objects.filter(~Exists(works), meters__isnull=False).values_list("pk", flat=True).distinct()
    entered = (Work(kind=KIND, key=str(line_id), due_at=now) for line_id in new)
    Work.objects.bulk_create(entered, ignore_conflicts=True)


def extend(held: Collection[HeldLine], *, now: datetime) -> list[HeldLine]:
    """Keep lines longer; return those that were lost to somebody else."""
    lost = leases.extend_all([line.lease for line in held], now=now, length=lease_length())
    return [line for line in held if line.lease in lost]


def is_line_held(line_id: int, *, now: datetime) -> bool:
    """Whether some process holds a line."""
    return Work.objects.filter(kind=KIND, key=str(line_id), lease_until__gte=now).exists()


def give_back(held: Collection[HeldLine]) -> None:
    """Let go of lines, so that others need not wait for their leases to end."""
    leases.give_back(*(line.lease for line in held))
