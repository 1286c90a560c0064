"""Work that one holder does at a time: leases taken by one conditional UPDATE, fences checked at every write."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import F, Q

from kilovatt.office.records.models import Work


class FencedOffError(Exception):
    """Somebody else holds the work now: what was being done must stop and be thrown away."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do a piece of work until it ends, proved by the fence."""

    kind: str
    key: str
    fence: int


def take(kind: str, key: str, *, now: datetime, length: timedelta) -> Lease | None:
    """Take a piece of work if nobody holds it, else None."""
    return _taken(kind, key, Q(lease_until=None) | Q(lease_until__lt=now), now=now, length=length)


def take_over(kind: str, key: str, *, now: datetime, length: timedelta) -> Lease:
    """Take a piece of work whoever holds it: for a caller who knows that the holder is dead. It is fenced off."""
    lease = _taken(kind, key, Q(), now=now, length=length)
    assert lease is not None
    return lease


def _taken(kind: str, key: str, free: Q, *, now: datetime, length: timedelta) -> Lease | None:
    Work.objects.get_or_create(kind=kind, key=key, defaults={"due_at": now})
    with transaction.atomic():
        taken = Work.objects.filter(free, kind=kind, key=key).update(
            lease_until=now + length, fence=F("fence") + 1, tries=F("tries") + 1
        )
        if not taken:
            return None
        return Lease(kind, key, Work.objects.get(kind=kind, key=key).fence)


def check(lease: Lease) -> None:
    """Within a transaction: lock the work and make sure the lease is still ours. Raises FencedOffError."""
    for error in lost_of([lease]).values():
        raise error


def lost_of(leases: Collection[Lease]) -> dict[Lease, FencedOffError]:
    """Within a transaction: lock the work of leases, in a fixed order, and return those that are not ours any more."""
    if not leases:
        return {}
    keys: dict[str, set[str]] = defaultdict(set)
    for lease in leases:
        keys[lease.kind].add(lease.key)
    ours = reduce(or_, (Q(kind=kind, key__in=of_kind) for kind, of_kind in keys.items()))
    rows = Work.objects.select_for_update().filter(ours).order_by("pk").values_list("kind", "key", "fence")
    fences = {(kind, key): fence for kind, key, fence in rows}
    return {
        lease: _fenced_off(lease, fences.get((lease.kind, lease.key)))
        for lease in leases
        if fences.get((lease.kind, lease.key)) != lease.fence
    }


def _fenced_off(lease: Lease, fence: int | None) -> FencedOffError:
    return FencedOffError(
        f"{lease.kind} {lease.key} is held by another process now (fence {fence}, ours was {lease.fence})"
    )


def extend(lease: Lease, *, now: datetime, length: timedelta) -> None:
    """Keep a lease longer. Raises FencedOffError if it was lost."""
    held = Work.objects.filter(kind=lease.kind, key=lease.key, fence=lease.fence).update(lease_until=now + length)
    if not held:
        raise FencedOffError(f"{lease.kind} {lease.key} is held by another process now")


def give_back(lease: Lease) -> None:
    """End a lease early, so that the next holder need not wait."""
    Work.objects.filter(kind=lease.kind, key=lease.key, fence=lease.fence).update(lease_until=None)
