"""How many lines each head-end process is to hold: those that are there share them evenly, within their limits."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from kilovatt.office.operations.lines import line_leases
from kilovatt.office.operations.lines.line_leases import extend_every_s, lease_length
from kilovatt.office.records.models import Work

KIND = "headend"


def be_there(holder: str, *, lines_max: int, now: datetime) -> None:
    """Say that a process is there, as long as a lease, and how many lines it can hold."""
    Work.objects.filter(kind=KIND, lease_until__lt=now).exclude(key=holder).delete()
    said = {"lease_until": now + lease_length(), "payload": {"lines_max": lines_max}}
    # When it is due says since when it is there.
    Work.objects.update_or_create(kind=KIND, key=holder, defaults=said, create_defaults={"due_at": now, **said})


def be_gone(holder: str) -> None:
    """Say that a process is there no more: the others take over its share."""
    Work.objects.filter(kind=KIND, key=holder).delete()


def share_of(holder: str, *, lines_max: int, now: datetime) -> int:
    """Return how many lines are the share of a process that can hold so many.

    Another counts once it has said twice that it is there: one that is killed again and again takes no share.
    """
    there = Work.objects.filter(kind=KIND, lease_until__gte=now).exclude(key=holder)
    stays = lease_length() + timedelta(seconds=extend_every_s() / 2)
    limits = [
        int(payload["lines_max"])
        for since, until, payload in there.values_list("due_at", "lease_until", "payload")
        if until is not None and until - since >= stays
    ]
    lines = Work.objects.filter(kind=line_leases.KIND, done_at=None).count()
    return min(lines_max, even_share(lines, [lines_max, *limits]))


def even_share(lines: int, limits: Iterable[int]) -> int:
    """Return how many lines each process holds that can hold so many, where the others hold as many or their limit.

    Rounded up, so that no line is left over; where all the limits together do not suffice, the largest of them.
    """
    left, each = lines, 0
    in_order = sorted(limits)
    for number, limit in enumerate(in_order):
        each = -(-left // (len(in_order) - number))
        if each <= limit:
            return each
        left -= limit
        each = limit
    return each
