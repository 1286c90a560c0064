"""Work that one holder does at a time: leases taken by one conditional UPDATE, fences checked at every write."""

from collections import defaultdict
from collections.abc import Collection, Mapping
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


def take_some(kind: str, *, now: datetime, length: timedelta, at_most: int, note: Mapping[str, str]) -> list[Lease]:
    """Take pieces of work of a kind that nobody holds, those first that were free longest; `note` goes with them."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    with transaction.atomic():
        rows = Work.objects.select_for_update(skip_locked=True).filter(free, kind=kind, done_at=None)
        taken = list(rows.order_by("lease_until", "pk").values_list("pk", "key", "fence")[: max(0, at_most)])
        Work.objects.filter(pk__in=[pk for pk, _, _ in taken]).update(
            lease_until=now + length, fence=F("fence") + 1, tries=F("tries") + 1, payload=dict(note)
        )
    return [Lease(kind, key, fence + 1) for _, key, fence in taken]


def lost_of(leases: Collection[Lease]) -> dict[Lease, FencedOffError]:
    """Within a transaction: lock the work of leases, in a fixed order, and return those that are not ours any more."""
    held = _held(leases)
    return {lease: _fenced_off(lease) for lease in leases if lease not in held}


def _held(leases: Collection[Lease]) -> dict[Lease, int]:
    """Lock the work of leases, in a fixed order; return the rows of those that are still ours."""
    if not leases:
        return {}
    keys: dict[str, set[str]] = defaultdict(set)
    for lease in leases:
        keys[lease.kind].add(lease.key)
    wanted = reduce(or_, (Q(kind=kind, key__in=of_kind) for kind, of_kind in keys.items()))
    rows = Work.objects.select_for_update().filter(wanted).order_by("pk").values_list("kind", "key", "fence", "pk")
    found = {Lease(kind, key, fence): pk for kind, key, fence, pk in rows}
    return {lease: found[lease] for lease in leases if lease in found}


def _fenced_off(lease: Lease) -> FencedOffError:
    return FencedOffError(f"{lease.kind} {lease.key} is held by another process now (our fence was {lease.fence})")


def extend(lease: Lease, *, now: datetime, length: timedelta) -> None:
    """Keep a lease longer. Raises FencedOffError if it was lost."""
    for error in extend_all([lease], now=now, length=length).values():
        raise error


def extend_all(leases: Collection[Lease], *, now: datetime, length: timedelta) -> dict[Lease, FencedOffError]:
    """Keep leases longer; return those that were lost."""
    with transaction.atomic():
        held = _held(leases)
        Work.objects.filter(pk__in=held.values()).update(lease_until=now + length)
    return {lease: _fenced_off(lease) for lease in leases if lease not in held}


def give_back(*leases: Lease) -> None:
    """End leases early, so that the next holders need not wait."""
    with transaction.atomic():
        Work.objects.filter(pk__in=_held(leases).values()).update(lease_until=None)
