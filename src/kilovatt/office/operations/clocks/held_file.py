"""What is held apart of a meter as people decide on it: by session, with what was wrong with the clock, and how."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import Count, Min, QuerySet

from kilovatt.measure.metering.clock_faults import STANDS_FOR_MIN, ClockFault, ClockHeard, clock_fault
from kilovatt.office.operations.clocks.held_apart import HeldValue, held_apart
from kilovatt.office.records.models import ClockDeviation, HeldApart, Installation

SETTLED_SHOWN = 30


class Decision(StrEnum):
    """What can become of values held apart."""

    BY_ITS_CLOCK = "by_its_clock"
    """Accepted, moved by what the clock was off when it told them."""
    AS_STAMPED = "as_stamped"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldGroup:
    """What one session brought that is held apart, by whether the meter can have stamped it rightly."""

    session_id: UUID
    heard_at: datetime
    clock_ahead_s: int
    fault: ClockFault
    may_be_right: bool
    """Its stamps lie between the meter's installation and the reading: the clock may have gone wrong after them."""
    values: tuple[HeldValue, ...]

    @property
    def key(self) -> str:
        """Its name on a page."""
        return f"{self.session_id.hex}-{'later' if self.may_be_right else 'never'}"

    @property
    def showed_at(self) -> datetime:
        """What the clock showed when it was read."""
        return self.heard_at + timedelta(seconds=self.clock_ahead_s)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What can be decided, by what is known of the clock.

        One that stood gives no correction that fits all its stamps; nobody accepts a stamp that cannot be right, nor
        moves one into the future.
        """
        can_move = self.fault is not ClockFault.STOOD_STILL and any(value.moved_at for value in self.values)
        moved = (Decision.BY_ITS_CLOCK,) if can_move else ()
        stamped = (Decision.AS_STAMPED,) if self.may_be_right else ()
        return (*stamped, *moved, Decision.DISCARD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One decision on values held apart, and how many of them it moved by so much."""

    settled_at: datetime
    by: str
    is_released: bool
    moved_by_s: int
    because: str
    values: int


def meters_with_held() -> QuerySet[HeldApart, int]:
    """Return of which meters anything is held apart."""
    held = HeldApart.objects.filter(state=HeldApart.State.HELD)
    return held.order_by().values_list("meter_id", flat=True).distinct()


def held_groups(meter_id: int) -> tuple[HeldGroup, ...]:
    """Return what is held apart of a meter, the session that was heard last first."""
    since = Installation.objects.filter(meter_id=meter_id).aggregate(at=Min("installed_at"))["at"]
    by_session: dict[tuple[datetime, UUID, bool], list[HeldValue]] = defaultdict(list)
    for value in held_apart([meter_id]):
        may_be_right = since is not None and since <= value.stamped_at <= value.heard_at
        by_session[value.heard_at, value.session_id, may_be_right].append(value)
    return tuple(
        HeldGroup(
            session_id=session_id,
            heard_at=heard_at,
            clock_ahead_s=values[0].clock_ahead_s,
            fault=_fault(meter_id, heard_at, values[0].clock_ahead_s),
            may_be_right=may_be_right,
            values=tuple(sorted(values, key=lambda value: value.stamped_at)),
        )
        for (heard_at, session_id, may_be_right), values in sorted(by_session.items(), reverse=True)
    )


def _fault(meter_id: int, heard_at: datetime, ahead_s: int) -> ClockFault:
    before = ClockDeviation.objects.filter(meter_id=meter_id, heard_at__lte=heard_at - STANDS_FOR_MIN)
    earlier = before.order_by("-heard_at").first()
    return clock_fault(
        _heard(heard_at, ahead_s), earlier=None if earlier is None else _heard(earlier.heard_at, earlier.deviation_s)
    )


def _heard(heard_at: datetime, ahead_s: int) -> ClockHeard:
    return ClockHeard(heard_at + timedelta(seconds=ahead_s), heard_at)


def settlements(meter_id: int, *, at_most: int = SETTLED_SHOWN) -> Sequence[Settlement]:
    """Return what was decided on values of a meter, the newest first."""
    settled = HeldApart.objects.filter(meter_id=meter_id).exclude(state=HeldApart.State.HELD)
    rows = (
        settled.order_by()
        .values("settled_at", "settled_by__username", "state", "moved_by_s", "because")
        .annotate(values=Count("pk"))
        .order_by("-settled_at", "moved_by_s")[:at_most]
    )
    return [
        Settlement(
            settled_at=at,
            by=row["settled_by__username"] or "",
            is_released=row["state"] == HeldApart.State.RELEASED,
            moved_by_s=row["moved_by_s"] or 0,
            because=row["because"],
            values=row["values"],
        )
        for row in rows
        if (at := row["settled_at"]) is not None
    ]
